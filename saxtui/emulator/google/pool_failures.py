"""Why making or resizing a node pool fails: faults of the scenario, in the words of Compute Engine and GKE."""

from __future__ import annotations

from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import slices
from saxtui.emulator.world import World

Json = dict[str, Any]


def failure(world: World, cluster_key: str, row: Json) -> Json | None:
    """message, code (google.rpc.Code), condition, `after` seconds (None: as long as it takes); None when it works."""
    wrong = slices.wrong_size(row, row["initialNodeCount"])
    return _struck(world, "pool.create", cluster_key, row, row["initialNodeCount"]) or _late(wrong)


def resize_failure(world: World, cluster_key: str, row: Json, size: int) -> Json | None:
    """The same for giving a pool that is there another size. A slice can always be let go whole."""
    if size == 0:
        return None
    return _struck(world, "pool.resize", cluster_key, row, size) or _late(slices.wrong_size(row, size))


def _late(wrong: Json | None) -> Json | None:
    return {**wrong, "after": None} if wrong else None


def _struck(world: World, event: str, cluster_key: str, row: Json, count: int) -> Json | None:
    fault = scenarios.on_event(world, event, row["name"], "stockout", "quota-exceeded")
    if fault is None:
        return None
    short = fault["fault"] == "quota-exceeded"
    words = _quota_words if short else _stockout_words
    condition = "GCE_QUOTA_EXCEEDED" if short else "GCE_STOCKOUT"
    message = words(cluster_key, row, fault, count)
    return {"message": message, "code": 8, "condition": condition, "after": fault["after"]}


def _begin(fault: Json, count: int) -> str:
    minutes, rest = divmod(fault["after"], 60)
    waited = f"{int(minutes)}m{rest:.3f}s" if minutes else f"{rest:.0f}s"
    running = min(fault.get("running", 0), count)
    return (
        f"Not all instances running in IGM after {waited}. Expected {count}, running {running}, "
        f"transitioning {count - running}. Current errors: "
    )


def _instance(cluster_key: str, row: Json) -> str:
    return f"gke-{cluster_key.split('/')[2]}-{row['name']}-0"


def _quota_words(cluster_key: str, row: Json, fault: Json, count: int) -> str:
    region = row["locations"][0][:-2]
    return (
        f"Insufficient quota to satisfy the request: {_begin(fault, count)}[GCE_QUOTA_EXCEEDED]: Instance "
        f"'{_instance(cluster_key, row)}' creation failed: Quota '{fault['metric']}' exceeded. Limit: "
        f"{float(fault['limit'])} in region {region}."
    )


def _stockout_words(cluster_key: str, row: Json, fault: Json, count: int) -> str:
    project = cluster_key.split("/")[0]
    return (
        f"Google Compute Engine: {_begin(fault, count)}[GCE_STOCKOUT]: Instance '{_instance(cluster_key, row)}' "
        f"creation failed: The zone 'projects/{project}/zones/{row['locations'][0]}' does not have enough resources "
        "available to fulfill the request. '(resource type:compute)'."
    )
