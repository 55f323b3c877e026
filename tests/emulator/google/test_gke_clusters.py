"""GKE clusters: defaults, life, exclusion and refusals."""

from __future__ import annotations

from typing import Any

import pytest

BASE = "/v1/projects/demo-project/locations/us-west4"


def create(simulated: Any, **fields: Any) -> Any:
    return simulated.post(f"{BASE}/clusters", {"cluster": {"name": "saxml", "initialNodeCount": 2, **fields}})


def test_defaults_are_those_of_the_service(simulated: Any) -> None:
    cluster = simulated.cluster(initialNodeCount=4)
    assert cluster["locations"] == ["us-west4-a", "us-west4-b", "us-west4-c"]
    assert cluster["releaseChannel"] == {"channel": "REGULAR"}
    assert cluster["currentNodeCount"] == 12
    assert cluster["nodePools"][0]["name"] == "default-pool"
    assert cluster["nodePools"][0]["config"]["machineType"] == "e2-medium"
    assert cluster["selfLink"].endswith("/projects/demo-project/locations/us-west4/clusters/saxml")
    assert len(cluster["id"]) == 64


def test_nodes_are_counted_in_each_named_zone(simulated: Any) -> None:
    cluster = simulated.cluster(initialNodeCount=4, locations=["us-west4-a"])
    assert cluster["currentNodeCount"] == 4
    booted = [payload for topic, payload in simulated.told if topic == "pool.nodes"]
    assert [(payload["zone"], payload["count"]) for payload in booted] == [("us-west4-a", 4)]


def test_enum_numbers_and_snake_case_are_understood(simulated: Any) -> None:
    create(simulated, release_channel={"channel": 1}).ok()
    assert simulated.get(f"{BASE}/clusters/saxml").ok()["releaseChannel"] == {"channel": "RAPID"}


def test_the_endpoint_appears_when_it_runs(simulated: Any) -> None:
    key = "demo-project/us-west4/saxml"
    create(simulated).ok()
    simulated.world.table("gke.endpoints")[key] = {"endpoint": "127.0.0.1:4443", "ca": "UEVN"}
    before = simulated.get(f"{BASE}/clusters/saxml").ok()
    assert before["status"] == "PROVISIONING"
    assert "endpoint" not in before
    simulated.pass_time(600)
    after = simulated.get(f"{BASE}/clusters/saxml").ok()
    assert after["status"] == "RUNNING"
    assert (after["endpoint"], after["masterAuth"]["clusterCaCertificate"]) == ("127.0.0.1:4443", "UEVN")


def test_the_operation_runs_progresses_and_ends(simulated: Any) -> None:
    operation = create(simulated).ok()
    assert operation["status"] == "PENDING"
    assert operation["operationType"] == "CREATE_CLUSTER"
    assert operation["targetLink"].endswith("/projects/415104041262/locations/us-west4/clusters/saxml")
    url = f"{BASE}/operations/{operation['name']}"
    seen = []
    for _ in range(8):
        simulated.pass_time(50)
        row = simulated.get(url).ok()
        metrics = {item["name"]: int(item["intValue"]) for item in row["progress"]["metrics"]}
        seen.append(sum(value for name, value in metrics.items() if not name.endswith("_TOTAL")))
    assert seen == sorted(seen)
    assert seen[0] < seen[3] < seen[-1]
    simulated.pass_time(300)
    done = simulated.get(url).ok()
    assert done["status"] == "DONE"
    assert "error" not in done
    assert 378 * 0.85 <= _seconds(done) <= 378 * 1.15


def _seconds(operation: dict[str, Any]) -> float:
    from datetime import datetime

    begin, end = (datetime.fromisoformat(operation[name][:26]) for name in ("startTime", "endTime"))
    return (end - begin).total_seconds()


def test_one_operation_at_a_time(simulated: Any) -> None:
    operation = create(simulated).ok()
    error = simulated.delete(f"{BASE}/clusters/saxml").refused(400, "incompatible operation", operation["name"])
    assert error["status"] == "FAILED_PRECONDITION"
    assert error["details"][0]["reason"] == "CLUSTER_ALREADY_HAS_OPERATION"
    pool = {"nodePool": {"name": "cpu", "initialNodeCount": 1}}
    simulated.post(f"{BASE}/clusters/saxml/nodePools", pool).refused(400, "incompatible operation")
    simulated.pass_time(600)
    simulated.post(f"{BASE}/clusters/saxml/nodePools", pool).ok()


def test_deletion_takes_everything_along(simulated: Any) -> None:
    simulated.cluster()
    operation = simulated.delete(f"{BASE}/clusters/saxml").ok()
    assert simulated.get(f"{BASE}/clusters/saxml").ok()["status"] == "STOPPING"
    simulated.pass_time(400)
    simulated.get(f"{BASE}/clusters/saxml").refused(
        404, "Not found: projects/demo-project/locations/us-west4/clusters/saxml"
    )
    assert simulated.get(f"{BASE}/operations/{operation['name']}").ok()["status"] == "DONE"
    assert simulated.get("/v1/projects/demo-project/locations/-/clusters").ok() == {}
    assert not simulated.world.table("gke.pools")
    assert [topic for topic, _ in simulated.told][-2:] == ["pool.deleted", "cluster.deleted"]


