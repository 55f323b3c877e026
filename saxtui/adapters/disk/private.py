"""Files nobody else may read: 0600 files in 0700 directories, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from saxtui.errors import Problem, Refused
from saxtui.model.text import safe

_WORDS = {
    errno.ENOSPC: ("no space is left on this disk", "free some space, then run the same command again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then run the same command again"),
    errno.EROFS: ("the disk is read-only", "set SAXTUI_STATE to a folder that can be written"),
    errno.EACCES: ("permission denied", "make the folder yours, or set SAXTUI_STATE to another one"),
    errno.ENOTDIR: ("a part of the path is not a folder", "set SAXTUI_STATE to another folder"),
}


def make_private_dir(path: Path) -> None:
    """Create the directory (and its parents) with mode 0700 where it is missing. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_private(path: Path) -> int:
    """A read-write descriptor of the file, created with mode 0600 when missing. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def write_private(path: Path, content: str) -> None:
    """Replace the file atomically: after a crash it holds all of the old text or all of the new. Raises OSError."""
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def refuse(tried: str, path: Path, error: OSError) -> Refused:
    """The refusal for a file that cannot be read or written: saxtui cannot record, so it will not act."""
    said, way_out = _WORDS.get(error.errno or 0, (str(error.strerror or error), "check the path and try again"))
    return Refused(
        Problem(tried=tried, target=safe(path), said=safe(said), next_step=way_out, reason=_name(error.errno))
    )


def _name(number: int | None) -> str:
    return errno.errorcode.get(number or 0, "")
