"""Asks why: takes one picture of all that is known, reads the logs that can tell, and lets the rules judge it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from saxtui.engine.diagnosis import Case, Heard, report
from saxtui.engine.diagnosis.rests import Rests
from saxtui.engine.store import Part, Store
from saxtui.engine.watching.aftermath import Aftermath
from saxtui.engine.watching.connection import Connection
from saxtui.errors import CallError
from saxtui.model import cost
from saxtui.model.cluster import ClusterView, Freshness, HostState, LogLine, Pod
from saxtui.model.diagnosis import Report
from saxtui.model.serving import Pulse
from saxtui.ports import Clock, Journal, Kubernetes, LogRequest

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

T = TypeVar("T")

_TAIL = 400
_MOST_LOGS = 48
"""Logs read for one answer: the suspicious ones first, then primaries and servers."""
_AT_ONCE = 8
_LEAST = 2.0
"""Real seconds between two answers while somebody looks on."""
_SELDOM = 20.0
"""Real seconds after which the logs are read again although nothing changed."""
_IDLE_PARTS, _SELDOMEST = 400, 60.0
"""While nothing changes judging takes one part of so many of the time: some rules go by the clock alone. But it is done
at least that often (real seconds)."""
_SHARE = 2
"""At most a third of the time goes into judging."""
_BIG = 400
"""Pods from which on the rules run in a thread."""
_NEW = 120.0


class Inquiry:
    """One deployment's answers. `answer` asks now; `run` keeps the store's answer fresh."""

    def __init__(
        self, deployment: Deployment, store: Store, connection: Connection, journal: Journal, aftermath: Aftermath,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._deployment = deployment
        self._store = store
        self._connection = connection
        self._journal = journal
        self._aftermath = aftermath
        self._clock = clock
        self._logs: dict[str, tuple[LogLine, ...]] = {}
        self._own = 0

    async def answer(self) -> Report:
        """Read what can tell, and judge; puts it into the store. Never raises for a cluster that does not answer."""
        view = self._store.state.cluster.value
        if view is not None:
            await self._read(view)
        return await self._judge()

    async def run(self) -> None:
        """Keep the store's answer fresh until cancelled. Logs are read only while something is not as it should be."""
        read = 0.0
        while True:
            revision, began = self._store.revision, time.monotonic()
            view = self._store.state.cluster.value
            if (
                view is not None
                and began - read > _SELDOM
                and (not read or await _aside(view, suspicious, self._clock.now()))
            ):
                await self._read(view)
                read = time.monotonic()
            before = self._store.state.why.value
            judging = time.monotonic()
            found = await self._judge()
            took = time.monotonic() - judging
            if before is not None and len(found.diagnoses) != len(before.diagnoses):
                # What just turned out wrong is worth its logs at once.
                read = 0.0
            facts = self._facts()
            # Tens of thousands of pods take long to judge: the time between two answers grows with what one took.
            await asyncio.sleep(max(_LEAST, _SHARE * (time.monotonic() - began)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(_SELDOM, min(_SELDOMEST, _IDLE_PARTS * took))):
                    while _same(facts, self._facts()):
                        revision = await self._store.changed(max(revision, self._own))

    def _facts(self) -> tuple[object, ...]:
        """What the answer depends on, but for the time: the same objects mean the same answer."""
        state, view = self._store.state, self._store.state.cluster.value
        told = (state.progress, state.models.value, state.models.error, state.phases.value, state.beats.value)
        if view is None:
            return (*told, state.cluster.error)
        return (
            *told, view.slices, view.loose, view.system, view.nodes, view.jobs, view.deployments, view.services,
            view.events, view.jobset, view.freshness, view.error, self._aftermath.fallen,
        )  # fmt: skip

    async def _judge(self) -> Report:
        case = await self._case()
        if len(case.view.pods) > _BIG:
            with Rests() as rests:
                found = await asyncio.to_thread(report, case, rest=rests.rest)
        else:
            found = report(case)
        last = self._store.state.why.value
        if last is None or replace(last, at=0.0) != replace(found, at=0.0):
            self._store.change(why=Part(value=found, as_of=found.at))
        self._own = self._store.revision
        return found

    async def _case(self) -> Case:
        state = self._store.state
        away = Freshness.OFFLINE if state.cluster.error else Freshness.CONNECTING
        view = state.cluster.value or ClusterView(freshness=away, error=state.cluster.error)
        return Case(
            now=self._clock.now(),
            deployment=self._deployment,
            view=view,
            progress=state.progress,
            models=state.models.value or (),
            logs=MappingProxyType(dict(self._logs)),
            phases=state.phases.value or MappingProxyType({}),
            fallen=self._aftermath.fallen,
            heard=tuple(self._heard()),
            usd_per_hour=cost.running(self._deployment, state.progress).usd,
            at_work=await self._journal.holder() is not None,
        )

    def _heard(self) -> Iterator[Heard]:
        """What the HTTP server answered to the canary and to the look at the models, oldest first."""
        models = self._store.state.models
        for beat in self._store.state.beats.value or ():
            if beat.pulse is not Pulse.BLOCKED:
                yield Heard(
                    "canary", beat.said or f"no answer in {beat.seconds:.0f} s", beat.at, beat.good, beat.seconds
                )
        if models.error:
            yield Heard("GET /listcell", models.error, self._clock.now())

    async def _read(self, view: ClusterView) -> None:
        """The logs worth reading; those of pods that are gone are forgotten, what cannot be read stays as it was."""
        self._logs = {uid: lines for uid, lines in self._logs.items() if uid in view.pods or uid in view.system}
        chosen = (await _aside(view, worth_reading, self._clock.now()))[:_MOST_LOGS]
        if not chosen:
            return
        try:
            kubernetes = await self._connection.kubernetes()
        except CallError:
            return
        turns = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._read_one(kubernetes, pod, turns) for pod in chosen))

    async def _read_one(self, kubernetes: Kubernetes, pod: Pod, turns: asyncio.Semaphore) -> None:
        state = pod.states[0] if pod.states else None
        crashed = state is not None and bool(state.waiting) and state.last is not None
        container = pod.containers[0] if pod.containers else ""
        request = LogRequest(pod.namespace, pod.name, container, tail=_TAIL, previous=crashed)
        async with turns:
            try:
                lines = await kubernetes.read_log(request)
            except CallError:
                return
        self._logs[pod.uid] = tuple(replace(line, slice=pod.slice, host=pod.host) for line in lines)


