"""Journals of every released format open, migrate forward whole or not at all, and keep every record."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from saxtui.adapters.disk import journal_format
from saxtui.adapters.disk.database import Database
from saxtui.adapters.disk.journal import open_journal
from saxtui.model import events as ev
from saxtui.model.progress import Ownership, fold

GOLDEN = Path(__file__).parent / "golden"
"""journal-vN.sqlite3 was written by the saxtui whose newest format was N."""


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "abc.sqlite3"
    shutil.copy(GOLDEN / "journal-v1.sqlite3", path)
    path.chmod(0o600)
    return path


def records(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT record FROM events ORDER BY seq").fetchall()
    db.close()
    return found


def version(path: Path) -> int:
    db = sqlite3.connect(path)
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    finally:
        db.close()


def test_every_released_format_has_a_golden_file_but_the_newest() -> None:
    goldens = {path.name for path in GOLDEN.iterdir()}
    assert goldens >= {f"journal-v{n}.sqlite3" for n in range(1, len(journal_format.MIGRATIONS))}


async def test_version_1_is_migrated_and_says_the_same(first: Path) -> None:
    before = records(first)
    async with open_journal(first, "x", write=True) as journal:
        events = await journal.events()
        await journal.append(ev.Note(at=1.0, run="r", said="after"))
    assert version(first) == len(journal_format.MIGRATIONS)
    assert records(first)[:-1] == before
    assert [type(event) for event in events][:4] == [ev.RunStarted, ev.StepStarted, ev.Intent, ev.Sent]
    progress = fold(events)
    assert progress.step("bucket").ownership is Ownership.GONE
    assert progress.step("cluster").ownership is Ownership.FOREIGN
    assert progress.step("pool/a").ownership is Ownership.UNKNOWN
    async with open_journal(first, "x", write=False) as journal:
        assert (await journal.events())[:-1] == events
        assert journal.damage is None


async def test_reader_leaves_version_1_as_it_is(first: Path) -> None:
    before = first.read_bytes()
    async with open_journal(first, "x", write=False) as journal:
        assert len(await journal.events()) == 14
        assert journal.damage is None
    assert first.read_bytes() == before


class _Dies(sqlite3.Connection):
    """Dies at statement number `at`, counted over all connections."""

    at = 0

    def execute(self, *args: Any) -> sqlite3.Cursor:
        _Dies.at -= 1
        if _Dies.at == 0:
            raise KeyboardInterrupt
        return super().execute(*args)


def migrate(path: Path) -> None:
    database = Database(path, migrations=journal_format.MIGRATIONS)
    connection = sqlite3.connect(path, factory=_Dies)
    try:
        database._migrate(connection, 1)
    finally:
        connection.close()


async def test_killed_at_every_statement_of_a_migration(first: Path) -> None:
    whole, before = first.read_bytes(), records(first)
    statement = 0
    while True:
        statement += 1
        first.write_bytes(whole)
        _Dies.at = statement
        try:
            migrate(first)
        except KeyboardInterrupt:
            assert (version(first), records(first)) == (1, before), statement
            async with open_journal(first, "x", write=True) as journal:
                assert len(await journal.events()) == len(before)
        else:
            break
    assert statement > len(before)
    assert (version(first), records(first)) == (2, before)
