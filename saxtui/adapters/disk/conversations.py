"""The chat's memory: conversations and turns in one SQLite file. A turn is on disk before its prompt is sent."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saxtui.adapters.disk.database import Database
from saxtui.adapters.disk.private import make_private_dir, refuse, write_private
from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.serving import Candidate, Sampling
from saxtui.ports import Clock

_SCHEMA = """
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY, deployment TEXT NOT NULL, model TEXT NOT NULL, title TEXT NOT NULL,
    created REAL NOT NULL, changed REAL NOT NULL);
CREATE TABLE turns (
    id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL REFERENCES conversations (id), prompt TEXT NOT NULL,
    state TEXT NOT NULL, at REAL NOT NULL, sampling TEXT NOT NULL, candidates TEXT NOT NULL DEFAULT '[]',
    seconds REAL NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT '', pid INTEGER NOT NULL);
CREATE INDEX turns_of ON turns (conversation, id)
"""
_TITLE = 60
_TURN = "id, conversation, prompt, state, at, sampling, candidates, seconds, said"


class Conversations:
    """Every call raises Refused when the file cannot be read or written."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._database = Database(path, migrations=(_first,))
        self._clock = clock
        self._exports = path.parent / "exports"

    async def export(self, name: str, text: str) -> str:
        """Write a conversation's text as the file `name` under exports/ beside the database; returns its path."""
        return await asyncio.to_thread(_export, self._exports / name, text)

    async def all(self, deployment: str) -> list[Conversation]:
        """The deployment's conversations (by its id), last changed first."""
        query = "SELECT id, deployment, model, title, created, changed FROM conversations"
        rows = await self._database.run(
            lambda db: db.execute(f"{query} WHERE deployment = ? ORDER BY changed DESC, id DESC", (deployment,))
            .fetchall()
        )  # fmt: skip
        return [Conversation(*row) for row in rows]

    async def start(self, deployment: str, model: str, title: str = "") -> Conversation:
        """A new, empty conversation; without a title it takes the first prompt's beginning."""
        now = self._clock.now()
        number = await self._database.run(
            lambda db: (
                db.execute(
                    "INSERT INTO conversations (deployment, model, title, created, changed) VALUES (?, ?, ?, ?, ?)",
                    (deployment, model, title, now, now),
                ).lastrowid
            )
        )
        return Conversation(number or 0, deployment, model, title, now, now)

    async def turns(self, conversation: int) -> list[Turn]:
        """The conversation's turns in order; one whose saxtui is dead shows as unanswered."""
        query = f"SELECT {_TURN}, pid FROM turns WHERE conversation = ? ORDER BY id"
        rows = await self._database.run(lambda db: db.execute(query, (conversation,)).fetchall())
        return [_turn(row) for row in rows]

    async def send(self, conversation: int, prompt: str, sampling: Sampling | None = None) -> Turn:
        """Record a prompt that is about to be sent."""
        now = self._clock.now()
        turn_id = await self._database.run(lambda db: _insert(db, conversation, prompt, sampling, now))
        return Turn(turn_id, conversation, prompt, TurnState.SENT, now, sampling)

    async def answered(self, turn: Turn, candidates: tuple[Candidate, ...], seconds: float) -> None:
        """Record the answer."""
        text = json.dumps([[item.text, item.score] for item in candidates])
        await self._settle(turn, TurnState.ANSWERED, text, seconds, "")

    async def failed(self, turn: Turn, said: str) -> None:
        """Record that the server refused or could not be reached."""
        await self._settle(turn, TurnState.FAILED, "[]", 0.0, said)

    async def unanswered(self, turn: Turn, said: str) -> None:
        """Record that the wait ended (cancelled, timed out) with no answer."""
        await self._settle(turn, TurnState.UNANSWERED, "[]", 0.0, said)

    async def remove(self, conversation: int) -> None:
        """Delete a conversation and its turns."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM turns WHERE conversation = ?", (conversation,))
            db.execute("DELETE FROM conversations WHERE id = ?", (conversation,))

        await self._database.run(work)

    async def close(self) -> None:
        """Close the file; harmless twice."""
        await self._database.close()

    async def _settle(self, turn: Turn, state: TurnState, candidates: str, seconds: float, said: str) -> None:
        now = self._clock.now()

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE turns SET state = ?, candidates = ?, seconds = ?, said = ? WHERE id = ?",
                (state.value, candidates, seconds, said, turn.id),
            )
            db.execute("UPDATE conversations SET changed = ? WHERE id = ?", (now, turn.conversation))

        await self._database.run(work)


def _first(db: sqlite3.Connection) -> None:
    """Version 1 of the file."""
    for statement in _SCHEMA.split(";"):
        db.execute(statement)


def _export(path: Path, text: str) -> str:
    try:
        make_private_dir(path.parent)
        write_private(path, text)
    except OSError as error:
        raise refuse("write the conversation", path, error) from error
    return str(path)


def _insert(db: sqlite3.Connection, conversation: int, prompt: str, sampling: Sampling | None, now: float) -> int:
    title = " ".join(prompt.split())[:_TITLE]
    db.execute(
        "UPDATE conversations SET changed = ?, title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ?",
        (now, title, conversation),
    )
    cursor = db.execute(
        "INSERT INTO turns (conversation, prompt, state, at, sampling, pid) VALUES (?, ?, ?, ?, ?, ?)",
        (conversation, prompt, TurnState.SENT.value, now, json.dumps(asdict(sampling) if sampling else None),
         os.getpid()),
    )  # fmt: skip
    return cursor.lastrowid or 0


def _turn(row: tuple[Any, ...]) -> Turn:
    number, conversation, prompt, state, at, sampling, candidates, seconds, said, pid = row
    parameters = json.loads(sampling)
    state = TurnState(state)
    if state is TurnState.SENT and not _alive(pid):
        state, said = TurnState.UNANSWERED, "saxtui ended before an answer came"
    return Turn(
        id=number, conversation=conversation, prompt=prompt, state=state, at=at,
        sampling=Sampling(**parameters) if parameters else None,
        candidates=tuple(Candidate(text, score) for text, score in json.loads(candidates)),
        seconds=seconds, said=said,
    )  # fmt: skip


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
