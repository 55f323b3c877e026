"""A table of the world: a dict of rows that remembers which of them may have changed since it was last asked.

Rows are changed in place by whoever looks them up, so a row that was handed out counts as changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values

T = TypeVar("T")
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

    @overload
    def get(self, key: str, default: None = None, /) -> Json | None: ...

    @overload
    def get(self, key: str, default: Json, /) -> Json: ...

    @overload
    def get(self, key: str, default: T, /) -> Json | T: ...

    def get(self, key: str, default: Any = None, /) -> Any:
        """The row, which the caller may change in place."""
        self.seen.add(key)
        return dict.get(self, key, default)

    @overload
    def pop(self, key: str, /) -> Json: ...

    @overload
    def pop(self, key: str, default: Json, /) -> Json: ...

    @overload
    def pop(self, key: str, default: T, /) -> Json | T: ...

    def pop(self, key: str, *default: Any) -> Any:
        """Take a row away."""
        self.seen.add(key)
        self.moved.add(key)
        return dict.pop(self, key, *default)

    def setdefault(self, key: str, default: Json, /) -> Json:
        """The row, put in when there is none."""
        self.seen.add(key)
        return dict.setdefault(self, key, default)

    def values(self) -> dict_values[str, Json]:
        """Every row."""
        self.all_seen = True
        return super().values()

    def items(self) -> dict_items[str, Json]:
        """Every key and row."""
        self.all_seen = True
        return super().items()
