"""Killed at every boundary of a whole `up` and a whole `down`, once and twice: always the same end.

Boundaries: before a request is sent, while it is on its way (it then acts late, or never), after it took effect, after
its answer (before the record of it is written), after the record. `long` takes 5,000 double points.
"""

from __future__ import annotations

import copy
from random import Random

import pytest

from saxtui.engine.result import RunResult
from tests.engine.fake_world import World
from tests.engine.harness import Process, was_killed
from tests.engine.oracle import Oracle, watch_order
from tests.engine.schedules import in_order, settle, strangers

SINGLE_POINTS = 300
"""At least so many distinct points must be there to be taken; all of them are."""
SHARDS = 4


def fresh(seed: int = 3) -> World:
    """A world with as many strangers as the seed says (0 to 3), and requests that act late."""
    world = World()
    strangers(world, Random(seed), seed % 4)
    settle(world, seed)
    return world


async def live(world: World, verb: str, point: int = 0) -> RunResult | None:
    """One life, killed at `point` counted from now (0: left in peace). None when it was killed."""
    process = Process(world)
    world.kill_at = world.points + point if point else 0
    try:
        return await (process.up() if verb == "up" else process.down())
    except BaseException as error:
        if not was_killed(error):
            raise
        return None
    finally:
        world.kill_at = 0


async def brought_up() -> World:
    world = fresh()
    await live(world, "up")
    world.rules.clear()
    world.landing = None
    return world


async def boundaries(verb: str) -> int:
    """How many points one undisturbed run has."""
    world = fresh() if verb == "up" else await brought_up()
    before = world.points
    await live(world, verb)
    return world.points - before


async def ends_up(world: World, oracle: Oracle, where: str) -> None:
    """`up` once more reaches what an undisturbed one reaches, with nothing made twice."""
    result = await live(world, "up")
    assert result is not None
    assert result.outcome == "done", (where, result.problems)
    oracle.after(result)
    assert max(world.created.values()) == 1, (where, world.created)


async def ends_down(world: World, oracle: Oracle, where: str) -> None:
    """`down` leaves what was there before us, for good, with a proof of each row."""
    result = await live(world, "down")
    assert result is not None
    assert result.outcome == "done", (where, result.problems)
    oracle.after(result)
    oracle.all_gone()
    await world.sleep(900)
    world.settle_operations()
    oracle.all_gone()


async def single(verb: str, point: int, clean: dict[str, object]) -> None:
    """Kill `verb` at one point, then go on to the end, and take down."""
    where = f"{verb} killed at point {point}"
    world = fresh(point)
    oracle = Oracle(world, Process(world).deployment)
    watch_order(world)
    if verb == "down":
        world.landing, landing = None, world.landing
        await live(world, "up")
        world.landing = landing
    await live(world, verb, point)
    oracle.nothing_lost()
    if verb == "up":
        await ends_up(world, oracle, where)
        assert {key: world.snapshot()[key] for key in clean} == clean, where
    await ends_down(world, oracle, where)


async def clean_end() -> dict[str, object]:
    """What an undisturbed `up` makes, apart from what strangers have."""
    world = World()
    await live(world, "up")
    return {key: world.snapshot()[key] for key in ("clusters", "pools", "kube", "pods") if key != "clusters"}


async def test_every_kind_of_boundary_is_there() -> None:
    in_order()
    world = await brought_up()
    await live(world, "down")
    for when in ("before create", "sent create", "after create", "sent delete", "after delete", "sent set"):
        assert world.boundaries[when], when
    assert world.boundaries["before append"] == world.boundaries["after append"] > 50
    assert await boundaries("up") + await boundaries("down") >= SINGLE_POINTS


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("verb", ["up", "down"])
async def test_every_single_point(verb: str, shard: int) -> None:
    in_order()
    clean = await clean_end()
    for point in range(1 + shard, await boundaries(verb) + 1, SHARDS):
        await single(verb, point, clean)


async def double(seed: int) -> None:
    """Kill a run, kill the run that recovers it, then leave it in peace."""
    rng = Random(seed)
    world = fresh(seed)
    world.lag = rng.choice((0.0, 0.0, 10.0, 25.0))
    oracle = Oracle(world, Process(world).deployment)
    watch_order(world)
    first, second = rng.choice((("up", "up"), ("up", "down"), ("down", "down"), ("down", "up")))
    where = f"seed {seed}: {first} killed, then {second} killed"
    if first == "down":
        world.landing, landing = None, world.landing
        await live(world, "up")
        world.landing = landing
    for verb in (first, second):
        await live(world, verb, rng.randint(1, 420 if verb == "up" else 260))
        oracle.nothing_lost()
    if (first, second) == ("up", "up"):
        await ends_up(world, oracle, where)
    await ends_down(world, oracle, where)


async def test_seeded_double_points() -> None:
    in_order()
    for seed in range(200):
        await double(seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_five_thousand_double_points() -> None:
    in_order()
    for seed in range(5000):
        await double(seed)


async def test_a_request_that_acts_after_every_proof_is_found_at_the_next_start() -> None:
    """Later than any settle window: the next `down` still finds and deletes it."""
    in_order()
    for call in ("create cluster saxml", "create bucket demo-project-sax-abc234"):
        world = World()
        oracle = Oracle(world, Process(world).deployment)
        world.landing = lambda sent, call=call: 4000.0 if sent == call else None  # type: ignore[misc]

        def rule(when: str, sent: str, call: str = call, world: World = world) -> None:
            if (when, sent) == ("sent", call):
                world.kill_at = world.points
                world.dead = True

        world.rules.append(rule)
        await live(world, "up")
        world.rules.clear()
        result = await live(world, "down")
        assert result is not None
        assert result.outcome == "done"
        await world.sleep(5000)
        assert oracle.ours(), "it did act at last"
        again = await live(world, "down")
        assert again is not None
        assert again.outcome == "done"
        oracle.all_gone()


async def test_two_copies_of_a_world_go_the_same_way() -> None:
    """The same seed gives the same history, so a failure can be replayed."""
    in_order()
    ends = []
    for _ in range(2):
        world = fresh(2)
        await live(world, "up", 190)
        await live(world, "up")
        ends.append(([event.type + event.step for event in world.journal], copy.deepcopy(world.mutations)))
    assert ends[0] == ends[1]
