"""Keeps the store's phases live: which hosts' logs are read, and how often.

Reading costs a request, so it is bounded: only while somebody looks, the pods that changed first, then those whose
process is on its way, and ever less often what says nothing new. A large cluster is heard by its primaries and one
witness a slice; every host only of the slices that are looked at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from saxtui.engine.serving.evidence import FIRST_TAIL, WITNESS_HOST
from saxtui.engine.store import Part, Store
from saxtui.engine.watching.connection import Connection
from saxtui.engine.watching.hearing import Hearing
from saxtui.errors import CallError
from saxtui.model.cluster import ClusterView, HostState, Pod, SlicePods
from saxtui.model.phases import HostPhase, Phase, Phases, PhasesBySlice, in_slice
from saxtui.model.serving import Rung
from saxtui.ports import Clock

HEARD_IN_FULL = 256
"""Hosts up to which all of a cluster are heard."""
_TAIL = 2000
_BATCH = 40
_TURN = 1.0
"""Real seconds between two rounds of at most _BATCH logs."""
_SOON, _WAITING, _SETTLED, _SELDOM = 2.0, 10.0, 120.0, 900.0
"""Real seconds until a log is read again: after news; at most, while its process is on its way; at least, once that is
settled; at most at all."""
_ON_ITS_WAY = frozenset({Phase.UNHEARD, Phase.WAITING, Phase.JOINED, Phase.LOADING})
_SLICES = 16
"""Slices worked out before the event loop gets a turn."""
_A_SECOND = 2
"""Logs of primaries and witnesses read a second when all of them keep one waiting; the others come four times later."""


@dataclass(slots=True)
class _Turn:
    """When a pod's log is to be read again (monotonic seconds), and how long after the last time."""

    restarts: int
    at: float = 0.0
    pause: float = _SOON


