"""Waiting in world time for code that is async: a request that takes simulated seconds to answer.

The server's driver (or a test) advances the world; a world timer then resolves the future of whoever waits.
"""

from __future__ import annotations

import asyncio
from typing import Any

from saxtui.emulator.world import World

HANDLER = "wake"


class Waiting:
    """Futures by ticket. Several of them may share one world: each ignores tickets that are not its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._futures: dict[int, asyncio.Future[None]] = {}
        world.on(HANDLER, lambda payload: world.tell(HANDLER, **payload))
        world.hook(HANDLER, self._wake)

    async def sleep(self, seconds: float) -> None:
        """Return when the world has moved on by that many simulated seconds."""
        ticket = self._world.next_seq()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures[ticket] = future
        self._world.after(seconds, HANDLER, ticket=ticket)
        try:
            await future
        finally:
            self._futures.pop(ticket, None)

    def _wake(self, payload: dict[str, Any]) -> None:
        future = self._futures.get(payload["ticket"])
        if future is not None and not future.done():
            future.set_result(None)
