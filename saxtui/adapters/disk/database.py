"""A small SQLite file with one thread of its own: every call runs there, in order, off the event loop."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from saxtui.adapters.disk.private import make_private_dir, open_private, refuse
from saxtui.errors import Problem, Refused
from saxtui.model.text import safe

T = TypeVar("T")


class Database:
    """WAL, synchronous=FULL: a transaction that was acknowledged survives kill -9 and power loss.

    `schema` runs once on a new file; `version` is kept in PRAGMA user_version, and a file with a higher one is
    left untouched. Read-only, a missing file counts as empty: `run` then raises FileNotFoundError.
    """

    def __init__(self, path: Path, *, schema: str, version: int, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._schema = schema
        self._version = version
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
            if found > self._version:
                raise Refused(
                    Problem(
                        tried="open",
                        target=safe(self.path),
                        said=f"was written by a newer saxtui (format {found}, this one knows {self._version})",
                        next_step="upgrade saxtui; the file was left as it is",
                        reason="NEWER_FORMAT",
                    )
                )
            if not self.read_only:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
            if found == 0 and not self.read_only:
                connection.executescript(f"BEGIN; {self._schema}; PRAGMA user_version = {self._version}; COMMIT;")
        except BaseException:
            connection.close()
            raise
        return connection

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
            "SQLITE_NOTADB": "move the file away; ownership is also written in the cloud as labels",
            "SQLITE_CORRUPT": "move the file away; ownership is also written in the cloud as labels",
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
