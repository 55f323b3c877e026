"""Deployments: a ReplicaSet for each template, rolled from the old to the new one."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import (
    SUFFIX_LETTERS,
    annotations_of,
    condition,
    deleting,
    epoch,
    meta,
    owner,
    owner_reference,
    place,
    spec,
    status,
    with_condition,
)
from saxtui.emulator.controllers.queue import Queue
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "deployment-controller"
HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def template_hash(template: Json) -> str:
    """Ten letters that name a template."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(SUFFIX_LETTERS[byte % len(SUFFIX_LETTERS)] for byte in digest[:10])


def share(value: Any, total: int, *, up: bool) -> int:
    """An IntOrString of a rolling update: "25%" of the total, rounded up (surge) or down (unavailable)."""
    if isinstance(value, str) and value.endswith("%"):
        part = int(value[:-1]) * total / 100
        return math.ceil(part) if up else math.floor(part)
    return int(value)


class Deployments:
    """Reconciles Deployments with their ReplicaSets."""

    kinds = ("Deployment", "ReplicaSet")

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue = Queue(world, "deployment", self._reconcile)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """Queue the Deployment concerned."""
        if obj["kind"] == "Deployment" and event != "DELETED":
            self._queue.add(store.key, *place(obj))
        elif obj["kind"] == "ReplicaSet" and owner(obj).get("kind") == "Deployment":
            self._queue.add(store.key, place(obj)[0], owner(obj)["name"])

    def _reconcile(self, store: KubeStore, namespace: str, name: str) -> None:
        deployment = store.get("Deployment", namespace, name)
        if deployment is None or deleting(deployment):
            return
        sets = [
            each
            for each in store.list("ReplicaSet", namespace)
            if owner(each).get("uid") == meta(deployment)["uid"] and not deleting(each)
        ]
        wanted = f"{name}-{template_hash(spec(deployment)['template'])}"
        new = next((each for each in sets if meta(each)["name"] == wanted), None)
        old = [each for each in sets if meta(each)["name"] != wanted]
        if spec(deployment).get("paused"):
            self._status(store, deployment, new, old)
            return
        if new is None:
            new = self._create(store, deployment, wanted, sets)
        self._roll(store, deployment, new, old)
        self._status(store, deployment, new, old)

    def _create(self, store: KubeStore, deployment: Json, name: str, sets: list[Json]) -> Json:
        template = spec(deployment)["template"]
        code = name.rsplit("-", 1)[1]
        pod_labels = {**(template.get("metadata") or {}).get("labels", {}), HASH_LABEL: code}
        revision = 1 + max((int(annotations_of(each).get(REVISION, 0)) for each in sets), default=0)
        selector = spec(deployment)["selector"]
        chosen = {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: code}}
        made = store.create(
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": name,
                    "namespace": meta(deployment)["namespace"],
                    "labels": pod_labels,
                    "annotations": {
                        "deployment.kubernetes.io/desired-replicas": str(_desired(deployment)),
                        "deployment.kubernetes.io/max-replicas": str(_desired(deployment) + _surge(deployment)),
                        REVISION: str(revision),
                    },
                    "ownerReferences": [owner_reference(deployment)],
                },
                "spec": {
                    "replicas": 0,
                    "selector": chosen,
                    "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": pod_labels}},
                },
            }
        )
        fresh = store.get("Deployment", *place(deployment))
        if fresh is not None:
            meta(fresh).setdefault("annotations", {})[REVISION] = str(revision)
            store.update(fresh)
        return made

    def _roll(self, store: KubeStore, deployment: Json, new: Json, old: list[Json]) -> None:
        """Scale the new set up as far as the surge allows, the old ones down as far as availability allows."""
        desired = _desired(deployment)
        old_size = sum(_size(each) for each in old)
        recreate = (spec(deployment).get("strategy") or {}).get("type") == "Recreate"
        if recreate:
            for each in old:
                self._scale(store, deployment, each, 0)
            left = sum(int(status(each).get("replicas", 0)) for each in old)
            self._scale(store, deployment, new, 0 if left else desired)
            return
        room = max(0, desired + _surge(deployment) - old_size)
        target = min(desired, max(_size(new), room)) if old_size else desired
        self._scale(store, deployment, new, target)
        available = sum(int(status(each).get("availableReplicas", 0)) for each in [new, *old])
        spare = available - (desired - _unavailable(deployment))
        for each in sorted(old, key=lambda one: str(meta(one)["creationTimestamp"])):
            ready = int(status(each).get("availableReplicas", 0))
            unhealthy = _size(each) - ready
            cut = min(_size(each), unhealthy + max(0, min(spare, ready)))
            spare -= max(0, cut - unhealthy)
            if cut > 0:
                self._scale(store, deployment, each, _size(each) - cut)

    def _scale(self, store: KubeStore, deployment: Json, replica_set: Json, size: int) -> None:
        fresh = store.get("ReplicaSet", *place(replica_set))
        if fresh is None or _size(fresh) == size:
            return
        before = _size(fresh)
        fresh["spec"]["replicas"] = size
        store.update(fresh)
        word = "up" if size > before else "down"
        message = f"Scaled {word} replica set {meta(fresh)['name']} from {before} to {size}"
        store.record_event(deployment, "ScalingReplicaSet", message, source=SOURCE)

    def _status(self, store: KubeStore, deployment: Json, new: Json | None, old: list[Json]) -> None:
        deployment = store.get("Deployment", *place(deployment)) or deployment
        sets = [store.get("ReplicaSet", *place(each)) for each in ([new] if new else []) + old]
        alive = [each for each in sets if each is not None]
        desired = _desired(deployment)
        total = sum(int(status(each).get("replicas", 0)) for each in alive)
        available = sum(int(status(each).get("availableReplicas", 0)) for each in alive)
        updated = int(status(alive[0]).get("replicas", 0)) if new is not None and alive else 0
        counts = {
            "replicas": total,
            "updatedReplicas": updated,
            "readyReplicas": sum(int(status(each).get("readyReplicas", 0)) for each in alive),
            "availableReplicas": available,
            "unavailableReplicas": max(0, desired - available),
        }
        out: Json = {"observedGeneration": int(meta(deployment).get("generation", 1))}
        out.update({key: value for key, value in counts.items() if value})
        done = updated == desired and available == desired and total == desired
        name = meta(new)["name"] if new is not None else ""
        out["conditions"] = self._conditions(deployment, name, available >= desired - _unavailable(deployment), done)
        store.set_status("Deployment", *place(deployment), out)
        if not done:
            limit = float(spec(deployment).get("progressDeadlineSeconds", 600))
            self._queue.add(store.key, *place(deployment), delay=limit)

    def _conditions(self, deployment: Json, name: str, available: bool, done: bool) -> list[Json]:
        stamp = self._world.stamp()
        if available:
            word = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            word = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        conditions = self._with(deployment, list(status(deployment).get("conditions") or ()), "Available", word, stamp)
        old = condition(deployment, "Progressing")
        late = self._world.now - epoch(old.get("lastUpdateTime") or stamp)
        limit = float(spec(deployment).get("progressDeadlineSeconds", 600))
        if done:
            word = ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
        elif old and old.get("reason") != "NewReplicaSetAvailable" and late >= limit:
            word = ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.')
        else:
            word = ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        return self._with(deployment, conditions, "Progressing", word, stamp)

    def _with(
        self, deployment: Json, conditions: list[Json], kind: str, word: tuple[str, str, str], stamp: str
    ) -> list[Json]:
        old = condition(deployment, kind)
        value, reason, message = word
        same = old.get("reason") == reason and old.get("status") == value
        updated = old.get("lastUpdateTime", stamp) if same else stamp
        new = {"type": kind, "status": value, "reason": reason, "message": message, "lastUpdateTime": updated}
        return with_condition(conditions, new, stamp)


def _desired(deployment: Json) -> int:
    return int(spec(deployment).get("replicas", 1))


def _size(replica_set: Json) -> int:
    return int(spec(replica_set).get("replicas", 0))


def _rolling(deployment: Json) -> Json:
    found: Json = (spec(deployment).get("strategy") or {}).get("rollingUpdate") or {}
    return found


def _surge(deployment: Json) -> int:
    return share(_rolling(deployment).get("maxSurge", "25%"), _desired(deployment), up=True)


def _unavailable(deployment: Json) -> int:
    desired = _desired(deployment)
    count = share(_rolling(deployment).get("maxUnavailable", "25%"), desired, up=False)
    return 1 if count == 0 and _surge(deployment) == 0 else min(count, desired)
