"""One cluster's objects: the store behind its API server.

Objects are plain JSON dicts with apiVersion and kind. One rising resourceVersion for all. Synchronous and pure.
Controllers call it directly and hear every change; the HTTP skin translates requests into these calls. What is stored
is never changed in place: a write stores a new dict, which may share unchanged parts with the one before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from saxtui.emulator.kubernetes import admission, fields, gc, status
from saxtui.emulator.kubernetes.history import Change, History
from saxtui.emulator.kubernetes.kinds import KindInfo, Registry
from saxtui.emulator.kubernetes.logbook import LogBook
from saxtui.emulator.kubernetes.objects import (
    Key,
    container_names,
    copy_json,
    key_of,
    labels_of,
    meta,
    owner_uids,
    terminating,
)
from saxtui.emulator.kubernetes.recorder import Recorder
from saxtui.emulator.kubernetes.status import ApiError as ApiError
from saxtui.emulator.world import World

Json = dict[str, Any]
Jsons = list[Json]
Listener = Callable[[str, Json, Json | None], None]
"""(event type ADDED|MODIFIED|DELETED, object, object before)."""

Where = tuple[str, str, str]
"""(kind, namespace, name)."""

NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What generateName suffixes are made of: no vowels, no look-alikes."""

_SERVER_SET = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")


