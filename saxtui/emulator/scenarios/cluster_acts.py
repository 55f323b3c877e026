"""Acts in running clusters: containers that die, pods and nodes that go, watches that fall silent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import deleting, labels, meta, place, spec, status, with_condition
from saxtui.emulator.controllers.kubelet import exit_container
from saxtui.emulator.controllers.nodes import POOL_LABEL, ZONE_LABEL
from saxtui.emulator.controllers.pods import terminal
from saxtui.emulator.kubernetes.silence import TABLE as WATCHES
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
REMOVED, BACK, SPOKEN = "scenario.nodes-removed", "scenario.nodes-back", "scenario.watches-on"
NOTICE_SECONDS = 40.0
"""How long a node says nothing before the control plane marks it (node-monitor-grace-period)."""
UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}


def attach(world: World) -> None:
    """Register what the timers do."""
    world.on(REMOVED, lambda payload: _nodes_removed(world, payload))
    world.on(BACK, lambda payload: _nodes_back(world, payload))
    world.on(SPOKEN, lambda payload: _watches_on(world, payload))


# -- pods
def _pods(world: World, row: Json) -> Iterator[tuple[KubeStore, Json]]:
    for store in list(world.kube.values()):
        found = [
            pod
            for pod in store.list("Pod")
            if re.search(row["pods"], meta(pod)["name"]) and not deleting(pod) and not terminal(pod)
        ]
        for pod in found[: row["count"]]:
            yield store, pod


def _container_exits(world: World, row: Json) -> None:
    for store, pod in list(_pods(world, row)):
        for container in spec(pod)["containers"]:
            exit_container(world, store.key, *place(pod), container["name"], row["code"], row["reason"])


def _pod_deleted(world: World, row: Json) -> None:
    for store, pod in list(_pods(world, row)):
        store.delete("Pod", *place(pod))


def _pod_evicted(world: World, row: Json) -> None:
    for store, pod in list(_pods(world, row)):
        message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60356Ki. "
        _end(world, store, pod, "Evicted", message, "TerminationByKubelet")
        store.record_event(pod, "Evicted", message, warning=True, source="kubelet")


def _end(world: World, store: KubeStore, pod: Json, reason: str, message: str, why: str) -> None:
    """The pod has failed for good: its programs stop, and its kubelet forgets it."""
    stamp = world.stamp()
    remembered = world.table("kubelet.pods").pop(meta(pod)["uid"], None)
    for container in (remembered or {"containers": {}})["containers"].values():
        run = container.pop("run", "")
        if run:
            world.tell("container.stopped", cluster=store.key, run=run)
    conditions = list(status(pod).get("conditions") or ())
    for kind in ("Ready", "ContainersReady"):
        conditions = with_condition(conditions, {"type": kind, "status": "False", "reason": "PodFailed"}, stamp)
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": why, "message": message}
    conditions = with_condition(conditions, disrupted, stamp)
    ended = [
        {
            **each,
            "ready": False,
            "started": False,
            "state": {"terminated": {"exitCode": 137, "reason": "Error", "finishedAt": stamp}},
        }
        for each in status(pod).get("containerStatuses") or ()
    ]
    new = {**status(pod), "phase": "Failed", "conditions": conditions, "containerStatuses": ended}
    store.set_status("Pod", *place(pod), {**new, "reason": reason, "message": message})


# -- logs
def _log_flood(world: World, row: Json) -> None:
    for store, pod in list(_pods(world, row)):
        for container in spec(pod)["containers"]:
            for number in range(row["lines"]):
                store.append_log(*place(pod), container["name"], f"{row['text']} {number}")


def _logs_break(world: World, row: Json) -> None:
    for store in world.kube.values():
        store.logs.end_streams()


# -- nodes
def _nodes(world: World, pool: str) -> Iterator[tuple[KubeStore, Json]]:
    for store in list(world.kube.values()):
        for node in store.list("Node"):
            if labels(node).get(POOL_LABEL) == pool:
                yield store, node


def _cordon(world: World, row: Json) -> list[tuple[KubeStore, str]]:
    names = []
    for store, found in list(_nodes(world, row["pool"]))[: row["count"]]:
        node = store.get("Node", "", meta(found)["name"]) or found
        node["spec"] = {**spec(node), "unschedulable": True}
        store.update(node)
        name = str(meta(node)["name"])
        store.record_event(node, "NodeNotSchedulable", f"Node {name} status is now: NodeNotSchedulable")
        names.append((store, name))
    return names


def _node_cordoned(world: World, row: Json) -> None:
    _cordon(world, row)


def _node_drained(world: World, row: Json) -> None:
    for store, name in _cordon(world, row):
        for pod in [each for each in store.list("Pod") if spec(each).get("nodeName") == name]:
            store.delete("Pod", *place(pod))


def _slice_lost(world: World, row: Json) -> None:
    """The machines of a slice stand and fall together: all are gone, and all are made anew."""
    zones: dict[tuple[str, str], int] = {}
    for store, node in list(_nodes(world, row["pool"])):
        name = str(meta(node)["name"])
        for pod in [each for each in store.list("Pod") if spec(each).get("nodeName") == name and not terminal(each)]:
            message = "PodGC: node no longer exists"
            _end(world, store, pod, "", message, "DeletionByPodGC")
        _unheard(world, store, node)
        where = (store.key, labels(node).get(ZONE_LABEL, ""))
        zones[where] = zones.get(where, 0) + 1
    for (cluster, zone), count in zones.items():
        payload = {"cluster": cluster, "zone": zone, "pool": row["pool"], "count": count}
        world.after(NOTICE_SECONDS, REMOVED, **payload)
        world.after(NOTICE_SECONDS + row["back_after"], BACK, **payload)


def _unheard(world: World, store: KubeStore, node: Json) -> None:
    name, stamp = str(meta(node)["name"]), world.stamp()
    word = {
        "type": "Ready",
        "status": "Unknown",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.",
    }
    conditions = with_condition(status(node).get("conditions") or (), word, stamp)
    store.set_status("Node", "", name, {**status(node), "conditions": conditions})
    fresh = store.get("Node", "", name)
    if fresh is not None:
        fresh["spec"] = {**spec(fresh), "taints": [*(spec(fresh).get("taints") or ()), dict(UNREACHABLE)]}
        store.update(fresh)
    store.record_event(node, "NodeNotReady", f"Node {name} status is now: NodeNotReady", warning=True)


def _pool_row(world: World, payload: Json) -> Json | None:
    return world.table("gke.pools").get(f"{payload['cluster']}/{payload['pool']}")


def _nodes_removed(world: World, payload: Json) -> None:
    pool = _pool_row(world, payload)
    if pool is not None:
        pool["status"] = "RECONCILING"
        told = {"cluster": payload["cluster"], "pool": pool, "zone": payload["zone"]}
        world.tell("pool.shrunk", **told, count=0)


def _nodes_back(world: World, payload: Json) -> None:
    pool = _pool_row(world, payload)
    if pool is not None and pool["status"] == "RECONCILING":
        pool["status"] = "RUNNING"
        told = {"cluster": payload["cluster"], "pool": pool, "zone": payload["zone"]}
        world.tell("pool.nodes", **told, count=payload["count"], ready_in=20.0)


# -- watches
def _watch_silent(world: World, row: Json) -> None:
    """Watches open at this moment or opened meanwhile carry nothing until then."""
    until = world.now + row["seconds"]
    world.table(WATCHES)["silence"] = {"from": world.now, "until": until, "then": row["then"]}
    world.after(row["seconds"], SPOKEN)


def _watches_on(world: World, payload: Json) -> None:
    """410 has a reason: what the watches missed has been compacted away."""
    silence = world.table(WATCHES).get("silence")
    if silence is None or world.now < silence["until"] or silence["then"] != "expired":
        return
    for store in world.kube.values():
        store.forget_history()


ACTS: dict[str, Callable[[World, Json], None]] = {
    "container-exits": _container_exits,
    "pod-deleted": _pod_deleted,
    "pod-evicted": _pod_evicted,
    "node-cordoned": _node_cordoned,
    "node-drained": _node_drained,
    "slice-lost": _slice_lost,
    "watch-silent": _watch_silent,
    "log-flood": _log_flood,
    "logs-break": _logs_break,
}
