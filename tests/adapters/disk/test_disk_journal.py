"""The journal: durable when append returns, one writer, private, and refusing what it cannot keep or read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from saxtui.adapters.disk.journal import open_journal
from saxtui.adapters.disk.rows import insert
from saxtui.errors import Problem, Refused
from saxtui.model import events as ev


def note(number: int) -> ev.Note:
    return ev.Note(at=float(number), run="r1", step="bucket", said=f"note {number}")


async def test_events_come_back_in_order_and_equal(tmp_path: Path) -> None:
    path = tmp_path / "journals" / "abc.sqlite3"
    written: list[ev.Event] = [
        ev.RunStarted(at=1.5, run="r1", kind="up", plan="digest", steps=("check", "bucket")),
        ev.Intent(at=2.0, run="r1", step="bucket", kind="bucket", resource="b", body="ff"),
        ev.StepFailed(at=3.0, run="r1", step="bucket", problem=Problem("create", "b", "no", details=("a", "b"))),
        ev.RunFinished(at=4.0, run="r1", kind="up", outcome="failed"),
    ]
    async with open_journal(path, "deployment x", write=True) as journal:
        for event in written:
            await journal.append(event)
    async with open_journal(path, "deployment x", write=False) as journal:
        assert await journal.events() == written


async def test_progress_is_not_recorded(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j.sqlite3", "x", write=True) as journal:
        await journal.append(ev.Progress(at=1.0, run="r", step="s", said="3/8", fraction=0.3))
        assert await journal.events() == []


async def test_second_writer_is_refused_with_the_holders_pid_and_a_reader_is_not(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    async with open_journal(path, "deployment demo", write=True) as first:
        await first.append(note(1))
        with pytest.raises(Refused) as caught:
            async with open_journal(path, "deployment demo", write=True):
                pass
        assert str(os.getpid()) in caught.value.problem.said
        assert "since 20" in caught.value.problem.said
        assert "deployment demo" in caught.value.problem.target
        async with open_journal(path, "deployment demo", write=False) as reader:
            assert await reader.events() == [note(1)]
    async with open_journal(path, "deployment demo", write=True) as again:
        await again.append(note(2))


async def test_reader_does_not_write_and_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "journals" / "j.sqlite3"
    async with open_journal(path, "x", write=False) as journal:
        assert await journal.events() == []
        with pytest.raises(Refused):
            await journal.append(note(1))
    assert not path.parent.exists()


async def test_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "journals" / "j.sqlite3"
    old = os.umask(0o022)
    try:
        async with open_journal(path, "x", write=True) as journal:
            await journal.append(note(1))
            modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}, modes


async def test_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.execute("CREATE TABLE future (x)")
    database.close()
    before = path.read_bytes()
    for write in (True, False):
        with pytest.raises(Refused, match="newer saxtui"):
            async with open_journal(path, "x", write=write):
                pass
    assert path.read_bytes() == before


async def test_record_of_an_unknown_type_is_refused_by_number(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    async with open_journal(path, "x", write=True) as journal:
        await journal.append(note(1))
    with sqlite3.connect(path) as database:
        insert(database, ['{"type": "from-the-future"}'])
    database.close()
    async with open_journal(path, "x", write=False) as journal:
        with pytest.raises(Refused) as caught:
            await journal.events()
    assert "record 2" in caught.value.problem.target


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
async def test_corrupt_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j.sqlite3"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        async with open_journal(path, "x", write=True):
            pass
    assert caught.value.problem.next_step


async def test_full_disk_is_refused_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    async with open_journal(path, "x", write=True) as journal:
        await journal.append(note(1))
        await journal._database.run(lambda db: db.execute("PRAGMA max_page_count = 4").fetchone())
        with pytest.raises(Refused, match="full") as caught:
            for _ in range(50):
                await journal.append(ev.Note(at=2.0, run="r", said="x" * 2000))
        assert "free some space" in caught.value.problem.next_step
        assert (await journal.events())[0] == note(1)


async def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(Refused):
        async with open_journal(tmp_path / "state" / "journals" / "j.sqlite3", "x", write=True):
            pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_read_only_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "journals"
    folder.mkdir()
    folder.chmod(0o500)
    try:
        with pytest.raises(Refused, match="ermission"):
            async with open_journal(folder / "j.sqlite3", "x", write=True):
                pass
    finally:
        folder.chmod(0o700)
