"""Load on a real loopback server through the real client: how many at once, how many in all, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web

from saxtui.adapters.openai.client import OpenAiClient
from saxtui.engine.serving.bench import Bench
from saxtui.model.bench import BenchRun, Load, Sample
from saxtui.model.talk import Abilities, Ask

ABOUT = BenchRun("r", "t", "m", "", 0.0, 1.0, 1, ())


class Counting:
    """A server that knows how many requests it has had at once. `gate` holds answers back until it is set."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.now = self.most = 0
        self.failing = 0
        self.came: asyncio.Condition = asyncio.Condition()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "m"}]})
        body = await request.json()
        self.asked.append(body["messages"][-1]["content"])
        self.now += 1
        self.most = max(self.most, self.now)
        async with self.came:
            self.came.notify_all()
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            if self.failing and len(self.asked) % self.failing == 0:
                return web.json_response({"error": {"message": "broken"}}, status=400)
            text = 'data: {"choices":[{"index":0,"delta":{"content":"ab"},"finish_reason":"stop"}]}\n\n'
            data = text + 'data: {"choices":[],"usage":{"completion_tokens":7}}\n\ndata: [DONE]\n\n'
            return web.Response(body=data.encode(), content_type="text/event-stream")
        finally:
            self.now -= 1

    async def until(self, reached: Callable[[], bool]) -> None:
        async with self.came, asyncio.timeout(60):
            await self.came.wait_for(reached)


@pytest.fixture
async def server() -> AsyncIterator[Counting]:
    counting = Counting()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", counting.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    counting.url = f"http://127.0.0.1:{runner.addresses[0][1]}"  # type: ignore[attr-defined]
    yield counting
    counting.gate.set()
    await runner.cleanup()


@pytest.fixture
async def bench(server: Counting) -> AsyncIterator[Callable[..., Bench]]:
    client = OpenAiClient(server.url, {})  # type: ignore[attr-defined]

    def make(*prompts: str) -> Bench:
        return Bench(client, Abilities(streams=True), Ask("", "m"), prompts or ("a",))

    yield make
    await client.close()


async def ended(work: Awaitable[object]) -> None:
    async with asyncio.timeout(60):
        await work


async def test_so_many_at_once_and_no_more(server: Counting, bench: Callable[..., Bench]) -> None:
    server.gate.clear()
    work = asyncio.ensure_future(bench("a", "b").run(Load(4, count=10)))
    await server.until(lambda: server.now == 4)
    server.gate.set()
    measured = await work
    assert (server.most, len(server.asked), len(measured.samples)) == (4, 10, 10)
    assert sorted(server.asked) == ["a"] * 5 + ["b"] * 5
    assert measured.counted and all(sample.tokens == 7 and sample.first is not None for sample in measured.samples)


async def test_warm_up_is_sent_and_not_counted(server: Counting, bench: Callable[..., Bench]) -> None:
    seen: list[Sample] = []
    measured = await bench().run(Load(1, count=3, warmup=2), seen.append)
    assert len(server.asked) == 5 and len(measured.samples) == len(seen) == 3
    assert measured.samples[0].due >= 0


async def test_a_failed_request_is_counted_and_not_repeated(server: Counting, bench: Callable[..., Bench]) -> None:
    server.failing = 3
    measured = await bench().run(Load(1, count=9))
    assert len(server.asked) == 9 and len(measured.answered) == 6
    assert sum(measured.errors.values()) == 3


async def test_at_a_fixed_rate_the_wait_for_a_free_place_counts(server: Counting, bench: Callable[..., Bench]) -> None:
    server.gate.clear()
    work = asyncio.ensure_future(bench().run(Load(rate=200.0, count=6, max_in_flight=2)))
    await server.until(lambda: server.now == 2)
    server.gate.set()
    measured = await work
    assert server.most == 2 and len(measured.samples) == 6
    assert [round(sample.due * 200) for sample in measured.samples] == [0, 1, 2, 3, 4, 5]
    last = measured.samples[-1]
    assert last.seconds >= last.queued > 0
    assert measured.queued is not None and measured.queued.most >= last.queued


async def test_it_ends_when_told_to_though_the_server_hangs(server: Counting, bench: Callable[..., Bench]) -> None:
    server.gate.clear()
    tool = bench()
    work = asyncio.ensure_future(tool.run_all((Load(3, count=30), Load(5, count=30)), ABOUT))
    await server.until(lambda: server.now == 3)
    tool.stop()
    await ended(work)
    (measured,) = work.result().measured
    assert measured.stopped and measured.samples == ()
    assert len(server.asked) == 3


async def test_a_run_says_what_must_be_known_of_it(server: Counting, bench: Callable[..., Bench]) -> None:
    run = await bench().run_all((Load(1, count=2), replace(Load(2), seconds=0.001)), ABOUT)
    assert [one.load.concurrency for one in run.measured] == [1, 2]
    assert any("fewer than 100" in note for note in run.notes)
