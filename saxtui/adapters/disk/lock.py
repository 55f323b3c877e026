"""One writer at a time: an advisory lock that the kernel drops when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from saxtui.adapters.disk.private import make_private_dir, open_private, refuse
from saxtui.errors import Problem, Refused
from saxtui.model.text import safe
from saxtui.ports import LockHolder

_PROBE_SECONDS = 0.005
"""Longer than another process takes to look whether the lock is held, which holds it for that moment."""


class FileLock:
    """An flock(2) on `path`; the file tells who holds it since when, only for showing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._since = ""

    def acquire(self, what: str) -> None:
        """Take the lock for `what` (named in the refusal). Raises Refused when another process holds it."""
        try:
            make_private_dir(self._path.parent)
            fd = open_private(self._path)
        except OSError as error:
            raise refuse("lock", self._path, error) from error
        try:
            _take(fd)
        except BlockingIOError:
            holder = _read(fd)
            os.close(fd)
            raise Refused(
                Problem(
                    tried="open",
                    target=what,
                    said="another saxtui works on it" + (f": {holder}" if holder else ""),
                    next_step="wait for it, stop it, or look on with a command that only reads (status, pods, logs)",
                    reason="LOCKED",
                )
            ) from None
        except OSError as error:
            os.close(fd)
            raise refuse("lock", self._path, error) from error
        self._fd = fd
        self._since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())
        self.tell("")

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def tell(self, run: str) -> None:
        """Write down what the holder is at work on (the id of a run, "" for none): only for showing."""
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()} {self._since}\n{run}\n".encode(), 0)
        except OSError:
            # A full disk must not forbid the lock itself: the journal says so where it matters.
            return


def holder(path: Path) -> LockHolder | None:
    """Who holds the lock at `path` now, None when nobody does. Takes nothing and makes no file. Raises Refused."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refuse("read", path, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd) or LockHolder(0, "an unknown time")
    finally:
        os.close(fd)
    return None


def _take(fd: int) -> None:
    """Lock it. Raises BlockingIOError when somebody holds it for longer than a look takes."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_PROBE_SECONDS)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(fd: int) -> LockHolder | None:
    first, _, run = os.pread(fd, 400, 0).decode("utf-8", "replace").partition("\n")
    pid, _, since = first.strip().partition(" ")
    return LockHolder(int(pid), safe(since), safe(run.strip())) if pid.isdecimal() else None
