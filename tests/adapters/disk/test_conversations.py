"""Conversations: a turn is on disk before it is sent, and its end is told truthfully after a crash."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.disk.conversation_format import v1
from saxtui.adapters.disk.conversations import Conversations
from saxtui.errors import UsageProblem
from saxtui.model.conversation import Template, Turn, TurnState, history
from saxtui.model.conversation_file import to_json
from saxtui.model.serving import Candidate, Sampling

_CRASHING = """
import asyncio, os, sys
from pathlib import Path
from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.disk.conversations import Conversations

async def main():
    book = Conversations(Path(sys.argv[1]), SystemClock())
    thread = await book.start("abcdef", "/sax/test/spmd")
    (turn,) = await book.queue(thread.id, "what is a TPU?")
    (waits,) = await book.queue(thread.id, "and a slice?")
    turn = await book.claim(turn)
    await book.grew(turn, "A TPU ")
    await book.grew(turn, "is")
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


async def sent(book: Conversations, conversation: int, prompt: str, sampling: Sampling | None = None) -> Turn:
    (queued,) = await book.queue(conversation, prompt, sampling)
    turn = await book.claim(queued)
    assert turn is not None
    return turn


async def test_turns_and_their_ends(tmp_path: Path) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    thread = await book.start("abcdef", "/sax/test/spmd")
    sampling = Sampling(temperature=0.2, max_steps=16)
    first = await sent(book, thread.id, "one\n prompt of  two lines", sampling)
    await book.answered(first, (Candidate("reply", -1.5), Candidate("other", None)), 4.2, 1.0, 7)
    await book.failed(await sent(book, thread.id, "two"), "HTTP 500")
    third = await sent(book, thread.id, "three")
    await book.grew(third, "half an ")
    await book.grew(third, "answer")
    assert (await book.turns(thread.id))[2].partial == "half an answer"
    await book.unanswered(third, "cancelled")
    fourth = await sent(book, thread.id, "four")
    turns = await book.turns(thread.id)
    assert [turn.state for turn in turns] == [
        TurnState.ANSWERED, TurnState.FAILED, TurnState.UNANSWERED, TurnState.SENT
    ]  # fmt: skip
    assert turns[0].text == "reply"
    assert turns[0].candidates[1] == Candidate("other", None)
    assert (turns[0].sampling, turns[0].seconds, turns[0].first, turns[0].tokens) == (sampling, 4.2, 1.0, 7)
    assert turns[1].said == "HTTP 500"
    assert turns[2].partial == "half an answer"
    assert turns[3] == fourth
    (shown,) = await book.all("abcdef")
    assert shown.title == "one prompt of two lines"
    assert await book.all("another") == []
    await book.remove(thread.id)
    assert await book.all("abcdef") == []
    assert await book.turns(thread.id) == []
    await book.close()


