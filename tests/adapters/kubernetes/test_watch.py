"""The live picture through pages, bookmarks, 410 in both forms, breaks and silence."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.kubernetes.client import KubernetesClient
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.watch import freshness
from saxtui.errors import CallError
from saxtui.model.cluster import ClusterView, Freshness

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


def pod(name: str, version: int, phase: str = "Running") -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "namespace": "default", "resourceVersion": str(version)},
            "status": {"phase": phase}}  # fmt: skip


class Server:
    """Lists `pods` at `version`; each watch takes the next script from `watches`, or stays silent."""

    def __init__(self) -> None:
        self.pods: list[dict[str, Any]] = []
        self.version = 10
        self.watches: list[list[Any]] = []
        self.asked: list[str] = []
        self.lists = 0
        self.down = False
        self.forbidden: tuple[str, ...] = ()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            return web.Response(status=503, text="gone fishing")
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.32.4"})
        if request.path.endswith(self.forbidden or ("-",)):
            said = 'nodes is forbidden: User "ann@example.com" cannot list resource "nodes"'
            return web.json_response({"kind": "Status", "code": 403, "message": said}, status=403)
        if not request.path.endswith("/default/pods"):
            if request.query.get("watch"):
                await asyncio.Event().wait()
            return web.json_response({"metadata": {"resourceVersion": "5"}, "items": []})
        if request.query.get("watch"):
            return await self.watch(request)
        self.lists += 1
        meta = {"resourceVersion": str(self.version)}
        return web.json_response({"metadata": meta, "items": self.pods})

    async def watch(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.query["resourceVersion"])
        assert request.query["allowWatchBookmarks"] == "true"
        script = self.watches.pop(0) if self.watches else ["wait"]
        if script == [410]:
            body = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            return web.json_response(body, status=410)
        response = web.StreamResponse()
        await response.prepare(request)
        for step in script:
            if step == "wait":
                await asyncio.Event().wait()
            elif step == "drop":
                assert request.transport is not None
                request.transport.abort()
            elif isinstance(step, bytes):
                await response.write(step)
            else:
                await response.write(json.dumps(step).encode() + b"\n")
        return response


@contextlib.asynccontextmanager
async def watching(serve: Serve, server: Server) -> AsyncGenerator[AsyncGenerator[ClusterView, None], None]:
    async def token() -> str:
        return ""

    kube = KubernetesClient(Connection(await serve(server.answer), "", token), SystemClock())
    async with contextlib.aclosing(kube.watch(["default"])) as views:
        yield views
    await kube.close()


async def until(views: AsyncGenerator[ClusterView, None], good: Callable[[ClusterView], bool]) -> ClusterView:
    async with asyncio.timeout(60):
        async for view in views:
            if good(view):
                return view
    raise AssertionError("the watch ended")


def names(view: ClusterView) -> set[str]:
    return {item.name for item in view.pods.values()}


async def test_list_then_changes(serve: Serve) -> None:
    server = Server()
    server.pods = [pod("a", 1), pod("b", 2)]
    server.watches = [
        [
            {"type": "ADDED", "object": pod("c", 11)},
            {"type": "MODIFIED", "object": pod("a", 12, "Failed")},
            {"type": "DELETED", "object": pod("b", 13)},
            "wait",
        ]
    ]
    async with watching(serve, server) as views:
        # A machine too busy to beat in time is stale for a moment.
        view = await until(views, lambda view: names(view) == {"a", "c"} and view.freshness is Freshness.LIVE)
        assert view.seen > 0
        assert view.pods["a"].phase == "Failed"
    assert server.asked == ["10"]
    assert server.lists == 1


async def test_a_pod_that_ended_and_is_deleted_at_once_leaves_its_last_state(serve: Serve) -> None:
    def ended(code: int, name: str) -> dict[str, Any]:
        found = pod(name, 12)
        state = {"terminated": {"exitCode": code, "reason": "OOMKilled"}} if code else {"running": {}}
        found["status"]["containerStatuses"] = [{"name": "main", "state": state}]
        return {"type": "DELETED", "object": found}

    server = Server()
    server.pods = [pod("dead", 1), pod("well", 2)]
    server.watches = [[ended(137, "dead"), ended(0, "well"), "wait"]]
    async with watching(serve, server) as views:
        view = await until(views, lambda view: not names(view) and bool(view.gone))
        assert [(item.name, state.ended and state.ended.code) for item in view.gone for state in item.states] == [
            ("dead", 137)
        ]
        assert not (await until(views, lambda _view: True)).gone, "told once"


async def test_clean_end_watches_on_from_the_last_bookmark_without_a_list(serve: Serve) -> None:
    server = Server()
    bookmark = {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "42"}}}
    server.watches = [[bookmark], [{"type": "ADDED", "object": pod("late", 43)}, "wait"]]
    async with watching(serve, server) as views:
        await until(views, lambda view: "late" in names(view))
    assert server.asked == ["10", "42"]
    assert server.lists == 1


@pytest.mark.parametrize(
    "gone",
    [
        [410],
        [{"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}],
    ],
)
async def test_410_lists_again_and_drops_what_vanished(serve: Serve, gone: list[Any]) -> None:
    server = Server()
    server.pods = [pod("a", 1), pod("b", 2)]
    ready = asyncio.Event()
    server.watches = [gone]
    real = server.watch

    async def watch(request: web.Request) -> web.StreamResponse:
        if not server.asked:
            await ready.wait()
        return await real(request)

    server.watch = watch  # type: ignore[method-assign]
    async with watching(serve, server) as views:
        await until(views, lambda view: names(view) == {"a", "b"})
        server.pods, server.version = [pod("a", 1), pod("new", 50)], 51
        ready.set()
        await until(views, lambda view: names(view) == {"a", "new"})
    assert server.lists == 2
    assert server.asked[:2] == ["10", "51"]


async def test_broken_stream_resumes_where_it_was(serve: Serve) -> None:
    server = Server()
    server.watches = [
        [{"type": "ADDED", "object": pod("one", 20)}, "drop"],
        [{"type": "ADDED", "object": pod("two", 21)}, "wait"],
    ]
    async with watching(serve, server) as views:
        view = await until(views, lambda view: names(view) == {"one", "two"} and not view.error)
        assert view.freshness is Freshness.LIVE
    assert server.asked == ["10", "20"]


async def test_events_split_and_joined_over_chunks(serve: Serve) -> None:
    server = Server()
    lines = b"".join(json.dumps({"type": "ADDED", "object": pod(f"p{n}", 20 + n)}).encode() + b"\n" for n in range(50))
    server.watches = [[lines[:7], lines[7:301], lines[301:], "wait"]]
    async with watching(serve, server) as views:
        await until(views, lambda view: len(view.pods) == 50)


async def test_outage_shows_as_stale_with_its_reason_and_heals(serve: Serve) -> None:
    server = Server()
    server.pods = [pod("a", 1)]
    server.watches = [["wait"]]
    async with watching(serve, server) as views:
        await until(views, lambda view: view.freshness is Freshness.LIVE)
        server.down = True
        broken = await until(views, lambda view: view.freshness is Freshness.STALE)
        assert "503" in broken.error
        assert names(broken) == {"a"}
        server.down = False
        healed = await until(views, lambda view: view.freshness is Freshness.LIVE)
        assert healed.error == ""


async def test_server_never_there_is_offline_and_look_raises() -> None:
    async def token() -> str:
        return ""

    kube = KubernetesClient(Connection("https://127.0.0.1:9", "", token), SystemClock())
    async with contextlib.aclosing(kube.watch(["default"])) as views:
        view = await until(views, lambda view: view.freshness is Freshness.OFFLINE)
        assert "no connection" in view.error
    with pytest.raises(CallError):
        await kube.look(["default"])
    await kube.close()


@pytest.mark.parametrize(
    ("silent", "failing", "shown"),
    [
        (None, False, Freshness.CONNECTING),
        (None, True, Freshness.OFFLINE),
        (0.1, False, Freshness.LIVE),
        (0.1, True, Freshness.STALE),
        (10.0, False, Freshness.STALE),
        (30.0, False, Freshness.OFFLINE),
        (30.0, True, Freshness.OFFLINE),
    ],
)
def test_freshness(silent: float | None, failing: bool, shown: Freshness) -> None:
    assert freshness(silent, failing) is shown


async def test_without_leave_to_see_nodes_the_picture_stands_and_says_what_is_hidden(serve: Serve) -> None:
    server = Server()
    server.pods, server.forbidden = [pod("a", 1)], ("/nodes", "/jobset-system/pods")
    async with watching(serve, server) as views:
        view = await until(views, lambda view: names(view) == {"a"} and "Node" in view.hidden)
    assert view.error == ""
    assert view.freshness is Freshness.LIVE
    assert "cannot list" in view.hidden["Node"]


async def test_pods_of_our_own_that_may_not_be_seen_are_an_error(serve: Serve) -> None:
    server = Server()
    server.forbidden = ("/default/pods",)
    async with watching(serve, server) as views:
        view = await until(views, lambda view: bool(view.error))
    assert "forbidden" in view.error
