"""The resource table: one record for each thing that exists in the embedded cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]

_KEPT_BY_THE_CLUSTER = frozenset({"Event", "Node", "Lease", "Endpoints", "EndpointSlice"})
_SYSTEM_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
_COMPUTE = (("compute.forwardingRules", "forwarding-rule"), ("compute.addresses", "address"))


def listing(world: World) -> list[Json]:
    """Records {type, name, project} and, where it has one, location, of the caller's projects; sorted by type and name.

    Types: project, service-account, bucket, object, cluster, node-pool, iam-binding (name "target role member"),
    forwarding-rule, address, and k8s/<Kind> for Kubernetes objects that a user made.
    """
    records = [*_google(world), *_bindings(world), *_networks(world)]
    for key, store in world.kube.items():
        records += _kubernetes(key, store)
    mine = {project["projectId"] for project in world.table("crm.projects").values() if project["_mine"]}
    records = [record for record in records if record["project"] in mine]
    return sorted(records, key=lambda record: (record["type"], record["project"], record["name"]))


def _google(world: World) -> Iterator[Json]:
    for project in world.table("crm.projects").values():
        yield {"type": "project", "name": project["projectId"], "project": project["projectId"]}
    for email, account in world.table("iam.accounts").items():
        yield {"type": "service-account", "name": email, "project": account["projectId"]}
    for name, bucket in world.table("storage.buckets").items():
        yield {"type": "bucket", "name": name, "project": bucket["_project"], "location": bucket["location"]}
    for key in world.table("storage.objects"):
        bucket_name = key.partition("/")[0]
        owner = world.table("storage.buckets")[bucket_name]["_project"]
        yield {"type": "object", "name": f"gs://{key}", "project": owner}
    for key in world.table("gke.clusters"):
        project_id, location, name = key.split("/")
        yield {"type": "cluster", "name": name, "project": project_id, "location": location}
    for key in world.table("gke.pools"):
        project_id, location, cluster, name = key.split("/")
        yield {"type": "node-pool", "name": f"{cluster}/{name}", "project": project_id, "location": location}


def _bindings(world: World) -> Iterator[Json]:
    for target, policy in world.table("iam.policies").items():
        for binding in policy["bindings"]:
            for member in binding["members"]:
                name = f"{target} {binding['role']} {member}"
                yield {"type": "iam-binding", "name": name, "project": _project_of(world, target)}


def _project_of(world: World, target: str) -> str:
    kind, _, name = target.partition(":")
    if kind == "bucket":
        return str(world.table("storage.buckets")[name]["_project"])
    if kind == "service-account":
        return str(world.table("iam.accounts")[name]["projectId"])
    return name


def _networks(world: World) -> Iterator[Json]:
    for table, kind in _COMPUTE:
        for key in world.table(table):
            project, region, name = key.split("/")
            yield {"type": kind, "name": name, "project": project, "location": region}


def _kubernetes(key: str, store: KubeStore) -> Iterator[Json]:
    project, location, cluster = key.split("/")
    for info in store.registry:
        if info.kind in _KEPT_BY_THE_CLUSTER:
            continue
        for obj in store.list(info.kind):
            metadata = obj["metadata"]
            namespace = metadata.get("namespace", "")
            if _made_by_the_cluster(info.kind, namespace, metadata):
                continue
            name = "/".join(part for part in (cluster, namespace, metadata["name"]) if part)
            yield {"type": f"k8s/{info.kind}", "name": name, "project": project, "location": location}


def _made_by_the_cluster(kind: str, namespace: str, metadata: Json) -> bool:
    """Whether an object came with the cluster or follows from another one, rather than from a user."""
    name = metadata["name"]
    if metadata.get("ownerReferences"):
        return True
    if kind == "Namespace":
        return name in _SYSTEM_NAMESPACES
    if kind == "ServiceAccount":
        return bool(name == "default") or namespace in _SYSTEM_NAMESPACES - {"default"}
    if kind == "Service":
        return bool(namespace == "default" and name == "kubernetes")
    return bool(kind == "ConfigMap" and name == "kube-root-ca.crt")
