"""kill -9 at every point of `up` and `down`: the next run ends the same, with nothing made twice and nothing left."""

from __future__ import annotations

import pytest

from saxtui.engine.runs.result import RunResult
from saxtui.ports import AccountInfo
from tests.engine.fake_world import World
from tests.engine.harness import Process, was_killed

EMPTY = World().snapshot()
STRIDE = 7
"""Every seventh point in the gate; the long suite takes every one."""


async def until_killed(world: World, point: int, verb: str) -> RunResult | None:
    """One life that dies at `point` (counted from now), or its result when it ends before."""
    process = Process(world)
    world.kill_at = world.points + point
    try:
        return await (process.up() if verb == "up" else process.down())
    except BaseException as error:
        assert was_killed(error), repr(error)
        return None
    finally:
        world.kill_at = 0


async def points(verb: str) -> int:
    world = World()
    if verb == "down":
        await Process(world).up()
    before = world.points
    await (Process(world).up() if verb == "up" else Process(world).down())
    return world.points - before


def with_strangers() -> World:
    """A world in which others live too."""
    world = World()
    world.buckets["somebody-else"] = {"labels": {"owner": "them"}, "uid": "theirs"}
    world.accounts["x@y"] = AccountInfo("x@y", "theirs", "theirs")
    return world


async def kill_up(stride: int) -> None:
    clean = with_strangers()
    await Process(clean).up()
    strangers = with_strangers().snapshot()
    for point in range(1, await points("up") + 1, stride):
        world = with_strangers()
        await until_killed(world, point, "up")
        result = await Process(world).up()
        assert result.outcome == "done", (point, result.problems)
        assert max(world.created.values()) == 1, (point, world.created)
        assert world.snapshot() == clean.snapshot(), point
        result = await Process(world).down()
        assert result.outcome == "done", (point, result.problems)
        assert world.snapshot() == strangers, point


async def kill_up_then_down(stride: int) -> None:
    strangers = with_strangers().snapshot()
    for point in range(3, await points("up") + 1, stride):
        world = with_strangers()
        await until_killed(world, point, "up")
        result = await Process(world).down()
        assert result.outcome == "done", (point, result.problems)
        assert world.snapshot() == strangers, point


async def kill_down(stride: int) -> None:
    strangers = with_strangers().snapshot()
    for point in range(1, await points("down") + 1, stride):
        world = with_strangers()
        await Process(world).up()
        await until_killed(world, point, "down")
        result = await Process(world).down()
        assert result.outcome == "done", (point, result.problems)
        assert world.snapshot() == strangers, point
        assert all(proof.proof for proof in result.proofs), point


async def test_up_killed_then_up() -> None:
    await kill_up(STRIDE)


async def test_up_killed_then_down() -> None:
    await kill_up_then_down(STRIDE)


async def test_down_killed_then_down() -> None:
    await kill_down(STRIDE)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_every_point() -> None:
    await kill_up(1)
    await kill_up_then_down(1)
    await kill_down(1)


async def test_killed_twice() -> None:
    """A kill in the run, another in the recovery, then a run that is left in peace."""
    clean = with_strangers()
    await Process(clean).up()
    whole = await points("up")
    for first in range(5, whole, whole // 6):
        for second in range(5, whole, whole // 5):
            world = with_strangers()
            await until_killed(world, first, "up")
            await until_killed(world, second, "up")
            result = await Process(world).up()
            assert result.outcome == "done", (first, second, result.problems)
            assert max(world.created.values()) == 1, (first, second)
            assert world.snapshot() == clean.snapshot(), (first, second)
