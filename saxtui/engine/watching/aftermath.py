"""Remembers how containers ended, with their last lines: a JobSet's restart deletes the pods that could tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from saxtui.engine.diagnosis.case import Fallen, endings
from saxtui.errors import CallError
from saxtui.model.cluster import ClusterView, LogLine, Pod, SlicePods
from saxtui.ports import Kubernetes, LogRequest

_KEPT = 64
_LINES = 200
"""Last lines kept of each."""


class Aftermath:
    """Told of every view; `fallen` is what it remembers, oldest first."""

    def __init__(self, connect: Callable[[], Awaitable[Kubernetes]]) -> None:
        self._connect = connect
        self._fallen: dict[tuple[str, float], Fallen] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: Mapping[int, SlicePods] = {}

    @property
    def fallen(self) -> tuple[Fallen, ...]:
        """What has ended badly since the watch began."""
        return tuple(self._fallen.values())

    def see(self, view: ClusterView) -> None:
        """Note what is new, and fetch its last lines while they can be had."""
        before, self._seen = self._seen, view.slices
        hosts = [
            pod
            for index, pods in view.slices.items()
            if pods is not (old := before.get(index))
            for pod in pods.news(old)
        ]
        for found in endings((*hosts, *(pod for pod in view.loose if pod.slice >= 0 or pod.app), *view.gone)):
            key = (found.uid, found.ending.at)
            if key in self._fallen:
                continue
            self._fallen[key] = found
            while len(self._fallen) > _KEPT:
                del self._fallen[next(iter(self._fallen))]
            pod = next((pod for pod in view.gone if pod.uid == found.uid), None) or view.pods[found.uid]
            task = asyncio.create_task(self._read(key, pod), name="read last lines")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop reading."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, key: tuple[str, float], pod: Pod) -> None:
        container = pod.containers[0] if pod.containers else ""
        state = next((item for item in pod.states if item.name == container), None)
        again = state is not None and (state.running or bool(state.waiting))
        request = LogRequest(pod.namespace, pod.name, container, tail=_LINES, previous=again)
        try:
            kubernetes = await self._connect()
            lines = await kubernetes.read_log(request)
        except CallError:
            # Gone already: that it ended, and how, is still known.
            return
        if key in self._fallen:
            self._fallen[key] = replace(self._fallen[key], lines=_placed(lines, pod))


def _placed(lines: Iterable[LogLine], pod: Pod) -> tuple[LogLine, ...]:
    return tuple(replace(line, slice=pod.slice, host=pod.host) for line in lines)
