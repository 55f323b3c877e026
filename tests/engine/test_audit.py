"""The audit of a cluster that others made, and the Deployment made of what stands there. Nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from saxtui.engine.attaching.attach import deployment_of, place_of
from saxtui.engine.attaching.audit import audit
from saxtui.engine.attaching.standing import ADMIN, HTTP, Place, Standing
from saxtui.errors import Refused
from saxtui.model.audit import Level
from saxtui.ports import ClusterInfo, NodePoolInfo
from tests.emulator import tutorial

PLACE = Place(tutorial.PROJECT, tutorial.REGION, "saxml")
ACCOUNT = {"metadata": {"annotations": {"iam.gke.io/gcp-service-account": tutorial.EMAIL}}}
ZONES = ("us-west4-a", "us-west4-b", "us-west4-c")
BROAD = {"bindings": [{"role": "roles/storage.admin", "members": [f"serviceAccount:{tutorial.EMAIL}"]}]}


def pool(name: str, machine: str = "ct5lp-hightpu-4t", count: int = 8, topology: str = "4x8") -> NodePoolInfo:
    return NodePoolInfo(name, "RUNNING", machine, topology, count, ZONES[:1] if topology else ZONES)


def standing(**changes: Any) -> Standing:
    """The tutorial to the letter."""
    found = Standing(
        PLACE,
        ClusterInfo("saxml", tutorial.REGION, "RUNNING", "10.0.0.1"),
        (pool("default-pool", "e2-medium", 4, ""), pool("tpu1"), pool("tpu2")),
        jobset=tutorial.model_servers(),
        deployments={ADMIN: tutorial.admin_server(), HTTP: tutorial.http_server()},
        service=tutorial.http_service("LoadBalancer"),
        account=ACCOUNT,
        policy=BROAD,
    )
    return replace(found, **changes)


def levels(seen: Standing) -> dict[str, Level]:
    return {found.name: found.level for found in audit(seen)}


def test_the_tutorial_to_the_letter() -> None:
    found = levels(standing())
    assert {name for name, level in found.items() if level is Level.RISK} == {"exposure", "role", "privileged"}
    attention = {name for name, level in found.items() if level is Level.ATTENTION}
    assert attention == {"CPU nodes", "bucket", "model image", "HTTP image"}
    assert {name for name, level in found.items() if level is Level.FINE} == {"restarts", "ownership"}


def service(kind: str = "LoadBalancer", **spec: Any) -> dict[str, Any]:
    found = tutorial.http_service(kind)
    return {**found, "spec": {**found["spec"], **spec}}


def jobset(**status: Any) -> dict[str, Any]:
    return {**tutorial.model_servers(), "status": status}


ENDED = [{"type": "Failed", "status": "True"}]


@pytest.mark.parametrize(
    ("changes", "name", "level", "said"),
    [
        ({"service": service(loadBalancerSourceRanges=["203.0.113.0/24"])}, "exposure", "attention", "203.0.113.0/24"),
        ({"service": service(loadBalancerSourceRanges=["0.0.0.0/0"])}, "exposure", "risk", "anybody"),
        ({"service": service("ClusterIP")}, "exposure", "fine", "nothing public"),
        ({"service": tutorial.http_service("LoadBalancer", internal=True)}, "exposure", "attention", "in the network"),
        ({"service": {}}, "exposure", "attention", "there is no Service"),
        ({"policy": None}, "role", "unknown", "may not be read"),
        ({"policy": {"bindings": []}}, "role", "fine", "no broad role"),
        ({"account": {}}, "role", "unknown", "names no Google account"),
        ({"deployments": {}, "jobset": {}}, "privileged", "fine", "no container"),
        ({"jobset": {}}, "restarts", "attention", "no JobSet"),
        ({"jobset": jobset(restarts=1)}, "restarts", "attention", "1 of 4"),
        ({"jobset": jobset(restarts=4)}, "restarts", "risk", "used up"),
        ({"jobset": jobset(restarts=5, conditions=ENDED)}, "restarts", "risk", "failed for good"),
        ({"pools": (pool("cpu", "e2-medium", 1, ""), pool("tpu1"))}, "CPU nodes", "fine", "3 CPU nodes in all"),
        ({"deployments": {}, "jobset": {}}, "bucket", "unknown", "no bucket"),
    ],
)
def test_each_question(changes: dict[str, Any], name: str, level: str, said: str) -> None:
    (found,) = [item for item in audit(standing(**changes)) if item.name == name]
    assert (found.level.value, said in found.said) == (level, True), found


def test_what_stands_there_becomes_a_deployment_that_is_not_ours() -> None:
    made = deployment_of(standing(), taken=["saxml"])
    assert (made.attached, made.name, made.cluster.name) == (tutorial.REGION, "saxml-2", "saxml")
    assert (made.slices.generation, made.slices.topology, made.slices.count) == ("v5e", "4x8", 2)
    assert made.bucket == tutorial.BUCKET
    assert made.cluster.cpu_nodes == 12
    assert made.model.path == tutorial.MODEL_CLASS


def test_a_slice_of_another_size_gets_a_class_that_fits_it() -> None:
    made = deployment_of(standing(pools=(pool("tpu1", topology="4x4", count=4),)))
    assert made.slices.count == 1
    assert made.model.path.endswith("LmCloudSpmd175BTest")


def test_a_cluster_without_slices_is_refused() -> None:
    with pytest.raises(Refused, match="no TPU node pool"):
        deployment_of(standing(pools=(pool("cpu", "e2-medium", 3, ""),)))


def test_a_context_that_gcloud_named_says_which_cluster_it_is() -> None:
    assert place_of("gke_my-project_us-west4_saxml") == Place("my-project", "us-west4", "saxml")
    assert place_of("kind-kind") is None
