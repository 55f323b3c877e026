"""Stopping a run at a place where nothing is half sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from saxtui.ports import Clock

T = TypeVar("T")


class Paused(Exception):
    """The operator asked the run to stop; raised between requests, never inside one."""


class Control:
    """One run's stop switch."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop."""
        return self._stop.is_set()

    def pause(self) -> None:
        """Ask the run to stop."""
        self._stop.set()

    def check(self) -> None:
        """Raise Paused when the run was asked to stop."""
        if self._stop.is_set():
            raise Paused

    async def reading(self, read: Awaitable[T]) -> T:
        """What a read answers; given up when the run is asked to stop meanwhile. Raises Paused, and what it raises."""
        work = asyncio.ensure_future(read)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Paused
            return work.result()
        finally:
            work.cancel()
            stop.cancel()

    async def sleep(self, clock: Clock, seconds: float) -> None:
        """Wait on the clock, or until the run is asked to stop: then raise Paused."""
        self.check()
        nap = asyncio.ensure_future(clock.sleep(seconds))
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({nap, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            stop.cancel()
        self.check()
        if nap.done() and not nap.cancelled():
            nap.result()