async def _aside(view: ClusterView, look: Callable[[ClusterView, float], T], now: float) -> T:
    """Look at all pods: in a thread where they are many."""
    return await asyncio.to_thread(look, view, now) if len(view.pods) > _BIG else look(view, now)


def _same(before: tuple[object, ...], now: tuple[object, ...]) -> bool:
    return len(before) == len(now) and all(
        was is it or (isinstance(it, str | tuple) and was == it) for was, it in zip(before, now, strict=True)
    )


def suspicious(view: ClusterView, now: float) -> bool:
    """Whether anything in the picture is worth a closer look."""
    job_set = view.jobset
    return bool(
        job_set.restarts
        or job_set.terminal
        or any(_odd(pod, now) for pod in view.pods.values())
        or any(item.wanted != item.available for item in view.deployments.values())
        or any(not node.ready or node.cordoned for node in view.nodes.values())
    )


def _odd(pod: Pod, now: float) -> bool:
    return pod.state is not HostState.RUNNING or bool(pod.restarts) or now - pod.created < _NEW


def worth_reading(view: ClusterView, now: float) -> list[Pod]:
    """Whose logs can tell, the most telling first: replacements and troubled hosts, servers, primaries."""
    started = [pod for pod in view.pods.values() if _has_log(pod)]
    youngest = max((pod.created for pod in started if pod.slice >= 0), default=0.0)
    oldest = min((pod.created for pod in started if pod.slice >= 0), default=0.0)
    young = [pod for pod in started if pod.slice >= 0 and pod.created - oldest > 30 and pod.created >= youngest - 30]
    troubled = [pod for pod in started if pod.state is not HostState.RUNNING or pod.restarts]
    servers = [pod for pod in started if pod.slice < 0 and pod.app]
    primaries = [pod for pod in started if pod.primary]
    others = [pod for pod in started if pod.host == 1]
    return list({pod.uid: pod for pod in (*young[:16], *servers, *troubled[:16], *primaries, *others)}.values())


def _has_log(pod: Pod) -> bool:
    return any(item.running or item.ended or item.last for item in pod.states)
