"""Many logs to one in order of time, in bulk. Pure: times of arrival are given, nothing waits here.

A line may leave once every source that is still delivering has come past its stamp: then nothing earlier can follow.
A source that has said nothing for `QUIET` seconds holds nobody back, and no line waits longer than `PATIENCE`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from saxtui.model.log_batch import LogBatch, LogLines, LogSource

QUIET = 0.1
PATIENCE = 1.0
_MOST = 4_096
"""Lines that leave at once, about: some milliseconds' work."""


@dataclass(slots=True)
class _Waiting:
    """One source's lines that have not left. `keys` are its stamps, made to rise where a clock went back."""

    keys: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    gaps: set[int] = field(default_factory=set)
    start: int = 0
    heard: float = 0.0
    since: float = 0.0
    last: bytes = b""
    ended: bool = False

    def __len__(self) -> int:
        return len(self.keys) - self.start


class LogMerger:
    """Takes each source's lines in their order, gives all lines in order of time. Loses and repeats none."""

    def __init__(self) -> None:
        self.sources: list[LogSource] = []
        self._waiting: list[_Waiting] = []

    def __len__(self) -> int:
        """How many lines wait."""
        return sum(map(len, self._waiting))

    def add(self, source: LogSource, now: float) -> int:
        """A source that is about to deliver; returns its index. `now` in seconds of a monotonic clock."""
        self.sources.append(source)
        self._waiting.append(_Waiting(heard=now + PATIENCE - QUIET))
        return len(self.sources) - 1

    def waiting(self, index: int) -> int:
        """How many of this source's lines wait."""
        return len(self._waiting[index])

    def end(self, index: int) -> None:
        """This source says no more."""
        self._waiting[index].ended = True

    def put(self, index: int, lines: LogLines, now: float) -> None:
        """Lines that came at `now`; none mean that the source is there and has nothing to say yet."""
        mine = self._waiting[index]
        mine.heard = now
        if not lines:
            return
        keys = _rising(lines.stamps, mine.last)
        mine.last = keys[-1]
        if not len(mine):
            mine.since = now
        if lines.gap:
            mine.gaps.add(len(mine.keys))
        mine.keys += keys
        mine.texts += lines.texts

    def due(self) -> float | None:
        """When lines that wait may leave at the latest; None when there are none."""
        return min((each.since + PATIENCE for each in self._waiting if len(each)), default=None)

    def take(self, now: float) -> LogBatch:
        """The lines that may leave, at most some thousands; more may be ready."""
        batch = LogBatch(self.sources)
        holding = [each for each in self._waiting if len(each)]
        if not holding:
            return batch
        limit = self._limit(now, holding)
        if limit == b"":
            return batch
        which: list[int] = []
        for index, mine in enumerate(self._waiting):
            if not len(mine):
                continue
            end = len(mine.keys) if limit is None else bisect_right(mine.keys, limit, mine.start)
            if end == mine.start:
                continue
            which += [index] * (end - mine.start)
            for gap in [gap for gap in mine.gaps if gap < end]:
                which[len(which) - (end - gap)] = ~index
                mine.gaps.discard(gap)
            batch.stamps += mine.keys[mine.start : end]
            batch.texts += mine.texts[mine.start : end]
            self._drop(mine, end, now)
        order = sorted(range(len(which)), key=batch.stamps.__getitem__)
        batch.which = [which[at] for at in order]
        batch.stamps = [batch.stamps[at] for at in order]
        batch.texts = [batch.texts[at] for at in order]
        return batch

    def _limit(self, now: float, holding: list[_Waiting]) -> bytes | None:
        """Lines up to this stamp may leave; None: all, b"": none."""
        busy = [each for each in self._waiting if not each.ended and now - each.heard < QUIET]
        old = [each.keys[-1] for each in holding if now - each.since >= PATIENCE]
        limit: bytes | None = min((each.last for each in busy), default=None)
        if limit is not None and old:
            limit = max(limit, *old)
        share = max(1, _MOST // len(holding))
        crowded = [each.keys[each.start + share] for each in holding if len(each) > share]
        return min([*crowded, *([] if limit is None else [limit])], default=None)

    @staticmethod
    def _drop(mine: _Waiting, end: int, now: float) -> None:
        if end == len(mine.keys):
            mine.keys, mine.texts, mine.start, mine.gaps = [], [], 0, set()
            return
        mine.start, mine.since = end, now
        if end > _MOST:
            del mine.keys[:end], mine.texts[:end]
            mine.gaps = {gap - end for gap in mine.gaps}
            mine.start = 0


def _rising(stamps: list[bytes], last: bytes) -> list[bytes]:
    """The stamps, each at least as late as those before it: a source's own order is never changed."""
    if last <= stamps[0] and stamps == sorted(stamps):
        return stamps
    found = []
    for stamp in stamps:
        last = max(last, stamp)
        found.append(last)
    return found
