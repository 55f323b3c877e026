"""Turns of bulk work: one after the other, and rounds of the loop between them for keys and frames."""

from __future__ import annotations

import asyncio

from saxtui.engine.watching.turns import LoopTurns


async def test_each_gets_its_turn_in_the_order_of_asking_and_some_go_ahead() -> None:
    turns, done = LoopTurns(), []

    async def work(name: str, *, ahead: bool = False) -> None:
        await turns.turn(ahead=ahead)
        done.append(name)

    async with asyncio.TaskGroup() as group:
        for name in ("first", "second", "third"):
            group.create_task(work(name))
        group.create_task(work("merge", ahead=True))
    assert done == ["first", "merge", "second", "third"]


async def test_what_goes_through_several_rounds_of_the_loop_meets_one_turn_in_them() -> None:
    """As a key does, from the terminal to the screen: it must not wait for a piece of bulk work at every hop."""
    turns, worked = LoopTurns(), 0

    async def bulk() -> None:
        nonlocal worked
        while True:
            await turns.turn()
            worked += 1

    busy = [asyncio.create_task(bulk()) for _ in range(16)]
    await asyncio.sleep(0)
    for _ in range(64):
        await asyncio.sleep(0)
    before, hops = worked, 60
    for _ in range(hops):
        await asyncio.sleep(0)
    assert 0 < worked - before <= hops // 3
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_one_who_gave_up_does_not_keep_the_others_waiting() -> None:
    turns = LoopTurns()
    await turns.turn()
    gone = asyncio.create_task(turns.turn())
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(5):
        await turns.turn()
