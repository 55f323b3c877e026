"""Gathers what the pods' logs tell of models, reading each log only from where the last reading ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from saxtui.engine.ladder import Told, read_admin, read_server
from saxtui.errors import CallError
from saxtui.model.cluster import ClusterView, LogLine, Pod
from saxtui.ports import Kubernetes, LogRequest

_ADMIN_APP = "sax-admin-server"
_FIRST_TAIL = 20_000
_WITNESS_HOST = 1
"""A secondary: it logs the unloads and the requests that the primary does not."""


@dataclass(slots=True)
class _Reading:
    """One container's life: where its log was read to, and what was found in it."""

    read_to: float | None = None
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the logs tell: by slice from its own hosts, and by server address from the admin server."""

    slices: dict[int, list[Told]]
    admin: list[Told]
    addresses: dict[int, tuple[str, ...]]

    def of_slice(self, index: int) -> list[Told]:
        """What the slice's own hosts told."""
        return self.slices.get(index, [])

    def of_admin(self, index: int) -> list[Told]:
        """What the admin server told about this slice's server, known by its primary's addresses."""
        known = self.addresses.get(index, ())
        return [told for told in self.admin if told.server.rsplit(":", 1)[0] in known]


class Witnesses:
    """The logs that can tell of models: of each slice the primary and one secondary, and the admin server's."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, int], _Reading] = {}

    async def hear(self, kubernetes: Kubernetes, view: ClusterView) -> Testimony:
        """Read on in every witness's log. A log that cannot be read now adds nothing; the next call tries again."""
        hosts: list[Pod] = []
        addresses: dict[int, tuple[str, ...]] = {}
        for index in view.slice_indexes:
            found = view.hosts(index)
            hosts += [found[host] for host in (0, _WITNESS_HOST) if host in found]
            if 0 in found:
                addresses[index] = tuple(text for text in (found[0].node_ip, found[0].pod_ip) if text)
        admins = [pod for pod in view.pods.values() if pod.app == _ADMIN_APP]
        await asyncio.gather(
            *(self._read(kubernetes, pod, read_server) for pod in hosts),
            *(self._read(kubernetes, pod, read_admin) for pod in admins),
        )
        slices: dict[int, list[Told]] = {}
        for pod in hosts:
            slices.setdefault(pod.slice, []).extend(self._accepted(pod))
        return Testimony(slices, [told for pod in admins for told in self._reading(pod).told], addresses)

    def _accepted(self, pod: Pod) -> list[Told]:
        """A secondary's word counts for unloads and answers only: its own load says nothing of the primary's."""
        told = self._reading(pod).told
        return told if pod.primary else [item for item in told if item.rung.name in {"NONE", "ANSWERED"}]

    def _reading(self, pod: Pod) -> _Reading:
        return self._readings.setdefault((pod.uid, pod.restarts), _Reading())

    async def _read(self, kubernetes: Kubernetes, pod: Pod, parse: Callable[[Iterable[LogLine]], list[Told]]) -> None:
        reading = self._reading(pod)
        tail = _FIRST_TAIL if reading.read_to is None else None
        container = pod.containers[0] if pod.containers else ""
        try:
            lines = await kubernetes.read_log(
                LogRequest(pod.namespace, pod.name, container, tail=tail, since=reading.read_to)
            )
        except CallError:
            return
        if lines:
            reading.read_to = max(line.at for line in lines)
            reading.told += parse(lines)
