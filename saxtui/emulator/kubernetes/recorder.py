"""Events about objects: written, counted up when they repeat, forgotten after an hour."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from saxtui.emulator.kubernetes.objects import Json, Key, epoch, key_of

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

TTL = 3600.0
"""Seconds an Event lives after it last changed (kube-apiserver --event-ttl)."""

Signature = tuple[str, str, str, str, str, str]


class Recorder:
    """Writes the Events of one cluster's controllers, kubelets and scheduler."""

    def __init__(self, store: KubeStore) -> None:
        self._store = store
        self._seen: OrderedDict[Signature, tuple[Key, float]] = OrderedDict()

    def record(self, obj: Json, reason: str, message: str, *, warning: bool, source: str) -> None:
        """See KubeStore.record_event. Events about cluster-scoped objects are kept in namespace default."""
        store, metadata = self._store, obj["metadata"]
        namespace = str(metadata.get("namespace") or "default")
        home = store.peek("Namespace", "", namespace)
        if home is None or home["metadata"].get("deletionTimestamp"):
            return
        self._forget_old()
        kind = "Warning" if warning else "Normal"
        signature = (namespace, str(metadata.get("uid") or metadata["name"]), reason, message, kind, source)
        key, _ = self._seen.pop(signature, (("", ""), 0.0))
        same = store.peek("Event", *key)
        if same is not None:
            again = {**same, "metadata": dict(same["metadata"]), "lastTimestamp": store.world.stamp()}
            again["count"] = int(same.get("count") or 1) + 1
            store.update(again, manager=source or "event-recorder")
        else:
            key = (namespace, f"{metadata['name']}.{store.world.hex(16)}")
            store.create(self._event(obj, key, reason, message, kind, source), manager=source or "event-recorder")
        self._seen[signature] = (key, store.world.now)

    def resume(self) -> None:
        """Know again the Events that the store holds, oldest first."""
        for event in sorted(self._store.list("Event"), key=lambda each: str(each.get("lastTimestamp") or "")):
            about = event.get("involvedObject") or {}
            namespace, name = key_of(event)
            who = str(about.get("uid") or about.get("name") or "")
            source = str((event.get("source") or {}).get("component") or "")
            words = (str(event.get("reason") or ""), str(event.get("message") or ""), str(event.get("type") or ""))
            at = epoch(event.get("lastTimestamp")) or self._store.world.now
            self._seen[(namespace, who, *words, source)] = ((namespace, name), at)

    def _event(self, obj: Json, key: Key, reason: str, message: str, kind: str, source: str) -> Json:
        now = self._store.world.stamp()
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": key[1], "namespace": key[0]},
            "involvedObject": reference(obj),
            "reason": reason,
            "message": message,
            "source": {"component": source} if source else {},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": source,
            "reportingInstance": "",
        }

    def _forget_old(self) -> None:
        limit = self._store.world.now - TTL
        while self._seen:
            signature, (key, at) = next(iter(self._seen.items()))
            if at >= limit:
                return
            del self._seen[signature]
            self._store.delete("Event", *key)


def reference(obj: Json) -> Json:
    """An ObjectReference to `obj`."""
    metadata = obj["metadata"]
    out = {
        "kind": obj["kind"],
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata.get("uid"),
        "apiVersion": obj["apiVersion"],
        "resourceVersion": metadata.get("resourceVersion"),
    }
    return {key: value for key, value in out.items() if value is not None}
