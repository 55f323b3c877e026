"""The embedded cloud's state and time, with no network in it.

Everything lives in one World: plain JSON-able tables, the Kubernetes object stores, a seeded random source, and timers
that are data (a handler's name and a payload), so that a world can be saved, restored, run in virtual time by a test or
in scaled time behind HTTP. Single-threaded: nothing here awaits, sleeps or reads a real clock.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from saxtui.emulator.table import Table

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
Handler = Callable[[Json], None]


@dataclass(order=True, slots=True)
class Timer:
    """Fires `handler` with `payload` at `due` (epoch seconds of the world); `seq` breaks ties in order of making."""

    due: float
    seq: int
    handler: str = field(compare=False)
    payload: Json = field(compare=False)


class World:
    """State, time and chance. `now` only moves through `advance`."""

    def __init__(self, *, start: float, seed: int = 0) -> None:
        self.now = start
        self.seed = seed
        self.rng = random.Random(seed)
        self.tables: dict[str, Table] = {}
        self.kube: dict[str, KubeStore] = {}
        self._timers: list[Timer] = []
        self._handlers: dict[str, Handler] = {}
        self._seq = 0
        self.fired = 0
        """How many timers have fired."""
        self._hooks: dict[str, list[Handler]] = {}
        self.offers: dict[str, Any] = {}
        """What one room offers to another by name: functions, never data."""

    # -- data
    def table(self, name: str) -> Table:
        """The rows of one table ("gke.clusters", "storage.buckets", …) by key."""
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = Table()
        return found

    def next_seq(self) -> int:
        """A number that never comes twice."""
        self._seq += 1
        return self._seq

    # -- time
    def on(self, handler: str, fn: Handler) -> None:
        """Register what a timer of this name does."""
        self._handlers[handler] = fn

    def after(self, seconds: float, handler: str, **payload: Any) -> None:
        """Run `handler` that many seconds from now."""
        heapq.heappush(self._timers, Timer(self.now + max(0.0, seconds), self.next_seq(), handler, payload))

    def next_due(self) -> float | None:
        """When the next timer fires, or None."""
        return self._timers[0].due if self._timers else None

    def advance(self, until: float) -> None:
        """Move time to `until`, firing timers in order on the way."""
        while self._timers and self._timers[0].due <= until:
            timer = heapq.heappop(self._timers)
            self.fired += 1
            self.now = max(self.now, timer.due)
            self._handlers[timer.handler](timer.payload)
        self.now = max(self.now, until)

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """Chance from a source of that name's own inside this block: what is done there disturbs nothing else."""
        before, self.rng = self.rng, random.Random(f"{self.seed}/{name}")
        try:
            yield
        finally:
            self.rng = before

    # -- keeping
    @property
    def seq(self) -> int:
        """The last number given out."""
        return self._seq

    def timers(self) -> list[Timer]:
        """Every timer, in no order. Not to be changed."""
        return self._timers

    def resume(self, *, now: float, seq: int, chance: Any, timers: Iterable[Timer]) -> None:
        """Go on from a moment kept: its time, its numbers, the random source's state, and the timers there were."""
        self.now, self._seq = now, seq
        self.rng.setstate(chance)
        self._timers = list(timers)
        heapq.heapify(self._timers)

    # -- between rooms
    def hook(self, topic: str, fn: Handler) -> None:
        """Hear of `topic`; see `tell`."""
        self._hooks.setdefault(topic, []).append(fn)

    def tell(self, topic: str, **payload: Any) -> None:
        """Tell every hook of `topic`, at once and in order. Topics and payloads are listed in emulator/README.md."""
        for fn in self._hooks.get(topic, ()):
            fn(payload)

    # -- words
    def stamp(self, at: float | None = None) -> str:
        """RFC 3339 with seconds, as Kubernetes and GKE write times."""
        return datetime.fromtimestamp(self.now if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def hex(self, digits: int) -> str:
        """Random lower-case hex."""
        return f"{self.rng.getrandbits(digits * 4):0{digits}x}"

    def uid(self) -> str:
        """A random UUID."""
        raw = self.hex(32)
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"
