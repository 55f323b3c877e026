"""Format 2: answers that grow (`pieces`, folded into `partial` when they end), comparisons, system text, templates.

`born` is when the process `pid` that sent a turn was started: a number that was given away again is not that process.
"""

from __future__ import annotations

import sqlite3

_CHANGES = """
ALTER TABLE conversations ADD COLUMN system TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN partial TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN first REAL NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN pair INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN wanted INTEGER NOT NULL DEFAULT 1;
ALTER TABLE turns ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN born TEXT NOT NULL DEFAULT '';
UPDATE turns SET model = (SELECT model FROM conversations WHERE conversations.id = turns.conversation);
CREATE TABLE pieces (turn INTEGER NOT NULL REFERENCES turns (id), text TEXT NOT NULL);
CREATE INDEX pieces_of ON pieces (turn);
CREATE INDEX turns_open ON turns (state);
CREATE TABLE templates (name TEXT PRIMARY KEY, text TEXT NOT NULL)
"""


def migrate(db: sqlite3.Connection) -> None:
    """Carry a file of format 1 forward; nothing of it is lost."""
    for statement in _CHANGES.split(";"):
        db.execute(statement)
