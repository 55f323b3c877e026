"""Async waiting in world time."""

from __future__ import annotations

import asyncio

from saxtui.emulator.waiting import Waiting
from saxtui.emulator.world import World


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_sleep_ends_when_the_world_has_moved_on() -> None:
    world = World(start=100.0)
    waiting = Waiting(world)
    task = asyncio.create_task(waiting.sleep(4))
    await settle()
    world.advance(103.9)
    await settle()
    assert not task.done()
    world.advance(104.0)
    await settle()
    assert task.done()


async def test_two_waitings_share_one_world() -> None:
    world = World(start=0.0)
    first, second = Waiting(world), Waiting(world)
    tasks = [asyncio.create_task(first.sleep(1)), asyncio.create_task(second.sleep(2))]
    await settle()
    world.advance(1.0)
    await settle()
    assert [task.done() for task in tasks] == [True, False]
    world.advance(2.0)
    await settle()
    assert all(task.done() for task in tasks)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    world = World(start=0.0)
    waiting = Waiting(world)
    task = asyncio.create_task(waiting.sleep(1))
    await settle()
    task.cancel()
    await settle()
    world.advance(2.0)
    assert task.cancelled()