async def test_a_prompt_is_taken_for_sending_once(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    book, other = Conversations(path, SystemClock()), Conversations(path, SystemClock())
    thread = await book.start("abcdef", "m")
    (turn,) = await book.queue(thread.id, "once")
    assert await other.queued("abcdef") == [turn]
    taken = await asyncio.gather(*(keeper.claim(turn) for keeper in (book, other, book, other)))
    assert sum(1 for one in taken if one is not None) == 1
    assert not await book.withdraw(turn), "it is on its way"
    assert await book.queued("abcdef") == []
    await book.requeue(turn)
    assert [one.id for one in await book.queued("abcdef")] == [turn.id]
    assert await other.withdraw(turn)
    assert await book.claim(turn) is None
    await book.close()
    await other.close()


async def test_a_comparison_is_one_prompt_to_two_models(tmp_path: Path) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    thread = await book.start("abcdef", "a")
    left, right = await book.queue(thread.id, "which?", models=("a", "b"))
    assert (left.model, right.model) == ("a", "b")
    assert left.pair == right.pair == left.id
    assert await book.turns(thread.id) == [left, right]
    await book.close()


async def test_an_edited_prompt_replaces_what_came_from_it_on(tmp_path: Path) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    thread = await book.start("abcdef", "a")
    for prompt in ("one", "two", "three"):
        await book.answered(await sent(book, thread.id, prompt), (Candidate(prompt.upper(), -1.0),), 1.0)
    second = (await book.turns(thread.id))[1]
    await book.queue(thread.id, "two, better", replaces=second)
    turns = await book.turns(thread.id)
    assert [turn.replaced for turn in turns] == [False, True, True, False]
    assert history(turns, before=turns[3]) == (("one", "ONE"),)
    await book.close()


async def test_search_and_rename(tmp_path: Path) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    first, second = await book.start("abcdef", "a"), await book.start("abcdef", "a", title="Ärger")
    await book.start("elsewhere", "a", title="needle")
    turn = await sent(book, first.id, "where is it?")
    await book.answered(turn, (Candidate("In a haystack lies\na NEEDLE, they say", -1.0),), 1.0)
    (found,) = await book.find("needle", "abcdef")
    assert (found.conversation.id, found.turn) == (first.id, turn.id)
    assert found.excerpt == "In a haystack lies a NEEDLE, they say"
    assert [one.conversation.id for one in await book.find("ärger", "abcdef")] == [second.id]
    assert await book.find("nowhere", "abcdef") == []
    await book.rename(first.id, "Hay")
    await book.set_system(first.id, "Be brief.")
    again = await book.get(first.id)
    assert again is not None and (again.title, again.system) == ("Hay", "Be brief.")
    await book.close()


async def test_a_conversation_survives_the_way_through_json(tmp_path: Path) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    thread = await book.start("abcdef", "a", system="Be brief.")
    turn = await sent(book, thread.id, "hi 日本", Sampling(top_k=3))
    await book.answered(turn, (Candidate("ho", -1.0), Candidate("hu", None)), 2.0, 0.5, 3)
    await book.queue(thread.id, "which?", models=("a", "b"))
    turns = await book.turns(thread.id)
    (thread,) = await book.all("abcdef")
    path = await book.write_export("c.json", json.dumps(to_json(thread, turns)))
    taken = await book.read_import(path, "elsewhere")
    assert (taken.place, taken.system, taken.title) == ("elsewhere", "Be brief.", "hi 日本")
    again = await book.turns(taken.id)
    assert replace(again[0], id=turns[0].id, conversation=thread.id) == turns[0]
    assert {one.state for one in again[1:]} == {TurnState.UNANSWERED}, "reading a file sends nothing"
    assert again[1].pair == again[2].pair == again[1].id
    assert await book.queued("elsewhere") == []
    await book.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is not JSON"),
        ("[]", "is not a conversation"),
        ('{"format": "saxtui-conversation/1", "created": 1, "changed": 1}', "has no 'turns'"),
        (
            '{"format": "saxtui-conversation/1", "created": 1, "changed": 1, "turns": [{"state": "sent"}]}',
            "has no 'pro",
        ),
    ],
)
async def test_what_cannot_be_imported_says_why(tmp_path: Path, text: str, said: str) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    (tmp_path / "in.json").write_text(text)
    with pytest.raises(UsageProblem, match=said):
        await book.read_import(str(tmp_path / "in.json"), "abcdef")
    await book.close()


async def test_templates(tmp_path: Path) -> None:
    book = Conversations(tmp_path / "c.sqlite3", SystemClock())
    await book.save_template(Template("greet", "Say hello to {name}"))
    await book.save_template(Template("greet", "Greet {name} in {language}"))
    assert await book.templates() == [Template("greet", "Greet {name} in {language}")]
    await book.remove_template("greet")
    assert await book.templates() == []
    await book.close()


async def test_a_file_of_the_first_format_is_carried_forward(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    with sqlite3.connect(path) as db:
        v1.migrate(db)
        db.execute("INSERT INTO conversations VALUES (1, 'abcdef', '/sax/test/spmd', 'old', 5.0, 6.0)")
        db.execute(
            "INSERT INTO turns VALUES (1, 1, 'hi', 'answered', 5.0, ?, ?, 2.0, '', 1)",
            ('{"temperature": 0.2}', '[["ho", -1.5]]'),
        )
        db.execute("PRAGMA user_version = 1")
    db.close()
    book = Conversations(path, SystemClock())
    (thread,) = await book.all("abcdef")
    (turn,) = await book.turns(thread.id)
    assert (thread.title, turn.text, turn.model) == ("old", "ho", "/sax/test/spmd")
    assert turn.sampling == Sampling(temperature=0.2)
    await sent(book, thread.id, "more")
    await book.close()


async def test_turn_of_a_dead_saxtui_is_unanswered(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    crashing = await asyncio.create_subprocess_exec(sys.executable, "-c", _CRASHING, str(path))
    assert await crashing.wait() == -9
    book = Conversations(path, SystemClock())
    (thread,) = await book.all("abcdef")
    turn, waits = await book.turns(thread.id)
    assert turn.prompt == "what is a TPU?"
    assert turn.state is TurnState.UNANSWERED
    assert turn.partial == "A TPU is"
    assert waits.state is TurnState.QUEUED, "not sent, and not lost"
    await book.close()


async def test_a_process_number_given_away_again_is_not_the_one_that_sent(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    book = Conversations(path, SystemClock())
    thread = await book.start("abcdef", "a")
    await sent(book, thread.id, "hi")
    await book.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE turns SET born = 'another boot 1'")
    db.close()
    again = Conversations(path, SystemClock())
    (turn,) = await again.turns(thread.id)
    assert turn.state is TurnState.UNANSWERED
    await again.close()
