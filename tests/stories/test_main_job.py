"""The main job, as an operator types it: up, look, publish, generate, down; and what must never happen on the way."""

from __future__ import annotations

import pytest

from tests.stories.robot import EmbeddedCloud, Operator


def test_the_whole_tutorial_by_command(cloud: EmbeddedCloud, operator: Operator) -> None:
    before = cloud.resources()
    spmd = operator.deployment()
    operator.saxtui("plan", "-d", spmd, "--json").ok()
    assert not cloud.mutations(), "plan must not change anything"

    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    pods = operator.saxtui("pods", "-d", spmd, "--json").ok().of_type("pod")
    hosts = {(pod["slice"], pod["host"]) for pod in pods if pod["slice"] >= 0}
    assert hosts == {(number, host) for number in (0, 1) for host in range(8)}
    assert all(pod["status"] == "Running" for pod in pods if pod["slice"] >= 0)
    assert {(pod["process"]["phase"], pod["zone"]) for pod in pods if pod["slice"] >= 0} == {("joined", "us-west4-a")}
    whole = operator.saxtui("pods", "sax-model-server-set-sax-model-server-0-5", "-d", spmd, "--json").ok()
    facts = {fact["label"]: fact["text"] for fact in whole.of_type("pod-fact")}
    assert (
        {"chips", "machine", "image"} <= set(facts) and facts["duty cycle"] == "0%" and facts["read"].endswith(" ago")
    )

    mutations = len(cloud.mutations())
    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    assert cloud.mutations()[mutations:] == [], "a second up must make no mutating call"

    logs = operator.saxtui("logs", "-d", spmd, "--primaries", "--tail", "400").ok()
    assert "Joined" in logs.out
    operator.saxtui("publish", "-d", spmd, "--wait", "--json").ok()
    (model,) = operator.saxtui("models", "-d", spmd, "--json").ok().of_type("model")
    assert model["id"] == "/sax/test/spmd"
    assert model["active_replicas"] == 2
    metered = operator.saxtui("pods", "--metrics", "-d", spmd, "--json").ok().of_type("pod")
    told = [pod["tpu"] for pod in metered if pod["slice"] >= 0]
    assert len(told) == 16 and all(item["hbm_used"]["low"] > 5e9 and item["duty_cycle"]["chips"] == 4 for item in told)
    assert {pod["tpu"] is None for pod in metered if pod["slice"] < 0} == {True}, "a pod without chips has no metrics"
    assert {pod["tpu"] is None for pod in pods} == {True}, "nobody asked"
    reply = operator.saxtui("generate", "-d", spmd, "How many days are in a week?", "--json").ok()
    (answer,) = reply.of_type("reply")
    assert answer["candidates"][0]["text"].strip()
    operator.saxtui("unpublish", "-d", spmd, "--yes", "--json").ok()

    operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
    assert cloud.resources() == before, "down must leave what was there before, no more and no less"
    operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()


@pytest.mark.parametrize("exposure", ["internal", "external"])
def test_a_load_balancer_when_chosen(cloud: EmbeddedCloud, operator: Operator, exposure: str) -> None:
    before = cloud.resources()
    spmd = operator.deployment()
    path = operator.folder / spmd
    text = path.read_text()
    assert "exposure: private" in text
    path.write_text(text.replace("exposure: private", f"exposure: {exposure}"))
    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    rules = [row for row in cloud.resources() if row["type"] == "forwarding-rule"]
    assert len(rules) == 1
    operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
    assert cloud.resources() == before
