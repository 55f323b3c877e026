"""A small SQLite file with one thread of its own: every call runs there, in order, off the event loop."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from saxtui.adapters.disk.private import make_private_dir, open_private, refuse
from saxtui.errors import Problem, Refused
from saxtui.model.text import safe

T = TypeVar("T")
Migration = Callable[[sqlite3.Connection], None]


class Database:
    """WAL, synchronous=FULL: a transaction that was acknowledged survives kill -9 and power loss.

    The file's version, in PRAGMA user_version, is the number of `migrations` it has been through; those it lacks run
    in one transaction when it is opened for writing. A file with a higher version is left untouched. Read-only, a
    missing file counts as empty (`run` then raises FileNotFoundError), and an older one is read as it is.
    """

    def __init__(self, path: Path, *, migrations: Sequence[Migration], read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._migrations = tuple(migrations)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"sqlite {path.name}")
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work(connection)` inside one transaction on the database's thread. Raises Refused."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, work)

    async def close(self) -> None:
        """Close the file and end the thread; harmless twice."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._pool, self._close)
        self._pool.shutdown(wait=False)

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._open()
            with self._connection:
                return work(self._connection)
        except sqlite3.Error as error:
            raise self._refusal(error) from error
        except FileNotFoundError:
            raise
        except OSError as error:
            raise refuse("record in", self.path, error) from error

    def _open(self) -> sqlite3.Connection:
        connection = self._connect_reader() if self.read_only else self._connect_writer()
        try:
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            known = len(self._migrations)
            if found > known:
                raise Refused(
                    Problem(
                        tried="open",
                        target=safe(self.path),
                        said=f"was written by a newer saxtui (format {found}, this one knows {known})",
                        next_step="upgrade saxtui; the file was left as it is",
                        reason="NEWER_FORMAT",
                    )
                )
            if not self.read_only:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                if found < known:
                    self._migrate(connection, found)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection, found: int) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for migration in self._migrations[found:]:
                migration(connection)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")

    def _connect_writer(self) -> sqlite3.Connection:
        make_private_dir(self.path.parent)
        os.close(open_private(self.path))
        return sqlite3.connect(self.path, timeout=5.0)

    def _connect_reader(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        address = self.path.absolute().as_uri()
        try:
            connection = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=5.0)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            # In a folder that cannot be written, WAL's shared-memory file cannot be made: read the file as it lies.
            connection = sqlite3.connect(f"{address}?immutable=1", uri=True)
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _refusal(self, error: sqlite3.Error) -> Refused:
        name = getattr(error, "sqlite_errorname", "")
        way_out = {
            "SQLITE_FULL": "free some space, then run the same command again",
            "SQLITE_READONLY": "make the file writable, or set SAXTUI_STATE to a folder that can be written",
            "SQLITE_CANTOPEN": "make the folder yours, or set SAXTUI_STATE to another one",
            "SQLITE_NOTADB": "run: saxtui recover -d FILE (ownership is also in backups, in the bucket and in labels)",
            "SQLITE_CORRUPT": "run: saxtui recover -d FILE (ownership is also in backups, in the bucket and in labels)",
            "SQLITE_BUSY": "another saxtui is writing; try again",
        }
        family = next((word for word in way_out if name.startswith(word)), "")
        return Refused(
            Problem(
                tried="record in" if not self.read_only else "read",
                target=safe(self.path),
                said=f"{safe(error)}; what cannot be recorded is not sent" if not self.read_only else safe(error),
                next_step=way_out.get(family, "check the file and its folder"),
                reason=name,
            )
        )
