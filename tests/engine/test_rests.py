"""Work in a thread rests, and ends once nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from saxtui.engine.diagnosis.rests import Rests, Stopped


async def test_work_that_nobody_waits_for_stops_at_its_next_rest() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(rests: Rests) -> None:
        begun.set()
        try:
            while True:
                until = time.monotonic() + 0.006
                while time.monotonic() < until:
                    pass
                rests.rest()
        except Stopped:
            ended.set()

    async def wait() -> None:
        with Rests() as rests:
            await asyncio.to_thread(work, rests)

    task = asyncio.create_task(wait())
    assert await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 30)


def test_short_work_does_not_rest_even_when_it_is_over() -> None:
    with Rests() as rests:
        pass
    rests.rest()
