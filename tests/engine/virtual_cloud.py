"""The whole product but its front doors against the embedded cloud, in one process and in virtual time.

Real: the engine, the journal on disk, the adapters and the official client libraries, and the emulator's state
machines. Only the wires differ: what `requests` would send to a socket is answered by the emulator's Google APIs at
once, and aiohttp's connections are socket pairs to its Kubernetes API server on the same event loop. One clock counts:
the world's. It moves on when nothing else can happen, and a little with every Google request.

A process may be killed at any point of the wire: then nothing more of it is sent, and what it was sending acts at
once, later or never.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import io
import os
import selectors
import socket
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import google.api_core.retry.retry_base
import google.api_core.retry.retry_unary
import httpcore
import requests
import urllib3
from aiohttp import web
from httpcore._backends.auto import AutoBackend
from requests.adapters import HTTPAdapter

from saxtui.adapters.disk.library import DiskLibrary
from saxtui.adapters.disk.surroundings import read
from saxtui.adapters.google import transport
from saxtui.emulator import kubernetes
from saxtui.emulator.assembly import Cloud
from saxtui.emulator.google import faults
from saxtui.emulator.google.wire import Answer, Request
from saxtui.emulator.kubernetes.api import make_app
from saxtui.emulator.runner import make
from saxtui.emulator.tls import Authority
from saxtui.emulator.world import World
from saxtui.engine.runs.result import RunResult
from saxtui.engine.runtime import Runtime
from saxtui.model.deployment import Deployment
from tests.engine.fake_world import Killed
from tests.engine.harness import was_killed

T = TypeVar("T")
START = 1_790_000_000.0
TOKEN = "ya29.emulated"
LATENCY = 0.1
"""Seconds a Google request takes when no fault makes it longer."""
GOOGLE = "http://127.0.0.1:9"
_JOBSET = Path(str(kubernetes.__path__[0])) / "jobset_manifest.yaml"
_LIFE: ContextVar[int] = ContextVar("life", default=0)
"""Which process a task belongs to: what is left of a dead one sends nothing any more."""
_OVERRIDES = ("CONTAINER", "IAM", "CLOUDRESOURCEMANAGER", "SERVICEUSAGE", "COMPUTE", "STORAGE", "CLOUDBILLING",
              "CLOUDQUOTAS")  # fmt: skip


class _WorldTime(selectors.SelectSelector):
    """When nothing can be read or written, the world goes on to its next timer or the loop's, whichever is first."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        due = self._world.next_due()
        moments = [] if timeout is None else [self._world.now + timeout]
        moments += [] if due is None else [due]
        assert moments, "everything waits for something that never comes"
        self._world.advance(max(self._world.now, min(moments)))
        return super().select(0)


