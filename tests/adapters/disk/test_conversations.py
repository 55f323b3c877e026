"""Conversations: a turn is on disk before it is sent, and its end is told truthfully after a crash."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.disk.conversations import Conversations
from saxtui.model.conversation import TurnState
from saxtui.model.serving import Candidate, Sampling

_CRASHING = """
import asyncio, os, sys
from pathlib import Path
from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.disk.conversations import Conversations

async def main():
    book = Conversations(Path(sys.argv[1]), SystemClock())
    thread = await book.start("abcdef", "/sax/test/spmd")
    await book.send(thread.id, "what is a TPU?")
    os._exit(9)

asyncio.run(main())
"""


async def test_turns_and_their_ends(tmp_path: Path) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    thread = await book.start("abcdef", "/sax/test/spmd")
    sampling = Sampling(temperature=0.2, max_steps=16)
    first = await book.send(thread.id, "one\n prompt of  two lines", sampling)
    await book.answered(first, (Candidate("reply", -1.5), Candidate("other", -3.0)), 4.2)
    second = await book.send(thread.id, "two")
    await book.failed(second, "HTTP 500")
    third = await book.send(thread.id, "three")
    await book.unanswered(third, "cancelled")
    fourth = await book.send(thread.id, "four")
    turns = await book.turns(thread.id)
    assert [turn.state for turn in turns] == [
        TurnState.ANSWERED, TurnState.FAILED, TurnState.UNANSWERED, TurnState.SENT
    ]  # fmt: skip
    assert turns[0].text == "reply"
    assert turns[0].candidates[1] == Candidate("other", -3.0)
    assert turns[0].sampling == sampling
    assert turns[0].seconds == 4.2
    assert turns[1].said == "HTTP 500"
    assert turns[3] == fourth
    (shown,) = await book.all("abcdef")
    assert shown.title == "one prompt of two lines"
    assert await book.all("another") == []
    await book.remove(thread.id)
    assert await book.all("abcdef") == []
    assert await book.turns(thread.id) == []
    await book.close()


async def test_turn_of_a_dead_saxtui_is_unanswered(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    crashing = await asyncio.create_subprocess_exec(sys.executable, "-c", _CRASHING, str(path))
    assert await crashing.wait() == 9
    book = Conversations(path, SystemClock())
    (thread,) = await book.all("abcdef")
    (turn,) = await book.turns(thread.id)
    assert turn.prompt == "what is a TPU?"
    assert turn.state is TurnState.UNANSWERED
    await book.close()
