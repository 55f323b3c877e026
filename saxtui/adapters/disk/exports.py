"""Files of an export, written into a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from saxtui.adapters.disk.private import refuse, write_private
from saxtui.errors import Problem, Refused
from saxtui.model.text import safe


def write(folder: Path, files: Mapping[str, str], *, force: bool = False) -> tuple[str, ...]:
    """Write every file (name relative to the folder → text), mode 0600; the paths. Raises Refused.

    Without `force` nothing is written when one of them is there already.
    """
    targets = {folder / name: text for name, text in files.items()}
    taken = next((path for path in targets if path.exists()), None)
    if taken is not None and not force:
        said = "exists already, so nothing was written"
        raise Refused(
            Problem("write", safe(taken), said, "choose another folder with -o, or pass --force to overwrite")
        )
    for path, text in targets.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, text)
        except OSError as error:
            raise refuse("write", path, error) from error
    return tuple(str(path) for path in targets)
