"""What a new cluster holds, and the few controllers that live inside the API server's own process here."""

from __future__ import annotations

from saxtui.emulator.kubernetes import slices, views
from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.world import World

CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_CONDITIONS = (
    ("NamesAccepted", "NoConflicts", "no conflicts found"),
    ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
)


def empty_store(world: World, key: str) -> KubeStore:
    """A cluster's store that holds nothing yet, with its small controllers at work."""
    store = KubeStore(world, key)
    store.listen(lambda change, obj, _old: _furnish(store, change, obj))
    return store


def make_store(world: World, key: str) -> KubeStore:
    """A cluster's store with its namespaces, their default accounts, and the Service `kubernetes`."""
    store = empty_store(world, key)
    for name in NAMESPACES:
        store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    store.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"},
            },
            "spec": {
                "type": "ClusterIP",
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}],
            },
        }
    )
    return store


def _furnish(store: KubeStore, change: str, obj: Json) -> None:
    if obj["kind"] == "Namespace" and change == "ADDED":
        _default_account(store, str(obj["metadata"]["name"]))
    elif obj["kind"] == "CustomResourceDefinition" and change in ("ADDED", "MODIFIED"):
        _establish(store, obj)
    elif obj["kind"] == "Node" and change in ("ADDED", "MODIFIED"):
        _keep_node(store, change, obj)
    else:
        slices.mirror(store, change, obj)


def _default_account(store: KubeStore, namespace: str) -> None:
    metadata = {"name": "default", "namespace": namespace}
    store.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


def _keep_node(store: KubeStore, change: str, node: Json) -> None:
    """A node's Lease, and the taint that goes with its being cordoned."""
    if change == "ADDED" and store.peek("Lease", views.NODE_LEASES, node["metadata"]["name"]) is None:
        store.create(views.lease(node, store.world.stamp()), manager="kubelet")
    spec = node.get("spec") or {}
    taints = spec.get("taints") or []
    tainted = any(taint.get("key") == CORDONED["key"] for taint in taints)
    if bool(spec.get("unschedulable")) == tainted:
        return
    now = store.get("Node", "", node["metadata"]["name"])
    if now is None or now["metadata"]["resourceVersion"] != node["metadata"]["resourceVersion"]:
        return
    kept = [taint for taint in taints if taint.get("key") != CORDONED["key"]]
    wanted = kept if tainted else [*kept, {**CORDONED, "timeAdded": store.world.stamp()}]
    now["spec"] = {**{name: value for name, value in spec.items() if name != "taints"}}
    if wanted:
        now["spec"]["taints"] = wanted
    store.update(now, manager="kube-controller-manager")


def _establish(store: KubeStore, crd: Json) -> None:
    """Serve what the CRD describes. (A real API server takes about a second to.)"""
    if store.registry.add(crd) is None or (crd.get("status") or {}).get("conditions"):
        return
    now = store.world.stamp()
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
        for kind, reason, message in _CONDITIONS
    ]
    names = crd["spec"]["names"]
    stored = [version["name"] for version in crd["spec"]["versions"] if version.get("storage")]
    status = {"conditions": conditions, "acceptedNames": names, "storedVersions": stored}
    store.set_status("CustomResourceDefinition", "", crd["metadata"]["name"], status)
