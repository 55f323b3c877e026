"""Quota, needed against limit and used, and whether a reservation is there and big enough. Only reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saxtui.errors import CallError, Problem

if TYPE_CHECKING:
    from saxtui.engine.steps.check import Findings
    from saxtui.model.deployment import Deployment
    from saxtui.ports import Cloud, NodePoolInfo, Quota

# Compute Engine's regional metrics, in chips.
_REGIONAL = {("v5e", False): "TPU_LITE_PODSLICE_V5", ("v5e", True): "PREEMPTIBLE_TPU_LITE_PODSLICE_V5"}
_FAMILY = "TPUS-PER-TPU-FAMILY-per-project-region"
# Cloud Quotas' ids and the tpu_family they are asked for; where none is known the limit is unknown.
_CLOUD = {
    ("v6e", False): (_FAMILY, "CT6E"),
    ("v6e", True): ("PREEMPTIBLE-TPU-V6E-per-project-region", ""),
    ("tpu7x", True): ("PREEMPTIBLE-TPU7X-per-project-region", ""),
}
_NO_DISK_QUOTA = ("v6e", "tpu7x")
"""Generations whose hosts' disks are not known to count as SSD_TOTAL_GB."""
DISK_GB = 100
"""GKE's default boot disk."""
_ZONES = 3
"""Zones that GKE usually takes of a region."""


@dataclass(frozen=True, slots=True)
class Need:
    """How much of which quota, in its unit."""

    metric: str
    amount: float
    unit: str


async def quota(deployment: Deployment, cloud: Cloud, found: Findings) -> None:
    """A line and, where short, a problem for each quota the plan draws on. Raises CallError."""
    region = deployment.region
    clusters = await cloud.gke.list_clusters(region)
    there = any(item.name == deployment.cluster.name for item in clusters)
    pools = await cloud.gke.list_node_pools(region, deployment.cluster.name) if there else []
    missing = _without_hosts(deployment, pools)
    quotas = await cloud.projects.quotas(deployment.project, region)
    for need in _needs(deployment, missing, there):
        row = next((item for item in quotas if item.metric == need.metric), None)
        if row is not None:
            _judge(deployment, need, row, found)
    if deployment.slices.reservation:
        found.lines.append("TPU quota: not needed with a reservation")
        return
    await _chips(deployment, cloud, missing, quotas, found)


def _without_hosts(deployment: Deployment, pools: Iterable[NodePoolInfo]) -> int:
    """How many slices are not made yet, or paused: those draw on quota and reservation when they come."""
    held = {item.name for item in pools if item.node_count or deployment.slices.flex_start}
    return sum(1 for pool in deployment.slices.pools if pool not in held)


def _needs(deployment: Deployment, missing: int, there: bool) -> list[Need]:
    spec, shape = deployment.cluster, deployment.slices.shape
    nodes = 0 if there or spec.adopt else spec.cpu_nodes * (_ZONES if spec.every_zone else 1)
    hosts = 0 if shape.generation in _NO_DISK_QUOTA else shape.hosts * missing
    sized = re.search(r"-(\d+)$", spec.cpu_machine_type)
    cpus = int(sized.group(1)) if sized else 0
    return [
        Need("CPUS", nodes * cpus, "vCPUs"),
        Need("SSD_TOTAL_GB", (nodes + hosts) * DISK_GB, "GB"),
    ]


async def _chips(
    deployment: Deployment, cloud: Cloud, missing: int, quotas: list[Quota] | tuple[Quota, ...], found: Findings
) -> None:
    slices = deployment.slices
    needed = slices.shape.chips * missing
    key = (slices.generation, slices.spot or (slices.flex_start and slices.generation != "v5e"))
    metric = _REGIONAL.get(key, "")
    row = next((item for item in quotas if item.metric == metric), None)
    if row is not None:
        _judge(deployment, Need(metric, needed, "chips"), row, found)
        return
    limit: float | None = None
    name, family = _CLOUD.get(key, ("", ""))
    why = f"no quota is known for {slices.generation} {slices.capacity.value}"
    if name:
        why = f"{name} cannot be read; gcloud services enable cloudquotas.googleapis.com lets it be"
        try:
            limit = await cloud.projects.cloud_quota(deployment.project, deployment.region, name, family)
        except CallError:
            limit = None
    if limit is None:
        found.lines.append(f"quota: needed {needed} chips · limit unknown: {why}")
        return
    # Cloud Quotas tells limits alone.
    short = max(0.0, needed - limit)
    label = f"{name} {family}".strip()
    found.lines.append(f"quota {label}: needed {needed} · limit {limit:g} · used unknown · short {short:g}")
    if short:
        said = f"needed {needed} chips, limit {limit:g}, used unknown, short {short:g}"
        found.problems.append(_short(deployment, label, said, "chips"))


def _judge(deployment: Deployment, need: Need, row: Quota, found: Findings) -> None:
    short = max(0.0, need.amount - (row.limit - row.usage))
    found.lines.append(
        f"quota {need.metric}: needed {need.amount:g} · limit {row.limit:g} · used {row.usage:g} · short {short:g}"
    )
    if short:
        said = f"needed {need.amount:g} {need.unit}, limit {row.limit:g}, used {row.usage:g}, short {short:g}"
        found.problems.append(_short(deployment, need.metric, said, need.unit))


def _short(deployment: Deployment, label: str, said: str, unit: str) -> Problem:
    fewer = "fewer or smaller CPU nodes" if unit in ("vCPUs", "GB") else "fewer slices, a smaller topology"
    return Problem(
        tried="use",
        target=f"quota {label} in {deployment.region}",
        said=said,
        next_step=f"ask for more quota, or choose {fewer} or another region",
        reason="QUOTA",
        command=f"gcloud compute regions describe {deployment.region} --project={deployment.project}",
    )


async def reservation(deployment: Deployment, cloud: Cloud, found: Findings) -> None:
    """That the reservation named is there, for these machines, and has room for the slices not made yet."""
    slices, name = deployment.slices, deployment.slices.reservation
    if not name:
        found.lines.append("none asked for")
        return
    shape, target = slices.shape, f"reservation {name} in {deployment.zone}"
    seen = await cloud.projects.reservation(deployment.project, deployment.zone, name)
    pools = await cloud.gke.list_node_pools(deployment.region, deployment.cluster.name)
    needed = shape.hosts * _without_hosts(deployment, pools)
    if seen is None:
        said = "does not exist, or this project may not use it"
    elif seen.machine_type != shape.machine_type:
        said = f"is for {seen.machine_type}, the slices are {shape.machine_type}"
    elif needed > seen.count - seen.used:
        short = needed - seen.count + seen.used
        said = f"needed {needed} machines, reserved {seen.count}, used {seen.used}, short {short}"
    else:
        found.lines.append(f"{target}: {seen.count} x {seen.machine_type}, {seen.used} used, {needed} needed")
        return
    found.problems.append(
        Problem(
            tried="use",
            target=target,
            said=said,
            next_step="name one that has room in slices.reservation, or leave it empty",
            reason="RESERVATION",
            command=f"gcloud compute reservations list --project={deployment.project}",
        )
    )
