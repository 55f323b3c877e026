"""ReplicaSets: as many live pods of a template as asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers import pods
from saxtui.emulator.controllers.base import deleting, meta, owner, place, spec, status, suffix
from saxtui.emulator.controllers.queue import Queue
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "replicaset-controller"
RETRY = 15.0
"""Seconds after which a refused pod is tried again."""


class ReplicaSets:
    """Makes and removes pods, and counts them."""

    kinds = ("ReplicaSet", "Pod")

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue = Queue(world, "replicaset", self._reconcile)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """Queue the ReplicaSet concerned."""
        if obj["kind"] == "ReplicaSet":
            self._queue.add(store.key, *place(obj))
        elif owner(obj).get("kind") == "ReplicaSet":
            self._queue.add(store.key, place(obj)[0], owner(obj)["name"])

    def _reconcile(self, store: KubeStore, namespace: str, name: str) -> None:
        replica_set = store.get("ReplicaSet", namespace, name)
        if replica_set is None or deleting(replica_set):
            return
        uid = meta(replica_set)["uid"]
        owned = [pod for pod in store.list("Pod", namespace) if owner(pod).get("uid") == uid]
        alive = [pod for pod in owned if pods.active(pod)]
        wanted = int(spec(replica_set).get("replicas", 1))
        for _ in range(wanted - len(alive)):
            pod_name = f"{name}-{suffix(self._world.rng)}"
            pod = pods.from_template(spec(replica_set)["template"], replica_set, pod_name, f"{name}-")
            if pods.create(store, replica_set, pod, SOURCE):
                self._queue.add(store.key, namespace, name, delay=RETRY)
                break
        # Those that serve nothing go first, then the youngest.
        order = sorted(alive, key=lambda pod: (not pods.ready(pod), str(meta(pod)["creationTimestamp"])), reverse=True)
        for pod in order[: max(0, len(alive) - wanted)]:
            pods.remove(store, replica_set, pod, SOURCE)
        self._status(store, replica_set)

    def _status(self, store: KubeStore, replica_set: Json) -> None:
        uid = meta(replica_set)["uid"]
        owned = [pod for pod in store.list("Pod", place(replica_set)[0]) if owner(pod).get("uid") == uid]
        alive = [pod for pod in owned if pods.active(pod)]
        ready = sum(1 for pod in alive if pods.ready(pod))
        out: Json = {"replicas": len(alive), "observedGeneration": int(meta(replica_set).get("generation", 1))}
        for key, value in (
            ("fullyLabeledReplicas", len(alive)),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
        ):
            if value:
                out[key] = value
        if out != status(replica_set):
            store.set_status("ReplicaSet", *place(replica_set), out)
