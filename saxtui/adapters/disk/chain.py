"""The hash chain of a journal's rows. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

Row = tuple[int, str, str]
"""Number (from 1, without gaps), JSON record, hash."""


def link(before: str, seq: int, record: str) -> str:
    """SHA-256, in hex, over the hash of the row before ("" for the first), this row's number and its record."""
    return hashlib.sha256(f"{before}\n{seq}\n{record}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Chain:
    """How far rows can be believed: `good` of them from the first; `broken` is the number of the row after, 0 if none.

    A cut-off tail cannot be seen here: SQLite's own log keeps every acknowledged row.
    """

    good: int
    broken: int = 0
    said: str = ""


def verify(rows: Sequence[Row]) -> Chain:
    """Recompute the chain over all rows, in order."""
    before = ""
    for good, (seq, record, found) in enumerate(rows):
        if seq != good + 1:
            return Chain(good, good + 1, f"is missing: the next one there is {seq}")
        before = link(before, seq, record)
        if found != before:
            return Chain(good, seq, "was changed after it was written: its hash does not fit")
    return Chain(len(rows))
