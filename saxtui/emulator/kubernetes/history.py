"""Recent changes of one kind, so that a watch can start in the past and a paged list can stay consistent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saxtui.emulator.kubernetes.objects import Json, Key, key_of

KEPT = 4096
"""Changes kept a kind (kube-apiserver's watch cache grows to about 100,000)."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `type` is ADDED, MODIFIED or DELETED, `before` None for ADDED."""

    rv: int
    type: str
    obj: Json
    before: Json | None


class History:
    """A ring of changes with rising resourceVersions."""

    def __init__(self, kept: int = KEPT, forgotten: int = 0) -> None:
        self._ring: deque[Change] = deque(maxlen=kept)
        self.forgotten = forgotten
        """The newest resourceVersion that has dropped out of the ring; a watch from before it gets 410."""

    def add(self, change: Change) -> None:
        """Remember, dropping the oldest when full."""
        if len(self._ring) == self._ring.maxlen:
            self.forgotten = self._ring[0].rv
        self._ring.append(change)

    def forget_before(self, rv: int) -> None:
        """Drop everything up to `rv`, as etcd's compaction does."""
        while self._ring and self._ring[0].rv <= rv:
            self.forgotten = self._ring.popleft().rv
        self.forgotten = max(self.forgotten, rv)

    def since(self, rv: int) -> Iterator[Change]:
        """Changes after `rv`, oldest first."""
        fresh = []
        for change in reversed(self._ring):
            if change.rv <= rv:
                break
            fresh.append(change)
        return reversed(fresh)

    def at(self, rv: int, now: dict[Key, Json]) -> dict[Key, Json] | None:
        """The objects as they were at `rv`, from what they are now; None when `rv` is too old."""
        if rv < self.forgotten:
            return None
        out: dict[Key, Any] = dict(now)
        for change in reversed(self._ring):
            if change.rv <= rv:
                break
            key = key_of(change.obj)
            if change.before is None:
                out.pop(key, None)
            else:
                out[key] = change.before
        return out
