"""httpx clients of one connection each, taken in turn.

The pool inside one httpx client looks at all its connections at every request: with 64 requests at once that costs more
than the requests do, and a load test would measure it instead of the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


class Lanes:
    """As many clients as there were requests at once; `make` makes one more and may block."""

    def __init__(self, make: Callable[[], httpx.AsyncClient]) -> None:
        self._make = make
        self._idle: list[httpx.AsyncClient] = []
        self._made: list[httpx.AsyncClient] = []

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client nobody else uses meanwhile; the one used last comes first, so its connection is the freshest."""
        if self._idle:
            client = self._idle.pop()
        else:
            client = await asyncio.to_thread(self._make)
            self._made.append(client)
        try:
            yield client
        finally:
            if client in self._made:
                self._idle.append(client)

    async def close(self) -> None:
        """Close every connection, those in use too."""
        made, self._made, self._idle = self._made, [], []
        for client in made:
            await client.aclose()
