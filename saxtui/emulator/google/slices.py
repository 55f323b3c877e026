"""The rules GKE has for TPU slices in node pools: topology, number of hosts, one zone."""

from __future__ import annotations

from typing import Any

from saxtui.catalog import tpus
from saxtui.emulator.google import machines
from saxtui.emulator.google.errors import bad_request

Json = dict[str, Any]


def topology_of(pool: Json) -> str:
    """The topology a pool names, or ""."""
    return str(pool.get("placementPolicy", {}).get("tpuTopology", ""))


def zones_for(machine_name: str, wanted: Json, cluster_zones: list[str]) -> list[str]:
    """Where the pool goes: what it names, else the cluster's zones; a TPU pool takes the first that offers it."""
    named = list(wanted.get("locations") or [])
    machine = machines.find(machine_name)
    if named or machine is None or not machine.chips:
        return named or list(cluster_zones)
    offering = [zone for zone in cluster_zones if machines.offered(machine, zone)]
    return offering[:1] or list(cluster_zones)


def check(machine_name: str, wanted: Json, zones: list[str]) -> None:
    """Refuse what GKE refuses at once. Raises GoogleError 400."""
    machine = machines.find(machine_name)
    config = wanted.get("config", {})
    topology = topology_of(wanted)
    if machine is None or not machine.chips:
        if topology:
            raise bad_request(f'TPU topology can\'t be specified with machine type "{machine_name}".')
        return
    _check_flex(config, wanted)
    if not topology:
        if tpus.by_machine_type(machine_name, "") is None:
            raise bad_request(f'TPU topology must be specified for machine type "{machine_name}".')
        return
    shape = tpus.by_machine_type(machine_name, topology)
    if shape is None:
        raise bad_request(f'Invalid TPU topology "{topology}" for machine type "{machine_name}".')
    if not shape.multi_host:
        raise bad_request(
            "TPU topology can't be specified with single-host TPU slice pool; please remove the tpu_topology from the "
            "placement policy."
        )
    if len(zones) != 1:
        raise bad_request("Multi-host TPU slice node pools must be in exactly one zone.", "node_pool.locations")
    _check_autoscaling(wanted, shape)


def _check_flex(config: Json, wanted: Json) -> None:
    if not config.get("flexStart"):
        return
    if not wanted.get("autoscaling", {}).get("enabled"):
        raise bad_request("Flex start node pools require autoscaling enabled.")
    if wanted.get("initialNodeCount", 0):
        raise bad_request("Flex start node pools require initial node count to be set to 0.")


def _check_autoscaling(wanted: Json, shape: tpus.SliceShape) -> None:
    scaling = wanted.get("autoscaling", {})
    if not scaling.get("enabled"):
        return
    most = scaling.get("totalMaxNodeCount") or scaling.get("maxNodeCount") or 0
    if most != shape.hosts:
        raise bad_request(
            f'Maximum node count {most} is not a valid size of TPU pod slice with topology "{shape.topology}".'
        )


def wrong_size(pool: Json, count: int) -> Json | None:
    """Why an operation that gives the pool `count` nodes fails, or None: a slice has all its hosts or none."""
    topology = topology_of(pool)
    shape = tpus.by_machine_type(pool["config"]["machineType"], topology) if topology else None
    if shape is None or count == shape.hosts or (count == 0 and pool.get("autoscaling", {}).get("enabled")):
        return None
    message = (
        f"Google Compute Engine: Invalid value for field 'resource.resizeBy': '{count}'. Requested invalid target size "
        f"'{count}' for a Managed Instance Group in the gang mode of size '{shape.hosts}'. Should be equal to the gang "
        "size."
    )
    return {"message": message, "code": 3, "condition": ""}
