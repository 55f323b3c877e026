"""Prompts from the disk to the server and back, over the real memory and a scripted talker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.disk.conversations import Conversations
from saxtui.engine.serving.asking import Asking, Waiting
from saxtui.engine.serving.chat import Chat
from saxtui.errors import Ambiguous, Problem, Refused, SaxtuiError, Unreachable
from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.serving import Candidate
from saxtui.model.talk import Abilities, Answer, Ask, Piece

CLOCK = SystemClock(speed=60.0)


@dataclass
class Talker:
    """Streams word by word; `gate` holds the second word back; `errors` are raised first, one a prompt."""

    asked: list[Ask] = field(default_factory=list)
    errors: list[SaxtuiError] = field(default_factory=list)
    gate: asyncio.Event | None = None
    alone: bool = False

    async def abilities(self, model: str = "", timeout: float = 10.0) -> Abilities:
        return Abilities(streams=True, messages=True, one_at_a_time=self.alone)

    async def names(self, timeout: float = 10.0) -> list[str]:
        return ["m"]

    async def generate(self, ask: Ask) -> Answer:
        raise AssertionError

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        self.asked.append(ask)
        if self.errors:
            raise self.errors.pop(0)
        yield Piece("half ")
        if self.gate is not None:
            await self.gate.wait()
        yield Piece(f"of {ask.prompt}")
        yield Piece(answer=Answer((Candidate(f"half of {ask.prompt}", None),), tokens=3, seconds=2.0))

    async def close(self) -> None:
        return None


@dataclass
class Room:
    """A chat with its memory, one conversation, and what it waits for."""

    chat: Chat
    memory: Conversations
    thread: Conversation
    talker: Talker
    obstacles: list[str]

    async def turns(self) -> list[Turn]:
        return await self.memory.turns(self.thread.id)

    async def all(self) -> list[Turn]:
        """Every turn, once nothing is on its way."""
        await until(lambda: not self.chat.turns)
        return await self.turns()


@asynccontextmanager
async def room(state: Path, *, messages: bool = True, obstacles: tuple[str, ...] = ()) -> AsyncIterator[Room]:
    memory = Conversations(state / "c.sqlite3", CLOCK)
    talker, holding = Talker(), list(obstacles)

    async def obstacle(_model: str) -> Waiting | None:
        return Waiting(holding[0]) if holding else None

    asking = Asking(talker, CLOCK, obstacle)
    chat = Chat("place", memory, asking, CLOCK, lambda: None, messages=messages)
    known = await memory.all("place")
    thread = known[0] if known else await memory.start("place", "m", system="Be brief.")
    try:
        yield Room(chat, memory, thread, talker, holding)
    finally:
        await chat.close()
        await memory.close()


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_prompt_is_answered_and_kept(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.chat.put(here.thread, "one")
        (turn,) = await here.all()
        assert (turn.state, turn.text, turn.tokens, turn.seconds) == (TurnState.ANSWERED, "half of one", 3, 2.0)
        await here.chat.put(here.thread, "two")
        await here.all()
    first, second = here.talker.asked
    assert (first.system, first.history) == ("Be brief.", ())
    assert second.history == (("one", "half of one"),)


async def test_without_messages_the_system_text_heads_the_prompt(tmp_path: Path) -> None:
    async with room(tmp_path, messages=False) as here:
        await here.chat.put(here.thread, "one")
        (turn,) = await here.all()
    assert here.talker.asked == [Ask("Be brief.\n\none", "m")]
    assert turn.prompt == "one"


async def test_what_has_come_is_on_disk_while_it_grows(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.talker.gate = asyncio.Event()
        (turn,) = await here.chat.put(here.thread, "one")
        await until(lambda: here.chat.turns[turn.id].partial == "half ")
        deadline = time.monotonic() + 60
        while (await here.turns())[0].partial != "half ":
            assert time.monotonic() < deadline
        here.talker.gate.set()
        assert [one.text for one in await here.all()] == ["half of one"]


async def test_a_queued_prompt_is_sent_once_when_it_can_be_heard(tmp_path: Path) -> None:
    async with room(tmp_path, obstacles=("it loads",)) as here:
        for prompt in ("one", "two"):
            await here.chat.put(here.thread, prompt)
        await until(lambda: any(turn.said == "it loads" for turn in here.chat.turns.values()))
        assert [turn.state for turn in await here.turns()] == [TurnState.QUEUED] * 2
        assert here.talker.asked == []
        here.obstacles.clear()
        assert [turn.state for turn in await here.all()] == [TurnState.ANSWERED] * 2
        assert [ask.prompt for ask in here.talker.asked] == ["one", "two"]
        assert here.talker.asked[1].history == (("one", "half of one"),), "with what was said up to its sending"


async def test_a_queue_outlives_saxtui(tmp_path: Path) -> None:
    async with room(tmp_path, obstacles=("it loads",)) as here:
        await here.chat.put(here.thread, "one")
    assert here.talker.asked == []
    async with room(tmp_path) as here:
        assert [turn.state for turn in await here.turns()] == [TurnState.QUEUED]
        await here.chat.resume()
        assert [turn.state for turn in await here.all()] == [TurnState.ANSWERED]
        assert len(here.talker.asked) == 1


async def test_a_failure_is_never_sent_again_by_itself(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.talker.errors = [Ambiguous(Problem("talk with", "m", "no answer in 120 s"))]
        await here.chat.put(here.thread, "one")
        await here.chat.put(here.thread, "two")
        first, second = await here.all()
        assert (first.state, second.state) == (TurnState.FAILED, TurnState.ANSWERED)
        assert "no answer in 120 s" in first.said
        assert [ask.prompt for ask in here.talker.asked] == ["one", "two"]


@pytest.mark.parametrize(
    "error", [Unreachable(Problem("talk with", "m", "no connection")), Refused(Problem("talk with", "m", "not loaded"))]
)
async def test_what_surely_reached_nobody_waits_again(tmp_path: Path, error: SaxtuiError) -> None:
    async with room(tmp_path) as here:
        here.talker.errors = [error]
        await here.chat.put(here.thread, "one")
        (turn,) = await here.all()
        assert turn.state is TurnState.ANSWERED
        assert len(here.talker.asked) == 2


async def test_stopping(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.talker.gate = asyncio.Event()
        (first,) = await here.chat.put(here.thread, "one")
        (second,) = await here.chat.put(here.thread, "two")
        await until(lambda: here.chat.turns[first.id].partial)
        assert await here.chat.stop(second)
        assert await here.chat.stop(first)
        (turn,) = await here.turns()
        assert (turn.state, turn.partial) == (TurnState.UNANSWERED, "half ")
        assert "you stopped waiting" in turn.said
        assert [ask.prompt for ask in here.talker.asked] == ["one"], "a prompt taken back is never sent"


@pytest.mark.parametrize("alone", [False, True])
async def test_the_models_of_a_comparison_are_asked_at_once_where_that_means_something(
    tmp_path: Path, alone: bool
) -> None:
    async with room(tmp_path) as here:
        here.talker.gate, here.talker.alone = asyncio.Event(), alone
        pair = await here.chat.put(here.thread, "one", models=("m", "n"))
        await here.chat.put(here.thread, "two")
        wanted = ["m"] if alone else ["m", "n"]
        await until(lambda: [turn.partial for turn in here.chat.turns.values()].count("half ") == len(wanted))
        said = [step.said for step in here.chat.waits.values()]
        assert said == ["the other model is asked first"] * alone + ["an earlier prompt is being answered"]
        assert [turn.model for turn in here.chat.waiting] == wanted
        assert [ask.model for ask in here.talker.asked] == wanted, "and the next prompt waits for both"
        here.talker.gate.set()
        turns = await here.all()
    assert [turn.state for turn in turns] == [TurnState.ANSWERED] * 3
    assert [turn.pair for turn in pair] == [pair[0].pair] * 2
    assert [(ask.prompt, ask.model) for ask in here.talker.asked] == [("one", "m"), ("one", "n"), ("two", "m")]


async def test_one_of_a_comparison_can_be_stopped(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.talker.gate = asyncio.Event()
        first, _ = await here.chat.put(here.thread, "one", models=("m", "n"))
        await until(lambda: len(here.chat.waiting) == 2)
        assert await here.chat.stop(first)
        here.talker.gate.set()
        assert [turn.state for turn in await here.all()] == [TurnState.UNANSWERED, TurnState.ANSWERED]


async def test_a_comparison_left_queued_goes_on_as_one(tmp_path: Path) -> None:
    async with room(tmp_path, obstacles=("it loads",)) as here:
        await here.chat.put(here.thread, "one", models=("m", "n"))
    async with room(tmp_path) as here:
        here.talker.gate = asyncio.Event()
        await here.chat.resume()
        await until(lambda: len(here.chat.waiting) == 2)
        here.talker.gate.set()
        assert [turn.state for turn in await here.all()] == [TurnState.ANSWERED] * 2


async def test_leaving_while_an_answer_comes_keeps_what_came(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.talker.gate = asyncio.Event()
        (turn,) = await here.chat.put(here.thread, "one")
        await until(lambda: here.chat.turns[turn.id].partial)
        await here.chat.close()
        (turn,) = await here.turns()
        assert (turn.state, turn.partial) == (TurnState.UNANSWERED, "half ")
        assert "saxtui was left" in turn.said
