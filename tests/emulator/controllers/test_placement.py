"""The scheduler's filters and words."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.emulator.controllers.placement import places, refusals, unschedulable_message
from saxtui.emulator.controllers.pods import quantity
from tests.emulator.tutorial import Cloud

Json = dict[str, Any]


def node(name: str, *, tpu: int = 0, taint: str = "", **labels: str) -> Json:
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    if tpu:
        allocatable["google.com/tpu"] = str(tpu)
    taints = [{"key": taint, "value": "present", "effect": "NoSchedule"}] if taint else []
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints},
        "status": {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def pod(name: str = "p", on: str = "", **spec: Any) -> Json:
    container = {"name": "c", "resources": {"requests": spec.pop("requests", {})}, "ports": spec.pop("ports", [])}
    body = {"containers": [container], **spec}
    if on:
        body["nodeName"] = on
    labels = spec.pop("labels", {})
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "default", "labels": labels}, "spec": body}


@pytest.mark.parametrize(("text", "number"), [("500m", 0.5), ("4", 4), ("16Gi", 2**34), ("128Mi", 2**27), (2, 2)])
def test_quantity(text: Any, number: float) -> None:
    assert quantity(text) == number


def test_tpu_requests_tolerate_the_taint_and_need_free_chips() -> None:
    spots = places([node("a", tpu=4, taint="google.com/tpu")], [pod("x", on="a", requests={"google.com/tpu": "4"})])
    assert refusals(pod(requests={"google.com/tpu": "4"}), spots[0], spots) == ["Insufficient google.com/tpu"]
    assert refusals(pod(), spots[0], spots) == ["node(s) had untolerated taint {google.com/tpu: present}"]


def test_selector_cordon_and_ports() -> None:
    spots = places([node("a", zone="z1")], [pod("x", on="a", hostNetwork=True, ports=[{"containerPort": 10001}])])
    assert refusals(pod(nodeSelector={"zone": "z2"}), spots[0], spots)
    assert not refusals(pod(nodeSelector={"zone": "z1"}), spots[0], spots)
    taken = pod(hostNetwork=True, ports=[{"containerPort": 10001}])
    assert refusals(taken, spots[0], spots) == ["node(s) didn't have free ports for the requested pod ports"]
    spots[0].node["spec"]["unschedulable"] = True
    assert refusals(pod(), spots[0], spots) == ["node(s) were unschedulable"]


def test_anti_affinity_keeps_out_both_ways() -> None:
    term = {
        "labelSelector": {"matchExpressions": [{"key": "job", "operator": "In", "values": ["one"]}]},
        "topologyKey": "pool",
        "namespaceSelector": {},
    }
    rules = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    spots = places(
        [node("a", pool="1"), node("b", pool="1"), node("c", pool="2")], [pod("x", on="a", labels={"job": "one"})]
    )
    shy = pod("y", affinity=rules)
    assert refusals(shy, spots[1], spots) and not refusals(shy, spots[2], spots)
    spots = places([node("a", pool="1"), node("b", pool="1")], [pod("x", on="a", affinity=rules)])
    assert refusals(pod("z", labels={"job": "one"}), spots[1], spots)


def test_message_counts_reasons() -> None:
    reasons = [["Insufficient google.com/tpu"]] * 3 + [["node(s) were unschedulable"]] * 2
    assert unschedulable_message(reasons) == (
        "0/5 nodes are available: 2 node(s) were unschedulable, 3 Insufficient google.com/tpu. preemption: 0/5 nodes "
        "are available: 3 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."
    )
    assert unschedulable_message([]) == "no nodes available to schedule pods"


def test_pending_pod_says_why_once() -> None:
    cloud = Cloud()
    cloud.pool("default-pool", "e2-standard-4", 2)
    cloud.advance(30)
    container = {"name": "c", "image": "x:1", "resources": {"limits": {"google.com/tpu": 4}}}
    metadata = {"name": "greedy", "namespace": "default"}
    cloud.store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})
    cloud.advance(120)
    found = cloud.store.get("Pod", "default", "greedy")
    assert found is not None
    words = found["status"]["conditions"][0]
    assert (words["type"], words["status"], words["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert words["message"].startswith("0/2 nodes are available: 2 Insufficient google.com/tpu.")
    assert [event["message"] for event in cloud.events("FailedScheduling")] == [words["message"]]
