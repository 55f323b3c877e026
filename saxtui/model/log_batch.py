"""Log lines in bulk: what is read, merged and kept is lists of bytes; a line becomes an object only where it is shown.

A stamp is the line's time as the kubelet wrote it (RFC3339Nano, UTC) without its Z: such stamps sort as bytes, whatever
trailing zeros were left out, because a shorter one that is the beginning of a longer one is the earlier.
Texts are UTF-8, sanitized, without line feeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from saxtui.model.cluster import LogLine


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where lines come from: one pod, and its place in the slices (-1 outside of them)."""

    pod: str
    slice: int = -1
    host: int = -1


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Which log to read. `since` in epoch seconds (exclusive), `tail` lines.

    `after` is the stamp of a line that was read already (see model.log_batch): a stream goes on behind it.
    """

    namespace: str
    pod: str
    container: str = ""
    follow: bool = False
    tail: int | None = None
    since: float | None = None
    previous: bool = False
    after: bytes = b""


@dataclass(slots=True)
class LogLines:
    """Lines of one container in the order written. `gap`: one line that tells of lines which may be missing."""

    stamps: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    gap: bool = False

    def __len__(self) -> int:
        return len(self.stamps)


@dataclass(slots=True)
class LogBatch:
    """Lines of several sources in order of time. `which[i]` is an index into `sources`, or ~index for a gap mark."""

    sources: Sequence[LogSource]
    which: list[int] = field(default_factory=list)
    stamps: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.which)

    @classmethod
    def of(cls, lines: Iterable[LogLine]) -> LogBatch:
        """The same lines in bulk."""
        places: dict[LogSource, int] = {}
        sources: list[LogSource] = []
        batch = cls(sources)
        for line in lines:
            source = LogSource(line.pod, line.slice, line.host)
            index = places.setdefault(source, len(places))
            if index == len(sources):
                sources.append(source)
            batch.which.append(~index if line.gap else index)
            batch.stamps.append(stamp_of(line.at))
            batch.texts.append(line.text.encode("utf-8", "replace"))
        return batch

    def lines(self) -> Iterator[LogLine]:
        """Each line as an object."""
        for which, stamp, text in zip(self.which, self.stamps, self.texts, strict=True):
            yield line_of(self.sources, which, stamp, text)


def line_of(sources: Sequence[LogSource], which: int, stamp: bytes, text: bytes | str) -> LogLine:
    """One line as an object; see LogBatch for `which`."""
    source = sources[~which if which < 0 else which]
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return LogLine(source.pod, epoch_of(stamp), shown, source.slice, source.host, which < 0)


def epoch_of(stamp: bytes) -> float:
    """Epoch seconds, to the microsecond; 0.0 for none."""
    try:
        return datetime.fromisoformat(stamp.decode("ascii") + "+00:00").timestamp()
    except ValueError:
        return 0.0


def stamp_of(at: float) -> bytes:
    """The stamp of a moment in epoch seconds, to the microsecond; none for 0.0."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").encode() if at else b""
