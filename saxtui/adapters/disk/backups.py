"""Copies of a journal, the newest three, and what can be read back when the journal itself is lost or damaged."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path

from saxtui.adapters.disk.chain import verify
from saxtui.adapters.disk.journal_format import MIGRATIONS
from saxtui.adapters.disk.private import open_private
from saxtui.adapters.disk.rows import select

KEPT = 3


def backup_path(path: Path, number: int) -> Path:
    """Where a journal's backup lies; 1 is the newest."""
    return path.with_name(f"{path.stem}.backup-{number}{path.suffix}")


def back_up(db: sqlite3.Connection, path: Path) -> None:
    """Copy a journal that has records with SQLite's backup API, mode 0600, and rotate the older copies.

    A copy that cannot be made (the disk is nearly full) is done without: what matters is recorded in the journal
    itself, which refuses by itself when there is no room.
    """
    if db.execute("SELECT 1 FROM events LIMIT 1").fetchone() is None:
        return
    fresh = path.with_name(f".{path.stem}.backup{path.suffix}")
    try:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        os.close(open_private(fresh))
        target = sqlite3.connect(fresh)
        try:
            db.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
        finally:
            target.close()
        for number in range(KEPT, 1, -1):
            with contextlib.suppress(FileNotFoundError):
                os.replace(backup_path(path, number - 1), backup_path(path, number))
        os.replace(fresh, backup_path(path, 1))
    except (OSError, sqlite3.Error):
        with contextlib.suppress(OSError):
            fresh.unlink()


def readable(path: Path) -> list[str]:
    """The JSON records of a journal file up to its first damage, each an object; [] when nothing can be read."""
    if not path.exists():
        return []
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            if int(db.execute("PRAGMA user_version").fetchone()[0]) > len(MIGRATIONS):
                return []
            rows = select(db)
        finally:
            db.close()
    except sqlite3.Error:
        return []
    return [record for _, record, _ in rows[: verify(rows).good] if _is_object(record)]


def intact(path: Path) -> bool:
    """Whether the file is a journal of this version or an older one that is whole."""
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            whole = db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            rows = select(db)
        finally:
            db.close()
    except sqlite3.Error:
        return False
    return whole and not verify(rows).broken


def _is_object(record: str) -> bool:
    try:
        return isinstance(json.loads(record), dict)
    except ValueError:
        return False
