"""Labels of node pools reach their nodes, and only so many operations run on a cluster at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from saxtui.emulator.assembly import Cloud
from saxtui.emulator.google.wire import Request

BASE = "/v1/projects/demo-project/locations/us-west4"
POOL = f"{BASE}/clusters/saxml/nodePools/default-pool"


class Gke:
    """A cloud with a running cluster, in virtual time."""

    def __init__(self) -> None:
        self.cloud = Cloud(start=1_790_000_000.0, seed=2)
        wanted = {"name": "saxml", "initialNodeCount": 2, "locations": ["us-west4-a"]}
        self.ask("POST", f"{BASE}/clusters", {"cluster": wanted})
        self.pass_time(500)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        wire = Request(method, path, {}, {}, b"" if body is None else json.dumps(body).encode())
        answer = self.cloud.google.answer(wire, authorized=True).answer
        return answer.status, json.loads(answer.body)

    def pass_time(self, seconds: float) -> None:
        self.cloud.world.advance(self.cloud.world.now + seconds)

    def node_labels(self) -> list[dict[str, str]]:
        nodes = self.cloud.world.kube["demo-project/us-west4/saxml"].list("Node")
        return [node["metadata"]["labels"] for node in nodes]


@pytest.fixture
def gke() -> Gke:
    return Gke()


def test_labels_reach_the_nodes(gke: Gke) -> None:
    status, operation = gke.ask("PUT", POOL, {"labels": {"labels": {"tier": "front", "old": "1"}}})
    assert (status, operation["operationType"]) == (200, "UPDATE_NODE_POOL")
    assert gke.ask("GET", POOL)[1]["status"] == "RECONCILING"
    assert gke.ask("PUT", POOL, {"labels": {"labels": {}}})[1]["error"]["details"][0]["reason"] == (
        "CLUSTER_ALREADY_HAS_OPERATION"
    )
    gke.pass_time(60)
    assert [each["tier"] for each in gke.node_labels()] == ["front", "front"]
    assert gke.ask("GET", POOL)[1]["config"]["labels"] == {"tier": "front", "old": "1"}
    gke.ask("PUT", POOL, {"labels": {"labels": {"tier": "back"}}, "resourceLabels": {"labels": {"team": "a"}}})
    gke.pass_time(60)
    assert all(each["tier"] == "back" and "old" not in each for each in gke.node_labels())
    assert gke.ask("GET", POOL)[1]["config"]["resourceLabels"] == {"team": "a"}


def test_an_update_of_something_else_or_of_an_older_state_is_refused(gke: Gke) -> None:
    status, answer = gke.ask("PUT", POOL, {"diskSizeGb": 200})
    assert (status, answer["error"]["status"]) == (501, "UNIMPLEMENTED") and "diskSizeGb" in answer["error"]["message"]
    status, answer = gke.ask("PUT", POOL, {"etag": "old", "labels": {"labels": {}}})
    assert (status, answer["error"]["status"]) == (409, "ABORTED")


def test_a_sixth_operation_at_a_time_is_one_too_many(gke: Gke) -> None:
    pools = f"{BASE}/clusters/saxml/nodePools"
    for number in range(5):
        assert gke.ask("POST", pools, {"nodePool": {"name": f"p{number}", "initialNodeCount": 1}})[0] == 200
    one_more = {"nodePool": {"name": "p5", "initialNodeCount": 1}}
    status, answer = gke.ask("POST", pools, one_more)
    assert (status, answer["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    wanted = 'Too many operations: cluster "saxml" hits the concurrent operations quota 5, please try again later.'
    assert answer["error"]["message"] == wanted
    gke.pass_time(120)
    assert gke.ask("POST", pools, one_more)[0] == 200


def test_a_creation_that_is_cancelled_ends_without_its_pool(gke: Gke) -> None:
    pools = f"{BASE}/clusters/saxml/nodePools"
    _, operation = gke.ask("POST", pools, {"nodePool": {"name": "p", "initialNodeCount": 1}})
    gke.pass_time(5)
    path = f"{BASE}/operations/{operation['name']}"
    assert gke.ask("POST", f"{path}:cancel", {}) == (200, {})
    assert gke.ask("GET", path)[1]["status"] == "ABORTING"
    gke.pass_time(30)
    done = gke.ask("GET", path)[1]
    assert (done["status"], done["error"]["code"]) == ("DONE", 1)
    assert gke.ask("GET", f"{pools}/p")[1]["status"] == "ERROR"
