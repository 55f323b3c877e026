"""The folded view of the held lines as rows. Folding keeps up with what comes, a piece of work at a time."""

from __future__ import annotations

import time
from bisect import bisect_left

from saxtui.console.log_store import LogStore
from saxtui.present.log_fold import Fold, Group
from saxtui.present.log_pattern import LogPattern

_REACH_BACK = 20_000
"""Lines before the newest that are folded when folding begins, or when more came at once than can be folded."""
_BEHIND = 60_000


class FoldRows:
    """Rows of groups, see log_rows.Rows: a group stands where its first line does. Lines are only looked at."""

    def __init__(self, store: LogStore, pattern: LogPattern) -> None:
        self.fold = Fold()
        self._store, self._pattern = store, pattern
        self._next = store.first
        self._catch_up()

    @property
    def done(self) -> bool:
        """See log_rows.Rows."""
        return self._next >= self._store.end

    def __len__(self) -> int:
        return len(self.fold.groups)

    def group(self, index: int) -> Group:
        """The group at this place."""
        return self.fold.groups[index]

    def number(self, index: int) -> int:
        """See log_rows.Rows."""
        return self.fold.groups[index].number

    def index(self, number: int) -> int:
        """See log_rows.Rows."""
        return bisect_left(self.fold.groups, number, key=lambda group: group.number)

    def forget(self) -> int:
        """See log_rows.Rows."""
        return self.fold.forget(self._store.first)

    def step(self, seconds: float, enough: int = 0) -> int:
        """See log_rows.Rows."""
        deadline = time.perf_counter() + seconds
        if self._store.end - self._next > _BEHIND:
            self._catch_up()
        store, pattern = self._store, self._pattern
        self._next = max(self._next, store.first)
        while self._next < store.end:
            for number in range(self._next, min(self._next + 256, store.end)):
                line = store[number]
                if line.gap or not pattern or pattern.matches(line.text):
                    self.fold.add(number, store.source(number), store.stamp(number), line.text, gap=line.gap)
            self._next = min(self._next + 256, store.end)
            if time.perf_counter() >= deadline:
                break
        return 0

    def _catch_up(self) -> None:
        start = max(self._next, self._store.end - _REACH_BACK)
        if start > self._next:
            self.fold.skip(self._next, start - self._next)
        self._next = start
