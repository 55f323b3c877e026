"""The way to the deployment's HTTP server: through the API server, or straight to the load balancer once it answers.

Which way was taken stands in the store. A straight way that fails is left at once for the API server's, and tried
again later; callers ask for the way anew with every request, so a conversation does not notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from saxtui.engine.store import Part, Store
from saxtui.engine.watching.connection import Connection
from saxtui.errors import Ambiguous, Busy, CallError, Problem, Unreachable
from saxtui.model.serving import Dialect, Reached
from saxtui.ports import Cloud, Kubernetes, ModelServer

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

SERVICE = "sax-http-lb"
PORT = 8888
BLOCKED = "one request blocks all: the v1.0.0 server still works on one that was given up"
_STRAIGHT_AGAIN = 60.0
"""Seconds until an address that did not answer is tried again: from here it may never be reachable."""
_STRAIGHT_TIMEOUT = 3.0
_FREE_TIMEOUT = 60.0
"""Real seconds that one question whether a blocked server is free may be outstanding."""


class Reach:
    """Finds, keeps and changes the way."""

    def __init__(self, deployment: Deployment, store: Store, cloud: Cloud, connection: Connection) -> None:
        self._deployment = deployment
        self._store = store
        self._cloud = cloud
        self._connection = connection
        self._kubernetes: Kubernetes | None = None
        self._relayed: ModelServer | None = None
        self._straight: ModelServer | None = None
        self._address = ""
        self._address_tried = 0.0
        self.left = 0
        """How often a straight way was left: what only reads may be asked again by the other one."""
        self._trying: asyncio.Task[None] | None = None
        self._freeing: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    @property
    def dialect(self) -> Dialect:
        """Which HTTP server answers; UNKNOWN until a call has reached it."""
        server = self._straight or self._relayed
        return server.dialect if server is not None else Dialect.UNKNOWN

    @property
    def blocked(self) -> bool:
        """Whether the single-threaded server still works on a request that was given up: it answers nothing else."""
        return self._freeing is not None and not self._freeing.done()

    async def kubernetes(self) -> Kubernetes:
        """The cluster's API server. Raises CallError."""
        return await self._connection.kubernetes()

    @asynccontextmanager
    async def server(self) -> AsyncIterator[ModelServer]:
        """The HTTP server for one request. Raises CallError; Busy at once while it is blocked."""
        if self.blocked:
            raise Busy(Problem(tried="ask", target="HTTP server", said=BLOCKED, reason="ONE_AT_A_TIME"))
        async with self._lock:
            server = await self._way()
        try:
            yield server
        except Unreachable:
            if server is self._straight:
                await self._leave_straight()
            raise
        except Ambiguous as error:
            if error.problem.reason == "TIMEOUT":
                self.given_up(server)
            raise

    def given_up(self, server: ModelServer) -> None:
        """Nobody waits any more for a request that the server was sent: the single-threaded one works on, blocked."""
        if server.dialect is Dialect.OLD and not self.blocked:
            self._freeing = asyncio.create_task(self._until_free(server), name="wait for the HTTP server")
            self._tell(server)

    async def close(self) -> None:
        """Close every way."""
        beside = [task for task in (self._trying, self._freeing) if task is not None]
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for server in (self._straight, self._relayed):
            if server is not None:
                await server.close()
        self._straight = self._relayed = self._kubernetes = None

    async def _way(self) -> ModelServer:
        kubernetes = await self._connection.kubernetes()
        if kubernetes is not self._kubernetes:
            await self.close()
            self._kubernetes = kubernetes
        await self._look_for_straight(kubernetes)
        if self._straight is not None:
            return self._straight
        if self._relayed is None:
            self._relayed = await self._opened(kubernetes, "", 10.0)
            self._tell(self._relayed)
        return self._relayed

    async def _look_for_straight(self, kubernetes: Kubernetes) -> None:
        view = self._store.state.cluster.value
        service = view.services.get(SERVICE) if view is not None else None
        address = service.address if service is not None and service.type == "LoadBalancer" else ""
        if address != self._address:
            await self._leave_straight()
            self._address, self._address_tried = address, 0.0
        now = self._cloud.clock.now()
        trying = self._trying is not None and not self._trying.done()
        if not address or trying or self._straight is not None or now - self._address_tried < _STRAIGHT_AGAIN:
            return
        self._address_tried = now
        # Beside what is asked now: an address that swallows packets must not hold up what works.
        self._trying = asyncio.create_task(self._try_straight(kubernetes, address), name="try the address")

    async def _try_straight(self, kubernetes: Kubernetes, address: str) -> None:
        try:
            server = await self._opened(kubernetes, address, _STRAIGHT_TIMEOUT)
        except CallError:
            return
        async with self._lock:
            if address == self._address and kubernetes is self._kubernetes:
                self._straight = server
                self._tell(server)
                return
        await server.close()

    async def _opened(self, kubernetes: Kubernetes, address: str, timeout: float) -> ModelServer:
        server = self._cloud.model_server(kubernetes, self._deployment.namespace, SERVICE, PORT, address)
        try:
            await server.probe(timeout)
        except BaseException:
            await server.close()
            raise
        return server

    async def _leave_straight(self) -> None:
        server, self._straight = self._straight, None
        if server is not None:
            self.left += 1
            await server.close()
        if self._relayed is not None:
            self._tell(self._relayed)

    async def _until_free(self, server: ModelServer) -> None:
        """One question at a time, with a long wait: asking more would only queue behind the request that blocks."""
        while True:
            try:
                await server.alive(_FREE_TIMEOUT)
                break
            except Ambiguous as error:
                # Only a wait that ran out may be waited again: what fails at once would be asked without a pause.
                if error.problem.reason != "TIMEOUT":
                    break
            except CallError:
                # It is another server now, or none: the next request finds out.
                break
        self._freeing = None
        self._tell(server)

    def _tell(self, server: ModelServer) -> None:
        way = "API server" if server is not self._straight else self._address
        since = self._cloud.clock.now()
        found = Reached(way, self._straight is not None, server.dialect, self.blocked, since)
        last = self._store.state.reach.value
        if last is None or (last.way, last.dialect, last.blocked) != (found.way, found.dialect, found.blocked):
            self._store.change(reach=Part(value=found, as_of=since))
