"""The time to live: set by the first `up`, told by labels, moved on order; it warns and never acts."""

from __future__ import annotations

import pytest

from saxtui.model.progress import fold
from saxtui.model.term import LABEL, labels, seconds, term
from saxtui.present.term import sentence, short
from tests.engine.fake_world import Killed, World
from tests.engine.harness import Process, tutorial, was_killed
from tests.engine.oracle import Oracle

HOUR = 3600.0
WANTED = tutorial(ttl="8h")


def marks(world: World) -> set[str]:
    """The ends that the labels in the cloud tell."""
    pools = [row["spec"]["config"]["resourceLabels"] for row in world.pools.values()]
    return {found.get(LABEL, "") for found in (world.clusters["saxml"]["labels"], *pools)}


async def up(world: World) -> float:
    began = world.now()
    assert (await Process(world, WANTED).up()).outcome == "done"
    until = world.progress.until
    assert until == pytest.approx(began + 8 * HOUR, abs=60)
    return until


async def test_the_first_up_sets_it_and_every_later_run_keeps_it() -> None:
    world = World()
    until = await up(world)
    assert marks(world) == {str(int(until))}
    await world.sleep(HOUR)
    await Process(world, WANTED).up()
    await Process(world, WANTED).pause()
    assert world.progress.until == until == fold(world.journal).until
    assert await Process(world, WANTED).runs.drift() == ()


async def test_extending_moves_the_end_and_its_labels_and_nothing_else() -> None:
    world = World()
    until = await up(world)
    oracle = Oracle(world, WANTED)
    kind = world.progress.kind
    assert await Process(world, WANTED).runs.extend(4 * HOUR) == until + 4 * HOUR
    assert marks(world) == {str(int(until + 4 * HOUR))}
    assert (world.progress.kind, world.progress.outcome) == (kind, "done"), "the deployment is as it was"
    oracle.nothing_lost()
    await world.sleep(48 * HOUR)
    later = await Process(world, WANTED).runs.extend(HOUR)
    assert later == pytest.approx(world.now() + HOUR, abs=120), "from now, once it is over"


async def test_over_is_told_and_nothing_is_done() -> None:
    world = World()
    await up(world)
    before = list(world.mutations)
    await world.sleep(30 * HOUR)
    assert await Process(world, WANTED).runs.drift() == ()
    assert world.mutations == before and len(world.pools) == 2


async def test_killed_between_the_journal_and_the_labels_it_shows_as_drift_and_is_mended() -> None:
    world = World()
    until = await up(world)

    def rule(when: str, call: str) -> None:
        if (when, call) == ("before", "label pool tpu1"):
            world.dead = True
            raise Killed(call)

    world.rules.append(rule)
    with pytest.raises(BaseException) as killed:
        await Process(world, WANTED).runs.extend(HOUR)
    assert was_killed(killed.value)
    world.rules.remove(rule)
    assert world.progress.until == until + HOUR, "journaled before anything was sent"
    told = {(item.step, item.field, item.theirs) for item in await Process(world, WANTED).runs.drift()}
    assert told == {(f"pool/{name}", f"label {LABEL}", str(int(until))) for name in ("tpu1", "tpu2")}
    assert await Process(world, WANTED).runs.extend(HOUR) == until + 2 * HOUR
    assert await Process(world, WANTED).runs.drift() == ()


async def test_a_time_to_live_written_into_the_file_later_is_told_by_labels_too() -> None:
    world = World()
    await Process(world).up()
    await Process(world, WANTED).up()
    assert marks(world) == {str(int(world.progress.until or 0))} != {"0"}


async def test_it_ends_with_the_deployment() -> None:
    world = World()
    first = await up(world)
    assert (await Process(world, WANTED).down()).outcome == "done"
    assert world.progress.until is None
    assert await up(world) > first


@pytest.mark.parametrize(
    ("whole", "left", "state"),
    [
        (8 * HOUR, 7 * HOUR, "far"), (8 * HOUR, 1800, "soon"), (8 * HOUR, 600, "close"), (8 * HOUR, 0, "over"),
        (8 * HOUR, -5, "over"), (1800, 400, "far"), (1800, 360, "soon"), (1800, 90, "close"), (0.0, 1800, "soon"),
    ],
)  # fmt: skip
def test_when_it_warns(whole: float, left: float, state: str) -> None:
    found = term(10_000.0, 10_000.0 - left, whole)
    assert found is not None and found.state == state
    assert ("nothing is deleted by itself" in sentence(found, "x")) == (state != "far")
    assert short(found).startswith("over" if state == "over" else "ends in")


def test_times_are_read_and_refused() -> None:
    assert [seconds(text) for text in ("", "90m", "8h", "2d")] == [0.0, 5400.0, 28_800.0, 172_800.0]
    for wrong in ("8", "h", "0h", "-1h", "1w", "1h30m", "99999h"):
        with pytest.raises(ValueError, match="no time such as"):
            seconds(wrong)
    assert labels(None) == {} and term(None, 0.0) is None
