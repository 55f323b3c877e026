"""GKE's TPU device plugin: a pod of the DaemonSet kube-system/tpu-device-plugin on every TPU node that is ready.

Label and port are those that GKE's users scrape (`k8s-app: tpu-device-plugin`, 2112, path /metrics); the rest of the
pod is a guess. What it serves there is sax/chip_metrics.py. It runs from the moment it is made: its life is its node's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import (
    deleting,
    has_condition,
    meta,
    owner,
    owner_reference,
    place,
    spec,
    status,
    suffix,
)
from saxtui.emulator.controllers.pods import TPU
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
NAMESPACE, NAME, PORT = "kube-system", "tpu-device-plugin", 2112
LABELS = {"k8s-app": NAME}
_IMAGE = "gke.gcr.io/tpu-device-plugin:v1.31.5-gke.0"
_WANTED, _STOPPED = "device-plugin.wanted", "device-plugin.stopped"
_STARTS, _STOPS = 1.0, 2.0
"""Seconds until a pod runs on a node that became ready, and until a deleted one is gone."""


class DevicePlugins:
    """Keeps one pod on each ready TPU node. Rows in the table "nodes.plugins": pod name by "cluster|node"."""

    kinds = ("Node", "Pod")

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = world.table("nodes.plugins")
        world.on(_WANTED, self._make)
        world.on(_STOPPED, self._stop)
        world.hook("cluster.deleted", self._cluster_gone)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """A TPU node that became ready, or went; a pod of ours that is asked to go, or went."""
        if obj["kind"] == "Node":
            self._node_changed(store, event, obj)
        elif owner(obj).get("name") == NAME and meta(obj)["namespace"] == NAMESPACE:
            node = spec(obj).get("nodeName", "")
            if event == "DELETED":
                self._rows.pop(f"{store.key}|{node}", None)
                self._world.after(_STARTS, _WANTED, cluster=store.key, node=node)
            elif deleting(obj):
                self._world.after(_STOPS, _STOPPED, cluster=store.key, pod=meta(obj)["name"])

    def _node_changed(self, store: KubeStore, event: str, node: Json) -> None:
        if TPU not in (status(node).get("allocatable") or {}):
            return
        name = meta(node)["name"]
        key = f"{store.key}|{name}"
        if event == "DELETED" and key in self._rows:
            self._world.after(0.0, _STOPPED, cluster=store.key, pod=self._rows[key]["pod"])
        elif event != "DELETED" and has_condition(node, "Ready") and key not in self._rows:
            self._rows[key] = {"pod": ""}
            self._world.after(_STARTS, _WANTED, cluster=store.key, node=name)

    def _make(self, payload: Json) -> None:
        store = self._world.kube.get(payload["cluster"])
        node = store.peek("Node", "", payload["node"]) if store is not None else None
        if store is None or node is None:
            return
        with self._world.aside(f"device-plugin/{payload['node']}/{self._world.now}"):
            pod = store.create(_pod(store, node, self._world))
        name = str(meta(pod)["name"])
        store.set_status("Pod", NAMESPACE, name, _running(node, pod, self._world.stamp()))
        self._rows[f"{store.key}|{payload['node']}"] = {"pod": name}

    def _stop(self, payload: Json) -> None:
        store = self._world.kube.get(payload["cluster"])
        if store is not None and store.peek("Pod", NAMESPACE, payload["pod"]) is not None:
            store.finish_delete("Pod", NAMESPACE, payload["pod"])

    def _cluster_gone(self, payload: Json) -> None:
        for key in [key for key in self._rows if key.startswith(f"{payload['cluster']}|")]:
            del self._rows[key]


def is_plugin(pod: Json) -> bool:
    """Whether this pod is the plugin of its node."""
    return place(pod)[0] == NAMESPACE and owner(pod).get("name") == NAME


def _daemon_set(store: KubeStore) -> Json:
    found = store.peek("DaemonSet", NAMESPACE, NAME)
    return (
        found
        if found is not None
        else store.create(
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": dict(LABELS)},
                "spec": {
                    "selector": {"matchLabels": dict(LABELS)},
                    "template": {"metadata": {"labels": dict(LABELS)}, "spec": _spec()},
                },
            }
        )
    )


def _spec() -> Json:
    return {
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {"name": NAME, "image": _IMAGE, "ports": [{"name": "metrics", "containerPort": PORT, "protocol": "TCP"}]}
        ],
    }


def _pod(store: KubeStore, node: Json, world: World) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{NAME}-{suffix(world.rng)}",
            "namespace": NAMESPACE,
            "labels": dict(LABELS),
            "ownerReferences": [owner_reference(_daemon_set(store))],
        },
        "spec": {**_spec(), "nodeName": meta(node)["name"]},
    }


def _running(node: Json, pod: Json, stamp: str) -> Json:
    address = next(
        (each["address"] for each in status(node).get("addresses") or () if each["type"] == "InternalIP"), ""
    )
    return {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": stamp}
            for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "hostIP": address,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": stamp,
        "qosClass": "BestEffort",
        "containerStatuses": [
            {
                "name": each["name"],
                "image": each["image"],
                "imageID": each["image"],
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": stamp}},
                "lastState": {},
            }
            for each in spec(pod)["containers"]
        ],
    }
