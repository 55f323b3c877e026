"""Deletion: grace periods, finalizers, propagation to dependents, namespaces and CRDs with what is in them.

Kubernetes does the later parts in controllers a moment afterwards; here they happen within the same call, and a watch
sees the same order of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json, blocks_owner, key_of, owner_uids, terminating

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
DONE = ("Succeeded", "Failed")


def _grace_of(info: KindInfo, obj: Json, asked: float | None) -> float | None:
    """Seconds a pod stays for its containers to stop; None for kinds without such a thing."""
    if info.kind != "Pod":
        return None
    spec = obj.get("spec") or {}
    if not spec.get("nodeName") or (obj.get("status") or {}).get("phase") in DONE:
        return 0
    if asked is not None:
        return asked
    given = spec.get("terminationGracePeriodSeconds")
    return 30 if given is None else float(given)


def _marked(store: KubeStore, obj: Json, grace: float | None, finalizers: list[str]) -> Json:
    metadata = dict(obj["metadata"])
    if not terminating(obj) or (grace is not None and grace < float(metadata.get("deletionGracePeriodSeconds") or 0)):
        metadata["deletionTimestamp"] = store.world.stamp(store.world.now + (grace or 0))
        metadata["deletionGracePeriodSeconds"] = int(grace or 0)
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers
    return {**obj, "metadata": metadata}


def delete(store: KubeStore, info: KindInfo, old: Json, propagation: str, grace: float | None) -> Json:
    """Begin a deletion and carry it as far as it goes now. Gives the object as first left (see KubeStore.delete)."""
    if info.kind == "Namespace":
        return _delete_namespace(store, info, old)
    stays = _grace_of(info, old, grace)
    finalizers = [name for name in old["metadata"].get("finalizers") or [] if name not in (ORPHAN, FOREGROUND)]
    if propagation == "Orphan":
        finalizers.append(ORPHAN)
    elif propagation == "Foreground":
        finalizers.append(FOREGROUND)
    if not finalizers and not stays:
        shown = _marked(store, old, stays, []) if info.kind == "Pod" else old
        finish(store, info, old)
        return shown
    new = _marked(store, old, stays, finalizers)
    if new != old:
        store.put(info, new, old)
    if propagation == "Orphan":
        _orphan(store, info, new)
    elif propagation == "Foreground":
        _foreground(store, info, new)
    return new


def finish(store: KubeStore, info: KindInfo, obj: Json) -> None:
    """Nothing but finalizers holds the object any more: remove it, then collect what depended on it."""
    current = store.peek(info.kind, *key_of(obj))
    if current is None:
        return
    if obj["metadata"].get("finalizers"):
        new = _marked(store, current, 0, list(obj["metadata"]["finalizers"]))
        if new != current:
            store.put(info, new, current)
        return
    store.remove(info, obj)
    uid = str(obj["metadata"]["uid"])
    if info.kind == "CustomResourceDefinition":
        _drop_kind(store, obj)
    for dependent in store.dependents(uid):
        _collect(store, dependent)
    _release_owners(store, obj)
    _settle_namespace(store, key_of(obj)[0])


def orphaned_at_birth(store: KubeStore, obj: Json) -> None:
    """The garbage collector deletes an object none of whose owners exists."""
    uids = owner_uids(obj)
    if uids and not any(store.holds_uid(uid) for uid in uids):
        _collect(store, obj)


def _collect(store: KubeStore, dependent: Json, propagation: str = "Background") -> None:
    info = store.info(dependent["kind"])
    current = store.peek(info.kind, *key_of(dependent))
    if current is None or terminating(current):
        return
    alive = [uid for uid in owner_uids(current) if store.holds_uid(uid)]
    if alive and propagation == "Background":
        _strip(store, info, current, keep=alive)
    else:
        # The garbage collector goes on in the foreground only where there is something further down.
        deeper = bool(store.dependents(str(current["metadata"]["uid"])))
        delete(store, info, current, propagation if deeper else "Background", None)


def _strip(store: KubeStore, info: KindInfo, obj: Json, *, keep: list[str]) -> None:
    metadata = dict(obj["metadata"])
    refs = [ref for ref in metadata.pop("ownerReferences", []) if ref.get("uid") in keep]
    if refs:
        metadata["ownerReferences"] = refs
    store.put(info, {**obj, "metadata": metadata}, obj)


def _without(store: KubeStore, info: KindInfo, obj: Json, finalizer: str) -> None:
    """Take one finalizer off; the object goes when it was the last and no grace period runs."""
    current = store.peek(info.kind, *key_of(obj))
    if current is None:
        return
    left = [name for name in current["metadata"].get("finalizers") or [] if name != finalizer]
    new = _marked(store, current, None, left)
    if left or new["metadata"].get("deletionGracePeriodSeconds"):
        store.put(info, new, current)
    else:
        finish(store, info, new)


def _orphan(store: KubeStore, info: KindInfo, owner: Json) -> None:
    uid = str(owner["metadata"]["uid"])
    for dependent in store.dependents(uid):
        keep = [other for other in owner_uids(dependent) if other != uid]
        _strip(store, store.info(dependent["kind"]), dependent, keep=keep)
    _without(store, info, owner, ORPHAN)


def _foreground(store: KubeStore, info: KindInfo, owner: Json) -> None:
    uid = str(owner["metadata"]["uid"])
    for dependent in store.dependents(uid):
        _collect(store, dependent, "Foreground")
    current = store.peek(info.kind, *key_of(owner))
    if current is not None and not any(blocks_owner(each, uid) for each in store.dependents(uid)):
        _without(store, info, current, FOREGROUND)


def _release_owners(store: KubeStore, gone: Json) -> None:
    """An owner that waits in the foreground goes when its last blocking dependent is gone."""
    for ref in gone["metadata"].get("ownerReferences") or []:
        uid = str(ref.get("uid") or "")
        info = store.registry.kind(str(ref.get("kind") or ""))
        if info is None or not store.holds_uid(uid):
            continue
        namespace = key_of(gone)[0] if info.namespaced else ""
        owner = store.peek(info.kind, namespace, str(ref.get("name") or ""))
        waiting = owner is not None and FOREGROUND in (owner["metadata"].get("finalizers") or [])
        if owner is not None and waiting and not any(blocks_owner(each, uid) for each in store.dependents(uid)):
            _without(store, info, owner, FOREGROUND)


def _drop_kind(store: KubeStore, crd: Json) -> None:
    for info in store.registry.remove(crd):
        for obj in store.list(info.kind):
            store.remove(info, obj)
            for dependent in store.dependents(str(obj["metadata"]["uid"])):
                _collect(store, dependent)


def _delete_namespace(store: KubeStore, info: KindInfo, old: Json) -> Json:
    if terminating(old):
        return old
    new = _marked(store, old, None, list(old["metadata"].get("finalizers") or []))
    new["metadata"].pop("deletionGracePeriodSeconds", None)
    new["status"] = {**(old.get("status") or {}), "phase": "Terminating"}
    store.put(info, new, old)
    name = str(old["metadata"]["name"])
    for kind in [each for each in store.registry if each.namespaced]:
        for obj in store.list(kind.kind, name):
            if store.peek(kind.kind, *key_of(obj)) is not None:
                delete(store, kind, obj, "Background", None)
    _settle_namespace(store, name)
    return new


def _settle_namespace(store: KubeStore, name: str) -> None:
    if not name or not store.empty(name):
        return
    namespace = store.peek("Namespace", "", name)
    if namespace is not None and terminating(namespace) and not namespace["metadata"].get("finalizers"):
        store.remove(store.info("Namespace"), namespace)
