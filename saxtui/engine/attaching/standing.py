"""What stands in a cluster that others made: read once, with nothing sent that changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saxtui.errors import CallError, NotFound, Problem
from saxtui.model.text import safe
from saxtui.ports import Cloud, ClusterInfo, Kubernetes, NodePoolInfo, PolicyTarget, Ref

JOBSETS = "jobset.x-k8s.io/v1alpha2"
SERVICE = "sax-http-lb"
ADMIN, HTTP, MODEL = "sax-admin-server", "sax-http", "sax-model-server"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster by project, location (a region or a zone) and name."""

    project: str
    location: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} in {self.location} of {self.project}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found. Objects are Kubernetes JSON, {} where there is none; `policy` None where it may not be read."""

    place: Place
    cluster: ClusterInfo
    pools: tuple[NodePoolInfo, ...]
    namespace: str = "default"
    jobset: Json = field(default_factory=dict)
    deployments: Mapping[str, Json] = field(default_factory=dict)
    service: Json = field(default_factory=dict)
    account: Json = field(default_factory=dict)
    policy: Json | None = None

    @property
    def containers(self) -> tuple[Json, ...]:
        """Every container of the admin server, the HTTP server and the model servers."""
        specs = [_pod(item) for item in self.deployments.values()]
        specs += [_pod(dig(job, "template")) for job in dig(self.jobset, "spec", "replicatedJobs") or ()]
        return tuple(container for spec in specs for container in spec.get("containers") or ())

    def container(self, name: str) -> Json:
        """The container of that name, or {}."""
        return next((item for item in self.containers if item.get("name") == name), {})

    def image(self, name: str) -> str:
        """Its image, or ""."""
        return safe(self.container(name).get("image", ""), 300)

    @property
    def bucket(self) -> str:
        """The bucket of SAX_ROOT, or ""."""
        for container in self.containers:
            for row in container.get("env") or ():
                value = str(row.get("value", ""))
                if row.get("name") == "SAX_ROOT" and value.startswith("gs://"):
                    return safe(value.removeprefix("gs://").split("/")[0], 80)
        return safe(_env(self.container(ADMIN), "GSBUCKET"), 80)

    @property
    def google_account(self) -> str:
        """The Google service account that the pods act as, or ""."""
        notes = dig(self.account, "metadata", "annotations") or {}
        return safe(notes.get("iam.gke.io/gcp-service-account", ""), 120)


def dig(found: Any, *path: str) -> Any:
    """The value at the path, None where something on it is missing."""
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _pod(owner: Any) -> Json:
    found = dig(owner, "spec", "template", "spec") or {}
    return found if isinstance(found, Mapping) else {}


def _env(container: Json, name: str) -> str:
    return next((str(row.get("value", "")) for row in container.get("env") or () if row.get("name") == name), "")


async def look(cloud: Cloud, place: Place, namespace: str = "") -> Standing:
    """Read it all. `namespace` "" takes the one its JobSet is in. Raises NotFound, CallError."""
    cluster = await cloud.gke.get_cluster(place.location, place.name)
    if cluster is None or not cluster.endpoint:
        raise NotFound(_missing(place, "has no address yet" if cluster else "does not exist, or you may not see it"))
    pools, policy = await asyncio.gather(cloud.gke.list_node_pools(place.location, place.name), _policy(cloud, place))
    kubernetes = await cloud.kubernetes(cluster)
    try:
        return await _objects(Standing(place, cluster, tuple(pools), namespace, policy=policy), kubernetes)
    finally:
        await kubernetes.close()


async def _objects(seen: Standing, kubernetes: Kubernetes) -> Standing:
    from dataclasses import replace

    sets = await kubernetes.list(JOBSETS, "JobSet", seen.namespace)
    ours = [item for item in sets if "sax" in str(dig(item, "metadata", "name"))] or sets
    jobset = ours[0] if ours else {}
    namespace = seen.namespace or safe(dig(jobset, "metadata", "namespace") or "default", 63)
    spec = _pod(dig((dig(jobset, "spec", "replicatedJobs") or ({},))[0], "template"))
    admin, http, service, account = await asyncio.gather(
        kubernetes.get(Ref("apps/v1", "Deployment", ADMIN, namespace)),
        kubernetes.get(Ref("apps/v1", "Deployment", HTTP, namespace)),
        kubernetes.get(Ref("v1", "Service", SERVICE, namespace)),
        kubernetes.get(Ref("v1", "ServiceAccount", str(spec.get("serviceAccountName") or "default"), namespace)),
    )
    deployments = {name: found for name, found in ((ADMIN, admin), (HTTP, http)) if found}
    return replace(
        seen, namespace=namespace, jobset=jobset, deployments=deployments, service=service or {}, account=account or {}
    )


async def _policy(cloud: Cloud, place: Place) -> Json | None:
    try:
        return await cloud.identity.get_policy(PolicyTarget("project", place.project))
    except CallError:
        return None


def _missing(place: Place, said: str) -> Problem:
    return Problem(
        tried="attach to", target=f"cluster {place}", said=said,
        next_step=f"those you may see: gcloud container clusters list --project={place.project}", code="404",
    )  # fmt: skip
