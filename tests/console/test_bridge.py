"""Bursts become one frame, and nothing runs while nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from saxtui.console.bridge import Bridge


async def settle(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_burst_is_one_frame() -> None:
    frames: list[int] = []
    bridge = Bridge(lambda: frames.append(1), lambda: None)
    task = asyncio.create_task(bridge.run())
    for _ in range(1000):
        bridge.poke()
    await settle(lambda: frames)
    assert len(frames) == 1
    bridge.poke()
    await settle(lambda: len(frames) == 2)
    task.cancel()


async def test_without_a_poke_no_frame_and_no_timer() -> None:
    frames: list[int] = []
    asked: list[int] = []

    def tick() -> None:
        asked.append(1)

    bridge = Bridge(lambda: frames.append(1), tick)
    task = asyncio.create_task(bridge.run())
    await settle(lambda: asked)
    for _ in range(50):
        await asyncio.sleep(0)
    assert not frames
    assert len(asked) == 1
    task.cancel()


async def test_what_ages_gets_frames_by_itself() -> None:
    frames: list[int] = []
    bridge = Bridge(lambda: frames.append(1), lambda: 0.01)
    task = asyncio.create_task(bridge.run())
    await settle(lambda: len(frames) >= 2)
    task.cancel()
