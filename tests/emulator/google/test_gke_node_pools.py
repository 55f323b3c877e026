"""GKE node pools: the rules of TPU slices, faults, and what runs beside what."""

from __future__ import annotations

from typing import Any

import pytest

BASE = "/v1/projects/demo-project/locations/us-west4"
POOLS = f"{BASE}/clusters/saxml/nodePools"


def tpu(name: str = "tpu1", topology: str = "4x8", count: int = 8, **fields: Any) -> dict[str, Any]:
    return {
        "nodePool": {
            "name": name,
            "config": {"machineType": "ct5lp-hightpu-4t"},
            "initialNodeCount": count,
            "locations": ["us-west4-a"],
            "placementPolicy": {"type": 1, "tpuTopology": topology},
            **fields,
        }
    }


@pytest.fixture
def cloud(simulated: Any) -> Any:
    simulated.cluster(locations=["us-west4-a"])
    simulated.told.clear()
    return simulated


def test_a_slice_comes_up_whole(cloud: Any) -> None:
    operation = cloud.post(POOLS, tpu(config={"machineType": "ct5lp-hightpu-4t", "resourceLabels": {"k": "v"}})).ok()
    assert operation["targetLink"].endswith("/clusters/saxml/nodePools/tpu1")
    assert cloud.get(f"{POOLS}/tpu1").ok()["status"] == "PROVISIONING"
    while not cloud.told:
        cloud.pass_time(1)
    topic, payload = cloud.told[0]
    assert (topic, payload["zone"], payload["count"]) == ("pool.nodes", "us-west4-a", 8)
    assert cloud.get(f"{POOLS}/tpu1").ok()["status"] == "PROVISIONING"
    cloud.pass_time(60)
    pool = cloud.get(f"{POOLS}/tpu1").ok()
    assert pool["status"] == "RUNNING"
    assert pool["placementPolicy"] == {"type": "COMPACT", "tpuTopology": "4x8"}
    assert pool["config"]["resourceLabels"] == {"k": "v"}
    assert pool["config"]["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}


def test_pools_are_made_side_by_side(cloud: Any) -> None:
    cloud.post(POOLS, tpu("tpu1")).ok()
    cloud.post(POOLS, tpu("tpu2")).ok()
    error = cloud.delete(f"{POOLS}/tpu1").refused(400, "incompatible operation")
    assert error["details"][0]["reason"] == "CLUSTER_ALREADY_HAS_OPERATION"
    cloud.delete(f"{BASE}/clusters/saxml").refused(400, "incompatible operation")
    cloud.pass_time(300)
    statuses = [pool["status"] for pool in cloud.get(POOLS).ok()["nodePools"]]
    assert statuses == ["RUNNING"] * 3


def test_without_locations_a_slice_goes_where_its_chips_are(simulated: Any) -> None:
    simulated.cluster()
    body = tpu()
    del body["nodePool"]["locations"]
    simulated.post(POOLS, body).ok()
    assert simulated.get(f"{POOLS}/tpu1").ok()["locations"] == ["us-west4-a"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (tpu(topology="5x7"), 'Invalid TPU topology "5x7"'),
        (tpu(topology="2x2", count=1), "TPU topology can't be specified with single-host TPU slice pool"),
        (tpu(locations=["us-west4-a", "us-west4-b"]), "exactly one zone"),
        (tpu(locations=["us-west4-c"]), 'Invalid machine type "ct5lp-hightpu-4t" in zone "us-west4-c": GCE_NOT_FOUND'),
        (tpu(locations=["us-east1-b"]), 'Location "us-east1-b" is not in region "us-west4"'),
        (tpu(config={"machineType": "ct5lp-hightpu-3t"}), 'Invalid machine type "ct5lp-hightpu-3t"'),
        (tpu(config={"machineType": "e2-standard-4"}), "TPU topology can't be specified"),
        (tpu(autoscaling={"enabled": True, "maxNodeCount": 4}), "Maximum node count 4 is not a valid size"),
        (tpu(config={"machineType": "ct5lp-hightpu-4t", "flexStart": True}), "require autoscaling enabled"),
        (tpu(name="-x"), "node_pool.name"),
        ({"node_pool": {"name": "tpu1", "x": 1}}, "Unknown name \"x\" at 'node_pool': Cannot find field."),
    ],
)
def test_illegal_pools_are_refused_at_once(cloud: Any, body: dict[str, Any], words: str) -> None:
    before = len(cloud.get(f"{BASE}/operations").ok()["operations"])
    cloud.post(POOLS, body).refused(400, words)
    assert len(cloud.get(POOLS).ok()["nodePools"]) == 1
    assert len(cloud.get(f"{BASE}/operations").ok()["operations"]) == before


