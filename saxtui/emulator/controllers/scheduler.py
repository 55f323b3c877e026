"""The scheduler: binds pending pods to nodes, or says why it cannot, and tries again when something changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import (
    condition,
    deleting,
    has_condition,
    meta,
    place,
    spec,
    status,
    with_condition,
)
from saxtui.emulator.controllers.placement import Place, places, refusals, unschedulable_message
from saxtui.emulator.controllers.pods import terminal
from saxtui.emulator.controllers.queue import Queue
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "default-scheduler"


class Scheduler:
    """One pass over all pending pods of a cluster, oldest first, soon after anything that may matter."""

    kinds = ("Pod", "Node")

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue = Queue(world, "scheduler", self._schedule, delay=0.2)
        self._waiting = world.table("scheduler.waiting")
        world.hook("cluster.deleted", self._cluster_gone)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """A pod to place, or room that may have come free."""
        matters = _node_matters if obj["kind"] == "Node" else _pod_matters
        if obj["kind"] == "Pod":
            self._note(f"{store.key}|{meta(obj)['namespace']}|{meta(obj)['name']}", event, obj)
        if matters(event, obj, before):
            self._queue.add(store.key)

    def _note(self, key: str, event: str, pod: Json) -> None:
        """Rows of "scheduler.waiting" are the pods without a node, by cluster, namespace and name."""
        if event == "DELETED" or spec(pod).get("nodeName") or terminal(pod) or deleting(pod):
            if key in self._waiting:
                del self._waiting[key]
        elif key not in self._waiting:
            self._waiting[key] = {}

    def _cluster_gone(self, payload: Json) -> None:
        for key in [key for key in self._waiting if key.startswith(f"{payload['cluster']}|")]:
            del self._waiting[key]

    def _schedule(self, store: KubeStore, namespace: str, name: str) -> None:
        keys = [key.split("|")[1:] for key in self._waiting if key.startswith(f"{store.key}|")]
        waiting = [pod for pod in (store.peek("Pod", *key) for key in keys) if pod is not None]
        if not waiting:
            return
        pods = store.list("Pod")
        everywhere = places(store.list("Node"), pods)
        for pod in sorted(waiting, key=_age):
            if spec(pod).get("schedulingGates"):
                continue
            refused = [refusals(pod, each, everywhere) for each in everywhere]
            fitting = [each for each, reasons in zip(everywhere, refused, strict=True) if not reasons]
            if fitting:
                self._bind(store, pod, min(fitting, key=lambda each: (len(each.pods), meta(each.node)["name"])))
            else:
                self._refuse(store, pod, unschedulable_message(refused))

    def _bind(self, store: KubeStore, pod: Json, target: Place) -> None:
        namespace, name = place(pod)
        node = meta(target.node)["name"]
        bound = store.get("Pod", namespace, name)
        if bound is None:
            return
        bound["spec"]["nodeName"] = node
        target.take(store.update(bound, manager="kube-scheduler"))
        self._condition(store, bound, {"type": "PodScheduled", "status": "True"})
        message = f"Successfully assigned {namespace}/{name} to {node}"
        store.record_event(bound, "Scheduled", message, source=SOURCE)

    def _refuse(self, store: KubeStore, pod: Json, message: str) -> None:
        if condition(pod, "PodScheduled").get("message") == message:
            return
        word = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        self._condition(store, pod, word)
        store.record_event(pod, "FailedScheduling", message, warning=True, source=SOURCE)

    def _condition(self, store: KubeStore, pod: Json, word: Json) -> None:
        old = [each for each in status(pod).get("conditions") or () if each["type"] != "PodScheduled"]
        conditions = with_condition(old, {"lastProbeTime": None, **word}, self._world.stamp())
        new = {"phase": "Pending", **status(pod), "conditions": conditions}
        store.set_status("Pod", *place(pod), new)


def _age(pod: Json) -> tuple[str, str]:
    return str(meta(pod).get("creationTimestamp", "")), str(meta(pod)["name"])


def _pod_matters(event: str, pod: Json, before: Json | None) -> bool:
    if event != "MODIFIED" or before is None:
        return True
    bound = spec(pod).get("nodeName") != spec(before).get("nodeName")
    return bound or terminal(pod) != terminal(before)


def _node_matters(event: str, node: Json, before: Json | None) -> bool:
    if event != "MODIFIED" or before is None:
        return True
    if spec(node) != spec(before) or meta(node).get("labels") != meta(before).get("labels"):
        return True
    return has_condition(node, "Ready") != has_condition(before, "Ready")
