"""Format 1: conversations and their turns."""

from __future__ import annotations

import sqlite3

_SCHEMA = """
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY, deployment TEXT NOT NULL, model TEXT NOT NULL, title TEXT NOT NULL,
    created REAL NOT NULL, changed REAL NOT NULL);
CREATE TABLE turns (
    id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL REFERENCES conversations (id), prompt TEXT NOT NULL,
    state TEXT NOT NULL, at REAL NOT NULL, sampling TEXT NOT NULL, candidates TEXT NOT NULL DEFAULT '[]',
    seconds REAL NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT '', pid INTEGER NOT NULL);
CREATE INDEX turns_of ON turns (conversation, id)
"""


def migrate(db: sqlite3.Connection) -> None:
    """Make the tables of an empty file."""
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
