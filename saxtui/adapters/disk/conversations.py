"""The chat's memory: conversations and turns in one SQLite file. A turn is on disk before its prompt is sent."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saxtui.adapters.disk import turn_rows
from saxtui.adapters.disk.conversation_format import MIGRATIONS
from saxtui.adapters.disk.database import Database
from saxtui.adapters.disk.private import make_private_dir, refuse, write_private
from saxtui.errors import Problem, UsageProblem
from saxtui.model.conversation import Conversation, Found, Template, Turn, TurnState
from saxtui.model.conversation_file import from_json
from saxtui.model.serving import Candidate, Sampling
from saxtui.model.text import safe
from saxtui.ports import Clock

_TITLE = 60
_CONVERSATION = "id, deployment, model, title, created, changed, system"
_REMOVE = (
    "DELETE FROM pieces WHERE turn IN (SELECT id FROM turns WHERE conversation = ?)",
    "DELETE FROM turns WHERE conversation = ?",
    "DELETE FROM conversations WHERE id = ?",
)
_LARGEST_IMPORT = 67_108_864
_AROUND = 30
_MOST_FOUND = 200


class Conversations:
    """Fulfils engine.memory.Memory. Every call raises Refused when the file cannot be read or written."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._database = Database(path, migrations=MIGRATIONS)
        self._clock = clock
        self._exports = path.parent / "exports"

    # -- conversations
    async def all(self, place: str) -> list[Conversation]:
        """The conversations of one place (a deployment's id or a server's URL), last changed first."""
        return await self._database.run(lambda db: _conversations(db, "deployment = ?", place))

    async def get(self, conversation: int) -> Conversation | None:
        """One conversation; None when there is none of that number."""
        found = await self._database.run(lambda db: _conversations(db, "id = ?", conversation))
        return found[0] if found else None

    async def start(self, place: str, model: str, title: str = "", system: str = "") -> Conversation:
        """A new, empty conversation; without a title it takes the first prompt's beginning."""
        now = self._clock.now()
        made = Conversation(0, place, model, title, now, now, system)
        return replace(made, id=await self._database.run(lambda db: _start(db, made)))

    async def rename(self, conversation: int, title: str) -> None:
        """Give it another title."""
        await self._run("UPDATE conversations SET title = ? WHERE id = ?", title, conversation)

    async def set_system(self, conversation: int, system: str) -> None:
        """The text that every later prompt goes with."""
        await self._run("UPDATE conversations SET system = ? WHERE id = ?", system, conversation)

    async def remove(self, conversation: int) -> None:
        """Delete a conversation and its turns."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "DELETE FROM pieces WHERE turn IN (SELECT id FROM turns WHERE conversation = ?)", (conversation,)
            )
            db.execute("DELETE FROM turns WHERE conversation = ?", (conversation,))
            db.execute("DELETE FROM conversations WHERE id = ?", (conversation,))

        await self._database.run(work)

    async def find(self, text: str, place: str) -> list[Found]:
        """The place's conversations that hold `text` (case does not matter), newest turn first, each one once."""
        return await self._database.run(lambda db: _find(db, text.casefold(), place))

    async def write_export(self, name: str, text: str) -> str:
        """Write a conversation's text as the file `name` under exports/ beside the database; returns its path."""
        return await asyncio.to_thread(_export, self._exports / name, text)

    async def read_import(self, source: str, place: str) -> Conversation:
        """Take in a conversation exported as JSON, as one of `place`. Raises UsageProblem for another file."""
        head, turns = await asyncio.to_thread(_read, source)
        head = replace(head, place=place)

        def work(db: sqlite3.Connection) -> int:
            number = _start(db, head)
            pairs: dict[int, int] = {}
            for turn in turns:
                made = turn_rows.insert(db, replace(turn, conversation=number))
                if turn.pair:
                    pair = pairs.setdefault(turn.pair, made)
                    db.execute("UPDATE turns SET pair = ? WHERE id = ?", (pair, made))
            return number

        return replace(head, id=await self._database.run(work))

    # -- turns
    async def turns(self, conversation: int) -> list[Turn]:
        """The conversation's turns in order; one whose saxtui is dead shows as unanswered."""
        return await self._database.run(lambda db: turn_rows.read(db, "conversation = ?", conversation))

    async def queued(self, place: str) -> list[Turn]:
        """Every prompt of that place that is to be sent and was not, oldest first."""
        within = "state = 'queued' AND conversation IN (SELECT id FROM conversations WHERE deployment = ?)"
        return await self._database.run(lambda db: turn_rows.read(db, within, place))

    async def queue(
        self, conversation: int, prompt: str, sampling: Sampling | None = None, *, models: Sequence[str] = ("",),
        wanted: int = 1, replaces: Turn | None = None,
    ) -> tuple[Turn, ...]:  # fmt: skip
        """Record a prompt that is to be sent: a turn for each model, as one comparison where there are several.

        With `replaces`, that turn and all after it are marked as replaced in the same transaction.
        """
        turn = Turn(0, conversation, prompt, TurnState.QUEUED, self._clock.now(), sampling, wanted=wanted)
        return await self._database.run(lambda db: _queue(db, turn, models, replaces))

    async def claim(self, turn: Turn) -> Turn | None:
        """Take a queued prompt for sending, now; None when it is queued no more. Only one caller ever gets it."""
        now, (pid, born) = self._clock.now(), turn_rows.me()

        def work(db: sqlite3.Connection) -> bool:
            change = "UPDATE turns SET state = 'sent', at = ?, pid = ?, born = ? WHERE id = ? AND state = 'queued'"
            return db.execute(change, (now, pid, born, turn.id)).rowcount == 1

        return replace(turn, state=TurnState.SENT, at=now) if await self._database.run(work) else None

    async def requeue(self, turn: Turn) -> None:
        """A prompt taken for sending surely reached nobody: it waits again."""
        await self._run("UPDATE turns SET state = 'queued' WHERE id = ? AND state = 'sent'", turn.id)

    async def withdraw(self, turn: Turn) -> bool:
        """Take a queued prompt out again; False when it was sent already."""

        def work(db: sqlite3.Connection) -> bool:
            return db.execute("DELETE FROM turns WHERE id = ? AND state = 'queued'", (turn.id,)).rowcount == 1

        return await self._database.run(work)

    async def grew(self, turn: Turn, text: str) -> None:
        """Keep what has come of an answer since the last call."""
        await self._run("INSERT INTO pieces (turn, text) VALUES (?, ?)", turn.id, text)

    async def answered(
        self, turn: Turn, candidates: tuple[Candidate, ...], seconds: float, first: float = 0.0, tokens: int = 0
    ) -> None:
        """Record the answer."""
        done = replace(
            turn, state=TurnState.ANSWERED, candidates=candidates, seconds=seconds, first=first, tokens=tokens, said=""
        )
        await self._settle(done)

    async def failed(self, turn: Turn, said: str) -> None:
        """Record that the server refused or could not be reached."""
        await self._settle(replace(turn, state=TurnState.FAILED, said=said))

    async def unanswered(self, turn: Turn, said: str) -> None:
        """Record that the wait ended (cancelled, timed out) with no answer."""
        await self._settle(replace(turn, state=TurnState.UNANSWERED, said=said))

    # -- templates
    async def templates(self) -> list[Template]:
        """The saved prompts, by name."""
        return await self._database.run(
            lambda db: [Template(*row) for row in db.execute("SELECT name, text FROM templates ORDER BY name")]
        )

    async def save_template(self, template: Template) -> None:
        """Keep it; one of that name is replaced."""
        await self._run("INSERT OR REPLACE INTO templates VALUES (?, ?)", template.name, template.text)

    async def remove_template(self, name: str) -> None:
        """Forget a saved prompt."""
        await self._run("DELETE FROM templates WHERE name = ?", name)

    async def close(self) -> None:
        """Close the file; harmless twice."""
        await self._database.close()

    async def _run(self, statement: str, *values: Any) -> None:
        await self._database.run(lambda db: db.execute(statement, values).rowcount)

    async def _settle(self, turn: Turn) -> None:
        """The end of a turn that was sent; what had come of an answer that is not whole moves into the turn."""
        now = self._clock.now()

        def work(db: sqlite3.Connection) -> None:
            partial = "" if turn.candidates else turn_rows.pieces(db, turn.id)
            db.execute(
                "UPDATE turns SET state = ?, candidates = ?, seconds = ?, first = ?, tokens = ?, said = ?, partial = ? "
                "WHERE id = ?",
                (turn.state.value, turn_rows.candidates_text(turn.candidates), turn.seconds, turn.first, turn.tokens,
                 turn.said, partial, turn.id),
            )  # fmt: skip
            db.execute("DELETE FROM pieces WHERE turn = ?", (turn.id,))
            db.execute("UPDATE conversations SET changed = ? WHERE id = ?", (now, turn.conversation))

        await self._database.run(work)


