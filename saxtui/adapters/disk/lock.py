"""One writer at a time: an advisory lock that the kernel drops when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from saxtui.adapters.disk.private import make_private_dir, open_private, refuse
from saxtui.errors import Problem, Refused
from saxtui.model.text import safe


class FileLock:
    """An flock(2) on `path`; the file tells who holds it since when, only for showing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def acquire(self, what: str) -> None:
        """Take the lock for `what` (named in the refusal). Raises Refused when another process holds it."""
        try:
            make_private_dir(self._path.parent)
            fd = open_private(self._path)
        except OSError as error:
            raise refuse("lock", self._path, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(fd)
            os.close(fd)
            raise Refused(
                Problem(
                    tried="open",
                    target=what,
                    said=f"another saxtui works on it{holder}",
                    next_step="wait for it, stop it, or look on with a command that only reads (status, pods, logs)",
                    reason="LOCKED",
                )
            ) from None
        except OSError as error:
            os.close(fd)
            raise refuse("lock", self._path, error) from error
        self._fd = fd
        self._write_holder()

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write_holder(self) -> None:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()} {since}\n".encode(), 0)
        except OSError:
            # A full disk must not forbid the lock itself: the journal says so where it matters.
            return


def _read(fd: int) -> str:
    pid, _, since = os.pread(fd, 200, 0).decode("utf-8", "replace").strip().partition(" ")
    return f": process {safe(pid)} since {safe(since)}" if pid else ""
