"""Why the creation of a node pool fails: faults of the scenario, in the words of Compute Engine and GKE."""

from __future__ import annotations

from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import slices
from saxtui.emulator.world import World

Json = dict[str, Any]


def failure(world: World, cluster_key: str, row: Json) -> Json | None:
    """message, code (google.rpc.Code), condition, `after` seconds (None: as long as it takes); None when it works."""
    fault = scenarios.on_event(world, "pool.create", row["name"], "stockout", "quota-exceeded")
    if fault is None:
        wrong = slices.wrong_size(row, row["initialNodeCount"])
        return {**wrong, "after": None} if wrong else None
    short = fault["fault"] == "quota-exceeded"
    words = _quota_words if short else _stockout_words
    condition = "GCE_QUOTA_EXCEEDED" if short else "GCE_STOCKOUT"
    return {"message": words(cluster_key, row, fault), "code": 8, "condition": condition, "after": fault["after"]}


def _begin(row: Json, fault: Json) -> str:
    minutes, rest = divmod(fault["after"], 60)
    waited = f"{int(minutes)}m{rest:.3f}s" if minutes else f"{rest:.0f}s"
    count, running = row["initialNodeCount"], min(fault.get("running", 0), row["initialNodeCount"])
    return (
        f"Not all instances running in IGM after {waited}. Expected {count}, running {running}, "
        f"transitioning {count - running}. Current errors: "
    )


def _instance(cluster_key: str, row: Json) -> str:
    return f"gke-{cluster_key.split('/')[2]}-{row['name']}-0"


def _quota_words(cluster_key: str, row: Json, fault: Json) -> str:
    region = row["locations"][0][:-2]
    return (
        f"Insufficient quota to satisfy the request: {_begin(row, fault)}[GCE_QUOTA_EXCEEDED]: Instance "
        f"'{_instance(cluster_key, row)}' creation failed: Quota '{fault['metric']}' exceeded. Limit: "
        f"{float(fault['limit'])} in region {region}."
    )


def _stockout_words(cluster_key: str, row: Json, fault: Json) -> str:
    project = cluster_key.split("/")[0]
    return (
        f"Google Compute Engine: {_begin(row, fault)}[GCE_STOCKOUT]: Instance '{_instance(cluster_key, row)}' creation "
        f"failed: The zone 'projects/{project}/zones/{row['locations'][0]}' does not have enough resources available "
        "to fulfill the request. '(resource type:compute)'."
    )
