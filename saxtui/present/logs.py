"""Log lines as columns: time, which host, and the text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from saxtui.model.cluster import LogLine
from saxtui.model.log_batch import LogSource
from saxtui.present.times import clock


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line. `tag` is "slice-host" for hosts, the pod's name otherwise; `hue` is stable for each tag, 0..11."""

    time: str
    tag: str
    text: str
    gap: bool
    hue: int


def tag(line: LogLine) -> str:
    """ "1-5" for a host of a slice, the pod's name otherwise."""
    return f"{line.slice}-{line.host}" if line.slice >= 0 else line.pod


def tag_of(source: LogSource) -> str:
    """The tag of this source's lines."""
    return f"{source.slice}-{source.host}" if source.slice >= 0 else source.pod


def row(line: LogLine, zone: tzinfo | None = None) -> LogRow:
    """A line's columns; a gap's text is set off so that it cannot be taken for the pod's own."""
    text = f"── {line.text} ──" if line.gap else line.text
    return LogRow(clock(line.at, zone), tag(line), text, line.gap, hue(line))


def hue(line: LogLine) -> int:
    """0..11, the same for all lines of one host or pod."""
    return (line.slice * 8 + line.host) % 12 if line.slice >= 0 else sum(line.pod.encode()) % 12
