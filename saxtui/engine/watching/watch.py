"""Keeps the store's picture of the cluster live: one watch, however many look on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from saxtui.engine.store import Part, Store
from saxtui.engine.watching.connection import Connection
from saxtui.errors import CallError
from saxtui.model.cluster import ClusterView, Freshness
from saxtui.ports import Clock, Kubernetes

_RETRY = (1.0, 2.0, 4.0, 8.0)
"""Real seconds between attempts to find and reach the cluster."""
_GIVE_UP_ON_ADDRESS = 20.0
"""Real seconds offline after which the cluster is looked up again: it may have a new address, or be gone."""


class Watching:
    """`run` for as long as the picture is wanted; several may hold it at once, and one watch serves all."""

    def __init__(
        self, store: Store, connection: Connection, clock: Clock, see: Callable[[ClusterView], None] | None = None
    ) -> None:
        """`see` is told of every picture, before the store is."""
        self._see = see
        self._store = store
        self._connection = connection
        self._clock = clock
        self._holders = 0
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Keep the picture live until cancelled; raises what only a defect can end the watch with."""
        async with self.held() as task:
            await asyncio.shield(task)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[asyncio.Task[None]]:
        """The watch runs inside this block: the first to enter starts it, the last to leave stops it."""
        self._holders += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="watch cluster")
        try:
            yield self._task
        finally:
            self._holders -= 1
            if self._holders == 0:
                task, self._task = self._task, None
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def look(self) -> ClusterView:
        """One picture, read now, without watching. Raises CallError, and the store knows of that too."""
        try:
            kubernetes = await self._connection.kubernetes()
            view = await kubernetes.look([self._connection.deployment.namespace])
        except CallError as error:
            if self._task is None:
                self._fail(error.problem.one_line())
            raise
        if self._task is None:
            self._show(view)
        return view

    async def known(self) -> ClusterView:
        """The running watch's picture while it is live; read now otherwise. Raises CallError."""
        view = self._store.state.cluster.value
        running = self._task is not None and not self._task.done()
        return view if running and view is not None and view.freshness is Freshness.LIVE else await self.look()

    async def _watch(self) -> None:
        attempt = 0
        while True:
            try:
                kubernetes = await self._connection.kubernetes()
                attempt = 0
                await self._follow(kubernetes)
            except CallError as error:
                self._fail(error.problem.one_line())
            await self._connection.forget()
            await asyncio.sleep(_RETRY[min(attempt, len(_RETRY) - 1)])
            attempt += 1

    async def _follow(self, kubernetes: Kubernetes) -> None:
        """Show views until the cluster has been offline for too long."""
        offline_since: float | None = None
        async with contextlib.aclosing(kubernetes.watch([self._connection.deployment.namespace])) as views:
            async for view in views:
                await asyncio.sleep(0)  # making it was one piece of work, looking at it is another
                self._show(view)
                if view.freshness is not Freshness.OFFLINE:
                    offline_since = None
                    continue
                offline_since = offline_since or time.monotonic()
                if time.monotonic() - offline_since > _GIVE_UP_ON_ADDRESS:
                    return

    def _show(self, view: ClusterView) -> None:
        if self._see is not None:
            self._see(view)
        self._store.change(cluster=Part(value=view, error=view.error, as_of=view.seen))

    def _fail(self, said: str) -> None:
        last = self._store.state.cluster
        view = replace(last.value, freshness=Freshness.OFFLINE, error=said) if last.value else None
        self._store.change(cluster=Part(value=view, error=said, as_of=last.as_of))
