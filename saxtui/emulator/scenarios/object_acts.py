"""Acts of others on single things: objects made, changed and deleted, nodes marked, buckets and pools taken away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import labels, meta, place, spec, status, with_condition
from saxtui.emulator.controllers.nodes import POOL_LABEL
from saxtui.emulator.google import policy
from saxtui.emulator.kubernetes.patch import merge
from saxtui.emulator.sax import cell
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
_PRESSED = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    "DiskPressure": ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}


def _objects(world: World, row: Json) -> Iterator[tuple[KubeStore, Json]]:
    for store in list(world.kube.values()):
        found = [
            each for each in store.list(row["kind"], row["namespace"]) if re.fullmatch(row["name"], meta(each)["name"])
        ]
        for obj in found[: row["count"]]:
            yield store, obj


def _created(world: World, row: Json) -> None:
    for store in list(world.kube.values()):
        store.create(row["object"], manager="kubectl-client-side-apply")


def _changed(world: World, row: Json) -> None:
    for store, obj in list(_objects(world, row)):
        store.update(merge(obj, row["patch"]), manager="kubectl-patch")


def _deleted(world: World, row: Json) -> None:
    for store, obj in list(_objects(world, row)):
        store.delete(row["kind"], *place(obj), propagation="Background")


def _nodes(world: World, row: Json) -> Iterator[tuple[KubeStore, Json]]:
    for store in list(world.kube.values()):
        found = [node for node in store.list("Node") if labels(node).get(POOL_LABEL) == row["pool"]]
        for node in found[: row["count"]]:
            yield store, store.get("Node", "", meta(node)["name"]) or node


def _tainted(world: World, row: Json) -> None:
    taint = {"key": row["key"], "value": row["value"], "effect": row["effect"]}
    for store, node in list(_nodes(world, row)):
        node["spec"] = {**spec(node), "taints": [*(spec(node).get("taints") or ()), taint]}
        store.update(node)


def _pressure(world: World, row: Json) -> None:
    reason, message = _PRESSED[row["condition"]]
    for store, node in list(_nodes(world, row)):
        stamp = world.stamp()
        word = {"type": row["condition"], "status": "True", "reason": reason, "message": message}
        conditions = with_condition(status(node).get("conditions") or [], word, stamp)
        store.set_status("Node", "", meta(node)["name"], {**status(node), "conditions": conditions})
        name = str(meta(node)["name"])
        store.record_event(node, f"NodeHas{row['condition']}", f"Node {name} status is now: NodeHas{row['condition']}")


def _pool_deleted(world: World, row: Json) -> None:
    pools = world.table("gke.pools")
    for key in [key for key in pools if key.endswith(f"/{row['pool']}")]:
        del pools[key]
        world.tell("pool.deleted", cluster=key.rpartition("/")[0], pool=row["pool"])


def _bucket_deleted(world: World, row: Json) -> None:
    cells = {admin.get("bucket") for admin in world.table("sax.admins").values()}
    there = tuple(world.table("storage.buckets"))
    for name in [name for name in there if (re.search(row["bucket"], name) if row["bucket"] else name in cells)]:
        del world.table("storage.buckets")[name]
        policy.drop(world, policy.key("bucket", name))
        objects = world.table("storage.objects")
        for key in [key for key in objects if key.startswith(f"{name}/")]:
            del objects[key]


def _published(world: World, row: Json) -> None:
    for admin in world.table("sax.admins").values():
        try:
            cell.publish(admin, row["model"], row["path"], row["checkpoint"], row["replicas"], world.hex(16))
        except cell.SaxError:
            continue
        process = world.table("sax.processes").get(admin["run"])
        store = world.kube.get(process["cluster"]) if process is not None else None
        if process is not None and store is not None:
            from saxtui.emulator.sax import lines

            text = lines.glog(world.now, "I", "admin.go:97", "Published with overrides: map[]")
            store.append_log(process["namespace"], process["pod"], process["container"], text)


ACTS: dict[str, Callable[[World, Json], None]] = {
    "object-created": _created,
    "object-changed": _changed,
    "object-deleted": _deleted,
    "node-tainted": _tainted,
    "node-pressure": _pressure,
    "pool-deleted": _pool_deleted,
    "bucket-deleted": _bucket_deleted,
    "model-published": _published,
}