def _conversations(db: sqlite3.Connection, where: str, *values: Any) -> list[Conversation]:
    query = f"SELECT {_CONVERSATION} FROM conversations WHERE {where} ORDER BY changed DESC, id DESC"
    return [Conversation(*row) for row in db.execute(query, values)]


def _start(db: sqlite3.Connection, made: Conversation) -> int:
    cursor = db.execute(
        f"INSERT INTO conversations ({_CONVERSATION.removeprefix('id, ')}) VALUES (?, ?, ?, ?, ?, ?)",
        (made.place, made.model, made.title, made.created, made.changed, made.system),
    )
    return cursor.lastrowid or 0


def _queue(db: sqlite3.Connection, turn: Turn, models: Sequence[str], replaces: Turn | None) -> tuple[Turn, ...]:
    title = " ".join(turn.prompt.split())[:_TITLE]
    db.execute(
        "UPDATE conversations SET changed = ?, title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ?",
        (turn.at, title, turn.conversation),
    )
    if replaces is not None:
        db.execute(
            "UPDATE turns SET replaced = 1 WHERE conversation = ? AND id >= ? AND state <> 'queued'",
            (replaces.conversation, replaces.id),
        )
    made: list[Turn] = []
    for model in models:
        one = replace(turn, model=model, pair=made[0].id if made else 0)
        made.append(replace(one, id=turn_rows.insert(db, one)))
    if len(made) > 1:
        made[0] = replace(made[0], pair=made[0].id)
        db.execute("UPDATE turns SET pair = id WHERE id = ?", (made[0].id,))
    return tuple(made)


