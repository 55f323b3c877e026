"""A prompt waits until somebody can hear it, goes out once, and is never repeated when it may have been heard."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.openai.client import OpenAiClient
from saxtui.engine.serving.asking import Asking, Waiting
from saxtui.errors import Ambiguous
from saxtui.model.talk import Ask, Piece

ANSWER = {"choices": [{"index": 0, "message": {"content": "seven"}}]}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(port: int, handler: Handler) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
def port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


class Book:
    """What a conversation would write down, and what the server saw of it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def sending(self) -> None:
        self.lines.append("sending")

    async def held(self) -> None:
        self.lines.append("held")


def asking(port: int) -> tuple[Asking, OpenAiClient]:
    client = OpenAiClient(f"http://127.0.0.1:{port}", {})
    return Asking(client, SystemClock.parse(f"{time.time()}:0:600")), client


async def test_prompt_waits_for_the_server_and_is_written_down_before_it_is_sent_once(port: int) -> None:
    book = Book()

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "m"}]})
        book.lines.append("heard")
        return web.json_response(ANSWER)

    queue, client = asking(port)
    steps = queue.put(Ask("how many?", "m"), book.sending, book.held)
    first = await anext(steps)
    assert isinstance(first, Waiting)
    assert "no connection" in first.said
    assert (queue.queued, book.lines) == (1, [])
    async with listening(port, handler):
        rest = [step async for step in steps]
    assert [step.answer.text for step in rest if isinstance(step, Piece) and step.answer] == ["seven"]
    assert book.lines == ["sending", "heard"]
    assert queue.queued == 0
    await client.close()


async def test_prompt_that_may_have_been_heard_is_not_sent_again(port: int) -> None:
    book = Book()

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "m"}]})
        book.lines.append("heard")
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    queue, client = asking(port)
    async with listening(port, handler):
        with pytest.raises(Ambiguous):
            [step async for step in queue.put(Ask("how many?", "m"), book.sending, book.held)]
    assert book.lines == ["sending", "heard"]
    await client.close()


async def test_prompt_that_reached_nobody_is_held_and_goes_out_later(port: int) -> None:
    """The server goes away between the look and the prompt."""
    book = Book()

    async def look(model: str) -> Waiting | None:
        return None

    async def handler(request: web.Request) -> web.StreamResponse:
        book.lines.append("heard")
        return web.json_response(ANSWER)

    client = OpenAiClient(f"http://127.0.0.1:{port}", {})
    queue = Asking(client, SystemClock.parse(f"{time.time()}:0:600"), look)
    steps = queue.put(Ask("how many?", "m"), book.sending, book.held)
    assert isinstance(await anext(steps), Waiting)
    assert book.lines == ["sending", "held"]
    async with listening(port, handler):
        [step async for step in steps]
    assert book.lines[-2:] == ["sending", "heard"]
    assert book.lines.count("heard") == 1
    await client.close()


async def test_prompts_go_one_after_the_other_and_one_that_is_given_up_is_not_sent(port: int) -> None:
    heard: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "m"}]})
        body: Any = await request.json()
        heard.append(body["messages"][-1]["content"])
        return web.json_response(ANSWER)

    queue, client = asking(port)
    first, second, third = (queue.put(Ask(text, "m")) for text in ("one", "two", "three"))
    assert isinstance(await anext(first), Waiting)
    assert isinstance(await anext(second), Waiting)
    assert isinstance(await anext(third), Waiting)
    assert queue.queued == 3
    await second.aclose()
    async with listening(port, handler):
        assert [step async for step in first]
        assert [step async for step in third]
    assert heard == ["one", "three"]
    await client.close()
