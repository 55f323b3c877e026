"""Version 1: events in order, each a JSON record."""

from __future__ import annotations

import sqlite3


def migrate(db: sqlite3.Connection) -> None:
    """From an empty file."""
    db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)")
