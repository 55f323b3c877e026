"""Logs: read, followed, resumed after a break without a repeat, and with a mark where lines may be missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.kubernetes.client import KubernetesClient
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.times import epoch
from saxtui.engine.watching.turns import LoopTurns
from saxtui.errors import Invalid, NotFound
from saxtui.model.cluster import LogLine
from saxtui.model.log_batch import LogBatch, LogSource
from saxtui.ports import LogRequest

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


def at(second: int, text: str) -> bytes:
    return f"2026-11-23T13:00:{second:02}.000000001Z {text}\n".encode()


class LogServer:
    """Each follow takes the next script: bytes to send, "drop" to break, and the end of the script to end."""

    def __init__(self, *scripts: list[Any], running: int = 0) -> None:
        self.scripts = list(scripts)
        self.running = running
        self.queries: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/log"):
            self.running -= 1
            state = "running" if self.running >= 0 else "terminated"
            return web.json_response({"status": {"containerStatuses": [{"name": "c", "state": {state: {}}}]}})
        self.queries.append(dict(request.query))
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for step in self.scripts.pop(0):
            if step == "drop":
                assert request.transport is not None
                request.transport.abort()
                break
            await response.write(step)
        return response


async def client(serve: Serve, handler: Any) -> KubernetesClient:
    async def token() -> str:
        return ""

    return KubernetesClient(Connection(await serve(handler), "", token), SystemClock())


REQUEST = LogRequest("default", "pod-0", "c", follow=True)


async def collect(kube: KubernetesClient, request: LogRequest = REQUEST) -> list[LogLine]:
    found: list[LogLine] = []
    async with asyncio.timeout(60):
        async for lines in kube.stream_log(request, LoopTurns()):
            which = -1 if lines.gap else 0
            batch = LogBatch([LogSource(request.pod)], [which] * len(lines), lines.stamps, lines.texts)
            found += batch.lines()
    await kube.close()
    return found


async def test_read(serve: Serve) -> None:
    server = LogServer([at(1, "one") + at(2, "two\x1b[31m") + b"2026-11-23T13:00:03Z last, no line feed"])
    kube = await client(serve, server.answer)
    found = await kube.read_log(LogRequest("default", "pod-0", "c", tail=50))
    assert [line.text for line in found] == ["one", "two\u241b[31m", "last, no line feed"]
    assert found[0].at == epoch("2026-11-23T13:00:01Z") + 1e-9
    assert server.queries == [{"timestamps": "true", "container": "c", "tailLines": "50"}]
    await kube.close()


async def test_read_since_leaves_out_what_was_read(serve: Serve) -> None:
    server = LogServer([at(1, "old") + at(2, "last read") + at(3, "new")])
    kube = await client(serve, server.answer)
    found = await kube.read_log(LogRequest("default", "pod-0", since=epoch("2026-11-23T13:00:02.000000Z")))
    assert [line.text for line in found] == ["new"]
    await kube.close()


async def test_follow_ends_with_the_container(serve: Serve) -> None:
    server = LogServer([at(1, "one"), at(2, "two")])
    found = await collect(await client(serve, server.answer))
    assert [line.text for line in found] == ["one", "two"]
    assert len(server.queries) == 1


async def test_follow_resumes_without_repeating_lines_of_the_same_instant(serve: Serve) -> None:
    server = LogServer(
        [at(1, "a") + at(2, "b1") + at(2, "b2"), "drop"],
        [at(2, "b1") + at(2, "b2") + at(2, "b3") + at(3, "c")],
    )
    found = await collect(await client(serve, server.answer))
    assert [line.text for line in found] == ["a", "b1", "b2", "b3", "c"]
    assert not any(line.gap for line in found)
    assert server.queries[1]["sinceTime"].startswith("2026-11-23T13:00:02")


async def test_follow_marks_a_gap_when_the_last_line_is_gone(serve: Serve) -> None:
    server = LogServer([at(1, "a"), "drop"], [at(9, "much later")])
    found = await collect(await client(serve, server.answer))
    assert [(line.gap, line.text) for line in found][0::2] == [(False, "a"), (False, "much later")]
    assert found[1].gap
    assert "missing" in found[1].text


async def test_answer_that_ends_while_the_container_runs_is_opened_again(serve: Serve) -> None:
    server = LogServer([at(1, "a")], [at(1, "a") + at(2, "b")], running=1)
    found = await collect(await client(serve, server.answer))
    assert [line.text for line in found] == ["a", "b"]


async def test_odd_bytes(serve: Serve) -> None:
    server = LogServer(
        [
            at(1, "10%\r50%\r100%"),
            b"2026-11-23T13:00:02Z caf\xe9 \xff\n",
            b"2026-11-23T13:00:03Z " + b"x" * 200_000 + b"\n",
            b"2026-11-23T13:00:04Z\n",
            b'2026-11-23T13:00:05Z {"json": 1}\n',
        ]
    )
    found = await collect(await client(serve, server.answer))
    assert found[0].text == "100%"
    assert found[1].text == "caf\ufffd \ufffd"
    assert max(len(line.text) for line in found) <= 65_537
    assert sum(line.text.count("x") for line in found) == 200_000
    assert [line.text for line in found[-2:]] == ["", '{"json": 1}']


async def test_not_started_and_not_there(serve: Serve) -> None:
    codes = [400, 404]
    said = ['container "c" in pod "p" is waiting to start: ContainerCreating', 'pods "p" not found']

    async def handler(request: web.Request) -> web.StreamResponse:
        code, message = codes.pop(0), said.pop(0)
        return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)

    kube = await client(serve, handler)
    with pytest.raises(Invalid, match="waiting to start"):
        await kube.read_log(REQUEST)
    with pytest.raises(NotFound):
        await anext(kube.stream_log(REQUEST, LoopTurns()))
    await kube.close()


class _Response:
    """An answer whose one chunk comes when `chunk` is set."""

    def __init__(self) -> None:
        self.chunk: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.content = self

    async def read(self, size: int) -> bytes:
        if self.chunk.done():
            await asyncio.get_running_loop().create_future()
        return await self.chunk


async def test_cancelled_in_the_very_moment_a_chunk_comes() -> None:
    """It must end: a follower that took the chunk and forgot the cancellation kept its screen's logs from closing."""
    from saxtui.adapters.kubernetes.logs import _chunks

    response = _Response()

    async def consume() -> None:
        async for _ in _chunks(response, REQUEST):
            pass

    task = asyncio.create_task(consume())
    for _ in range(5):
        await asyncio.sleep(0)
    response.chunk.set_result(b"one\n")
    task.cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    swallowed = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not swallowed
