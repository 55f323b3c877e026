"""What the watches know, kept so that a frozen ClusterView can be taken at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from saxtui.adapters.kubernetes import decode, decode_workloads, wire
from saxtui.model.cluster import ClusterEvent, ClusterView, Freshness, JobSetStatus

_EVENTS = 500
_SLICE = 100
"""Objects decoded before the event loop gets a turn."""
_SYSTEM_POD = "system Pod"

_DECODERS: dict[str, tuple[msgspec.json.Decoder[Any], Any]] = {
    "Pod": (msgspec.json.Decoder(wire.Pod), decode.pod),
    "Service": (msgspec.json.Decoder(wire.Service), decode.service),
    "Event": (msgspec.json.Decoder(wire.Event), decode.event),
    "JobSet": (msgspec.json.Decoder(wire.JobSet), decode.jobset),
    "Job": (msgspec.json.Decoder(wire.Job), decode_workloads.job),
    "Node": (msgspec.json.Decoder(wire.Node), decode_workloads.node),
    "Deployment": (msgspec.json.Decoder(wire.Deployment), decode_workloads.deployment),
}


class Picture:
    """Objects by kind and uid. Single-threaded: changed and read on the event loop.

    Pods of the namespace `system` are kept apart from the deployment's own.
    """

    def __init__(self, system: str = "") -> None:
        self._system = system
        self._objects: dict[str, dict[str, Any]] = {kind: {} for kind in (*_DECODERS, _SYSTEM_POD)}
        self._namespace: dict[str, str] = {}

    async def replace(self, kind: str, namespace: str, items: Iterable[msgspec.Raw]) -> None:
        """The whole truth about one kind in one namespace: what is not in `items` is gone."""
        decoder, convert = _DECODERS[kind]
        fresh: dict[str, Any] = {}
        for number, item in enumerate(items):
            found = decoder.decode(item)
            fresh[found.metadata.uid] = convert(found)
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        drawer = self._drawer(kind, namespace)
        known = self._objects[drawer]
        for uid in [uid for uid in known if self._namespace.get(uid) == namespace and uid not in fresh]:
            self._remove(drawer, uid)
        known.update(fresh)
        self._namespace.update(dict.fromkeys(fresh, namespace))
        self._trim()

    def change(self, kind: str, item: msgspec.Raw, *, deleted: bool) -> str:
        """One ADDED, MODIFIED or DELETED object; returns its resourceVersion."""
        decoder, convert = _DECODERS[kind]
        found = decoder.decode(item)
        uid = found.metadata.uid
        drawer = self._drawer(kind, found.metadata.namespace)
        if deleted:
            self._remove(drawer, uid)
        else:
            self._objects[drawer][uid] = convert(found)
            self._namespace[uid] = found.metadata.namespace
        self._trim()
        return str(found.metadata.resource_version)

    def view(
        self, freshness: Freshness, seen: float, error: str, hidden: Mapping[str, str] = MappingProxyType({})
    ) -> ClusterView:
        """The picture now: pods by uid, services by name, the newest events last."""
        jobsets: list[JobSetStatus] = sorted(self._objects["JobSet"].values(), key=lambda item: item.name)
        events: list[ClusterEvent] = sorted(self._objects["Event"].values(), key=lambda item: item.at)
        return ClusterView(
            pods=MappingProxyType(dict(self._objects["Pod"])),
            system=MappingProxyType(dict(self._objects[_SYSTEM_POD])),
            nodes=MappingProxyType(dict(self._objects["Node"])),
            jobs=MappingProxyType(dict(self._objects["Job"])),
            deployments=MappingProxyType({item.name: item for item in self._objects["Deployment"].values()}),
            hidden=hidden,
            services=MappingProxyType({item.name: item for item in self._objects["Service"].values()}),
            events=tuple(events[-_EVENTS:]),
            jobset=jobsets[0] if jobsets else JobSetStatus(),
            freshness=freshness,
            seen=seen,
            error=error,
        )

    def _drawer(self, kind: str, namespace: str) -> str:
        return _SYSTEM_POD if kind == "Pod" and self._system and namespace == self._system else kind

    def _remove(self, kind: str, uid: str) -> None:
        self._objects[kind].pop(uid, None)
        self._namespace.pop(uid, None)

    def _trim(self) -> None:
        """Forget the oldest events beyond twice the number shown."""
        events = self._objects["Event"]
        if len(events) > 2 * _EVENTS:
            for uid in sorted(events, key=lambda key: events[key].at)[:-_EVENTS]:
                self._remove("Event", uid)