class WorldLoop(asyncio.SelectorEventLoop):
    """An event loop on the world's time; what would go to a thread is done at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        super().__init__(_WorldTime(world))
        self._clock_resolution = 1e-5  # a float of epoch seconds is not finer

    def time(self) -> float:
        return self.world.now - START

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:
            done.set_exception(error)
        return done


class WorldClock:
    """Fulfils ports.Clock."""

    speed = 1.0

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class Wire:
    """Everything that passes between a process of saxtui and the embedded cloud.

    `kill_at`: the point at which the process dies, 0 for never; each request has two, before it is sent and before its
    answer is read. `lands(method, path)`: the seconds after which a request that was on its way at the kill acts.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.world = cloud.world
        self.points = 0
        self.kill_at = 0
        self.dead = False
        self.life = 0
        self.mutations = 0
        self.lands: Callable[[str, str], float | None] = lambda _method, _path: None
        self.answered: Callable[[Request, Answer], None] = lambda _request, _answer: None
        self._runners: dict[str, web.AppRunner] = {}
        self.world.hook("cluster.creating", self._creating)

    def point(self) -> None:
        """One boundary. Raises Killed."""
        if self.dead or _LIFE.get() != self.life:
            raise Killed("dead already")
        self.points += 1
        if self.points == self.kill_at:
            self.dead = True
            raise Killed(f"at {self.points}")

    def revive(self) -> None:
        """A new process."""
        self.dead, self.kill_at = False, 0
        self.life += 1
        _LIFE.set(self.life)

    # -- Google
    def send(self, adapter: HTTPAdapter, sent: Any, **how: Any) -> requests.Response:
        """What `requests` calls in place of a socket."""
        request = _request(sent)
        try:
            self.point()
        except Killed:
            after = self.lands(request.method, request.path) if request.method != "GET" else None
            if after is not None:
                self.world.after(after, faults.LAND, **faults._as_data(request))
            raise
        known = request.headers.get("authorization", "") == f"Bearer {TOKEN}"
        answered = self.cloud.google.answer(request, authorized=known)
        answer = answered.answer
        self.mutations += answered.mutating
        self.answered(request, answer)
        limit = how.get("timeout")
        limit = limit[-1] if isinstance(limit, tuple) else limit
        waits = max(LATENCY, answer.delay)
        self.world.advance(self.world.now + (waits if limit is None else min(waits, float(limit))))
        self.point()
        if limit is not None and answer.delay >= float(limit):
            raise requests.exceptions.ReadTimeout(f"Read timed out. (read timeout={limit})", request=sent)
        if answer.drop:
            broken = urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer"))
            raise requests.exceptions.ConnectionError(broken, request=sent)
        headers = {**answer.headers, "Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
        raw = urllib3.HTTPResponse(io.BytesIO(answer.body), headers, answer.status, preload_content=False)
        return adapter.build_response(sent, raw)  # type: ignore[no-any-return, no-untyped-call]

    def nap(self, seconds: float) -> None:
        """What the client libraries sleep between two tries."""
        self.world.advance(self.world.now + seconds)

    # -- Kubernetes
    def _creating(self, payload: dict[str, Any]) -> None:
        port = 20_000 + self.world.next_seq()
        row = {"endpoint": f"127.0.0.1:{port}", "ca": authority()}
        self.world.table("gke.endpoints")[payload["cluster"]] = row

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the cluster that listens there. Raises ConnectionRefusedError."""
        rows = self.world.table("gke.endpoints").items()
        address = f"{host}:{port}"
        key = next((key for key, row in rows if row["endpoint"] == address and key in self.world.kube), "")
        if self.dead or not key:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")
        runner = await self._runner(key)
        near, far = socket.socketpair()
        assert runner.server is not None
        await asyncio.get_running_loop().connect_accepted_socket(runner.server, far)
        return near

    async def _runner(self, key: str) -> web.AppRunner:
        if key not in self._runners:
            known = lambda token: token == TOKEN  # noqa: E731
            app = make_app(self.world, key, authorize=known, on_request=lambda *_: None)
            self._runners[key] = make(app, handler_cancellation=True)
            await self._runners[key].setup()
        return self._runners[key]

    async def close(self) -> None:
        """Close the API servers."""
        for runner in self._runners.values():
            await runner.cleanup()


class _Stream(httpcore.AsyncNetworkStream):
    """One of httpx's connections; the certificate is not what these tests are about."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._writer.write(buffer)
        await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()

    async def start_tls(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        return self


def _request(sent: Any) -> Request:
    parts = urlsplit(sent.url)
    pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
    body = sent.body or b""
    if not isinstance(body, (bytes, str)):
        body = body.read()
    headers = {name.lower(): str(value) for name, value in sent.headers.items()}
    path = "/" + parts.path.strip("/")
    return Request(sent.method, path, dict(pairs), headers, body.encode() if isinstance(body, str) else body, pairs)


@cache
def authority() -> str:
    """A certificate authority: clusters must have one."""
    with TemporaryDirectory() as folder:
        return Authority(Path(folder)).ca_base64


@contextlib.contextmanager
def wired(wire: Wire) -> Iterator[None]:
    """Within it every request of `requests` and every connection of aiohttp goes to the wire's cloud."""
    real = aiohttp.ClientSession._request

    async def request(session: Any, method: str, url: Any, **more: Any) -> Any:
        wire.point()
        wire.mutations += method != "GET"
        answer = await real(session, method, url, **more)
        try:
            wire.point()
        except Killed:
            answer.close()
            raise
        return answer

    def send(adapter: HTTPAdapter, sent: Any, **how: Any) -> requests.Response:
        return wire.send(adapter, sent, **how)

    async def open_aiohttp(connector: Any, asked: Any, _traces: Any, _timeout: Any) -> Any:
        try:
            near = await wire.connect(asked.url.host, asked.url.port)
        except ConnectionRefusedError as error:
            raise aiohttp.ClientConnectorError(asked.connection_key, error) from error
        return (await asyncio.get_running_loop().create_connection(connector._factory, sock=near))[1]

    async def open_httpx(_: Any, host: str, port: int, **__: Any) -> httpcore.AsyncNetworkStream:
        wire.point()
        try:
            return _Stream(*await asyncio.open_connection(sock=await wire.connect(host, port)))
        except ConnectionRefusedError as error:
            raise httpcore.ConnectError(str(error)) from error

    # Each request would read the proxies from the environment anew, which costs more than the cloud's answer.
    time = SimpleNamespace(sleep=wire.nap, monotonic=lambda: wire.world.now)
    with (
        patch.object(HTTPAdapter, "send", send),
        patch.object(requests.sessions, "get_environ_proxies", lambda *_, **__: {}),
        patch.object(aiohttp.ClientSession, "_request", request),
        patch.object(aiohttp.TCPConnector, "_create_connection", open_aiohttp),
        patch.object(AutoBackend, "connect_tcp", open_httpx),
        patch.object(transport, "time", time),
        patch.object(google.api_core.retry.retry_base, "time", time),
        patch.object(google.api_core.retry.retry_unary, "time", time),
    ):
        yield


def environ(state: Path) -> dict[str, str]:
    """What env.sh of an embedded cloud would say."""
    return {
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": GOOGLE for name in _OVERRIDES},
        "CLOUDSDK_CORE_PROJECT": "demo-project",
        "CLOUDSDK_CORE_ACCOUNT": "operator@demo-project.example",
        "CLOUDSDK_AUTH_ACCESS_TOKEN": TOKEN,
        "SAXTUI_STATE": str(state),
        "SAXTUI_JOBSET_MANIFEST": str(_JOBSET),
        "SAXTUI_JOBSET_SHA256": hashlib.sha256(_JOBSET.read_bytes()).hexdigest(),
    }


def runtime(wire: Wire, state: Path) -> Runtime:
    """A new process of saxtui with that state folder."""
    wire.revive()
    variables = environ(state)
    return Runtime(read(variables), variables, WorldClock(wire.world), DiskLibrary(state))


async def life(wire: Wire, state: Path, deployment: Deployment, verb: str) -> RunResult | None:
    """One process that does `up` or `down`; None when it was killed."""
    process = runtime(wire, state)
    try:
        session = await process.session(deployment)
        return await (session.up(await session.plan()) if verb == "up" else session.down())
    except BaseException as error:
        if not was_killed(error):
            raise
        return None
    finally:
        wire.dead = True
        await process.close()


def memory_folder() -> str | None:
    """A file system in memory where there is one: what is durable is not what these tests are about."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def run(wire: Wire, work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on the world's time."""
    loop = WorldLoop(wire.world)
    try:
        with wired(wire):
            return loop.run_until_complete(_whole(work))
    finally:
        loop.close()


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """And nothing of dead processes is left over."""
    try:
        return await work
    finally:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
