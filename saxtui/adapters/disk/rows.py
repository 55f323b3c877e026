"""Reading and appending a journal's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from saxtui.adapters.disk.chain import Row, link


def insert(db: sqlite3.Connection, records: Sequence[str]) -> None:
    """Append JSON records, chained to what is there."""
    last = db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    seq, before = last or (0, "")
    for record in records:
        seq += 1
        before = link(before, seq, record)
        db.execute("INSERT INTO events (seq, record, hash) VALUES (?, ?, ?)", (seq, record, before))


def select(db: sqlite3.Connection) -> list[Row]:
    """All rows in order. A file of version 1 has no hashes yet: it is believed until a writer migrates it."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version == 0:
        return []
    if version > 1:
        return db.execute("SELECT seq, record, hash FROM events ORDER BY seq").fetchall()
    rows: list[Row] = []
    for seq, (record,) in enumerate(db.execute("SELECT record FROM events ORDER BY seq").fetchall(), start=1):
        rows.append((seq, record, link(rows[-1][2] if rows else "", seq, record)))
    return rows