def _find(db: sqlite3.Connection, needle: str, place: str) -> list[Found]:
    found: list[Found] = []
    for conversation in _conversations(db, "deployment = ?", place):
        if needle in conversation.title.casefold():
            found.append(Found(conversation, 0, conversation.title))
        else:
            for turn in reversed(turn_rows.read(db, "conversation = ?", conversation.id)):
                texts = (turn.prompt, *(item.text for item in turn.candidates), turn.partial)
                held = next((text for text in texts if needle in text.casefold()), None)
                if held is not None:
                    found.append(Found(conversation, turn.id, _around(held, needle)))
                    break
        if len(found) == _MOST_FOUND:
            break
    return found


def _around(text: str, needle: str) -> str:
    at = text.casefold().find(needle)
    start = max(0, at - _AROUND)
    return ("…" if start else "") + " ".join(text[start : at + len(needle) + 2 * _AROUND].split())


def _export(path: Path, text: str) -> str:
    try:
        make_private_dir(path.parent)
        write_private(path, text)
    except OSError as error:
        raise refuse("write the conversation", path, error) from error
    return str(path)


def _read(source: str) -> tuple[Conversation, tuple[Turn, ...]]:
    path = Path(source).expanduser()
    try:
        with path.open("rb") as handle:
            data = handle.read(_LARGEST_IMPORT + 1)
        if len(data) > _LARGEST_IMPORT:
            raise ValueError(f"is longer than {_LARGEST_IMPORT} bytes")
        body = json.loads(data)
    except OSError as error:
        raise refuse("import", path, error) from error
    except (ValueError, RecursionError) as error:
        said = f"is not JSON: {safe(error, 200)}"
        raise UsageProblem(Problem("import", safe(path), said, next_step="give a file saxtui exported")) from None
    return from_json(body, safe(path))
