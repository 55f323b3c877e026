"""Which lines a log pane shows and in which order. No widget here."""

from __future__ import annotations

from typing import Protocol

from saxtui.console.log_store import LogStore


class Rows(Protocol):
    """The lines shown, as a sequence of line numbers that rise."""

    def __len__(self) -> int: ...
    def number(self, index: int) -> int:
        """The line at this place."""

    def index(self, number: int) -> int:
        """The first place whose line is not before this one; the length when all are."""

    def forget(self) -> int:
        """Leave out lines that are no longer held; returns how many rows left at the top."""

    def step(self, seconds: float, enough: int = 0) -> int:
        """Take in what is new, and older lines, for about so long; returns how many rows came above the others."""

    @property
    def done(self) -> bool:
        """Whether every held line was taken in."""


class AllRows:
    """Every line held."""

    done = True

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._first, self._end = store.first, store.end

    def __len__(self) -> int:
        return self._end - self._first

    def number(self, index: int) -> int:
        """See Rows."""
        return self._first + index

    def index(self, number: int) -> int:
        """See Rows."""
        return min(max(0, number - self._first), len(self))

    def forget(self) -> int:
        """See Rows."""
        before, self._first = self._first, self._store.first
        self._end = max(self._end, self._first)
        return self._first - before

    def step(self, seconds: float, enough: int = 0) -> int:
        """See Rows."""
        self._end = self._store.end
        return 0
