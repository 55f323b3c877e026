"""The file that a world is kept in: world.sqlite3 in the state directory.

Everything is JSON but for the keys. One writer; a transaction is there whole or not at all, also when the process is
killed while it writes (SQLite's write-ahead log).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Write = tuple[str, Sequence[Any]]
"""A statement and its parameters; a dict or list among them is written as JSON."""

VERSION = 1
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE rows (tab TEXT, name TEXT, place INTEGER, data BLOB, PRIMARY KEY (tab, name)) WITHOUT ROWID;
CREATE TABLE timers (seq INTEGER PRIMARY KEY, due REAL, handler TEXT, payload BLOB);
CREATE TABLE clusters (cluster TEXT PRIMARY KEY, rv INTEGER) WITHOUT ROWID;
CREATE TABLE objects (cluster TEXT, kind TEXT, namespace TEXT, name TEXT, data BLOB,
    PRIMARY KEY (cluster, kind, namespace, name)) WITHOUT ROWID;
CREATE TABLE lines (cluster TEXT, namespace TEXT, pod TEXT, container TEXT, run INTEGER, line INTEGER, at REAL,
    text TEXT, PRIMARY KEY (cluster, namespace, pod, container, run, line)) WITHOUT ROWID;
CREATE TABLE requests (number INTEGER PRIMARY KEY, data BLOB);
"""


def encode(value: Any) -> bytes:
    """JSON; what is no text (half a surrogate pair, which programs in pods may log) becomes question marks."""
    import msgspec

    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


class LedgerError(Exception):
    """The file cannot be used; the text is one clear line."""


@dataclass(slots=True)
class SavedCluster:
    """A cluster's store as it was kept. `lines` by (namespace, pod, container), then by run: [(at, text)]."""

    rv: int
    objects: list[Json] = field(default_factory=list)
    lines: dict[tuple[str, str, str], dict[int, list[tuple[float, str]]]] = field(default_factory=dict)


@dataclass(slots=True)
class Saved:
    """A world as it was kept: `tables` of (place, key, row) in order, `timers` of (seq, due, handler, payload)."""

    facts: Json
    tables: dict[str, list[tuple[int, str, Json]]]
    timers: list[tuple[int, float, str, Json]]
    clusters: dict[str, SavedCluster]
    requests: list[Json]


class Ledger:
    """One open file. Each instance belongs to one thread at a time. Raises LedgerError when it cannot be used."""

    def __init__(self, path: Path) -> None:
        import msgspec

        self._path = path
        self._decode = msgspec.json.Decoder().decode
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._open()
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"cannot use {path}: {error}; remove it to begin with a new cloud") from None

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        # Survives the process; a power failure may cost the last moments, never the file.
        self._db.execute("PRAGMA synchronous = NORMAL")
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif found != VERSION:
            self._db.close()
            raise LedgerError(f"{self._path} is of another version of saxtui: remove it to begin with a new cloud")

    def write(self, writes: Iterable[Write]) -> None:
        """One transaction. Raises sqlite3.Error, with nothing written."""
        self._db.execute("BEGIN")
        try:
            for statement, parameters in writes:
                self._db.execute(statement, [self._plain(each) for each in parameters])
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    @staticmethod
    def _plain(value: Any) -> Any:
        if isinstance(value, str):
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        return encode(value) if isinstance(value, (dict, list)) else value

    def read(self) -> Saved | None:
        """What was kept, None when nothing was yet. Raises LedgerError."""
        try:
            facts = {name: self._decode(value) for name, value in self._db.execute("SELECT name, value FROM facts")}
            return self._read(facts) if facts else None
        except (sqlite3.Error, ValueError) as error:
            raise LedgerError(f"cannot read {self._path}: {error}; remove it to begin with a new cloud") from None

    def _read(self, facts: Json) -> Saved:
        tables: dict[str, list[tuple[int, str, Json]]] = {}
        for tab, place, name, data in self._db.execute("SELECT tab, place, name, data FROM rows ORDER BY place"):
            tables.setdefault(tab, []).append((place, name, self._decode(data)))
        found = self._db.execute("SELECT seq, due, handler, payload FROM timers")
        timers = [(seq, due, handler, self._decode(payload)) for seq, due, handler, payload in found]
        clusters = {key: SavedCluster(rv) for key, rv in self._db.execute("SELECT cluster, rv FROM clusters")}
        for key, data in self._db.execute("SELECT cluster, data FROM objects"):
            clusters[key].objects.append(self._decode(data))
        lines = self._db.execute(
            "SELECT cluster, namespace, pod, container, run, at, text FROM lines ORDER BY cluster, run, line"
        )
        for key, namespace, pod, container, run, at, text in lines:
            runs = clusters[key].lines.setdefault((namespace, pod, container), {})
            runs.setdefault(run, []).append((at, text))
        requests = [self._decode(data) for (data,) in self._db.execute("SELECT data FROM requests ORDER BY number")]
        return Saved(facts, tables, timers, clusters, requests)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
