"""Regional Compute Engine quotas, with usage counted from the node pools there are."""

from __future__ import annotations

from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import machines, places
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.world import World

Json = dict[str, Any]

# Limits of a project that has asked for its TPUs. Chips for the TPU metrics, GB for disks.
_LIMITS = {
    "CPUS": 4096.0,
    "SSD_TOTAL_GB": 81920.0,
    "DISKS_TOTAL_GB": 81920.0,
    "IN_USE_ADDRESSES": 575.0,
    "STATIC_ADDRESSES": 575.0,
    "TPU_LITE_DEVICE_V5": 0.0,
    "TPU_LITE_PODSLICE_V5": 128.0,
    "PREEMPTIBLE_TPU_LITE_DEVICE_V5": 0.0,
    "PREEMPTIBLE_TPU_LITE_PODSLICE_V5": 128.0,
}


def of_region(world: World, project: str, region: str) -> list[Json]:
    """The quotas a region answers: metric, limit, usage."""
    used = _usage(world, project, region)
    return [{"metric": metric, "limit": _limit(world, metric), "usage": used.get(metric, 0.0)} for metric in _LIMITS]


def _limit(world: World, metric: str) -> float:
    """The limit, lower where the scenario has it so."""
    short = (float(fault["limit"]) for fault in scenarios.states(world, "quota-limit") if fault["metric"] == metric)
    return min([_LIMITS[metric], *short])


def check(world: World, cluster_key: str, machine_name: str, nodes: int, *, spot: bool) -> None:
    """Refuse nodes the region has no quota for. Raises GoogleError 403."""
    project, location, _ = cluster_key.split("/")
    used = _usage(world, project, places.region_of(location))
    for metric, amount in _demand(machine_name, nodes, spot=spot).items():
        limit = _limit(world, metric)
        free = max(0.0, limit - used.get(metric, 0.0))
        if amount > free:
            raise GoogleError(
                403,
                f"Insufficient regional quota to satisfy request: resource \"{metric}\": request requires '{amount}' "
                f"and is short '{amount - free}'. project has a quota of '{limit}' with '{free}' available. View and "
                f"manage quotas at https://console.cloud.google.com/iam-admin/quotas?usage=USED&project={project}.",
            )


def _demand(machine_name: str, nodes: int, *, spot: bool) -> dict[str, float]:
    machine = machines.find(machine_name)
    if machine is None:
        return {}
    if machine.accelerator == "ct5lp":
        metric = "PREEMPTIBLE_TPU_LITE_PODSLICE_V5" if spot else "TPU_LITE_PODSLICE_V5"
        return {metric: float(nodes * machine.chips)}
    if machine.chips:
        return {}
    return {"CPUS": float(nodes * machine.cpus), "SSD_TOTAL_GB": nodes * 100.0}


def _usage(world: World, project: str, region: str) -> dict[str, float]:
    used: dict[str, float] = {}
    for key, pool in world.table("gke.pools").items():
        owner, location, *_ = key.split("/")
        if owner != project or places.region_of(location) != region:
            continue
        config = pool["config"]
        nodes = pool["initialNodeCount"] * len(pool["locations"])
        for metric, amount in _demand(config["machineType"], nodes, spot=bool(config.get("spot"))).items():
            used[metric] = used.get(metric, 0.0) + amount
    return used
