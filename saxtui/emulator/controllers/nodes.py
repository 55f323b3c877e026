"""Node objects of node pools: made when GKE says the machines exist, ready a while later, gone with the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import labels, meta, spec, status, suffix, with_condition
from saxtui.emulator.controllers.machines import Machine, allocatable_cpu, allocatable_memory_ki, machine
from saxtui.emulator.controllers.pods import TPU
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
POOL_LABEL = "cloud.google.com/gke-nodepool"
ACCELERATOR_LABEL = "cloud.google.com/gke-tpu-accelerator"
TOPOLOGY_LABEL = "cloud.google.com/gke-tpu-topology"
ZONE_LABEL = "topology.kubernetes.io/zone"
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
READY_HANDLER = "nodes.ready"
_SUBNETS = {"us-west4": "10.182", "us-central1": "10.128", "us-west1": "10.138", "europe-west4": "10.164"}
"""First half of the default network's subnet of a region (Google's automatic-mode address plan)."""
_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}


def subnet(place: str) -> str:
    """The first half of the addresses of nodes in a region or zone."""
    return next((start for region, start in _SUBNETS.items() if place.startswith(region)), "10.128")


class Nodes:
    """Makes and removes Nodes at GKE's word."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.hook("pool.nodes", self._make)
        world.hook("pool.shrunk", self._shrink)
        world.hook("pool.deleted", self._remove)
        world.hook("pool.relabelled", self._relabel)
        world.on(READY_HANDLER, self._ready)

    def _make(self, payload: Json) -> None:
        """`cluster`, `pool` (a NodePool row), `zone`, `count`, `ready_in` seconds."""
        store = self._world.kube.get(payload["cluster"])
        if store is None:
            return
        pool, zone = payload["pool"], payload["zone"]
        cluster_name = payload["cluster"].rsplit("/", 1)[-1]
        prefix = f"gke-{cluster_name}-{pool['name']}"[:48].rstrip("-")
        groups = self._world.table("nodes.groups")
        where = f"{payload['cluster']}|{pool['name']}|{zone}"
        group = groups.setdefault(where, {"hash": self._world.hex(8)})["hash"]
        for _ in range(payload["count"]):
            node = self._node(store, f"{prefix}-{group}-{suffix(self._world.rng, 4)}", pool, zone)
            created = store.create(node)
            store.set_status("Node", "", meta(created)["name"], node["status"])
            wait = float(payload["ready_in"]) * self._world.rng.uniform(0.9, 1.1)
            self._world.after(wait, READY_HANDLER, cluster=payload["cluster"], node=meta(created)["name"])

    def _node(self, store: KubeStore, name: str, pool: Json, zone: str) -> Json:
        config = pool.get("config") or {}
        machine_type = str(config.get("machineType") or "e2-medium")
        host = machine(machine_type, str((pool.get("placementPolicy") or {}).get("tpuTopology") or ""))
        number = self._number(store.key)
        address = f"{subnet(zone)}.{number // 250}.{number % 250 + 2}"
        taints = [
            {"key": each["key"], "value": each.get("value", ""), "effect": _EFFECTS.get(each["effect"], each["effect"])}
            for each in config.get("taints") or ()
        ]
        if host.chips:
            taints.append({"key": TPU, "value": "present", "effect": "NoSchedule"})
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "labels": _labels(name, pool, machine_type, host, zone),
                "annotations": {"node.gke.io/last-applied-node-labels": ""},
            },
            "spec": {
                "podCIDR": f"10.{48 + number // 250}.{number % 250}.0/24",
                "podCIDRs": [f"10.{48 + number // 250}.{number % 250}.0/24"],
                "providerID": f"gce://{store.key.split('/', 1)[0]}/{zone}/{name}",
                "taints": [*taints, dict(NOT_READY)],
            },
            "status": self._status(name, address, host, str(pool.get("version") or "1.31.5-gke.1169000")),
        }

    def _number(self, cluster: str) -> int:
        row = self._world.table("nodes.numbers").setdefault(cluster, {"next": 0})
        row["next"] += 1
        return int(row["next"]) - 1

    def _status(self, name: str, address: str, host: Machine, version: str) -> Json:
        memory = host.memory_gb * 2**20
        capacity = {
            "cpu": str(host.cpus),
            "ephemeral-storage": "98831908Ki",
            "memory": f"{memory}Ki",
            "pods": "110",
        }
        allocatable = {
            **capacity,
            "cpu": allocatable_cpu(host.cpus),
            "memory": f"{allocatable_memory_ki(host.memory_gb)}Ki",
            "ephemeral-storage": "47060071478",
        }
        if host.chips:
            capacity[TPU] = allocatable[TPU] = str(host.chips)
        kubelet = version if version.startswith("v") else f"v{version}"
        return {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "capacity": capacity,
            "allocatable": allocatable,
            "conditions": self._conditions([], ready=False),
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": self._world.uid(),
                "containerRuntimeVersion": "containerd://1.7.24",
                "kernelVersion": "6.6.72+",
                "kubeProxyVersion": kubelet,
                "kubeletVersion": kubelet,
                "machineID": self._world.hex(32),
                "operatingSystem": "linux",
                "osImage": "Container-Optimized OS from Google",
                "systemUUID": self._world.uid(),
            },
        }

    def _conditions(self, old: list[Json], *, ready: bool) -> list[Json]:
        stamp = self._world.stamp()
        fine = (
            ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        )
        out = old
        for kind, reason, message in fine:
            out = with_condition(out, _heard(kind, "False", reason, message, stamp), stamp)
        if ready:
            word = _heard("Ready", "True", "KubeletReady", "kubelet is posting ready status", stamp)
        else:
            message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady"
            word = _heard("Ready", "False", "KubeletNotReady", message, stamp)
        return with_condition(out, word, stamp)

    def _ready(self, payload: Json) -> None:
        store = self._world.kube.get(payload["cluster"])
        node = store.get("Node", "", payload["node"]) if store is not None else None
        if store is None or node is None:
            return
        new = {**status(node), "conditions": self._conditions(status(node).get("conditions") or [], ready=True)}
        store.set_status("Node", "", payload["node"], new)
        node = store.get("Node", "", payload["node"])
        if node is None:
            return
        kept = [taint for taint in spec(node).get("taints") or () if taint["key"] != NOT_READY["key"]]
        node["spec"] = {key: value for key, value in spec(node).items() if key != "taints"}
        if kept:
            node["spec"]["taints"] = kept
        store.update(node)
        name = payload["node"]
        store.record_event(node, "NodeReady", f"Node {name} status is now: NodeReady", source="kubelet")

    def _relabel(self, payload: Json) -> None:
        """`cluster`, `pool` row, `gone`: labels taken away; those of the pool's config are put on."""
        store = self._world.kube.get(payload["cluster"])
        if store is None:
            return
        pool = payload["pool"]
        for found in list(store.list("Node")):
            node = store.get("Node", "", meta(found)["name"])
            if node is not None and labels(node).get(POOL_LABEL) == pool["name"]:
                kept = {key: value for key, value in labels(node).items() if key not in payload["gone"]}
                meta(node)["labels"] = {**kept, **(pool["config"].get("labels") or {})}
                store.update(node)

    def _remove(self, payload: Json) -> None:
        """`cluster`, `pool` name: its nodes go, and the pods on them."""
        store = self._world.kube.get(payload["cluster"])
        if store is None:
            return
        groups = self._world.table("nodes.groups")
        for key in [key for key in groups if key.startswith(f"{payload['cluster']}|{payload['pool']}|")]:
            del groups[key]
        found = [node for node in store.list("Node") if labels(node).get(POOL_LABEL) == payload["pool"]]
        _take_away(store, [meta(node)["name"] for node in found])

    def _shrink(self, payload: Json) -> None:
        """`cluster`, `pool` row, `zone`, `count` machines that remain there: the youngest go."""
        store = self._world.kube.get(payload["cluster"])
        if store is None:
            return
        here = [
            node
            for node in store.list("Node")
            if labels(node).get(POOL_LABEL) == payload["pool"]["name"]
            and labels(node).get(ZONE_LABEL) == payload["zone"]
        ]
        here.sort(key=lambda node: (str(meta(node)["creationTimestamp"]), str(meta(node)["name"])))
        _take_away(store, [meta(node)["name"] for node in here[payload["count"] :]])


