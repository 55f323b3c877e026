"""Turns on the event loop for bulk work."""

from __future__ import annotations

import asyncio
from collections import deque

_BETWEEN = 3
"""Rounds of the loop between two turns: a key goes through several before it is painted, and each takes one."""


class LoopTurns:
    """Gives a turn in every few rounds of the loop, first come first served: keys and frames get theirs in between."""

    def __init__(self) -> None:
        self._free = True
        self._rest = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def turn(self, *, ahead: bool = False) -> None:
        """Wait for a turn; the work up to the next await belongs to it. `ahead`: before all who wait."""
        loop = asyncio.get_running_loop()
        if self._free:
            self._free = False
            self._begun(loop)
            return
        place = loop.create_future()
        (self._queue.appendleft if ahead else self._queue.append)(place)
        await place

    def _begun(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rest = _BETWEEN
        loop.call_soon(self._next)

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        self._rest -= 1
        if self._rest >= 0:
            loop.call_soon(self._next)
            return
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                self._begun(loop)
                return
        self._free = True
