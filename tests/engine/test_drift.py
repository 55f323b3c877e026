"""What changed under us is told field by field, and nothing is put right without an order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from saxtui.ports import PolicyTarget, Ref
from tests.engine.fake_world import World
from tests.engine.harness import Process, tutorial

BUCKET = tutorial().bucket


async def up() -> World:
    world = World()
    assert (await Process(world).up()).outcome == "done"
    return world


def resized(world: World) -> None:
    world.pools["tpu1"]["spec"]["initialNodeCount"] = 3


def unlabelled(world: World) -> None:
    world.clusters["saxml"]["labels"] = {}


def unbound(world: World) -> None:
    world.policies[PolicyTarget("bucket", BUCKET)]["bindings"].pop()


def bucket_deleted(world: World) -> None:
    del world.buckets[BUCKET]


def public(world: World) -> None:
    world.kube[Ref("v1", "Service", "sax-http-lb", "default")]["spec"]["type"] = "LoadBalancer"


def other_image(world: World) -> None:
    pod = world.kube[Ref("apps/v1", "Deployment", "sax-http", "default")]["spec"]["template"]["spec"]
    pod["containers"][0]["image"] = "other:1"


@pytest.mark.parametrize(
    ("change", "step", "field", "theirs"),
    [
        (resized, "pool/tpu1", "size", "3 hosts"),
        (unlabelled, "cluster", "mark of ownership", "missing"),
        (unbound, "binding/bucket", "roles/storage.legacyBucketReader", "not bound"),
        (bucket_deleted, "bucket", "existence", "absent"),
        (public, "http-server", "service/sax-http-lb spec.type", "'LoadBalancer'"),
        (other_image, "http-server", "deployment/sax-http spec.template", "'other:1'"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_each_change_is_told_and_left(
    change: Callable[[World], None], step: str, field: str, theirs: str
) -> None:
    world = await up()
    assert await Process(world).runs.drift() == ()
    change(world)
    mutations, events = list(world.mutations), len(world.journal)
    found = [item for item in await Process(world).runs.drift() if item.step == step]
    assert [(item.field.startswith(field), item.theirs) for item in found] == [(True, theirs)]
    assert (world.mutations, len(world.journal)) == (mutations, events)


async def test_a_cluster_that_is_gone_is_told_once() -> None:
    world = await up()
    world.clusters.clear()
    world.pools.clear()
    world.kube.clear()
    assert [item.step for item in await Process(world).runs.drift()] == ["cluster"]


SHAPE = {
    "cluster": {"private_nodes": True, "release_channel": "stable", "network": "lab"},
    "extra_labels": {"team": "nlp"},
}


@pytest.mark.parametrize(
    ("part", "now", "field", "theirs"),
    [
        ("spec", {"networkConfig": {}}, "nodes", "with external addresses"),
        ("spec", {"releaseChannel": {"channel": "RAPID"}}, "release channel", "rapid"),
        ("spec", {"network": "default"}, "network", "default"),
        ("labels", {"team": "vision"}, "label team", "vision"),
    ],
)
async def test_the_clusters_shape_is_compared_where_the_file_says_it(
    part: str, now: dict[str, object], field: str, theirs: str
) -> None:
    world, wanted = World(), tutorial(**SHAPE)
    assert (await Process(world, wanted).up()).outcome == "done"
    assert await Process(world, wanted).runs.drift() == ()
    world.clusters["saxml"][part] = {**world.clusters["saxml"][part], **now}
    (found,) = await Process(world, wanted).runs.drift()
    assert (found.step, found.field, found.theirs) == ("cluster", field, theirs)
