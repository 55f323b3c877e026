"""What the watches know, kept so that a frozen ClusterView can be taken at any time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from saxtui.adapters.kubernetes import decode, decode_workloads, wire
from saxtui.adapters.kubernetes.breath import breathe
from saxtui.adapters.kubernetes.pod_index import PodIndex
from saxtui.model.cluster import ClusterEvent, ClusterView, Freshness, JobSetStatus

_EVENTS = 500
_SLICE = 32
"""Objects decoded before the event loop gets a turn."""
_SLICES = 64
"""Slices frozen before the event loop gets a turn."""
_MANY = 500
"""Objects taken over before the event loop gets a turn."""
_MOST_GONE = 64
"""Deleted pods told of in one view."""
_SYSTEM_POD = "system Pod"
_NO_JOBSET = JobSetStatus()
_CHANGING = frozenset({"ADDED", "MODIFIED", "DELETED"})
_OURS = "sax-model-server-set"

_DECODERS: dict[str, tuple[msgspec.json.Decoder[Any], Any]] = {
    "Pod": (msgspec.json.Decoder(wire.Pod), decode.pod),
    "Service": (msgspec.json.Decoder(wire.Service), decode.service),
    "Event": (msgspec.json.Decoder(wire.Event), decode.event),
    "JobSet": (msgspec.json.Decoder(wire.JobSet), decode.jobset),
    "Job": (msgspec.json.Decoder(wire.Job), decode_workloads.job),
    "Node": (msgspec.json.Decoder(wire.Node), decode_workloads.node),
    "Deployment": (msgspec.json.Decoder(wire.Deployment), decode_workloads.deployment),
}

_CHANGES: dict[str, msgspec.json.Decoder[Any]] = {
    "Pod": msgspec.json.Decoder(wire.Changed[wire.Pod]),
    "Service": msgspec.json.Decoder(wire.Changed[wire.Service]),
    "Event": msgspec.json.Decoder(wire.Changed[wire.Event]),
    "JobSet": msgspec.json.Decoder(wire.Changed[wire.JobSet]),
    "Job": msgspec.json.Decoder(wire.Changed[wire.Job]),
    "Node": msgspec.json.Decoder(wire.Changed[wire.Node]),
    "Deployment": msgspec.json.Decoder(wire.Changed[wire.Deployment]),
}


class Picture:
    """Objects by kind and uid. Single-threaded: changed and read on the event loop.

    Pods of the namespace `system` are kept apart from the deployment's own.
    """

    def __init__(self, system: str = "") -> None:
        self._system = system
        self._objects: dict[str, dict[str, Any]] = {kind: {} for kind in (*_DECODERS, _SYSTEM_POD)}
        self._fresh: dict[tuple[str, str], tuple[str, Any]] = {}
        """Changed since the last view, as it came: (drawer, uid) to (kind, object). Many changes, one conversion."""
        self._namespace: dict[str, str] = {}
        self._pods = PodIndex(self._objects["Pod"])
        self._gone: list[Any] = []
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._shown_events: tuple[ClusterEvent, ...] | None = ()

    async def decoded(self, kind: str, items: Iterable[msgspec.Raw]) -> dict[str, Any]:
        """Objects by uid, for `replace`. Raises msgspec.MsgspecError."""
        decoder, convert = _DECODERS[kind]
        fresh: dict[str, Any] = {}
        for number, item in enumerate(items):
            found = decoder.decode(item)
            fresh[found.metadata.uid] = self._made(kind, found, convert)
            if number % _SLICE == _SLICE - 1:
                await breathe()
        return fresh

    async def replace(self, kind: str, namespace: str, fresh: Mapping[str, Any]) -> None:
        """The whole truth about one kind in one namespace: what is not in `fresh` is gone."""
        await self.settle()
        self._take_in(len(self._fresh))  # nothing older may be converted after the list
        drawer = self._drawer(kind, namespace)
        known = self._objects[drawer]
        for uid in [uid for uid in known if self._namespace.get(uid) == namespace and uid not in fresh]:
            self._remove(drawer, uid)
        for number, (uid, item) in enumerate(fresh.items()):
            # What is the same as before stays the same object: views look only at what changed.
            if known.get(uid) != item:
                self._put(drawer, uid, item)
            if number % _MANY == _MANY - 1:
                await breathe()
        self._namespace.update(dict.fromkeys(fresh, namespace))
        self._trim()

    def change(self, kind: str, item: msgspec.Raw, *, deleted: bool) -> str:
        """One ADDED, MODIFIED or DELETED object; returns its resourceVersion."""
        return self._fold(kind, _DECODERS[kind][0].decode(item), deleted=deleted)

    def read(self, kind: str, line: bytes) -> tuple[str, str]:
        """One line of a watch, read in one go: its type and resourceVersion; BOOKMARKs change nothing.

        Raises msgspec.MsgspecError for what is no change of this kind, such as an ERROR.
        """
        change = _CHANGES[kind].decode(line)
        if change.type in _CHANGING:
            return change.type, self._fold(kind, change.object, deleted=change.type == "DELETED")
        return change.type, change.object.metadata.resource_version

    def _made(self, kind: str, found: Any, convert: Any) -> Any:
        """The model's record of an object; of a pod, with what has not changed since."""
        if kind == "Pod":
            return convert(found, self._objects["Pod"].get(found.metadata.uid))
        return convert(found)

    def _fold(self, kind: str, found: Any, *, deleted: bool) -> str:
        key = self._drawer(kind, found.metadata.namespace), found.metadata.uid
        if deleted:
            self._fresh.pop(key, None)
            if key[0] == "Pod" and _ended(found):
                # A restart deletes within a moment: the pod whose end was the cause may never be in a picture.
                self._gone.append(self._made(kind, found, _DECODERS[kind][1]))
            self._remove(*key)
        else:
            self._fresh[key] = kind, found
        return str(found.metadata.resource_version)

    async def settle(self) -> None:
        """Convert what changed, with turns for the event loop in between. What comes meanwhile may be left."""
        while len(self._fresh) > _SLICE:
            self._take_in(_SLICE)
            await breathe()
        self._take_in(_SLICE)
        while self._pods.gather(_SLICES):
            await breathe()

    def _take_in(self, most: int) -> None:
        for key in list(itertools.islice(self._fresh, most)):
            (drawer, uid), (kind, found) = key, self._fresh.pop(key)
            self._put(drawer, uid, self._made(kind, found, _DECODERS[kind][1]))
            self._namespace[uid] = found.metadata.namespace
        self._trim()

    def view(
        self, freshness: Freshness, seen: float, error: str, hidden: Mapping[str, str] = MappingProxyType({}),
        *, whole: bool = True,
    ) -> ClusterView:  # fmt: skip
        """The picture now: pods by uid, services by name, the newest events last.

        Not `whole`: as `settle` left it, without what came since and would have to be converted at once.
        """
        if whole:
            self._take_in(len(self._fresh))
        # Ours, where somebody else has one in the namespace too.
        jobsets: list[JobSetStatus] = sorted(
            self._objects["JobSet"].values(), key=lambda item: (item.name != _OURS, item.name)
        )
        gathered = self._pods.taken()
        gone, self._gone = tuple(self._gone[-_MOST_GONE:]), []
        return ClusterView(
            pods=gathered.pods,
            system=self._frozen(_SYSTEM_POD, None),
            nodes=self._frozen("Node", None),
            jobs=self._frozen("Job", None),
            deployments=self._frozen("Deployment", _by_name),
            hidden=hidden,
            services=self._frozen("Service", _by_name),
            events=self._events(),
            jobset=jobsets[0] if jobsets else _NO_JOBSET,
            freshness=freshness,
            seen=seen,
            error=error,
            gone=gone,
            gathered=gathered,
        )

    def _drawer(self, kind: str, namespace: str) -> str:
        return _SYSTEM_POD if kind == "Pod" and self._system and namespace == self._system else kind

    def _events(self) -> tuple[ClusterEvent, ...]:
        """The newest events, oldest first; sorted again only after one came or went."""
        if self._shown_events is None:
            found = sorted(self._objects["Event"].values(), key=lambda item: item.at)
            self._shown_events = tuple(found[-_EVENTS:])
        return self._shown_events

    def _frozen(self, drawer: str, key: Callable[[Any], str] | None) -> Mapping[str, Any]:
        """A drawer as it is now, by uid or by `key`; the same object until something in it changes."""
        shown = self._shown.get(drawer)
        if shown is None:
            found = self._objects[drawer]
            shown = MappingProxyType(found.copy() if key is None else {key(item): item for item in found.values()})
            self._shown[drawer] = shown
        return shown

    def _put(self, drawer: str, uid: str, item: Any) -> None:
        if drawer == "Pod":
            self._pods.put(uid, item)
        else:
            self._objects[drawer][uid] = item
            self._changed(drawer)

    def _changed(self, drawer: str) -> None:
        self._shown.pop(drawer, None)
        if drawer == "Event":
            self._shown_events = None

    def _remove(self, drawer: str, uid: str) -> None:
        if drawer == "Pod":
            self._pods.drop(uid)
        elif self._objects[drawer].pop(uid, None) is not None:
            self._changed(drawer)
        self._namespace.pop(uid, None)

    def _trim(self) -> None:
        """Forget the oldest events beyond twice the number shown."""
        events = self._objects["Event"]
        if len(events) > 2 * _EVENTS:
            for uid in sorted(events, key=lambda key: events[key].at)[:-_EVENTS]:
                self._remove("Event", uid)


def _ended(pod: wire.Pod) -> bool:
    found = (state for each in pod.status.container_statuses or () for state in (each.state, each.last_state))
    return any(state is not None and state.terminated is not None for state in found)


def _by_name(item: Any) -> str:
    return str(item.name)
