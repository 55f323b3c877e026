"""A deployment's append-only record in one SQLite file. An event is durable when `append` returns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from saxtui.adapters.disk.database import Database
from saxtui.adapters.disk.lock import FileLock
from saxtui.errors import Problem, Refused
from saxtui.model.events import Event, from_record
from saxtui.model.text import safe

_VERSION = 1
_SCHEMA = "CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)"


class DiskJournal:
    """Fulfils ports.Journal. Made by `open_journal`."""

    def __init__(self, path: Path, lock: FileLock | None) -> None:
        self.read_only = lock is None
        self._lock = lock
        self._database = Database(path, schema=_SCHEMA, version=_VERSION, read_only=self.read_only)

    async def append(self, event: Event) -> None:
        """Record the event for good; events that are not durable by kind are passed over.

        Raises Refused when it cannot be recorded: then nothing may be sent.
        """
        if not event.durable:
            return
        if self.read_only:
            raise Refused(
                Problem(
                    tried="record in",
                    target=safe(self._database.path),
                    said="this session only reads",
                    next_step="run a command that takes the lock (up, down)",
                    reason="READ_ONLY",
                )
            )
        row = json.dumps(event.record(), ensure_ascii=False, separators=(",", ":"))
        await self._database.run(lambda db: _insert(db, row))

    async def events(self) -> list[Event]:
        """Every recorded event in order. Raises Refused for a record this version cannot read."""
        try:
            rows = await self._database.run(_select)
        except FileNotFoundError:
            return []
        return [self._decode(seq, row) for seq, row in rows]

    async def close(self) -> None:
        """Close the file and give the lock back; harmless twice."""
        await self._database.close()
        if self._lock is not None:
            self._lock.release()

    async def check(self) -> None:
        """Open the file now, so that a bad one is refused before anything starts. Raises Refused."""
        try:
            await self._database.run(lambda db: db.execute("SELECT 1").fetchone())
        except FileNotFoundError:
            return

    def _decode(self, seq: int, row: str) -> Event:
        try:
            return from_record(json.loads(row))
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(
                Problem(
                    tried="read",
                    target=f"{safe(self._database.path)}, record {seq}",
                    said=safe(f"cannot be understood: {error}", 300),
                    next_step="it may come from a newer saxtui: upgrade; or move the file away and run up again, "
                    "which finds what is ours by its labels",
                    reason="BAD_RECORD",
                )
            ) from error


def _insert(db: sqlite3.Connection, row: str) -> None:
    db.execute("INSERT INTO events (record) VALUES (?)", (row,))


def _select(db: sqlite3.Connection) -> list[tuple[int, str]]:
    return db.execute("SELECT seq, record FROM events ORDER BY seq").fetchall()


@asynccontextmanager
async def open_journal(path: Path, what: str, *, write: bool) -> AsyncIterator[DiskJournal]:
    """The journal at `path`; with `write` under an exclusive lock beside it. Raises Refused naming the holder."""
    lock: FileLock | None = None
    if write:
        lock = FileLock(path.with_suffix(".lock"))
        lock.acquire(what)
    journal = DiskJournal(path, lock)
    try:
        await journal.check()
        yield journal
    finally:
        await journal.close()
