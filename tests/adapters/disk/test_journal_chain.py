"""A journal that was changed behind saxtui's back is told, believed only up to the change, and written no more."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from saxtui.adapters.disk.chain import link, verify
from saxtui.adapters.disk.journal import open_journal
from saxtui.errors import Refused
from saxtui.model import events as ev

EDITS = {
    "changed": ("UPDATE events SET record = replace(record, 'note 4', 'note 9') WHERE seq = 4", 4),
    "removed": ("DELETE FROM events WHERE seq = 4", 4),
    "first removed": ("DELETE FROM events WHERE seq = 1", 1),
    "hash changed": ("UPDATE events SET hash = 'ff' WHERE seq = 4", 4),
    "moved": ("UPDATE events SET seq = 99 WHERE seq = 4", 4),
    "put in": ("INSERT INTO events (seq, record, hash) VALUES (8, '{}', 'ff')", 8),
    "swapped": ("UPDATE events SET record = (SELECT other.record FROM events other WHERE other.seq = 11 - events.seq) "
                "WHERE seq IN (5, 6)", 5),
}  # fmt: skip


def note(number: int) -> ev.Note:
    return ev.Note(at=float(number), run="r", said=f"note {number}")


async def seven(path: Path) -> None:
    async with open_journal(path, "x", write=True) as journal:
        for number in range(1, 8):
            await journal.append(note(number))


@pytest.mark.parametrize("name", EDITS)
async def test_edit_is_told_by_record_and_nothing_more_is_written(tmp_path: Path, name: str) -> None:
    edit, broken = EDITS[name]
    path = tmp_path / "j.sqlite3"
    await seven(path)
    with sqlite3.connect(path) as db:
        assert db.execute(edit).rowcount > 0
    db.close()
    async with open_journal(path, "x", write=True) as journal:
        assert journal.read_only
        assert journal.damage is not None
        assert f"record {broken}" in journal.damage.target
        assert "saxtui recover" in journal.damage.next_step
        assert await journal.events() == [note(number) for number in range(1, broken)]
        with pytest.raises(Refused, match=f"record {broken}"):
            await journal.append(note(8))
    async with open_journal(path, "x", write=False) as reader:
        assert await reader.events() == [note(number) for number in range(1, broken)]
        assert reader.damage is not None


async def test_untouched_journal_has_no_damage(tmp_path: Path) -> None:
    await seven(tmp_path / "j.sqlite3")
    async with open_journal(tmp_path / "j.sqlite3", "x", write=True) as journal:
        assert journal.damage is None
        assert not journal.read_only


def test_hash_covers_what_came_before_the_number_and_the_record() -> None:
    assert len({link("", 1, "a"), link("x", 1, "a"), link("", 2, "a"), link("", 1, "b")}) == 4
    one = link("", 1, "a")
    rows = [(1, "a", one), (2, "b", link(one, 2, "b"))]
    assert verify(rows).broken == 0
    assert verify(rows).good == 2
    assert verify([]).broken == 0
