"""A pause in long work on the event loop, so that keys are answered in between."""

from __future__ import annotations

import asyncio

_ROUNDS = 3
"""A key goes through several rounds of the loop before it is painted; with one between two pieces it waits for all."""


async def breathe() -> None:
    """Let the loop go round a few times; costs microseconds when nothing else is to be done."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
