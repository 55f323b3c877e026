"""Three copies, the newest first; and a damaged or lost journal begun anew from the best of what is left."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from saxtui.adapters.disk.backups import backup_path
from saxtui.adapters.disk.journal import open_journal
from saxtui.adapters.disk.library import DiskLibrary
from saxtui.adapters.disk.repair import repair
from saxtui.errors import Refused
from saxtui.model import events as ev
from saxtui.model.presets import preset


async def run(path: Path, number: int) -> None:
    """One run of two records."""
    async with open_journal(path, "x", write=True) as journal:
        await journal.append(ev.RunStarted(at=float(number), run=f"r{number}", kind="up"))
        await journal.append(ev.RunFinished(at=number + 0.5, run=f"r{number}", kind="up", outcome="done"))


async def runs(path: Path) -> list[str]:
    async with open_journal(path, "x", write=False) as journal:
        found = [event.run for event in await journal.events()]
        assert journal.damage is None
    return found


async def test_backups_rotate_and_are_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "journals" / "j.sqlite3"
    for number in range(1, 7):
        await run(path, number)
    kept = {number: await runs(backup_path(path, number)) for number in (1, 2, 3)}
    assert {number: len(found) for number, found in kept.items()} == {1: 10, 2: 8, 3: 6}
    assert not backup_path(path, 4).exists()
    modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


async def test_backup_that_cannot_be_made_does_not_stop_the_run(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    await run(path, 1)
    (tmp_path / ".j.backup.sqlite3").mkdir()
    await run(path, 2)
    assert await runs(path) == ["r1", "r1", "r2", "r2"]


def break_record(path: Path, seq: int) -> None:
    with sqlite3.connect(path) as db:
        db.execute("UPDATE events SET record = '{}' WHERE seq = ?", (seq,))
    db.close()


async def test_intact_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    await run(path, 1)
    before = path.read_bytes()
    assert repair(path, "x") == ()
    assert path.read_bytes() == before


async def test_late_damage_keeps_the_part_before_it(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    for number in (1, 2, 3):
        await run(path, number)
    break_record(path, 6)
    said = repair(path, "x")
    assert "set aside" in said[0]
    assert "its intact part" in said[1]
    assert await runs(path) == ["r1", "r1", "r2", "r2", "r3"]
    assert (tmp_path / "j.damaged-1.sqlite3").exists()


async def test_early_damage_takes_the_newest_backup(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    for number in (1, 2, 3):
        await run(path, number)
    break_record(path, 2)
    assert "j.backup-1" in repair(path, "x")[1]
    assert await runs(path) == ["r1", "r1", "r2", "r2"]


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000])
async def test_unreadable_file_takes_the_newest_backup(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j.sqlite3"
    for number in (1, 2):
        await run(path, number)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(content)
    repair(path, "x")
    assert await runs(path) == ["r1", "r1"]


async def test_record_that_is_no_event_ends_what_is_taken(tmp_path: Path) -> None:
    from saxtui.adapters.disk.rows import insert

    path = tmp_path / "j.sqlite3"
    await run(path, 1)
    with sqlite3.connect(path) as db:
        insert(db, ['{"type": "rubbish"}'])
    db.close()
    assert repair(path, "x")
    assert await runs(path) == ["r1", "r1"]


async def test_newer_or_held_journal_is_not_repaired(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    await run(path, 1)
    async with open_journal(path, "x", write=True):
        with pytest.raises(Refused, match="another saxtui"):
            repair(path, "x")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(Refused, match="newer"):
        repair(path, "x")


def test_library_repairs_a_journal_that_was_never_there(tmp_path: Path) -> None:
    assert DiskLibrary(tmp_path).repair_journal(preset("tutorial", "demo-project")) == ()