def test_a_count_that_is_not_the_slices_fails_the_operation(cloud: Any) -> None:
    operation = cloud.post(POOLS, tpu(count=4)).ok()
    cloud.pass_time(300)
    row = cloud.get(f"{BASE}/operations/{operation['name']}").ok()
    assert "gang mode of size '8'" in row["statusMessage"]
    assert row["error"] == {"code": 3, "message": row["statusMessage"]}
    assert cloud.get(f"{POOLS}/tpu1").ok()["status"] == "ERROR"
    assert not cloud.told


def test_quota_is_checked_before_anything_is_made(cloud: Any) -> None:
    for number in range(4):
        cloud.post(POOLS, tpu(f"tpu{number}")).ok()
    error = cloud.post(POOLS, tpu("tpu9")).refused(
        403, 'resource "TPU_LITE_PODSLICE_V5"', "requires '32.0' and is short '32.0'", "quota of '128.0'"
    )
    assert error["status"] == "PERMISSION_DENIED"
    cloud.post(POOLS, tpu("spot", config={"machineType": "ct5lp-hightpu-4t", "spot": True})).ok()
    quotas = cloud.get("/compute/v1/projects/demo-project/regions/us-west4").ok()["quotas"]
    used = {quota["metric"]: quota["usage"] for quota in quotas}
    assert used["TPU_LITE_PODSLICE_V5"] == 128.0
    assert used["PREEMPTIBLE_TPU_LITE_PODSLICE_V5"] == 32.0


def test_a_stockout_of_the_scenario(cloud: Any, fault: Any) -> None:
    fault({"when": {"on": "pool.create/tpu2"}, "fault": "stockout", "after": 2100})
    cloud.post(POOLS, tpu("tpu1")).ok()
    operation = cloud.post(POOLS, tpu("tpu2")).ok()
    cloud.pass_time(2000)
    assert cloud.get(f"{BASE}/operations/{operation['name']}").ok()["status"] == "RUNNING"
    cloud.pass_time(200)
    row = cloud.get(f"{BASE}/operations/{operation['name']}").ok()
    assert row["status"] == "DONE"
    assert row["error"]["code"] == 8
    assert "after 35m0.000s. Expected 8, running 0" in row["statusMessage"]
    assert "[GCE_STOCKOUT]" in row["statusMessage"]
    assert "zones/us-west4-a' does not have enough resources" in row["statusMessage"]
    pool = cloud.get(f"{POOLS}/tpu2").ok()
    assert (pool["status"], pool["conditions"][0]["code"]) == ("ERROR", "GCE_STOCKOUT")
    assert cloud.get(f"{POOLS}/tpu1").ok()["status"] == "RUNNING"
    cloud.delete(f"{POOLS}/tpu2").ok()
    cloud.pass_time(200)
    cloud.post(POOLS, tpu("tpu2")).ok()
    cloud.pass_time(300)
    assert cloud.get(f"{POOLS}/tpu2").ok()["status"] == "RUNNING"


def test_an_injected_503_strikes_as_often_as_asked(cloud: Any, fault: Any) -> None:
    wanted = {"service": "container", "method": "GET", "path": "/nodePools"}
    fault({"when": {"request": wanted, "times": 2}, "fault": "error", "status": 503})
    for _ in range(2):
        assert cloud.get(POOLS).refused(503)["status"] == "UNAVAILABLE"
    cloud.get(POOLS).ok()
    cloud.get(f"{BASE}/clusters").ok()


