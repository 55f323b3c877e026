"""Keeps the store's TPU metrics live: of the hosts somebody looks at, and seldom, for each costs a request."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from types import MappingProxyType

from saxtui.engine.store import Part, Store
from saxtui.engine.watching.connection import Connection
from saxtui.errors import CallError
from saxtui.model.chips import Chips, join
from saxtui.model.cluster import HostState, Pod
from saxtui.ports import Clock

_MOST = 64
"""Hosts read in one round."""
_EVERY = 15.0
"""Seconds of the cluster's time between two readings: GKE's own users scrape the exporter so often."""
_LEAST, _SELDOM = 5.0, 60.0
"""Real seconds between two readings: at least, however fast the cluster's time runs; and while nothing is told."""
_PAUSE = 1.0
"""Real seconds after a reading before another, however the cursor moves."""


class Metering:
    """The TPU metrics of one deployment's hosts."""

    def __init__(self, store: Store, connection: Connection, clock: Clock) -> None:
        self._store = store
        self._connection = connection
        self._clock = clock
        self._slices: tuple[int, ...] = ()
        self._moved = asyncio.Event()

    def look_at(self, slices: Collection[int]) -> None:
        """Somebody looks at the hosts of these slices from now on; the first named are read first."""
        if tuple(slices) != self._slices:
            self._slices = tuple(slices)
            self._moved.set()

    async def look(self, pods: Iterable[Pod]) -> Chips:
        """Read these pods' metrics once, now; what is not told says why. Never raises CallError."""
        asked = list(pods)
        before = self._store.state.chips.value or {}
        nodes = {pod.node for pod in asked if pod.state is HostState.RUNNING and pod.node}
        error = ""
        try:
            kubernetes = await self._connection.kubernetes()
            told = await kubernetes.read_chips(sorted(nodes)) if nodes else {}
        except CallError as failure:
            told, error = {}, failure.problem.one_line()
        found = join(asked, told, before) if not error else {}
        view = self._store.state.cluster.value
        there = view.pods if view is not None else {}
        kept = {uid: item for uid, item in before.items() if uid in there}
        shown = MappingProxyType({**kept, **found})
        self._store.change(chips=Part(value=shown, error=error, as_of=self._clock.now()))
        return found

    async def run(self) -> None:
        """Until cancelled: the hosts looked at, at once when others are, else every so often."""
        while True:
            self._moved.clear()
            pods = self._looked_at()
            told = await self.look(pods) if pods else {}
            await asyncio.sleep(_PAUSE)
            pause = max(_LEAST, _EVERY / self._clock.speed)
            if pods and not any(item.known and not item.said for item in told.values()):
                pause = max(pause, _SELDOM)
            try:
                async with asyncio.timeout(pause):
                    await self._moved.wait()
            except TimeoutError:
                continue

    def _looked_at(self) -> list[Pod]:
        view = self._store.state.cluster.value
        if view is None:
            return []
        hosts = [pod for index in self._slices if index in view.slices for pod in view.slices[index].present]
        return [pod for pod in hosts if pod.chips][:_MOST]
