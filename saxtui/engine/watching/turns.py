"""Turns on the event loop for bulk work."""

from __future__ import annotations

import asyncio
from collections import deque


class LoopTurns:
    """Gives one turn in each round of the loop, first come first served: keys and frames get theirs in between."""

    def __init__(self) -> None:
        self._free = True
        self._queue: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait for a turn; the work up to the next await belongs to it."""
        loop = asyncio.get_running_loop()
        if self._free:
            self._free = False
            loop.call_soon(self._next)
            return
        place = loop.create_future()
        self._queue.append(place)
        await place

    def _next(self) -> None:
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._free = True
