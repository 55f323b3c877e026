"""Logs of many pods as one stream in order of time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace

from saxtui.engine.connection import Connection
from saxtui.engine.store import Store
from saxtui.engine.watching import Watching
from saxtui.errors import CallError, Invalid, NotFound, Problem, UsageProblem
from saxtui.model.cluster import ClusterView, HostState, LogLine, Pod
from saxtui.ports import Clock, Kubernetes, LogRequest

_MERGE_WINDOW = 0.1
"""Real seconds that live lines are held back so that several pods' lines come out in order of time."""
_AGAIN = 2.0
_QUEUE = 10_000
_STARTED = frozenset(HostState) - {HostState.WAITING, HostState.STARTING, HostState.ABSENT}


@dataclass(frozen=True, slots=True)
class LogSelection:
    """Which logs: one pod by name (or unambiguous prefix), one slice, all primaries, or (all blank) every host."""

    pod: str = ""
    slice: int | None = None
    primaries: bool = False


def select(pods: Mapping[str, Pod], selection: LogSelection) -> list[Pod]:
    """The selected pods, sorted by slice, host and name. Raises UsageProblem when a pod name fits none or several."""
    if selection.pod:
        return [_one(pods, selection.pod)]
    chosen = [
        pod
        for pod in pods.values()
        if pod.slice >= 0
        and (selection.slice is None or pod.slice == selection.slice)
        and (not selection.primaries or pod.primary)
    ]
    return sorted(chosen, key=lambda pod: (pod.slice, pod.host, pod.name))


def _one(pods: Mapping[str, Pod], name: str) -> Pod:
    exact = [pod for pod in pods.values() if pod.name == name]
    found = exact or sorted((pod for pod in pods.values() if pod.name.startswith(name)), key=lambda pod: pod.name)
    if len(found) == 1:
        return found[0]
    if found:
        said = f"fits {len(found)} pods: {', '.join(pod.name for pod in found[:6])}"
    else:
        said = f"no such pod; there are: {', '.join(sorted(pod.name for pod in pods.values())[:8]) or 'none'}"
    raise UsageProblem(
        Problem(tried="find pod", target=name, said=said, next_step="name one pod, or use --slice or --primaries")
    )


class Logs:
    """Reads and follows; holds no lines itself."""

    def __init__(self, store: Store, connection: Connection, watching: Watching, clock: Clock) -> None:
        self._store = store
        self._connection = connection
        self._watching = watching
        self._clock = clock

    async def lines(self, selection: LogSelection, *, follow: bool, tail: int | None) -> AsyncGenerator[LogLine, None]:
        """Lines in order of time; with `follow` for ever, and new pods of the selection join by themselves.

        `tail` limits the lines of each pod before now. Raises UsageProblem, CallError.
        """
        kubernetes = await self._connection.kubernetes()
        view = await self._watching.look()
        chosen = select(view.pods, selection)
        last: dict[str, float] = {}
        for line, pod in await self._history(kubernetes, chosen, tail):
            last[pod.uid] = max(last.get(pod.uid, 0.0), line.at)
            yield line
        if not follow:
            return
        async with self._watching.held(), contextlib.aclosing(self._live(view, selection, last)) as live:
            async for line in live:
                yield line

    async def _history(self, kubernetes: Kubernetes, pods: list[Pod], tail: int | None) -> list[tuple[LogLine, Pod]]:
        async def read(pod: Pod) -> list[tuple[LogLine, Pod]]:
            request = LogRequest(pod.namespace, pod.name, _container(pod), tail=tail)
            try:
                return [(_place(line, pod), pod) for line in await kubernetes.read_log(request)]
            except (NotFound, Invalid):
                # Not started yet, or gone since the list: it has no lines, and that is no failure of the others.
                return []

        parts = await asyncio.gather(*(read(pod) for pod in pods))
        return sorted((item for part in parts for item in part), key=lambda item: item[0].at)

    async def _live(
        self, view: ClusterView, selection: LogSelection, last: dict[str, float]
    ) -> AsyncGenerator[LogLine, None]:
        queue: asyncio.Queue[LogLine] = asyncio.Queue(_QUEUE)
        recruiter = asyncio.create_task(self._recruit(view, selection, last, queue), name="follow logs")
        try:
            while True:
                batch = [await _next(queue, recruiter)]
                await asyncio.sleep(_MERGE_WINDOW)
                while not queue.empty():
                    batch.append(queue.get_nowait())
                for line in sorted(batch, key=lambda item: item.at):
                    yield line
        finally:
            recruiter.cancel()
            await asyncio.gather(recruiter, return_exceptions=True)

    async def _recruit(
        self,
        view: ClusterView,
        selection: LogSelection,
        last: dict[str, float],
        queue: asyncio.Queue[LogLine],
    ) -> None:
        """Start a follower for every selected pod, those that come later too."""
        followed: set[str] = set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                revision = self._store.revision
                known = self._store.state.cluster.value or view
                for pod in self._selected(known, selection):
                    if pod.uid not in followed and pod.state in _STARTED:
                        followed.add(pod.uid)
                        tasks.create_task(self._follow(pod, last.get(pod.uid), queue))
                await self._store.changed(revision)

    @staticmethod
    def _selected(view: ClusterView, selection: LogSelection) -> list[Pod]:
        try:
            return select(view.pods, selection)
        except UsageProblem:
            # The one pod asked for is gone (or not back yet): keep waiting, a follower must not end for it.
            return []

    async def _follow(self, pod: Pod, since: float | None, queue: asyncio.Queue[LogLine]) -> None:
        """One pod's lines until it is gone for good; a container that starts again is followed again."""
        broken = False
        while True:
            request = LogRequest(pod.namespace, pod.name, _container(pod), follow=True, since=since)
            try:
                # Asked for each time: the cluster may have been looked up again meanwhile.
                kubernetes = await self._connection.kubernetes()
                async with contextlib.aclosing(kubernetes.follow_log(request)) as lines:
                    async for line in lines:
                        since, broken = max(since or 0.0, line.at), False
                        await queue.put(_place(line, pod))
            except NotFound:
                return
            except CallError as error:
                if not broken:
                    broken = True
                    mark = LogLine(pod.name, self._clock.now(), error.problem.said, gap=True)
                    await queue.put(_place(mark, pod))
            await self._clock.sleep(_AGAIN)
            if self._gone(pod):
                return

    def _gone(self, pod: Pod) -> bool:
        view = self._store.state.cluster.value
        now = view.pods.get(pod.uid) if view else pod
        return now is None or now.state in {HostState.DONE, HostState.FAILED}


async def _next(queue: asyncio.Queue[LogLine], source: asyncio.Task[None]) -> LogLine:
    """The next line; raises what ended `source`, if that comes first."""
    if not queue.empty():
        return queue.get_nowait()
    getter = asyncio.create_task(queue.get())
    try:
        await asyncio.wait({getter, source}, return_when=asyncio.FIRST_COMPLETED)
        if not getter.done():
            source.result()
        return await getter
    finally:
        getter.cancel()


def _container(pod: Pod) -> str:
    return pod.containers[0] if pod.containers else ""


def _place(line: LogLine, pod: Pod) -> LogLine:
    return replace(line, slice=pod.slice, host=pod.host)