def test_cancelling_leaves_a_pool_in_error(cloud: Any) -> None:
    operation = cloud.post(POOLS, tpu()).ok()
    cloud.pass_time(30)
    assert cloud.post(f"{BASE}/operations/{operation['name']}:cancel").ok() == {}
    assert cloud.get(f"{BASE}/operations/{operation['name']}").ok()["status"] == "ABORTING"
    cloud.pass_time(60)
    row = cloud.get(f"{BASE}/operations/{operation['name']}").ok()
    assert (row["status"], row["error"]["code"]) == ("DONE", 1)
    assert cloud.get(f"{POOLS}/tpu1").ok()["status"] == "ERROR"
    cloud.pass_time(600)
    assert not cloud.told


def test_deleting_a_pool(cloud: Any) -> None:
    cloud.post(POOLS, tpu()).ok()
    cloud.pass_time(300)
    cloud.delete(f"{POOLS}/tpu1").ok()
    assert cloud.get(f"{POOLS}/tpu1").ok()["status"] == "STOPPING"
    cloud.pass_time(200)
    cloud.get(f"{POOLS}/tpu1").refused(404, "nodePools/tpu1")
    assert cloud.told[-1] == ("pool.deleted", {"cluster": "demo-project/us-west4/saxml", "pool": "tpu1"})
    cloud.delete(f"{POOLS}/tpu1").refused(404)


def test_cpu_pools_grow_and_shrink_and_slices_do_not(cloud: Any) -> None:
    cloud.post(f"{POOLS}/default-pool:setSize", {"nodeCount": 3}).ok()
    cloud.pass_time(100)
    assert cloud.told[-1][1]["count"] == 2
    assert cloud.get(f"{BASE}/clusters/saxml").ok()["currentNodeCount"] == 3
    cloud.post(f"{POOLS}/default-pool:setSize", {"nodeCount": 1}).ok()
    cloud.pass_time(100)
    assert (cloud.told[-1][0], cloud.told[-1][1]["count"]) == ("pool.shrunk", 1)
    cloud.post(POOLS, tpu()).ok()
    cloud.pass_time(300)
    operation = cloud.post(f"{POOLS}/tpu1:setSize", {"nodeCount": 16}).ok()
    cloud.pass_time(100)
    assert "gang mode" in cloud.get(f"{BASE}/operations/{operation['name']}").ok()["statusMessage"]
    assert cloud.get(f"{POOLS}/tpu1").ok()["initialNodeCount"] == 8


def test_a_slice_goes_to_zero_and_comes_back_whole(cloud: Any) -> None:
    cloud.post(POOLS, tpu()).ok()
    cloud.pass_time(300)
    cloud.post(f"{POOLS}/tpu1:setSize", {"nodeCount": 0}).ok()
    assert cloud.get(f"{POOLS}/tpu1").ok()["status"] == "RECONCILING"
    cloud.pass_time(100)
    assert (cloud.told[-1][0], cloud.told[-1][1]["count"]) == ("pool.shrunk", 0)
    assert cloud.get(f"{POOLS}/tpu1").ok()["initialNodeCount"] == 0
    cloud.post(f"{POOLS}/tpu1:setSize", {"nodeCount": 8}).ok()
    cloud.pass_time(100)
    assert cloud.get(f"{POOLS}/tpu1").ok()["initialNodeCount"] == 0, "machines with chips take their time"
    cloud.pass_time(300)
    assert (cloud.told[-1][0], cloud.told[-1][1]["count"]) == ("pool.nodes", 8)
    assert cloud.get(f"{POOLS}/tpu1").ok()["initialNodeCount"] == 8


def test_names_are_taken_once(cloud: Any) -> None:
    cloud.post(POOLS, tpu()).ok()
    assert cloud.post(POOLS, tpu()).refused(409, "nodePools/tpu1")["status"] == "ALREADY_EXISTS"
    cloud.post(f"{BASE}/clusters/other/nodePools", tpu()).refused(404, "clusters/other")


def test_every_catalogue_zone_exists_and_offers_its_machines() -> None:
    from saxtui.catalog import tpus
    from saxtui.emulator.google import machines, places

    for generation in tpus.generations():
        for zone in tpus.zones(generation):
            assert places.is_zone(zone), zone
        for shape in tpus.all_shapes(generation):
            assert machines.find(shape.machine_type) is not None
