"""Keeps what is served in view: the truth ladder and the canary, for as long as somebody looks."""

from __future__ import annotations

import asyncio
import contextlib

from saxtui.engine.serving.canary import Canary
from saxtui.engine.serving.service import Serving
from saxtui.engine.serving.truth import FRESH
from saxtui.engine.store import Store
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
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Look and beat side by side: a beat that hangs must not keep anybody from seeing why."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watching())
            group.create_task(self._looking())
            group.create_task(self._beating())

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

    async def _watching(self) -> None:
        """A host that dies is told at once, not with the next look."""
        seen, revision = None, -1
        while True:
            view = self._store.state.cluster.value
            if view is not None and (seen is None or view.slices is not seen.slices):
                self._serving.hosts_changed(view)
                self._changed.set()
                seen = view
            revision = await self._store.changed(revision)

    async def _rest(self) -> None:
        """Until the next look is due, or pods changed; never less than half a real second."""
        await asyncio.sleep(_LEAST)
        self._changed.clear()
        left = max(FRESH / self._clock.speed, _LEAST) - _LEAST
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._changed.wait()
