"""A table of the world: a dict of rows that remembers which of them may have changed since it was last asked.

Rows are changed in place by whoever looks them up, so a row that was handed out counts as changed.
"""

from __future__ import annotations

from collections.abc import ItemsView, ValuesView
from typing import Any

Json = dict[str, Any]


class Table(dict[str, Json]):
    """Rows by key, in the order they were put in."""

    __slots__ = ("all_seen", "moved", "seen")

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        """Keys whose row was handed out, put in or taken away."""
        self.moved: set[str] = set()
        """Keys that were taken away: one that is there again has gone to the end."""
        self.all_seen = False
        """Whether every row was handed out."""

    def forget(self) -> None:
        """What was seen up to now has been dealt with."""
        self.seen.clear()
        self.moved.clear()
        self.all_seen = False

    def __getitem__(self, key: str) -> Json:
        self.seen.add(key)
        return dict.__getitem__(self, key)

    def __setitem__(self, key: str, row: Json) -> None:
        self.seen.add(key)
        dict.__setitem__(self, key, row)

    def __delitem__(self, key: str) -> None:
        self.seen.add(key)
        self.moved.add(key)
        dict.__delitem__(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        """The row, which the caller may change in place."""
        self.seen.add(key)
        return dict.get(self, key, default)

    def pop(self, key: str, *default: Any) -> Any:
        """Take a row away."""
        self.seen.add(key)
        self.moved.add(key)
        return dict.pop(self, key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The row, put in when there is none."""
        self.seen.add(key)
        return dict.setdefault(self, key, default)

    def values(self) -> ValuesView[Json]:
        """Every row."""
        self.all_seen = True
        return super().values()

    def items(self) -> ItemsView[str, Json]:
        """Every key and row."""
        self.all_seen = True
        return super().items()
