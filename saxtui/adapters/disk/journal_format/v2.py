"""Version 2: every row carries the hash of itself and of the row before, so that no row changes unseen."""

from __future__ import annotations

import sqlite3

from saxtui.adapters.disk.chain import link


def migrate(db: sqlite3.Connection) -> None:
    """From version 1: what is there is believed as it stands and chained."""
    db.execute("ALTER TABLE events RENAME TO events_v1")
    db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, record TEXT NOT NULL, hash TEXT NOT NULL)")
    before = ""
    rows = db.execute("SELECT record FROM events_v1 ORDER BY seq").fetchall()
    for seq, (record,) in enumerate(rows, start=1):
        before = link(before, seq, record)
        db.execute("INSERT INTO events (seq, record, hash) VALUES (?, ?, ?)", (seq, record, before))
    db.execute("DROP TABLE events_v1")