def test_a_name_is_taken_once_in_a_location(simulated: Any) -> None:
    simulated.cluster()
    error = create(simulated).refused(409, "Already exists: projects/demo-project/locations/us-west4/clusters/saxml")
    assert error["status"] == "ALREADY_EXISTS"
    simulated.post(
        "/v1/projects/demo-project/locations/us-central1/clusters",
        {"cluster": {"name": "saxml", "initialNodeCount": 1}},
    ).ok()
    found = simulated.get("/v1/projects/demo-project/locations/-/clusters").ok()["clusters"]
    assert [cluster["location"] for cluster in found] == ["us-west4", "us-central1"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Bad_Name"}, "cluster.name"),
        ({"initialNodeCount": 0}, "Cluster.initial_node_count must be greater than zero"),
        ({"initialClusterVersion": "1.12"}, 'Master version "1.12" is unsupported'),
        ({"locations": ["us-east1-b"]}, 'Location "us-east1-b" is not in region "us-west4"'),
        ({"workloadIdentityConfig": {"workloadPool": "other.svc.id.goog"}}, "demo-project.svc.id.goog"),
        ({"colour": "red"}, "Unknown name \"colour\" at 'cluster': Cannot find field."),
        ({"initialNodeCount": "many"}, "Invalid value at 'cluster.initial_node_count' (TYPE_INT32), \"many\""),
        ({"releaseChannel": {"channel": "SLOW"}}, "Invalid value at 'cluster.release_channel.channel'"),
        ({"nodeConfig": {"machineType": "e9-huge"}}, 'Invalid machine type "e9-huge" in zone "us-west4-a"'),
    ],
)
def test_bad_requests_make_nothing(simulated: Any, fields: dict[str, Any], words: str) -> None:
    error = create(simulated, **fields).refused(400, words)
    assert error["status"] == "INVALID_ARGUMENT"
    assert simulated.get(f"{BASE}/clusters").ok() == {}
    assert simulated.get(f"{BASE}/operations").ok() == {}


def test_unknown_places_and_projects(simulated: Any) -> None:
    body = {"cluster": {"name": "saxml", "initialNodeCount": 1}}
    simulated.post("/v1/projects/demo-project/locations/mars/clusters", body).refused(403, "'locations/mars'")
    error = simulated.get("/v1/projects/nope/locations/-/clusters").refused(403, "resource project nope")
    assert error["details"][0]["reason"] == "CONSUMER_INVALID"
    simulated.get("/v1/projects/someone-else/locations/-/clusters").refused(403, "resource project someone-else")


def test_a_disabled_api_says_so(simulated: Any) -> None:
    simulated.post("/v1/projects/demo-project/services/container.googleapis.com:disable").ok()
    error = simulated.get(f"{BASE}/clusters").refused(
        403, "Kubernetes Engine API has not been used in project 415104041262"
    )
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    simulated.post("/v1/projects/demo-project/services/container.googleapis.com:enable").ok()
    simulated.get(f"{BASE}/clusters").ok()


def test_labels_change_only_with_the_right_fingerprint(simulated: Any) -> None:
    cluster = simulated.cluster(resourceLabels={"saxtui-deployment": "abc123"})
    assert cluster["resourceLabels"] == {"saxtui-deployment": "abc123"}
    url = f"{BASE}/clusters/saxml:setResourceLabels"
    simulated.post(url, {"resourceLabels": {"a": "b"}, "labelFingerprint": "0"}).refused(400, "fingerprint mismatch")
    simulated.post(url, {"resourceLabels": {"a": "b"}, "labelFingerprint": cluster["labelFingerprint"]}).ok()
    simulated.pass_time(60)
    after = simulated.get(f"{BASE}/clusters/saxml").ok()
    assert after["resourceLabels"] == {"a": "b"}
    assert after["labelFingerprint"] != cluster["labelFingerprint"]


def test_server_config_offers_what_creation_accepts(simulated: Any) -> None:
    config = simulated.get(f"{BASE}/serverConfig").ok()
    assert config["defaultClusterVersion"] in config["validMasterVersions"]
    create(simulated, initialClusterVersion=config["validMasterVersions"][-1]).ok()
    version = simulated.get(f"{BASE}/clusters/saxml").ok()["currentMasterVersion"]
    assert version == config["validMasterVersions"][-1]


def test_nothing_private_leaves(simulated: Any) -> None:
    cluster = simulated.cluster()
    operation = simulated.get(f"{BASE}/operations").ok()["operations"][0]
    for row in (cluster, cluster["nodePools"][0], operation):
        assert not [name for name in row if name.startswith("_")]