def _take_away(store: KubeStore, names: list[str]) -> None:
    """Remove nodes and the pods on them."""
    for name in names:
        store.delete("Node", "", name)
    for pod in list(store.list("Pod")):
        if spec(pod).get("nodeName") in names:
            store.delete("Pod", meta(pod)["namespace"], meta(pod)["name"], grace=0)


def _heard(kind: str, value: str, reason: str, message: str, stamp: str) -> Json:
    return {"type": kind, "status": value, "reason": reason, "message": message, "lastHeartbeatTime": stamp}


def _labels(name: str, pool: Json, machine_type: str, host: Machine, zone: str) -> dict[str, str]:
    config = pool.get("config") or {}
    region = zone.rsplit("-", 1)[0]
    out = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": machine_type,
        "beta.kubernetes.io/os": "linux",
        POOL_LABEL: str(pool["name"]),
        "cloud.google.com/machine-family": machine_type.split("-", 1)[0],
        "iam.gke.io/gke-metadata-server-enabled": "true",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": machine_type,
        "topology.kubernetes.io/region": region,
        ZONE_LABEL: zone,
    }
    if config.get("spot"):
        out["cloud.google.com/gke-spot"] = "true"
    if host.chips:
        out[ACCELERATOR_LABEL] = host.accelerator
        out[TOPOLOGY_LABEL] = host.topology
        out["cloud.google.com/gke-accelerator-count"] = str(host.chips)
    return {**out, **(config.get("labels") or {})}
