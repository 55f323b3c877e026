"""Acts of others in the Google project: an API turned off, a cluster upgraded, a role taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from saxtui.emulator.google import operations, policy
from saxtui.emulator.world import World

Json = dict[str, Any]
UPGRADED = "scenario.upgraded"


def attach(world: World) -> None:
    """Register what the timers do."""
    world.on(UPGRADED, lambda payload: _upgraded(world, payload))


def _api_disabled(world: World, row: Json) -> None:
    services = world.table("serviceusage.services")
    for key in [key for key in services if key.endswith(f"/{row['api']}")]:
        del services[key]


def _cluster_upgrade(world: World, row: Json) -> None:
    """Every running cluster gets its master upgraded, and is RECONCILING meanwhile."""
    for key, cluster in world.table("gke.clusters").items():
        if cluster["status"] == "RUNNING":
            cluster["status"] = "RECONCILING"
            operations.start(world, "UPGRADE_MASTER", key, row["seconds"], UPGRADED)


def _upgraded(world: World, payload: Json) -> None:
    operation = operations.running(world, payload["operation"])
    if operation is None:
        return
    cluster = world.table("gke.clusters").get(operation["_cluster"])
    if cluster is not None and cluster["status"] == "RECONCILING":
        cluster["status"] = "RUNNING"
    operations.finish(world, operation)


def _binding_removed(world: World, row: Json) -> None:
    for target, found in list(world.table("iam.policies").items()):
        kept = [_without(binding, row) for binding in found["bindings"]]
        if kept != found["bindings"]:
            policy.put(world, target, [binding for binding in kept if binding["members"]])


def _without(binding: Json, row: Json) -> Json:
    if binding["role"] != row["role"]:
        return binding
    return {**binding, "members": [each for each in binding["members"] if not re.search(row["member"], each)]}


ACTS: dict[str, Callable[[World, Json], None]] = {
    "api-disabled": _api_disabled,
    "cluster-upgrade": _cluster_upgrade,
    "binding-removed": _binding_removed,
}
