"""What the kubelets remember of each pod, and how they write it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import meta, place, spec, status
from saxtui.emulator.controllers.kubelet_status import new_container, pod_status
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "kubelet"


class PodRows:
    """Rows by pod uid in the table "kubelet.pods": cluster, namespace, name, uid, node, host_ip, pod_ip, started,
    leaving, containers {name: see kubelet_status.new_container}."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = world.table("kubelet.pods")

    def add(self, store: KubeStore, pod: Json, *, started: bool = True) -> Json:
        """Remember a pod bound to a node; without `started` as one whose containers never will."""
        namespace, name = place(pod)
        containers = (spec(pod).get("containers") or ()) if started else ()
        row: Json = {
            "cluster": store.key,
            "namespace": namespace,
            "name": name,
            "uid": meta(pod)["uid"],
            "node": spec(pod)["nodeName"],
            "host_ip": "",
            "pod_ip": "",
            "started": "",
            "leaving": False,
            "containers": {
                each["name"]: new_container(each["name"], str(each.get("image", ""))) for each in containers
            },
        }
        self._rows[row["uid"]] = row
        return row

    def row(self, uid: str) -> Json | None:
        """The row of a pod that is known and whose cluster exists."""
        row = self._rows.get(uid)
        return row if row is not None and row["cluster"] in self._world.kube else None

    def pop(self, uid: str) -> Json | None:
        """Forget a pod; its row, if there was one."""
        return self._rows.pop(uid, None)

    def of_cluster(self, cluster: str) -> list[str]:
        """The uids of a cluster's pods."""
        return [uid for uid, row in self._rows.items() if row["cluster"] == cluster]

    def pod(self, row: Json | None) -> Json | None:
        """The pod of a row, None for no row or no pod."""
        return self._world.kube[row["cluster"]].get("Pod", row["namespace"], row["name"]) if row is not None else None

    def write(self, row: Json) -> None:
        """Set the pod's status from the row."""
        store, pod = self._world.kube[row["cluster"]], self.pod(row)
        if pod is not None and meta(pod)["uid"] == row["uid"]:
            store.set_status("Pod", row["namespace"], row["name"], pod_status(pod, row, self._world.stamp()))

    def event(self, row: Json, pod: Json, reason: str, message: str, *, warning: bool = False) -> None:
        """Record an event about the pod."""
        self._world.kube[row["cluster"]].record_event(pod, reason, message, warning=warning, source=SOURCE)

    def meet(self, store: KubeStore, row: Json) -> None:
        """Fill in the node's address and the time at which the kubelet took the pod in."""
        node = store.get("Node", "", row["node"])
        addresses = status(node or {}).get("addresses") or ({"type": "InternalIP", "address": "10.128.0.2"},)
        row["host_ip"] = next(each["address"] for each in addresses if each["type"] == "InternalIP")
        row["started"] = self._world.stamp()

    def address(self, store: KubeStore, row: Json, pod: Json) -> None:
        """Give the pod its address: its node's under hostNetwork, else the next of the node's range."""
        if row["pod_ip"]:
            return
        if spec(pod).get("hostNetwork"):
            row["pod_ip"] = row["host_ip"]
            return
        node = store.get("Node", "", row["node"]) or {}
        cidr = str(spec(node).get("podCIDR") or "10.48.250.0/24")
        numbers = self._world.table("kubelet.addresses").setdefault(f"{row['cluster']}|{row['node']}", {"last": 1})
        numbers["last"] = numbers["last"] + 1 if numbers["last"] < 254 else 2
        row["pod_ip"] = cidr.rsplit(".", 1)[0] + f".{numbers['last']}"
