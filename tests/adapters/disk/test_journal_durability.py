"""What was acknowledged survives SIGKILL, a log cut anywhere, and a disk that is full at any byte."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from saxtui.adapters.disk.journal import open_journal
from saxtui.errors import Refused
from saxtui.model import events as ev

WRITER = """
import asyncio, sys
from pathlib import Path
from saxtui.adapters.disk.journal import open_journal
from saxtui.model.events import Note

async def main():
    async with open_journal(Path(sys.argv[1]), "deployment x", write=True) as journal:
        number = len(await journal.events())
        while True:
            number += 1
            await journal.append(Note(at=float(number), run="r", said=f"note {number}" * 20))
            sys.stdout.write(f"{number}\\n")
            sys.stdout.flush()

asyncio.run(main())
"""


def note(number: int) -> ev.Note:
    return ev.Note(at=float(number), run="r", said=f"note {number}" * 20)


async def replay(path: Path) -> list[int]:
    async with open_journal(path, "x", write=True) as journal:
        found = [int(event.at) for event in await journal.events()]
        assert journal.damage is None
    return found


def kill_writers(path: Path, kills: int) -> None:
    """The same journal, written on by one writer after another; each is killed a different number of records in."""
    acknowledged = 0
    for number in range(kills):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(1 + number % 5):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().split())])
        writer.wait()
        writer.stdout.close()
        found = asyncio.run(replay(path))
        assert found == list(range(1, len(found) + 1)), number
        assert len(found) >= acknowledged, number


def test_20_kills_lose_no_acknowledged_record(tmp_path: Path) -> None:
    kill_writers(tmp_path / "j.sqlite3", 20)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_200_kills_lose_no_acknowledged_record(tmp_path: Path) -> None:
    kill_writers(tmp_path / "j.sqlite3", 200)


async def test_every_record_is_synced_to_the_disk(tmp_path: Path) -> None:
    """SIGKILL cannot show this: only the settings say that power may fail too."""
    async with open_journal(tmp_path / "j.sqlite3", "x", write=True) as journal:
        await journal.append(note(1))
        settings = await journal._database.run(
            lambda db: [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
        )
    assert settings == [2, "wal"]


async def logged(folder: Path, records: int) -> tuple[bytes, bytes, list[int]]:
    """A journal whose records are all in its log: file, log, and how long the log was after each record."""
    path = folder / "whole.sqlite3"
    ends = []
    async with open_journal(path, "x", write=True) as journal:
        await journal._database.run(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
        await journal._database.run(lambda db: db.execute("PRAGMA wal_autocheckpoint = 0").fetchone())
        for number in range(1, records + 1):
            await journal.append(note(number))
            ends.append(path.with_name(path.name + "-wal").stat().st_size)
        return path.read_bytes(), path.with_name(path.name + "-wal").read_bytes(), ends


def opened(folder: Path, main: bytes, log: bytes) -> list[int] | None:
    """The record numbers a journal of these two files tells; None when it is refused."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "j.sqlite3"
    path.write_bytes(main)
    path.with_name(path.name + "-wal").write_bytes(log)
    try:
        return asyncio.run(replay(path))
    except Refused:
        return None


def frame_edges(log: bytes) -> list[int]:
    page = struct.unpack(">I", log[8:12])[0]
    return list(range(32, len(log) + 1, page + 24))


@pytest.mark.timeout(300)
def test_log_cut_at_every_frame_edge_opens_to_the_acknowledged_prefix(tmp_path: Path) -> None:
    main, log, ends = asyncio.run(logged(tmp_path, 30))
    cuts = sorted({edge + by for edge in frame_edges(log) for by in (-1, 0, 1) if 0 <= edge + by <= len(log)})
    assert len(cuts) > 100
    for cut in cuts:
        whole = sum(1 for end in ends if end <= cut)
        assert opened(tmp_path / "cut", main, log[:cut]) == list(range(1, whole + 1)), cut


@pytest.mark.timeout(300)
def test_flipped_bits_give_a_prefix_or_a_refusal(tmp_path: Path) -> None:
    main, log, ends = asyncio.run(logged(tmp_path, 12))
    for place in range(0, len(log), len(log) // 100):
        flipped = log[:place] + bytes([log[place] ^ 0x10]) + log[place + 1 :]
        found = opened(tmp_path / "flip", main, flipped)
        assert found is None or found == list(range(1, len(found) + 1)), place
        if found is not None:
            assert len(found) >= sum(1 for end in ends if end <= place), place


def test_flipped_bits_in_the_file_are_never_believed(tmp_path: Path) -> None:
    """Without a log: whatever the file then says is a prefix of what was written, or it is refused."""
    main, log, _ = asyncio.run(logged(tmp_path, 12))
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "j.sqlite3"
    path.write_bytes(main)
    path.with_name("j.sqlite3-wal").write_bytes(log)
    asyncio.run(replay(path))  # closing checkpoints the log into the file
    main = path.read_bytes()
    for place in range(0, len(main), len(main) // 150):
        flipped = main[:place] + bytes([main[place] ^ 0x04]) + main[place + 1 :]
        found = readers_view(tmp_path / "flip", flipped)
        assert found is None or found == [note(number) for number in range(1, len(found) + 1)], place


def readers_view(folder: Path, main: bytes) -> list[ev.Event] | None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "j.sqlite3").write_bytes(main)

    async def read() -> list[ev.Event]:
        async with open_journal(folder / "j.sqlite3", "x", write=True) as journal:
            return await journal.events()

    try:
        return asyncio.run(read())
    except Refused:
        return None


def full_disk_at(limit: int, folder: Path) -> tuple[int, int]:
    """In a child whose files may grow to `limit` bytes: how many records were acknowledged, and its exit code."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            code = asyncio.run(_write_until_refused(folder / "j.sqlite3", write))
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as acknowledged:
        count = len(acknowledged.read())
    return count, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


async def _write_until_refused(path: Path, acknowledge: int) -> int:
    try:
        async with open_journal(path, "x", write=True) as journal:
            for number in range(1, 61):
                await journal.append(note(number))
                os.write(acknowledge, b".")
    except Refused as error:
        return 1 if error.problem.next_step else 71
    return 0


def test_disk_full_at_any_byte_refuses_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    ended = set()
    for number, limit in enumerate([0, 1, 100, *range(4096, 330_000, 12_345)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        count, code = full_disk_at(limit, folder)
        assert code in (0, 1), (limit, code)
        ended.add(code)
        if count:
            found = asyncio.run(replay(folder / "j.sqlite3"))
            assert found == list(range(1, len(found) + 1)), limit
            assert len(found) >= count, limit
    assert ended == {0, 1}


def test_sqlite_here_can_do_what_the_journal_relies_on() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)
