"""A run that stopped half-way offers its ways on; nothing moves without an order."""

from __future__ import annotations

import pytest

from saxtui.errors import Denied, Problem
from saxtui.model import choices as choosing
from saxtui.model.choices import apply_to, zones_named
from saxtui.model.progress import Ownership, StepState
from tests.engine.fake_world import World, problem
from tests.engine.harness import Process, tutorial

STOCKOUT = "GCE_STOCKOUT: us-west4-a does not have enough resources. zonesAvailable: us-west4-c,us-west4-b"


def short(world: World, times: int = 1, said: str = STOCKOUT) -> None:
    """The second pool fails so often."""
    left = [times]

    def rule(when: str, call: str) -> None:
        if (when, call) == ("after", "create pool tpu2") and left[0]:
            left[0] -= 1
            next(reversed(world.operations.values()))["error"] = said
            world.pools["tpu2"]["status"] = "ERROR"

    world.rules.append(rule)


async def test_a_stockout_offers_each_way_with_what_bills() -> None:
    world = World()
    short(world)
    result = await Process(world).up()
    keys = [choice.key for choice in result.choices]
    assert keys == ["wait:60", "zone:us-west4-c", "zone:us-west4-b", "slices:1", "rollback", "pause", "down"]
    by_key = {choice.key: choice for choice in result.choices}
    whole, rest = by_key["wait:60"].usd_per_hour, by_key["rollback"].usd_per_hour
    assert whole is not None
    assert rest is not None
    assert whole > rest > 0 == by_key["down"].usd_per_hour
    assert by_key["zone:us-west4-c"].changes == (("zone", "us-west4-a", "us-west4-c"),)


async def test_quota_offers_no_other_zone() -> None:
    world = World()
    short(world, said="GCE_QUOTA_EXCEEDED: Quota exceeded")
    keys = [choice.key for choice in (await Process(world).up()).choices]
    assert keys == ["wait:60", "slices:1", "rollback", "pause", "down"]


async def test_a_permission_lost_midway_and_a_pause_offer_to_go_on() -> None:
    world = World()

    def rule(when: str, call: str) -> None:
        if when == "before" and call.startswith("create pool"):
            raise Denied(problem("container.clusters.update"))

    world.rules.append(rule)
    assert [choice.key for choice in (await Process(world).up()).choices] == ["again", "rollback", "down"]
    world = World()
    process = Process(world)
    world.rules.append(lambda when, call: process.runs.pause() if call == "create cluster saxml" else None)
    assert [choice.key for choice in (await process.up()).choices] == ["again", "down"]


async def test_a_quota_refused_at_once_offers_what_a_quota_does() -> None:
    world = World()

    def rule(when: str, call: str) -> None:
        if (when, call) == ("before", "create pool tpu2"):
            raise Denied(problem('Insufficient regional quota to satisfy request: resource "TPU_LITE_PODSLICE_V5"'))

    world.rules.append(rule)
    keys = [choice.key for choice in (await Process(world).up()).choices]
    assert keys == ["wait:60", "slices:1", "rollback", "pause", "down"]


async def test_a_pause_that_was_stopped_or_failed_is_gone_on_with_or_turned_round() -> None:
    world = World()
    await Process(world).up()
    process = Process(world)
    world.rules.append(lambda when, call: process.runs.pause() if call == "size pool tpu1 0" else None)
    assert (await process.pause()).outcome == "paused"
    world.rules.clear()
    progress = Process(world).store.state.progress
    found = {choice.key: choice.usd_per_hour for choice in choosing.choices(tutorial(), progress, ())}
    assert list(found) == ["pause", "again", "down"]
    assert (found["pause"] or 0) < (found["again"] or 0)
    assert (await Process(world).runs.let_go()).outcome == "done"


async def test_a_half_way_run_is_let_go_whole() -> None:
    """What could not be made goes with proof, what is up goes to zero: nothing with chips bills."""
    world = World()
    short(world)
    await Process(world).up()
    world.rules.clear()
    result = await Process(world).runs.let_go()
    assert (result.kind, result.outcome) == ("pause", "done"), result.problems
    assert world.progress.step("model-servers").state is StepState.DONE, "there was none to take away"
    assert {name: row["spec"]["initialNodeCount"] for name, row in world.pools.items()} == {"tpu1": 0}


async def test_done_offers_nothing() -> None:
    assert (await Process(World()).up()).choices == ()


async def test_rolling_back_removes_the_failed_pool_alone_with_proof() -> None:
    world = World()
    short(world)
    await Process(world).up()
    process = Process(world)
    result = await process.runs.roll_back()
    assert (result.outcome, list(world.pools)) == ("done", ["tpu1"])
    progress = process.store.state.progress
    assert progress.step("pool/tpu2").ownership is Ownership.GONE
    assert progress.step("pool/tpu1").ownership is Ownership.OWNED
    assert (await Process(world).up()).outcome == "done"


async def test_waiting_asks_again_for_the_same_until_there_is_room() -> None:
    world = World()
    short(world, times=3)
    await Process(world).up()
    result = await Process(world).runs.wait_for_room(60)
    assert result.outcome == "done", result.problems
    assert world.created["pool tpu2"] == 4
    assert {row["spec"]["locations"][0] for row in world.pools.values()} == {"us-west4-a"}


async def test_waiting_ends_with_its_limit() -> None:
    world = World()
    short(world, times=1000)
    await Process(world).up()
    before = world.time
    result = await Process(world).runs.wait_for_room(30)
    assert result.outcome == "failed"
    assert world.time - before < 45 * 60
    assert result.choices


async def test_another_zone_or_fewer_slices_is_the_files_change_and_then_works() -> None:
    for key, pools in (("zone:us-west4-b", 2), ("slices:1", 1)):
        world = World()
        short(world)
        await Process(world).up()
        await Process(world).runs.roll_back()
        process = Process(world, apply_to(tutorial(), key))
        result = await process.up()
        assert result.outcome == "done", (key, result.problems)
        assert len(world.pools) == pools
        assert (await Process(world, process.deployment).down()).outcome == "done"
        assert not world.pools


@pytest.mark.parametrize(
    "key", ["", "zone:moon", "zone:us-east1-b", "slices:0", "slices:2", "wait:0", "wait:x", "stay"]
)
def test_what_is_no_choice_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        apply_to(tutorial(), key)


def test_zones_are_read_off_the_error() -> None:
    said = "ZONE_RESOURCE_POOL_EXHAUSTED ... 'zonesAvailable': 'us-west4-b, us-west4-c'"
    assert zones_named(Problem("create", "x", said)) == ("us-west4-b", "us-west4-c")
    assert zones_named(Problem("create", "x", "no room in us-west4-a")) == ()
