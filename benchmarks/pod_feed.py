"""A loopback API server with as many pods as wanted, and a storm of watch events on demand: what the grid is fed with.

    python benchmarks/pod_feed.py PODS HOSTS_A_SLICE         prints its port, serves until its standard input ends
    GET /storm?rate=5000          so many MODIFIED events a second from now on (0: none); tells how many were sent

It answers what saxtui asks a cluster for: version, lists in pages, watches, logs. Pods are about 8 kB of JSON each, as
real ones are with their managedFields; events change a pod's state, readiness and restarts at random, seeded.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit

CREATED = "2026-11-27T10:00:00Z"
SET = "sax-model-server-set"
STATES = (
    ("Running", '{"running":{"startedAt":"2026-11-27T10:01:00Z"}}', "true"),
    ("Running", '{"running":{"startedAt":"2026-11-27T10:01:00Z"}}', "true"),
    ("Running", '{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s restarting container"}}', "false"),
    ("Pending", '{"waiting":{"reason":"ContainerCreating"}}', "false"),
)  # fmt: skip
_FIELDS = {f"f:x{number}": {"f:y": {}} for number in range(80)}
_MANAGED = json.dumps(
    [{"manager": f"m{n}", "operation": "Update", "fieldsV1": _FIELDS} for n in range(4)]
)  # fmt: skip
LOG = (
    b"2026-11-27T10:01:00.000000000Z I1127 10:01:00.1 1 model_service_main.py:204] JAX process: 0 / 8\n"
    b"2026-11-27T10:02:00.000000000Z I1127 10:02:00.1 1 model_service_base.py:6] Successfully loaded "
    b"model for key: /sax/test/m\n"
)


def start(pods: int, hosts: int) -> tuple[subprocess.Popen[bytes], int]:
    """A feed in a process of its own, and its port. It ends when its standard input is closed, or with its parent."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(pods), str(hosts)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def storm(port: int, rate: float) -> int:
    """Ask for so many events a second from now on; returns how many were sent so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/storm?rate={rate}", timeout=30) as answer:
        return int(json.load(answer)["sent"])


class Feed:
    """The pods and their changes. `version` counts them, as resourceVersion does."""

    def __init__(self, pods: int, hosts: int) -> None:
        self.hosts = hosts
        self.restarts = [0] * pods
        self.version = 1
        self.rate = 0.0
        self.random = random.Random(7)
        self.wake = asyncio.Event()
        self._heads = [self._head(number) for number in range(pods)]
        self._tail = f'],"metadata_padding":{_MANAGED}}}'.encode()

    def _head(self, number: int) -> tuple[bytes, bytes]:
        place, host = divmod(number, self.hosts)
        job = f"{SET}-sax-model-server-{place}"
        labels = {
            "jobset.sigs.k8s.io/jobset-name": SET, "jobset.sigs.k8s.io/job-index": str(place),
            "jobset.sigs.k8s.io/replicatedjob-name": "sax-model-server", "jobset.sigs.k8s.io/job-key": "0" * 40,
            "jobset.sigs.k8s.io/restart-attempt": "0", "batch.kubernetes.io/job-name": job, "job-name": job,
            "batch.kubernetes.io/job-completion-index": str(host),
        }  # fmt: skip
        meta = {
            "name": f"{job}-{host}-{number:05x}", "namespace": "default", "uid": f"0000-{number:08x}-uid",
            "creationTimestamp": CREATED, "labels": labels,
            "annotations": {"batch.kubernetes.io/job-completion-index": str(host)},
        }  # fmt: skip
        spec = {
            "nodeName": f"gke-saxml-tpu{place + 1}-{host:03}-abcd",
            "nodeSelector": {"cloud.google.com/gke-tpu-topology": "16x16"},
            "containers": [
                {"name": "sax-model-server", "image": "sax", "resources": {"limits": {"google.com/tpu": "4"}}}
            ],
        }  # fmt: skip
        first = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})[:-1]
        first = first.replace('"uid"', '"resourceVersion": "@@", "uid"')
        before, after = first.split("@@")
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": CREATED}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ]
        middle = f',"status":{{"hostIP":"10.0.0.1","podIP":"10.0.0.1","conditions":{json.dumps(conditions)},'
        return before.encode(), (after + middle).encode()

    def pod(self, number: int, state: int = 0) -> bytes:
        """One pod's JSON."""
        phase, word, ready = STATES[state]
        before, after = self._heads[number]
        own = (
            f'"phase":"{phase}","containerStatuses":[{{"name":"sax-model-server","image":"sax","ready":{ready},'
            f'"restartCount":{self.restarts[number]},"state":{word}}}'
        )
        return b'%b%d%b%b%b,"managed":0}' % (before, self.version, after, own.encode(), self._tail)

    def event(self) -> bytes:
        """One line of the watch: a pod at random in a state at random."""
        number = self.random.randrange(len(self._heads))
        state = self.random.randrange(len(STATES))
        self.version += 1
        self.restarts[number] += state == 2
        return b'{"type":"MODIFIED","object":%b}\n' % self.pod(number, state)


