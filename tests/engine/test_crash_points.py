"""Killed at every boundary of a whole `up`, `down`, `pause` and `resume`, once and twice: always the same end.

Boundaries: before a request is sent, while it is on its way (it then acts late, or never), after it took effect, after
its answer (before the record of it is written), after the record. `long` takes 5,000 double points,
DOUBLES=50000 as many as it says.
"""

from __future__ import annotations

import copy
import os
from random import Random

import pytest

from saxtui.engine.runs.result import RunResult
from saxtui.model.progress import RunProgress
from tests.engine.fake_world import World
from tests.engine.harness import Process, was_killed
from tests.engine.oracle import Oracle, is_mutating, watch_order
from tests.engine.schedules import in_order, settle, strangers

SINGLE_POINTS = 300
"""At least so many distinct points must be there to be taken; all of them are."""
SHARDS = 4
VERBS = {"up": Process.up, "down": Process.down, "pause": Process.pause, "resume": Process.resume}


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
        return await VERBS[verb](process)
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


async def standing(verb: str) -> World:
    """A world that is up, or paused when the verb is `resume`."""
    world = await brought_up()
    if verb == "resume":
        await live(world, "pause")
    return world


async def telling(verb: str) -> list[int]:
    """The points of an undisturbed pause or resume, without reads that follow a read: those leave the same behind."""
    world, calls = await standing(verb), []
    before = world.points
    world.rules.append(lambda when, call: calls.append((world.points - before, when, call)))
    await live(world, verb)
    changes = [is_mutating(call) or call.startswith(("append", "put")) for _, _, call in calls]
    return [point for (point, _, _), here, last in zip(calls, changes, [True, *changes], strict=False) if here or last]


def copied(world: World) -> World:
    """A world of its own that goes on from here; events are frozen and shared."""
    kept = world.progress, world.journal
    world.progress, world.journal = RunProgress(steps={}), []
    try:
        made = copy.deepcopy(world)
    finally:
        world.progress, world.journal = kept
    made.progress, made.journal = kept[0], list(kept[1])
    return made


def paused_end(world: World) -> dict[str, object]:
    """What a pause or a resume changes: the hosts of each pool, the model servers and their pods."""
    return {
        "hosts": {name: row["spec"]["initialNodeCount"] for name, row in world.pools.items() if name.startswith("tpu")},
        "servers": [str(ref) for ref in world.kube if ref.kind == "JobSet"],
        "pods": world.snapshot()["pods"],
    }


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


async def sized(verb: str, point: int, start: World, ends: dict[str, object], *, whole: bool) -> None:
    """Kill a pause or a resume at one point, then give the same command again; `whole`: then take all down too."""
    where = f"{verb} killed at point {point}"
    world = copied(start)
    strangers(world, Random(point), point % 4)
    settle(world, point)
    oracle = Oracle(world, Process(world).deployment)
    watch_order(world)
    await live(world, verb, point)
    oracle.nothing_lost()
    result = await live(world, verb)
    assert result is not None and result.outcome == "done", (where, result)
    oracle.after(result)
    world.landing = None
    await world.sleep(200)
    world.settle_operations()
    assert paused_end(world) == ends, where
    assert all(world.created[f"pool {name}"] == 1 for name in world.pools), where
    at_zero = {step.id for step in world.progress.steps.values() if step.at_zero}
    assert at_zero == ({"pool/tpu1", "pool/tpu2"} if verb == "pause" else set()), where
    if whole:
        await ends_down(world, oracle, where)


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_every_point_of_a_pause_and_of_a_resume(verb: str) -> None:
    in_order()
    start = await standing(verb)
    undisturbed = copied(start)
    await live(undisturbed, verb)
    ends = paused_end(undisturbed)
    points = await telling(verb)
    assert len(points) > 60
    for number, point in enumerate(points):
        await sized(verb, point, start, ends, whole=number % 25 == 0)


async def other_way(seed: int) -> None:
    """Kill a pause or resume, then order the opposite at once: a late request of the first must not undo it."""
    rng = Random(seed)
    first, second = rng.choice((("pause", "resume"), ("resume", "pause"), ("pause", "up"), ("pause", "down")))
    where = f"seed {seed}: {first} killed, then {second}"
    world = await standing(first)
    strangers(world, rng, seed % 4)
    settle(world, seed)
    oracle = Oracle(world, Process(world).deployment)
    watch_order(world)
    await live(world, first, rng.randint(1, 110))
    oracle.nothing_lost()
    result = await live(world, second)
    assert result is not None and result.outcome == "done", (where, result)
    oracle.after(result)
    await world.sleep(900)
    world.settle_operations()
    hosts = {"resume": {8}, "up": {8}, "pause": {0}, "down": set()}[second]
    assert {row["spec"]["initialNodeCount"] for row in world.pools.values()} == hosts, where
    if second != "down":
        await ends_down(world, oracle, where)


async def test_a_pause_or_resume_that_was_killed_is_turned_round() -> None:
    in_order()
    for seed in range(8):
        await other_way(seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_thousand_turned_round() -> None:
    in_order()
    for seed in range(1000):
        await other_way(seed)


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
    for seed in range(100):
        await double(seed)


@pytest.mark.long
@pytest.mark.timeout(0)
async def test_five_thousand_double_points() -> None:
    in_order()
    for seed in range(int(os.environ.get("DOUBLES", "5000"))):
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
