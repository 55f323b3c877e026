"""A damaged journal is set aside, never deleted, and a new one is begun from the best that can be read."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

from saxtui.adapters.disk.backups import KEPT, backup_path, intact, readable
from saxtui.adapters.disk.journal_format import MIGRATIONS
from saxtui.adapters.disk.lock import FileLock
from saxtui.adapters.disk.private import make_private_dir, open_private, refuse
from saxtui.adapters.disk.rows import insert
from saxtui.errors import Problem, Refused
from saxtui.model.events import from_record
from saxtui.model.text import safe

_BESIDE = ("", "-wal", "-shm")


def repair(path: Path, what: str) -> tuple[str, ...]:
    """Make sure there is an intact journal at `path`; returns what was done, a line each, () when it was intact.

    Blocking. Raises Refused when another saxtui holds it, a newer one wrote it, or the disk does not allow it.
    """
    lock = FileLock(path.with_suffix(".lock"))
    lock.acquire(what)
    try:
        return _repair(path)
    except OSError as error:
        raise refuse("repair", path, error) from error
    finally:
        lock.release()


def _repair(path: Path) -> tuple[str, ...]:
    make_private_dir(path.parent)
    _refuse_newer(path)
    records = readable(path)
    if records and intact(path) and _understood(records) == records:
        return ()
    places = [path, *(backup_path(path, number) for number in range(1, KEPT + 1)), *_aside(path)]
    found = {place: _understood(readable(place)) for place in places}
    best = max(places, key=lambda place: (_last(found[place]), len(found[place])))
    if not found[best] and (not path.exists() or intact(path)):
        return ()
    done = []
    if path.exists():
        done.append(f"damaged journal set aside as {_set_aside(path).name}")
    if found[best]:
        _begin(path, found[best])
        source = "its intact part" if best == path else best.name
        done.append(f"{len(found[best])} records taken from {source}")
    return tuple(done)


def _refuse_newer(path: Path) -> None:
    """A file that only a newer saxtui understands is not damaged."""
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found = int(db.execute("PRAGMA user_version").fetchone()[0])
        finally:
            db.close()
    except sqlite3.Error:
        return
    if found > len(MIGRATIONS):
        raise Refused(
            Problem(
                tried="recover",
                target=safe(path),
                said=f"was written by a newer saxtui (format {found}, this one knows {len(MIGRATIONS)})",
                next_step="upgrade saxtui; the file was left as it is",
                reason="NEWER_FORMAT",
            )
        )


def _understood(records: list[str]) -> list[str]:
    """The records up to the first that is no event of ours."""
    for number, record in enumerate(records):
        try:
            from_record(json.loads(record))
        except (ValueError, TypeError, KeyError):
            return records[:number]
    return records


def _last(records: list[str]) -> float:
    return float(json.loads(records[-1]).get("at", 0.0)) if records else -1.0


def _aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"))


def _set_aside(path: Path) -> Path:
    number = 1
    while (target := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    for end in _BESIDE:
        source = path.with_name(path.name + end)
        if source.exists():
            os.replace(source, target.with_name(target.name + end))
    return target


def _begin(path: Path, records: list[str]) -> None:
    """A new journal with these records, there whole or not at all."""
    fresh = path.with_name(f".{path.stem}.repaired{path.suffix}")
    fresh.unlink(missing_ok=True)
    os.close(open_private(fresh))
    try:
        db = sqlite3.connect(fresh)
        try:
            with db:
                for migration in MIGRATIONS:
                    migration(db)
                db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
                insert(db, records)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise OSError(str(error)) from error
    os.replace(fresh, path)
