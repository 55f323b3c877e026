"""Twenty-four hours of a cluster in a few minutes: churn, 410s, log floods and outages leave nothing behind.

Every simulated minute pods change, go and come; every twenty minutes the watch ends with 410; every hour a pod writes
100,000 lines; every two hours the API server is down until the picture is known to be old. After each hour the picture
must equal the server's list; at the end memory, descriptors and tasks must be what they were when it had settled.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.kubernetes.client import KubernetesClient
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.watch import sources
from saxtui.console.log_store import LogStore
from saxtui.engine.watching.turns import LoopTurns
from saxtui.model.cluster import ClusterView, Freshness
from saxtui.model.log_batch import LogBatch, LogSource
from saxtui.ports import LogRequest

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
HOURS, PODS, FLOOD, KEPT = 24, 256, 100_000, 50_000
PODS_PATH = "/api/v1/namespaces/default/pods"


class Day:
    """A cluster of model-server pods whose `restartCount` tells which change is the newest."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.version = 1000
        self.pods: dict[str, dict[str, Any]] = {}
        self.down = False
        self.watch: web.StreamResponse | None = None
        self.log: web.StreamResponse | None = None
        self.written = 0
        self.lists = 0
        self.open = 0
        for host in range(PODS):
            self._make(host)

    def _make(self, host: int) -> dict[str, Any]:
        self.version += 1
        uid = f"uid-{self.version}"
        labels = {"jobset.sigs.k8s.io/jobset-name": "sax-model-server-set",
                  "jobset.sigs.k8s.io/job-index": str(host // 8),
                  "batch.kubernetes.io/job-completion-index": str(host % 8)}  # fmt: skip
        meta = {"name": f"pod-{host}-{self.version}", "uid": uid, "namespace": "default", "labels": labels}
        self.pods[uid] = {"metadata": meta, "status": {"phase": "Running"}}
        return self._touch(uid)

    def _touch(self, uid: str) -> dict[str, Any]:
        self.version += 1
        pod = self.pods[uid]
        pod["metadata"]["resourceVersion"] = str(self.version)
        pod["status"]["containerStatuses"] = [{"name": "c", "restartCount": self.version, "state": {"running": {}}}]
        return pod

    def truth(self) -> dict[str, int]:
        """What the API's list says: uid to the newest change."""
        return {uid: int(pod["metadata"]["resourceVersion"]) for uid, pod in self.pods.items()}

    async def minute(self) -> None:
        """Forty pods change, one is replaced by another."""
        said = [{"type": "MODIFIED", "object": self._touch(uid)} for uid in self.chance.sample(list(self.pods), 40)]
        gone = self.pods.pop(self.chance.choice(list(self.pods)))
        self.version += 1
        gone["metadata"]["resourceVersion"] = str(self.version)
        host = int(gone["metadata"]["name"].split("-")[1])
        said += [{"type": "DELETED", "object": gone}, {"type": "ADDED", "object": self._make(host)}]
        await self._send(said)

    async def expire(self) -> None:
        """The watch ends: its version is too old."""
        status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
        await self._send([{"type": "ERROR", "object": status}])
        self.watch = None

    async def _send(self, events: list[dict[str, Any]]) -> None:
        if self.watch is not None:
            await self.watch.write(b"".join(json.dumps(event).encode() + b"\n" for event in events))

    async def flood(self) -> None:
        """One pod writes very much."""
        if self.log is None:
            return
        for _ in range(FLOOD // 1000):
            lines = []
            for _ in range(1000):
                self.written += 1
                lines.append(f"2026-11-27T10:00:00.{self.written % 10**9:09}Z line {self.written} of a flood\n")
            await self.log.write("".join(lines).encode())

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            return web.Response(status=503, text="down")
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.32.4"})
        if request.path.endswith("/log"):
            self.log = await self._open(request)
            await asyncio.Event().wait()
        if request.path != PODS_PATH:
            if request.query.get("watch"):
                await self._stay(await self._open(request))
            return web.json_response({"metadata": {"resourceVersion": "5"}, "items": []})
        if request.query.get("watch"):
            if int(request.query["resourceVersion"]) < self.version:
                # Only a list brings up what was missed: this server keeps no history.
                return web.json_response({"kind": "Status", "code": 410, "reason": "Expired"}, status=410)
            self.watch = await self._open(request)
            await self._stay(self.watch)
        self.lists += 1
        meta = {"resourceVersion": str(self.version)}
        return web.json_response({"metadata": meta, "items": list(self.pods.values())})

    async def _stay(self, response: web.StreamResponse) -> None:
        self.open += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.open -= 1

    async def _open(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        return response


class Seen:
    """The last view, and a way to wait for one."""

    def __init__(self) -> None:
        self.view = ClusterView()
        self.came = asyncio.Condition()

    async def follow(self, views: AsyncGenerator[ClusterView, None]) -> None:
        async for view in views:
            async with self.came:
                self.view = view
                self.came.notify_all()

    async def until(self, good: Callable[[ClusterView], bool]) -> None:
        async with self.came, asyncio.timeout(120):
            await self.came.wait_for(lambda: good(self.view))


def picture(view: ClusterView) -> dict[str, int]:
    return {pod.uid: pod.restarts for pod in view.pods.values()}


def resident() -> int:
    """kB of this process that are in memory."""
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


def held() -> tuple[int, int]:
    """Open descriptors and live tasks."""
    return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())


async def keep_log(kube: KubernetesClient, store: LogStore, taken: asyncio.Condition) -> None:
    """One pod's log into a bounded store, as the log pane does."""
    request = LogRequest("default", "pod", "c", follow=True)
    async for lines in kube.stream_log(request, LoopTurns()):
        which = [-1 if lines.gap else 0] * len(lines)
        store.append(LogBatch([LogSource("pod")], which, lines.stamps, lines.texts))
        async with taken:
            taken.notify_all()


async def test_a_day_leaves_nothing_behind(serve: Serve) -> None:
    async def token() -> str:
        return ""

    day, seen, store, taken = Day(1), Seen(), LogStore(capacity=KEPT), asyncio.Condition()
    kube = KubernetesClient(Connection(await serve(day.answer), "", token), SystemClock())
    settled: tuple[int, tuple[int, int]] | None = None
    async with aclosing(kube.watch(["default"])) as views:
        tasks = [asyncio.create_task(seen.follow(views)), asyncio.create_task(keep_log(kube, store, taken))]
        await seen.until(lambda view: view.freshness is Freshness.LIVE)
        for hour in range(HOURS):
            for minute in range(60):
                await day.minute()
                if minute % 20 == 19:
                    listed = day.lists
                    await day.expire()
                    await seen.until(lambda view: day.lists > listed and picture(view) == day.truth())  # noqa: B023
            await day.flood()
            if hour % 2 == 1:
                day.down = True
                await day.expire()
                await seen.until(lambda view: view.freshness is not Freshness.LIVE)
                day.down = False
            await seen.until(lambda view: view.freshness is Freshness.LIVE and picture(view) == day.truth())
            async with asyncio.timeout(300), taken:
                await taken.wait_for(lambda: store.end >= day.written)
            if hour in (3, HOURS - 1):
                # After an outage every kind is watched again, each after a pause of its own.
                await seen.until(lambda view: day.open >= len(sources(["default"], "")))
            if hour == 3:
                gc.collect()
                settled = resident(), held()
        gc.collect()
        ended = resident(), held()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await kube.close()
    assert settled is not None
    assert store.end == day.written == HOURS * FLOOD and store.dropped >= store.end - KEPT - 1
    sys.stderr.write(f"settled {settled}, ended {ended}: {day.version} changes, {day.lists} lists, {store.end} lines\n")
    assert ended[0] <= settled[0] * 1.05
    assert abs(ended[1][0] - settled[1][0]) <= 2 and abs(ended[1][1] - settled[1][1]) <= 2