class Server:
    """HTTP/1.1 by hand: the server must cost less than what it measures."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request by request."""
        try:
            while line := await reader.readline():
                url = urlsplit(line.split()[1].decode())
                while (await reader.readline()).strip():
                    pass
                await self._answer(url.path, {key: value[0] for key, value in parse_qs(url.query).items()}, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        if path == "/storm":
            self._feed.rate = float(query["rate"])
            self._feed.wake.set()
            self._send(writer, b'{"sent":%d}' % self._feed.version)
        elif path == "/version":
            self._send(writer, b'{"gitVersion":"v1.32.0"}')
        elif path.endswith("/log"):
            await self._log(query, writer)
        elif "watch" in query:
            await self._watch(path.endswith("namespaces/default/pods"), writer)
        elif path.endswith("namespaces/default/pods"):
            self._send(writer, self._page(int(query.get("continue", 0)), int(query.get("limit", 500))))
        else:
            self._send(writer, json.dumps({"metadata": {"resourceVersion": "1"}, "items": []}).encode())

    def _page(self, start: int, limit: int) -> bytes:
        end = min(start + limit, len(self._feed.restarts))
        more = f'"{end}"' if end < len(self._feed.restarts) else '""'
        pods = b",".join(self._feed.pod(number) for number in range(start, end))
        return b'{"metadata":{"resourceVersion":"1","continue":%b},"items":[%b]}' % (more.encode(), pods)

    async def _log(self, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        body = b"" if "sinceTime" in query else LOG
        if "follow" not in query:
            self._send(writer, body, kind=b"text/plain")
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        await asyncio.Event().wait()

    async def _watch(self, pods: bool, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        if not pods:
            await asyncio.Event().wait()
        feed = self._feed
        owed, last = 0.0, time.monotonic()
        while True:
            if not feed.rate:
                feed.wake.clear()
                await feed.wake.wait()
                owed, last = 0.0, time.monotonic()
            await asyncio.sleep(0.01)
            now = time.monotonic()
            # A client that falls behind is owed no more than a quarter of a second: no burst after a pause.
            owed, last = min(owed + feed.rate * (now - last), feed.rate / 4), now
            lines = b"".join(feed.event() for _ in range(int(owed)))
            owed -= int(owed)
            if lines:
                writer.write(b"%x\r\n%b\r\n" % (len(lines), lines))
                await writer.drain()

    @staticmethod
    def _send(writer: asyncio.StreamWriter, body: bytes, kind: bytes = b"application/json") -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body))


async def main() -> None:
    """Serve until standard input ends."""
    server: Any = await asyncio.start_server(Server(Feed(int(sys.argv[1]), int(sys.argv[2]))).serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
