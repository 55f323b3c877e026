"""Which steps a deployment has, and what each needs first. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from saxtui.engine.protocol.step import Step
from saxtui.engine.runs.manifests import Manifest
from saxtui.engine.steps.admin_server import AdminServer
from saxtui.engine.steps.binding import StorageBinding, WorkloadBinding
from saxtui.engine.steps.bucket import Bucket
from saxtui.engine.steps.check import Check
from saxtui.engine.steps.cluster import Cluster
from saxtui.engine.steps.http_server import HttpServer
from saxtui.engine.steps.jobset_controller import JobSetController
from saxtui.engine.steps.kubernetes_account import KubernetesAccount
from saxtui.engine.steps.model_servers import ModelServers
from saxtui.engine.steps.node_pool import PREFIX as POOL
from saxtui.engine.steps.node_pool import NodePool
from saxtui.engine.steps.readiness import Readiness
from saxtui.engine.steps.service_account import ServiceAccount
from saxtui.model.deployment import Deployment, RoleScope

WORKLOAD = "binding/workload-identity"


def storage_binding(deployment: Deployment) -> str:
    """The id of the step that binds the storage role: on the bucket, or on the project."""
    return f"binding/{RoleScope(deployment.identity.role_scope).value}"


def edges(deployment: Deployment) -> dict[str, tuple[str, ...]]:
    """Step id → what must be done before it, in an order in which they can run one after the other."""
    pools = tuple(POOL + name for name in deployment.slices.pools)
    storage = storage_binding(deployment)
    bindings = (storage, WORKLOAD)
    return {
        "check": (),
        "bucket": ("check",),
        # The writer's lease lives in the bucket: nothing else is made without it, and it goes last.
        "service-account": ("check", "bucket"),
        # The bucket's name is unique in the world: having it is the lock that lets the cluster be made.
        "cluster": ("check", "bucket"),
        storage: ("bucket", "service-account") if storage == "binding/bucket" else ("service-account",),
        # The workload pool exists in a project only once a cluster uses it.
        WORKLOAD: ("service-account", "cluster"),
        **dict.fromkeys(pools, ("cluster",)),
        "kubernetes-account": ("cluster",),
        "jobset-controller": ("cluster",),
        "admin-server": ("bucket", "kubernetes-account", *bindings),
        "model-servers": (*pools, "jobset-controller", "kubernetes-account", *bindings),
        "http-server": ("kubernetes-account", "admin-server"),
        "readiness": ("model-servers", "http-server"),
    }


def build(
    deployment: Deployment, manifest: Manifest, journaled: Iterable[str] = (), until: float | None = None
) -> dict[str, Step]:
    """Every step by id, in the order of `edges`. `journaled` adds pools and bindings only the journal still knows.

    `until`: the end of its time to live, in epoch seconds, for the labels that tell it.
    """
    wanted = edges(deployment)
    extra = [name for name in journaled if name not in wanted and name.startswith((POOL, "binding/"))]
    steps = {name: _make(name)(name, deployment, manifest) for name in (*wanted, *extra)}
    for step in steps.values():
        step.until = until
    return steps


def _make(name: str) -> type[Step]:
    if name.startswith(POOL):
        return NodePool
    if name == WORKLOAD:
        return WorkloadBinding
    return StorageBinding if name.startswith("binding/") else _KINDS[name]


_KINDS: dict[str, type[Step]] = {
    "check": Check,
    "bucket": Bucket,
    "service-account": ServiceAccount,
    "cluster": Cluster,
    "kubernetes-account": KubernetesAccount,
    "jobset-controller": JobSetController,
    "admin-server": AdminServer,
    "model-servers": ModelServers,
    "http-server": HttpServer,
    "readiness": Readiness,
}
