"""The canary over HTTP: what each answer is as a beat, and when it rests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from saxtui.adapters.openai.client import OpenAiClient
from saxtui.engine.serving.canary import KEPT, Canary
from saxtui.engine.store import Part, Store
from saxtui.model.serving import Beat, ModelStatus, Pulse, ReplicaTruth, Rung

NAMES = ("/sax/test/a", "/sax/test/b")


class HandClock:
    """A fast clock that a hand moves on, so that a beat is due when the test says so."""

    speed = 600.0

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Bird:
    """A canary, the server it sings to, and the switch for what that answers."""

    canary: Canary
    talker: OpenAiClient

    def __init__(self) -> None:
        self.store, self.clock = Store(), HandClock()
        self.answers = "ok"
        self.busy = False
        self.sent: list[tuple[str, int]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": name} for name in NAMES]})
        body = await request.json()
        self.sent.append((body["model"], body["max_tokens"]))
        if self.answers == "hang":
            await asyncio.Event().wait()
        if self.answers == "refuse":
            return web.json_response({"error": {"message": "out of order"}}, status=500)
        return web.json_response({"choices": [{"index": 0, "message": {"content": "1"}}]})


@pytest.fixture
async def bird() -> AsyncIterator[Bird]:
    found = Bird()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = OpenAiClient(f"http://127.0.0.1:{runner.addresses[0][1]}", {})
    loaded = (ReplicaTruth(0, Rung.LOADED),)
    found.store.change(models=Part(value=tuple(ModelStatus(name, "a.b.C", "None", 1, 1, loaded) for name in NAMES)))
    found.talker = client
    found.canary = Canary(client, found.store, found.clock, lambda: found.busy)
    yield found
    await client.close()
    await runner.cleanup()


async def test_one_step_at_most_to_each_loaded_model_in_turn(bird: Bird) -> None:
    first = await bird.canary.maybe()
    assert first is not None
    assert first.pulse is Pulse.OK
    assert await bird.canary.maybe() is None, "the next one is not due"
    bird.clock.at += 300.0
    assert await bird.canary.maybe() is not None
    assert sorted(bird.sent) == [(NAMES[0], 1), (NAMES[1], 1)]
    assert len(bird.store.state.beats.value or ()) == 2


async def test_it_rests_while_off_while_somebody_asks_and_while_nothing_is_loaded(bird: Bird) -> None:
    bird.canary.on = False
    assert await bird.canary.maybe() is None
    bird.canary.on, bird.busy = True, True
    assert await bird.canary.maybe() is None
    bird.busy = False
    loaded = bird.store.state.models
    bird.store.change(models=Part(value=()))
    assert await bird.canary.maybe() is None
    assert bird.sent == []
    bird.store.change(models=loaded)
    assert await bird.canary.maybe() is not None


async def test_what_is_no_answer_is_a_beat_too(bird: Bird) -> None:
    bird.answers = "refuse"
    refused = await bird.canary.beat(NAMES[0])
    bird.answers = "hang"
    hung = await bird.canary.beat(NAMES[0])
    assert (refused.pulse, refused.said, refused.good) == (Pulse.ERROR, "out of order", False)
    assert (hung.pulse, hung.good) == (Pulse.TIMEOUT, False)
    assert "no answer in" in hung.said


async def test_the_strip_is_bounded(bird: Bird) -> None:
    for _ in range(KEPT + 2):
        last = await bird.canary.beat(NAMES[1])
    kept = bird.store.state.beats.value or ()
    assert (len(kept), kept[-1]) == (KEPT, last)


async def test_its_pace_and_its_keeper_are_given(bird: Bird) -> None:
    kept: list[Beat] = []

    async def keep(beat: Beat) -> None:
        kept.append(beat)

    never = Canary(bird.talker, bird.store, bird.clock, lambda: False, 0, keep)
    assert (never.on, await never.maybe()) == (False, None)
    often = Canary(bird.talker, bird.store, bird.clock, lambda: False, 900, keep)
    first = await often.maybe()
    bird.clock.at += 600
    assert await often.maybe() is None
    bird.clock.at += 600
    assert [first, await often.maybe()] == kept