class KubeStore:
    """Objects by (kind, namespace, name)."""

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self.key = key
        self.registry = Registry()
        self.logs = LogBook()
        self.rv = 100
        self._objects: dict[str, dict[Key, Json]] = {}
        self._order: dict[str, list[Key]] = {}
        self._history: dict[str, History] = {}
        self._by_uid: dict[str, Where] = {}
        self._dependents: dict[str, set[Where]] = {}
        self._in_namespace: Counter[str] = Counter()
        self._listeners: list[Listener] = []
        self._untold: deque[tuple[str, Json, Json | None]] = deque()
        self._telling = False
        self._recorder = Recorder(self)
        self._forgotten = 0

    # -- reading
    def info(self, kind: str) -> KindInfo:
        """What is served under this Kind name. Raises ApiError 400."""
        found = self.registry.kind(kind)
        if found is None:
            raise status.bad_request(f'no kind "{kind}" is registered')
        return found

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """A copy, or None. `kind` is the Kind name, e.g. "Pod"; namespace "" for cluster-scoped."""
        found = self.peek(kind, namespace, name)
        return None if found is None else dict(copy_json(found))

    def peek(self, kind: str, namespace: str, name: str) -> Json | None:
        """The stored object itself, not to be changed by the caller, or None."""
        return self._objects.get(kind, {}).get((namespace, name))

    def list(self, kind: str, namespace: str = "", labels: dict[str, str] | None = None) -> Jsons:
        """All of a kind (namespace "" = all), filtered by equality labels. Not to be changed by the caller."""
        objects = self._objects.get(kind, {})
        order = self._order.get(kind)
        if order is None:
            order = self._order[kind] = sorted(objects)
        found = [objects[key] for key in order if not namespace or key[0] == namespace]
        if not labels:
            return found
        wanted = labels.items()
        return [obj for obj in found if wanted <= labels_of(obj).items()]

    def snapshot(self, kind: str, rv: int) -> Jsons | None:
        """All of a kind as they were at a resourceVersion, in key order; None when that is too long ago."""
        past = self.history(kind).at(rv, self._objects.get(kind, {}))
        return None if past is None else [past[key] for key in sorted(past)]

    def history(self, kind: str) -> History:
        """Recent changes of a kind."""
        found = self._history.get(kind)
        if found is None:
            found = self._history[kind] = History(forgotten=self._forgotten)
        return found

    def holds_uid(self, uid: str) -> bool:
        """Whether an object with this uid exists."""
        return uid in self._by_uid

    def dependents(self, uid: str) -> Jsons:
        """Objects with an ownerReference to this uid, in key order. Not to be changed by the caller."""
        return [self._objects[kind][(ns, name)] for kind, ns, name in sorted(self._dependents.get(uid, ()))]

    def empty(self, namespace: str) -> bool:
        """Whether a namespace holds nothing."""
        return self._in_namespace[namespace] <= 0

    # -- writing
    def create(
        self,
        obj: Json,
        *,
        manager: str = "kube-controller-manager",
        dry_run: bool = False,
        managed: Jsons | None = None,
    ) -> Json:
        """Admit (defaults, validation, mutating hooks) and store. Raises ApiError 409 AlreadyExists, 422, 404.

        `managed`: metadata.managedFields made by the caller (server-side apply), instead of by `manager`.
        """
        info = self.info(str(obj.get("kind")))
        new: Json = copy_json(obj)
        self._name(info, new)
        metadata = meta(new)
        metadata["uid"] = self.world.uid()
        metadata["creationTimestamp"] = self.world.stamp()
        metadata.pop("resourceVersion", None)
        admission.on_create(self, info, new)
        key = key_of(new)
        if key in self._objects.get(info.kind, {}):
            raise status.already_exists(key[1], info.group, info.plural)
        if info.bumps:
            metadata["generation"] = 1
        metadata["managedFields"] = (
            fields.after_create(new, manager, self.world.stamp()) if managed is None else managed
        )
        if not dry_run:
            self._commit("ADDED", info, new, None)
            gc.orphaned_at_birth(self, new)
            self._tell()
        return dict(copy_json(new))

    def update(
        self,
        obj: Json,
        *,
        manager: str = "kube-controller-manager",
        dry_run: bool = False,
        managed: Jsons | None = None,
    ) -> Json:
        """Replace metadata and spec (status kept). 409 on a stale resourceVersion when one is given, 404, 422."""
        info = self.info(str(obj.get("kind")))
        namespace, name = key_of(obj)
        old = self.peek(info.kind, namespace, name)
        if old is None:
            raise status.not_found(name, info.group, info.plural)
        self._check_preconditions(info, old, meta(obj).get("uid"), meta(obj).get("resourceVersion"))
        new: Json = copy_json(obj)
        self._keep_server_fields(info, old, new)
        admission.on_update(self, info, new, old)
        metadata = meta(new)
        if info.bumps and _without_meta(new) != _without_meta(old):
            metadata["generation"] = int(old["metadata"].get("generation") or 0) + 1
        metadata["managedFields"] = (
            fields.after_update(old, new, manager, self.world.stamp()) if managed is None else managed
        )
        if new == old or dry_run:
            return dict(copy_json(new))
        self._replace(info, new, old)
        self._tell()
        return dict(copy_json(new))

    def set_status(self, kind: str, namespace: str, name: str, status: Json, *, manager: str = "") -> Json | None:
        """Replace the status; None when the object is gone. No event when nothing changes."""
        old = self.peek(kind, namespace, name)
        if old is None:
            return None
        if old.get("status") != status:
            managed = fields.after_status(old, status, self.world.stamp(), manager)
            metadata = {**old["metadata"], "managedFields": managed}
            new = {**old, "metadata": metadata, "status": copy_json(status)}
            self._commit("MODIFIED", self.info(kind), new, old)
            self._tell()
            return dict(copy_json(new))
        return dict(copy_json(old))

    def delete(
        self,
        kind: str,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        grace: float | None = None,
        uid: str | None = None,
        rv: str | None = None,
    ) -> Json | None:
        """Delete with finalizers, grace period and garbage collection of dependents; None when absent.

        Gives the object as the deletion left it at first: with deletionTimestamp when it stays for a while (or goes by
        way of a finalizer), else as it last was. Raises ApiError 409 when `uid` or `rv` is another one's.
        """
        info = self.info(kind)
        old = self.peek(kind, namespace, name)
        if old is None:
            return None
        self._check_preconditions(info, old, uid, rv, deleting=True)
        gone = gc.delete(self, info, old, propagation, grace)
        self._tell()
        return dict(copy_json(gone))

    def finish_delete(self, kind: str, namespace: str, name: str) -> None:
        """What the kubelet does when a deleted pod's containers have stopped: remove it for good."""
        old = self.peek(kind, namespace, name)
        if old is not None:
            gc.finish(self, self.info(kind), old)
            self._tell()

    def record_event(self, obj: Json, reason: str, message: str, *, warning: bool = False, source: str = "") -> None:
        """An Event about `obj`; repeats count up."""
        self._recorder.record(obj, reason, message, warning=warning, source=source)

    # -- hearing
    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear every change, after it is stored and in order, before the writing call returns. Call the result to stop.

        A change made by a listener is told to all after the change being told.
        """
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    # -- logs
    def append_log(self, namespace: str, pod: str, container: str, text: str, *, at: float | None = None) -> None:
        """A line in a container's log (kept for the current and the previous container)."""
        self.logs.append((namespace, pod, container), self.world.now if at is None else at, text)

    def rotate_log(self, namespace: str, pod: str, container: str) -> None:
        """The container restarted: its log becomes the previous one."""
        self.logs.rotate((namespace, pod, container))

    # -- keeping
    def everything(self) -> Iterator[Json]:
        """Every object. Not to be changed by the caller."""
        return (obj for objects in self._objects.values() for obj in objects.values())

    def resume(self, objects: Iterable[Json], rv: int) -> None:
        """Hold these objects, as they are and untold. Nothing before `rv` is remembered: older watches get 410."""
        for obj in sorted(objects, key=lambda each: str(each["kind"]) != "CustomResourceDefinition"):
            if obj["kind"] == "CustomResourceDefinition":
                self.registry.add(obj)
            key = key_of(obj)
            where = (str(obj["kind"]), *key)
            self._objects.setdefault(where[0], {})[key] = obj
            self._by_uid[str(obj["metadata"]["uid"])] = where
            for uid in owner_uids(obj):
                self._dependents.setdefault(uid, set()).add(where)
            self._in_namespace[key[0]] += 1
        self.rv = self._forgotten = rv
        self._recorder.resume()

    def forget_history(self) -> None:
        """Drop every change up to now, as a compaction of etcd does: watches and lists from before get 410."""
        self._forgotten = self.rv
        for history in self._history.values():
            history.forget_before(self.rv)

    # -- for the modules of this package
    def put(self, info: KindInfo, new: Json, old: Json) -> None:
        """Store a changed object without admission (garbage collection's own marks)."""
        self._commit("MODIFIED", info, new, old)

    def remove(self, info: KindInfo, old: Json) -> None:
        """Take an object out; its dependents and its namespace are the caller's business."""
        gone = {**old, "metadata": dict(old["metadata"])}
        self._commit("DELETED", info, gone, old)
        if info.kind == "Pod":
            self.logs.drop_pod(*key_of(old), container_names(old))

    def _name(self, info: KindInfo, new: Json) -> None:
        metadata = meta(new)
        if not metadata.get("name") and metadata.get("generateName"):
            suffix = "".join(self.world.rng.choice(NAME_LETTERS) for _ in range(5))
            metadata["name"] = f"{metadata['generateName']}{suffix}"
        if not info.namespaced:
            metadata.pop("namespace", None)

    def _check_preconditions(
        self, info: KindInfo, old: Json, uid: str | None, rv: str | None, *, deleting: bool = False
    ) -> None:
        metadata = old["metadata"]
        if uid and uid != metadata["uid"]:
            raise status.uid_conflict(metadata["name"], info.kind, uid, metadata["uid"])
        if rv and rv != metadata["resourceVersion"]:
            why = status.MODIFIED_SINCE
            if deleting:
                why = (
                    f"the ResourceVersion in the precondition ({rv}) does not match the ResourceVersion in record "
                    f"({metadata['resourceVersion']}). The object might have been modified"
                )
            raise status.conflict(metadata["name"], info.group, info.plural, why)

    def _keep_server_fields(self, info: KindInfo, old: Json, new: Json) -> None:
        metadata = meta(new)
        for field in (*_SERVER_SET, "resourceVersion", "managedFields"):
            metadata.pop(field, None)
            if field in old["metadata"]:
                metadata[field] = old["metadata"][field]
        if info.has_status:
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        new["apiVersion"], new["kind"] = old["apiVersion"], old["kind"]

    def _replace(self, info: KindInfo, new: Json, old: Json) -> None:
        metadata = new["metadata"]
        done = terminating(new) and not metadata.get("finalizers") and not metadata.get("deletionGracePeriodSeconds")
        if done and info.kind != "Namespace":
            gc.finish(self, info, new)
        else:
            self._commit("MODIFIED", info, new, old)

    def _commit(self, change: str, info: KindInfo, new: Json, old: Json | None) -> None:
        self.rv += 1
        new["metadata"]["resourceVersion"] = str(self.rv)
        key = key_of(new)
        where = (info.kind, *key)
        objects = self._objects.setdefault(info.kind, {})
        if old is not None:
            for uid in owner_uids(old):
                self._disown(uid, where)
        if change == "DELETED":
            del objects[key]
            self._by_uid.pop(str(new["metadata"]["uid"]), None)
        else:
            objects[key] = new
            self._by_uid[str(new["metadata"]["uid"])] = where
            for uid in owner_uids(new):
                self._dependents.setdefault(uid, set()).add(where)
        if change != "MODIFIED":
            self._reorder(info.kind, key, added=change == "ADDED")
            self._in_namespace[key[0]] += 1 if change == "ADDED" else -1
        self.history(info.kind).add(Change(self.rv, change, new, old))
        self._untold.append((change, new, old))

    def _reorder(self, kind: str, key: Key, *, added: bool) -> None:
        order = self._order.get(kind)
        if order is None:
            return
        at = bisect_left(order, key)
        if added:
            order.insert(at, key)
        else:
            del order[at]

    def _disown(self, uid: str, where: Where) -> None:
        left = self._dependents.get(uid)
        if left is not None:
            left.discard(where)
            if not left:
                del self._dependents[uid]

    def _tell(self) -> None:
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                change, new, old = self._untold.popleft()
                for listener in tuple(self._listeners):
                    listener(change, new, old)
        finally:
            self._telling = False


def _without_meta(obj: Json) -> Json:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}
