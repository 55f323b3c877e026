"""A deployment's append-only record in one SQLite file. An event is durable when `append` returns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from saxtui.adapters.disk.backups import back_up
from saxtui.adapters.disk.chain import verify
from saxtui.adapters.disk.database import Database
from saxtui.adapters.disk.journal_format import MIGRATIONS
from saxtui.adapters.disk.lock import FileLock, holder
from saxtui.adapters.disk.rows import insert, select
from saxtui.errors import Problem, Refused
from saxtui.model.events import Event, RunFinished, RunStarted, from_record
from saxtui.model.text import safe
from saxtui.ports import LockHolder

WAY_OUT = "run: saxtui recover -d FILE (sets the file aside, and finds what is ours by backup, mirror and labels)"


class DiskJournal:
    """Fulfils ports.Journal. Made by `open_journal`."""

    def __init__(self, path: Path, lock: FileLock | None) -> None:
        self.read_only = lock is None
        self.damage: Problem | None = None
        self._lock = lock
        self._database = Database(path, migrations=MIGRATIONS, read_only=self.read_only)

    async def append(self, event: Event) -> None:
        """Record the event for good; events that are not durable by kind are passed over.

        The beginning of a run first rotates the backups. Raises Refused when it cannot be recorded: then nothing may
        be sent.
        """
        if not event.durable:
            return
        if self.read_only:
            raise Refused(self.damage or self._only_reads())
        row = json.dumps(event.record(), ensure_ascii=False, separators=(",", ":"))
        if isinstance(event, RunStarted):
            await self._database.run(lambda db: back_up(db, self._database.path))
        await self._database.run(lambda db: insert(db, [row]))
        if self._lock is not None and isinstance(event, (RunStarted, RunFinished)):
            await asyncio.to_thread(self._lock.tell, event.run if isinstance(event, RunStarted) else "")

    async def holder(self) -> LockHolder | None:
        """Who writes it now, us included; None when nobody does."""
        return await asyncio.to_thread(holder, self._database.path.with_suffix(".lock"))

    async def events(self) -> list[Event]:
        """Every recorded event in order; of a damaged journal those before the damage, which `damage` then names.

        Raises Refused for a record this version cannot read.
        """
        try:
            rows = await self._database.run(select)
        except FileNotFoundError:
            return []
        chain = verify(rows)
        if chain.broken and self.damage is None:
            self.damage = self._broken(chain.broken, chain.said, chain.good)
            self.read_only = True
        return [self._decode(seq, record) for seq, record, _ in rows[: chain.good]]

    async def close(self) -> None:
        """Close the file and give the lock back; harmless twice."""
        await self._database.close()
        if self._lock is not None:
            self._lock.release()

    async def check(self) -> None:
        """Open the file and verify its chain, before anything starts.

        A broken chain leaves the journal read-only with its `damage` told. Raises Refused for a file that cannot be
        opened.
        """
        try:
            rows = await self._database.run(select)
        except FileNotFoundError:
            return
        chain = verify(rows)
        if chain.broken:
            self.damage = self._broken(chain.broken, chain.said, chain.good)
            self.read_only = True

    def _decode(self, seq: int, row: str) -> Event:
        try:
            return from_record(json.loads(row))
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(
                Problem(
                    tried="read",
                    target=self._record(seq),
                    said=safe(f"cannot be understood: {error}", 300),
                    next_step=f"it may come from a newer saxtui: upgrade; or {WAY_OUT}",
                    reason="BAD_RECORD",
                )
            ) from error

    def _broken(self, seq: int, said: str, good: int) -> Problem:
        before = f"; the {good} before it are intact" if good else ""
        return Problem(
            tried="verify",
            target=self._record(seq),
            said=f"{said}{before}; the journal is open read-only",
            next_step=WAY_OUT,
            reason="BROKEN_CHAIN",
            may_bill=None,
        )

    def _only_reads(self) -> Problem:
        return Problem(
            tried="record in",
            target=safe(self._database.path),
            said="this session only reads",
            next_step="run a command that takes the lock (up, down)",
            reason="READ_ONLY",
        )

    def _record(self, seq: int) -> str:
        return f"{safe(self._database.path)}, record {seq}"


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
