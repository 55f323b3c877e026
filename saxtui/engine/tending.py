"""Keeps what is served in view: the truth ladder and the canary, for as long as somebody looks."""

from __future__ import annotations

import asyncio
import contextlib

from saxtui.engine.canary import Canary
from saxtui.engine.serving import Serving
from saxtui.engine.store import Store
from saxtui.engine.truth import FRESH
from saxtui.errors import SaxtuiError
from saxtui.model.progress import Ownership
from saxtui.ports import Clock

_LEAST = 0.5
"""Real seconds between two looks, however fast the clock runs."""
_NEEDED = "http-server"


class Tending:
    """`run` until cancelled. Looks only while the HTTP server is ours or adopted, and no run is at work on it."""

    def __init__(self, serving: Serving, canary: Canary, store: Store, clock: Clock) -> None:
        self._serving = serving
        self._canary = canary
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look and beat side by side: a beat that hangs must not keep anybody from seeing why."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._looking())
            both.create_task(self._beating())

    async def _looking(self) -> None:
        while True:
            if self._served():
                # What fails is in the store, and the next look tries again.
                with contextlib.suppress(SaxtuiError):
                    await self._serving.models()
            await self._rest()

    async def _beating(self) -> None:
        while True:
            if self._served():
                await self._canary.maybe()
            await asyncio.sleep(_LEAST)

    def _served(self) -> bool:
        progress = self._store.state.progress
        return not progress.running and progress.step(_NEEDED).ownership in (Ownership.OWNED, Ownership.ADOPTED)

    async def _rest(self) -> None:
        """Until the next look is due, or pods changed: a host that dies must not wait for it."""
        view = self._store.state.cluster.value
        until = self._clock.now() + max(FRESH, _LEAST * self._clock.speed)
        while (left := until - self._clock.now()) > 0:
            await asyncio.sleep(min(_LEAST, left / self._clock.speed))
            now = self._store.state.cluster.value
            if now is not None and (view is None or now.slices is not view.slices):
                return
