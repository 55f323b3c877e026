"""Private nodes, release channel, labels of one's own and a bucket that was there: sent, kept, and never deleted."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from saxtui.emulator.google import schema
from saxtui.engine.runs import planning
from saxtui.engine.steps import catalog
from tests.engine.fake_world import World
from tests.engine.harness import Process, manifest, tutorial

SHAPE: dict[str, Any] = {
    "cluster": {"private_nodes": True, "release_channel": "stable"},
    "extra_labels": {"team": "nlp"},
}


def bodies(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What GKE reads of the cluster's and the first pool's request."""
    steps = catalog.build(tutorial(**changes), manifest)
    cluster = schema.normalise("CreateClusterRequest", steps["cluster"].body())["cluster"]
    pool = schema.normalise("CreateNodePoolRequest", steps["pool/tpu1"].body())["nodePool"]
    return cluster, pool


def test_the_requests_and_the_commands_say_it() -> None:
    cluster, pool = bodies(**SHAPE)
    assert cluster["networkConfig"] == {"defaultEnablePrivateNodes": True}
    assert cluster["ipAllocationPolicy"] == {"useIpAliases": True}
    assert cluster["releaseChannel"] == {"channel": "STABLE"}
    assert pool["networkConfig"] == {"enablePrivateNodes": True}
    assert cluster["resourceLabels"]["team"] == pool["config"]["resourceLabels"]["team"] == "nlp"
    steps = catalog.build(tutorial(**SHAPE), manifest)
    command = steps["cluster"].command
    assert "--enable-private-nodes --enable-ip-alias" in command
    assert "--release-channel=stable" in command
    assert "team=nlp" in command
    assert "--enable-private-nodes" in steps["pool/tpu1"].command


def test_without_them_nothing_of_it_is_sent() -> None:
    cluster, pool = bodies()
    assert {"networkConfig", "ipAllocationPolicy", "releaseChannel"}.isdisjoint(cluster)
    assert "networkConfig" not in pool


def test_no_channel_is_said_in_gkes_word_and_in_gclouds() -> None:
    cluster, _ = bodies(cluster={"release_channel": "none"})
    assert cluster["releaseChannel"] == {"channel": "UNSPECIFIED"}
    step = catalog.build(tutorial(cluster={"release_channel": "none"}), manifest)["cluster"]
    assert "--release-channel=None" in step.command


def test_the_plan_says_what_private_nodes_need() -> None:
    said = planning.plan(tutorial(**SHAPE), {}, manifest).consequences
    assert any("Cloud NAT in network default" in line for line in said)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"extra_labels": {"saxtui-name": "x"}}, "is taken"),
        ({"extra_labels": {"Team": "x"}}, "extra_labels"),
        ({"extra_labels": {"team": "$(id)"}}, "extra_labels"),
        ({"cluster": {"release_channel": "weekly"}}, "rapid"),
    ],
)
def test_what_is_not_legal_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        tutorial(**changes)


async def test_a_bucket_that_was_there_is_used_and_stays() -> None:
    world = World()
    assert (await Process(world, tutorial()).up()).outcome == "done"
    bucket = tutorial().bucket
    world.buckets[bucket]["labels"] = {}
    for table in (world.clusters, world.pools, world.kube, world.accounts, world.policies):
        table.clear()
    world.journal.clear()
    wanted = tutorial(adopt_bucket=True)
    assert (await Process(world, wanted).up()).outcome == "done"
    assert (await Process(world, wanted).down()).outcome == "done"
    assert bucket in world.buckets
    assert not world.clusters
