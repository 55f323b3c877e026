"""From the Store to the screen: the only place where state changes become frames.

Events change the state at once; the screen in front is told at most FRAMES_PER_SECOND times a second, however many
events there were. With nothing to tell and nothing that ages, no timer runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

FRAMES_PER_SECOND = 15


class Bridge:
    """Calls `frame` after pokes, coalesced, and every `tick()` seconds while that is not None."""

    def __init__(self, frame: Callable[[], None], tick: Callable[[], float | None]) -> None:
        self._frame = frame
        self._tick = tick
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Something changed; cheap, may be called any number of times. Only from the event loop."""
        self._poked.set()

    async def run(self) -> None:
        """Deliver frames until cancelled."""
        while True:
            await self._wait()
            self._poked.clear()
            self._frame()
            await asyncio.sleep(1 / FRAMES_PER_SECOND)

    async def _wait(self) -> None:
        tick = self._tick()
        if tick is None:
            await self._poked.wait()
            return
        try:
            async with asyncio.timeout(tick):
                await self._poked.wait()
        except TimeoutError:
            return