class Phasing:
    """The phases of one deployment's hosts."""

    def __init__(self, store: Store, connection: Connection, hearing: Hearing, clock: Clock) -> None:
        self._store = store
        self._connection = connection
        self._hearing = hearing
        self._clock = clock
        self._turns: dict[str, _Turn] = {}
        self._slices: dict[int, tuple[SlicePods, Phases]] = {}
        """What was made of each slice, and from which pods."""

    async def look(self, view: ClusterView) -> Phases:
        """Read every log that belongs to the picture, once. Raises CallError where the cluster cannot be reached."""
        kubernetes = await self._connection.kubernetes()
        hosts = self._chosen(view, ())
        await self._hearing.listen(kubernetes, hosts, _tail(hosts))
        return await self._publish(view, {pod.slice for pod in hosts})

    async def run(self, slices: Callable[[], Collection[int]]) -> None:
        """Until cancelled; a round that fails is tried again with the next."""
        seen: ClusterView | None = None
        served = self._served()
        while True:
            if self._served() != served:
                # Something was published, loaded or taken off: what was settled may not be any more.
                served = self._served()
                self._turns.clear()
            view = self._store.state.cluster.value
            if view is not None:
                news = await self._round(view, slices())
                if news or seen is None or view.slices is not seen.slices:
                    await self._publish(view, news | self._changed(view))
                seen = view
            await self._rest(view)

    def _served(self) -> list[tuple[str, list[Rung]]]:
        """The models as the ladder knows them: each with its replicas' rungs."""
        return [(item.id, [replica.rung for replica in item.replicas]) for item in self._store.state.models.value or ()]

    async def _rest(self, view: ClusterView | None) -> None:
        """Until a log is due or the pods change; never less than a turn."""
        await asyncio.sleep(_TURN)
        due = min((turn.at for turn in self._turns.values()), default=float("inf")) - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(due, _SELDOM))):
                revision = self._store.revision
                while (now := self._store.state.cluster.value) is view or (
                    now is not None and view is not None and now.slices is view.slices
                ):
                    revision = await self._store.changed(revision)
        except TimeoutError:
            return

    async def _round(self, view: ClusterView, looked_at: Collection[int]) -> set[int]:
        """Read the logs that are due, at most a batch; returns the slices that have news."""
        now = time.monotonic()
        chosen = self._chosen(view, looked_at)
        due = sorted((pod for pod in chosen if self._due(pod, now)), key=lambda pod: (pod.host > 0, self._last(pod)))
        batch = due[:_BATCH]
        for gone in [uid for uid in self._turns if uid not in view.pods]:
            del self._turns[gone]
        if not batch:
            return set()
        try:
            kubernetes = await self._connection.kubernetes()
        except CallError:
            return set()
        news = await self._hearing.listen(kubernetes, batch, _tail(batch))
        now, told = time.monotonic(), {pod.slice for pod in batch if pod.uid in news}
        for pod in batch:
            turn = self._turns[pod.uid]
            turn.pause = _SOON if pod.uid in news else self._longer(pod, turn.pause, len(chosen))
            turn.at = now + turn.pause
        for pod in chosen:
            # Hosts move in lock step: what one of them tells, the others of its slice are asked for at once.
            if pod.slice in told and pod.uid not in news and (turn := self._turns[pod.uid]).at > now + _SOON:
                turn.at, turn.pause = now, _SOON
        return told

    def _longer(self, pod: Pod, pause: float, chosen: int) -> float:
        """How long to wait after a log that said nothing new."""
        if self._hearing.of(pod).heard.phase not in _ON_ITS_WAY:
            return min(_SELDOM, max(4 * pause, _SETTLED, chosen))
        rounds = max(_WAITING, chosen / _A_SECOND)
        return min(_SELDOM, 2 * pause, rounds if pod.host <= WITNESS_HOST else 4 * rounds)

    def _due(self, pod: Pod, now: float) -> bool:
        turn = self._turns.get(pod.uid)
        if turn is None or turn.restarts != pod.restarts:
            turn = self._turns[pod.uid] = _Turn(pod.restarts)
        return turn.at <= now

    def _last(self, pod: Pod) -> float:
        return self._turns[pod.uid].at

    def _chosen(self, view: ClusterView, looked_at: Collection[int]) -> list[Pod]:
        """The running hosts that are to be heard."""
        everyone = sum(len(pods.hosts) for pods in view.slices.values()) <= HEARD_IN_FULL
        return [
            pod
            for index, pods in view.slices.items()
            for pod in (pods.hosts if everyone or index in looked_at else pods.hosts[: WITNESS_HOST + 1])
            if pod is not None and pod.state is HostState.RUNNING
        ]

    def _changed(self, view: ClusterView) -> set[int]:
        """The slices whose pods are not those their phases were made from."""
        return {
            index
            for index, pods in view.slices.items()
            if (known := self._slices.get(index)) is None or known[0] is not pods
        }

    async def _publish(self, view: ClusterView, changed: Iterable[int]) -> Phases:
        """Put the phases into the store, made anew for the changed slices only."""
        for index in [index for index in self._slices if index not in view.slices]:
            del self._slices[index]
        hosts = self._connection.deployment.slices.shape.hosts
        for number, index in enumerate(changed, 1):
            pods = view.slices.get(index)
            if pods is not None:
                found: Phases = in_slice(pods, self._heard(pods), hosts)
                known = self._slices.get(index)
                self._slices[index] = pods, known[1] if known is not None and known[1] == found else found
            if number % _SLICES == 0:
                await asyncio.sleep(0)
        phases = PhasesBySlice({index: found for index, (_, found) in self._slices.items()})
        shown = self._store.state.phases
        if shown.value != phases or shown.error:
            self._store.change(phases=Part(value=phases, as_of=self._clock.now()))
        self._hearing.forget(view.pods)
        return phases

    def _heard(self, pods: SlicePods) -> dict[str, HostPhase]:
        return {
            pod.uid: reading.heard.of_pod(read=reading.read)
            for pod in pods.hosts
            if pod is not None and (reading := self._hearing.known(pod)) is not None and reading.read
        }


def _tail(pods: Collection[Pod]) -> int:
    """A few hosts may be read far back, many not."""
    return FIRST_TAIL if len(pods) <= 2 * _BATCH // 5 else _TAIL
