"""Logs of many pods as one stream in order of time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Coroutine, Mapping
from dataclasses import dataclass

from saxtui.engine.store import Store
from saxtui.engine.watching.connection import Connection
from saxtui.engine.watching.log_merge import LogMerger
from saxtui.engine.watching.turns import LoopTurns
from saxtui.engine.watching.watch import Watching
from saxtui.errors import CallError, Invalid, NotFound, Problem, UsageProblem
from saxtui.model.cluster import ClusterView, HostState, LogLine, Pod
from saxtui.model.log_batch import LogBatch, LogLines, LogSource, stamp_of
from saxtui.ports import Clock, LogRequest

_TICK = 0.03
"""Real seconds in which lines gather to a batch."""
_FULL = 2_048
"""A batch of so many lines says that more of them are ready."""
_AGAIN = 2.0
_ROOM = 65_536
"""Lines that may wait for their turn in the order of time, over all sources; a source with its share waits."""
_LEAST_ROOM = 2_048
_STARTED = frozenset(HostState) - {HostState.WAITING, HostState.STARTING, HostState.ABSENT}


@dataclass(frozen=True, slots=True)
class LogSelection:
    """Which logs: one pod by name (or unambiguous prefix), one slice, all primaries, or (all blank) every host.

    `previous`: of the container that ran before the present one; such a log is over and cannot be followed.
    """

    pod: str = ""
    slice: int | None = None
    primaries: bool = False
    previous: bool = False


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
    found = []
    for pod in pods.values():
        if pod.name.startswith(name):
            if len(pod.name) == len(name):
                return pod
            found.append(pod)
    if len(found) == 1:
        return found[0]
    found.sort(key=lambda pod: pod.name)
    if found:
        said = f"fits {len(found)} pods: {', '.join(pod.name for pod in found[:6])}"
    else:
        names = sorted(pod.name for pod in pods.values())
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        said = f"no such pod; there are: {', '.join(names[:8]) or 'none'}{more}"
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

    async def lines(
        self, selection: LogSelection, *, follow: bool, tail: int | None, since: float | None = None
    ) -> AsyncGenerator[LogLine, None]:
        """The same as `batches`, line by line."""
        async with contextlib.aclosing(self.batches(selection, follow=follow, tail=tail, since=since)) as batches:
            async for batch in batches:
                for line in batch.lines():
                    yield line

    async def batches(
        self, selection: LogSelection, *, follow: bool, tail: int | None, since: float | None = None
    ) -> AsyncGenerator[LogBatch, None]:
        """Lines in order of time; with `follow` for ever, and new pods of the selection join by themselves.

        `tail` limits the lines of each pod before now, `since` (epoch seconds) says where they begin. Whoever does not
        ask for the next batch holds the streams back. Raises UsageProblem, CallError.
        """
        view = await self._watching.known()
        run = _Run(self._store, self._connection, self._clock, selection, tail, since)
        chosen = select(view.pods, selection)
        if not follow or selection.previous:
            async with contextlib.aclosing(run.merged(run.read(chosen))) as batches:
                async for batch in batches:
                    yield batch
            return
        async with self._watching.held(), contextlib.aclosing(run.merged(run.follow(view))) as batches:
            async for batch in batches:
                yield batch


class _Run:
    """One reading of the selected logs: a stream for each pod, and the merger they all end in."""

    def __init__(
        self, store: Store, connection: Connection, clock: Clock, selection: LogSelection,
        tail: int | None, since: float | None,
    ) -> None:  # fmt: skip
        self._store = store
        self._connection = connection
        self._clock = clock
        self._selection = selection
        self._tail = tail
        self._since = since
        self._merger = LogMerger()
        self._turns = LoopTurns()
        self._last = ""
        """The pod followed last, by uid."""
        self._came = asyncio.Event()
        self._left = asyncio.Event()

    async def merged(self, sources: Coroutine[None, None, None]) -> AsyncGenerator[LogBatch, None]:
        """What `sources` puts into the merger, until it ends and nothing waits. Raises what it raises."""
        task = asyncio.create_task(sources, name="read logs")
        task.add_done_callback(lambda _: self._came.set())
        try:
            while True:
                batch = self._merger.take(time.monotonic())
                if batch:
                    self._left.set()
                    self._left.clear()
                    yield batch
                if len(batch) >= _FULL:
                    await self._turns.turn(ahead=True)
                    continue
                if len(self._merger):
                    await asyncio.sleep(_TICK)
                    continue
                if task.done():
                    task.result()
                    return
                await self._came.wait()
                self._came.clear()
                if not task.done():
                    await asyncio.sleep(_TICK)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # -- once
    async def read(self, pods: list[Pod]) -> None:
        """What these pods have logged until now. Raises CallError."""
        indexes = [self._add(pod) for pod in pods]
        await asyncio.gather(
            *(self._read(pod, index, lenient=len(pods) > 1) for pod, index in zip(pods, indexes, strict=True))
        )

    async def _read(self, pod: Pod, index: int, *, lenient: bool) -> None:
        reader = _Reader(pod, index)
        try:
            await self._stream(reader, self._request(reader, follow=False, tail=self._tail))
        except NotFound:
            # Gone since the list: it has no lines, and that is no failure of the others.
            return
        except Invalid:
            # Not started yet, or never before.
            if not lenient and self._selection.previous:
                raise
        finally:
            self._end(index)

    # -- for ever
    async def follow(self, view: ClusterView) -> None:
        """A follower for every selected pod, those that come later too; only those of the beginning keep `tail`."""
        followed: set[str] = set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                revision = self._store.revision
                known = self._store.state.cluster.value or view
                for pod in self._selected(known):
                    if pod.uid not in followed and (pod.state in _STARTED or pod.restarts):
                        followed.add(pod.uid)
                        self._last = pod.uid
                        tasks.create_task(self._follow(pod, self._tail if pod.uid in view.pods else None))
                while (now := self._store.state.cluster.value) is None or now.pods is known.pods:
                    revision = await self._store.changed(revision)

    def _selected(self, view: ClusterView) -> list[Pod]:
        """The selected pods, found without a look at all pods where that can be: this is asked after every change."""
        if self._selection.pod and self._last in view.pods:
            return [view.pods[self._last]]
        pods = view.pods
        if self._selection.slice is not None:
            found = view.slices.get(self._selection.slice)
            pods = {pod.uid: pod for pod in (*found.present, *found.others)} if found else {}
        try:
            return select(pods, self._selection)
        except UsageProblem:
            # The one pod asked for is gone (or not back yet): keep waiting, a follower must not end for it.
            return []

    async def _follow(self, pod: Pod, tail: int | None) -> None:
        """One pod's lines until it is gone for good; a container that starts again is followed again."""
        reader = _Reader(pod, self._add(pod))
        try:
            while True:
                try:
                    await self._stream(reader, self._request(reader, follow=True, tail=tail))
                except NotFound:
                    return
                except CallError as error:
                    if not reader.broken:
                        reader.broken = True
                        mark = LogLines([stamp_of(self._clock.now())], [error.problem.said.encode()], gap=True)
                        self._put(reader.index, mark)
                await self._clock.sleep(_AGAIN)
                if self._gone(pod):
                    return
        finally:
            self._end(reader.index)

    def _gone(self, pod: Pod) -> bool:
        view = self._store.state.cluster.value
        now = view.pods.get(pod.uid) if view else pod
        return now is None or now.state in {HostState.DONE, HostState.FAILED}

    # -- one stream
    async def _stream(self, reader: _Reader, request: LogRequest) -> None:
        """One answer's lines into the merger, held back while too many of this source wait there."""
        # Asked for each time: the cluster may have been looked up again meanwhile.
        kubernetes = await self._connection.kubernetes()
        async with contextlib.aclosing(kubernetes.stream_log(request, self._turns)) as parts:
            async for lines in parts:
                if lines and not lines.gap:
                    reader.after, reader.broken = lines.stamps[-1], False
                self._put(reader.index, lines)
                while self._merger.waiting(reader.index) > max(_LEAST_ROOM, _ROOM // len(self._merger.sources)):
                    await self._left.wait()

    def _request(self, reader: _Reader, *, follow: bool, tail: int | None) -> LogRequest:
        pod = reader.pod
        return LogRequest(
            pod.namespace, pod.name, pod.containers[0] if pod.containers else "", follow=follow, tail=tail,
            since=self._since, previous=self._selection.previous, after=reader.after,
        )  # fmt: skip

    def _add(self, pod: Pod) -> int:
        return self._merger.add(LogSource(pod.name, pod.slice, pod.host), time.monotonic())

    def _put(self, index: int, lines: LogLines) -> None:
        self._merger.put(index, lines, time.monotonic())
        self._came.set()

    def _end(self, index: int) -> None:
        self._merger.end(index)
        self._came.set()


@dataclass(slots=True)
class _Reader:
    """Where the reading of one pod's log stands."""

    pod: Pod
    index: int
    after: bytes = b""
    broken: bool = False
