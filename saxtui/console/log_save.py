"""Writes the lines a pane holds to a file, away from the event loop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from saxtui.console.log_store import Block
from saxtui.model.log_batch import LogSource
from saxtui.present.logs import tag_of


def write_lines(path: Path, blocks: Sequence[Block], sources: Sequence[LogSource], first: int) -> int:
    """Every line from number `first` on: stamp, host tag, text. Returns how many. A new file, readable by its owner.

    Raises OSError, FileExistsError among them: nothing is overwritten.
    """
    tags = [tag_of(source).encode() for source in sources]
    count = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for block in blocks:
            skip = max(0, first - block.start)
            rows = zip(block.which, block.stamps.split(b"\n"), block.texts.split(b"\n"), strict=True)
            out = [
                b"%sZ %s %s\n" % (stamp, tags[which] if which >= 0 else tags[~which] + b" gap:", text)
                for which, stamp, text in list(rows)[skip:]
            ]
            file.write(b"".join(out))
            count += len(out)
    return count


def file_name(scope: str, at: float) -> str:
    """A name that says what and when: saxtui-logs-slice-1-20261127T141511Z.log."""
    from datetime import UTC, datetime

    what = "".join(char if char.isalnum() else "-" for char in scope.removeprefix("logs:").strip()).strip("-")
    return f"saxtui-logs-{what or 'all'}-{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}.log"
