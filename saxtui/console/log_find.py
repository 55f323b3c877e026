"""Which held lines match, found in pieces: the newest first, so that they can be shown before all are counted."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right

from saxtui.console.log_store import Block, LogStore
from saxtui.present.log_pattern import LogPattern


class Hits:
    """The numbers of the lines that match. `step` goes on looking; whoever holds it says when, and for how long.

    Gap marks count as matches when `gaps` is set: a filter must not hide them.
    """

    def __init__(self, store: LogStore, pattern: LogPattern, *, gaps: bool = False) -> None:
        self.pattern = pattern
        self._store = store
        self._gaps = gaps
        self._older = array("q")  # falling
        self._newer = array("q")  # rising
        self._gone = 0  # of _newer
        self._low = self._high = store.end

    # -- looking
    @property
    def done(self) -> bool:
        """Whether every held line was looked at."""
        return self._low <= self._store.first and self._high >= self._store.end

    @property
    def seen_down_to(self) -> int:
        """Every line from this one to the newest looked at was looked at."""
        return self._low

    def step(self, seconds: float, enough: int = 0) -> int:
        """Look on for about so long, or until `enough` are known; returns how many were found before the known ones."""
        deadline = time.perf_counter() + seconds
        before = len(self._older)
        self.forget()
        while self._high < self._store.end:
            block = self._store.block(self._high)
            self._newer.extend(self._within(block, self._high, block.end))
            self._high = block.end
            if time.perf_counter() >= deadline:
                break
        while self._low > self._store.first and not (enough and len(self) >= enough):
            block = self._store.block(self._low - 1)
            self._older.extend(reversed(self._within(block, block.start, self._low)))
            self._low = block.start
            if time.perf_counter() >= deadline:
                break
        self.forget()
        return max(0, len(self._older) - before)

    def _within(self, block: Block, start: int, end: int) -> list[int]:
        found = _matching(block, self.pattern, start, end)
        if self._gaps and block.gaps:
            found = sorted({*found, *(gap for gap in block.gaps if start <= gap < end)})
        return found

    def forget(self) -> int:
        """Drop the hits whose lines left the store; returns how many."""
        first, before = self._store.first, len(self)
        while self._older and self._older[-1] < first:
            self._older.pop()
        if not self._older and self._gone < len(self._newer) and self._newer[self._gone] < first:
            self._gone = bisect_left(self._newer, first, self._gone)
            if self._gone > 65_536:
                del self._newer[: self._gone]
                self._gone = 0
        self._low, self._high = max(self._low, first), max(self._high, first)
        return before - len(self)

    # -- what was found
    def __len__(self) -> int:
        return len(self._older) + len(self._newer) - self._gone

    def number(self, index: int) -> int:
        """The line of the hit at `index`, oldest first."""
        older = len(self._older)
        return self._older[older - 1 - index] if index < older else self._newer[self._gone + index - older]

    def index(self, number: int) -> int:
        """The first hit that is not before this line; the number of hits when all are."""
        older = len(self._older)
        if older and number <= self._older[0]:
            return older - bisect_right(self._older, -number, key=lambda hit: -hit)
        return older + bisect_left(self._newer, number, self._gone) - self._gone


class Hunt:
    """The nearest line that matches after `start`, or before it, going round once; `also` must match too.

    Looked for in pieces: `step` until `found` is set or `over`.
    """

    def __init__(
        self,
        store: LogStore,
        pattern: LogPattern | None,
        start: int,
        *,
        backwards: bool,
        also: LogPattern | None = None,
    ) -> None:
        """No pattern looks for gap marks."""
        self.found: int | None = None
        self.pattern = pattern
        self._store, self._also, self._backwards = store, also, backwards
        first, end = store.first, store.end
        start = min(max(start, first - 1), end)
        here = (first, start) if backwards else (start + 1, end)
        there = (start, end) if backwards else (first, min(start + 1, end))
        self._left = [part for part in (here, there) if part[0] < part[1]]

    @property
    def over(self) -> bool:
        """Whether it was found, or is nowhere."""
        return self.found is not None or not self._left

    def step(self, seconds: float) -> None:
        """Look on for about so long."""
        deadline = time.perf_counter() + seconds
        while not self.over:
            self._look()
            if time.perf_counter() >= deadline:
                return

    def _look(self) -> None:
        low, high = self._left[0]
        low = max(low, self._store.first)
        if low >= high:
            del self._left[0]
            return
        block = self._store.block(high - 1 if self._backwards else low)
        start, end = max(block.start, low), min(block.end, high)
        hits = [gap for gap in block.gaps if start <= gap < end]
        if self.pattern is not None:
            hits = _matching(block, self.pattern, start, end)
        if self._also is not None and hits:
            lines = block.joined.split("\n")
            hits = [hit for hit in hits if hit in block.gaps or self._also.matches(lines[hit - block.start])]
        if hits:
            self.found = hits[-1] if self._backwards else hits[0]
        self._left[0] = (low, start) if self._backwards else (end, high)


def _matching(block: Block, pattern: LogPattern, start: int, end: int) -> list[int]:
    """The numbers of the block's lines from `start` up to, not with, `end` that match."""
    joined = block.joined
    if start > block.start or end < block.end:
        joined = "\n".join(joined.split("\n")[start - block.start : end - block.start])
    return [start + at for at in pattern.among(joined)]
