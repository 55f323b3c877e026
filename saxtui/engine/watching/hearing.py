"""Reads the pods' logs for what they mean, each only from where the last reading ended. Shared: none is read twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from saxtui.engine.serving.ladder import Told, read_admin, read_servable
from saxtui.engine.watching.host_log import Heard, advance
from saxtui.errors import CallError
from saxtui.model.cluster import Pod
from saxtui.model.serving import Rung
from saxtui.ports import Kubernetes, LogRequest

ADMIN_APP = "sax-admin-server"
_AT_ONCE = 8
"""Logs read at the same time: a thousand hosts must not mean a thousand connections."""


@dataclass(slots=True)
class Reading:
    """One container's life: where its log was read to, what it told of models, and what its process is at.

    `servable`: the model classes that a primary said it can serve.
    """

    read_to: float | None = None
    read: bool = False
    told: list[Told] = field(default_factory=list)
    servable: list[str] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Hearing:
    """The readings by pod and restart. A log that cannot be read now adds nothing; the next call tries again."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, int], Reading] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def of(self, pod: Pod) -> Reading:
        """What was read of this pod's present container so far."""
        found = self.known(pod)
        if found is None:
            found = self._readings[pod.uid, pod.restarts] = Reading()
        return found

    def known(self, pod: Pod) -> Reading | None:
        """The same, None when nobody asked for it yet: most hosts of a large cluster are never read."""
        return self._readings.get((pod.uid, pod.restarts))

    async def listen(self, kubernetes: Kubernetes, pods: Iterable[Pod], tail: int) -> frozenset[str]:
        """Read on in these pods' logs; returns the uids whose log told something new. `tail`: lines of a first read."""
        asked = list(pods)
        news = await asyncio.gather(*(self._read(kubernetes, pod, tail) for pod in asked))
        return frozenset(pod.uid for pod, new in zip(asked, news, strict=True) if new)

    def forget(self, pods: Mapping[str, Pod]) -> None:
        """Keep only what was read of pods that are still there, and of no container that has started again since."""
        for uid, restarts in list(self._readings):
            pod = pods.get(uid)
            if pod is None or pod.restarts > restarts:
                del self._readings[uid, restarts]

    async def _read(self, kubernetes: Kubernetes, pod: Pod, tail: int) -> bool:
        reading = self.of(pod)
        container = pod.containers[0] if pod.containers else ""
        async with self._turns, reading.lock:
            request = LogRequest(
                pod.namespace, pod.name, container, tail=None if reading.read else tail, since=reading.read_to
            )
            try:
                lines = await kubernetes.read_log(request)
            except CallError:
                return False
            first, reading.read = not reading.read, True
            if not lines:
                return first
            reading.read_to = max(line.at for line in lines)
            if pod.app == ADMIN_APP:
                reading.told += read_admin(lines)
                return False
            if pod.primary:
                reading.servable += read_servable(lines)
            before = reading.heard
            reading.heard, told = advance(before, lines)
            for item in told:
                _keep(reading.told, item)
            return first or reading.heard != before


def _keep(told: list[Told], item: Told) -> None:
    """A host that answers all day says the same each time: the first and the newest answer of a row are enough."""
    if len(told) > 1 and all((last.rung, last.key) == (Rung.ANSWERED, item.key) for last in (*told[-2:], item)):
        told[-1] = item
    else:
        told.append(item)
