"""A TLS listener for each cluster's Kubernetes API, opened and closed as GKE makes and deletes clusters."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from saxtui.emulator.clock import Driver
from saxtui.emulator.kubernetes.api import make_app
from saxtui.emulator.request_log import RequestLog, classify_kubernetes, client_name
from saxtui.emulator.runner import make
from saxtui.emulator.tls import Authority
from saxtui.emulator.world import World

Json = dict[str, Any]
Handler = Callable[[web.Request], Any]


class Listeners:
    """Hears of clusters and keeps their listeners. The port is known as soon as the creation begins."""

    def __init__(
        self,
        world: World,
        driver: Driver,
        log: RequestLog,
        authority: Authority,
        *,
        authorize: Callable[[str], bool],
        changed: Callable[[list[tuple[str, str, str]]], None],
        kept: Callable[[], Awaitable[None]],
    ) -> None:
        self._world = world
        self._driver = driver
        self._log = log
        self._ca = authority.ca_base64
        self._tls = authority.server_context()
        self._authorize = authorize
        self._changed = changed
        self._kept = kept
        self._sockets: dict[str, socket.socket] = {}
        self._runners: dict[str, web.AppRunner] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        world.hook("cluster.creating", self._creating)
        world.hook("cluster.running", self._running)
        world.hook("cluster.deleted", self._deleted)

    def _creating(self, payload: Json) -> None:
        """Take a free port now; nobody is let in before the cluster runs."""
        self._take_port(payload["cluster"], 0)

    def _take_port(self, key: str, port: int) -> Json:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.bind(("127.0.0.1", 0))
        self._sockets[key] = listener
        row = {"endpoint": f"127.0.0.1:{listener.getsockname()[1]}", "ca": self._ca}
        self._world.table("gke.endpoints")[key] = row
        return row

    def resume(self) -> None:
        """Serve the clusters of a world that was kept, each on its own port if that is still free."""
        for key, row in list(self._world.table("gke.endpoints").items()):
            served = self._take_port(key, int(row["endpoint"].rpartition(":")[2]))
            cluster = self._world.table("gke.clusters").get(key)
            if cluster is not None and cluster.get("endpoint"):
                cluster["endpoint"] = served["endpoint"]
                cluster["masterAuth"] = {"clusterCaCertificate": served["ca"]}
            if key in self._world.kube:
                self._open(key)
        self._tell()

    def _running(self, payload: Json) -> None:
        """Accept from this moment on: connections wait in the backlog for the few milliseconds until served."""
        self._open(payload["cluster"])
        self._tell()

    def _open(self, key: str) -> None:
        self._sockets[key].listen(128)
        self._spawn(self._serve(key))

    def _deleted(self, payload: Json) -> None:
        self._spawn(self._close(payload["cluster"]))
        self._tell()

    def _tell(self) -> None:
        """Say which clusters can be reached now, oldest first."""
        reachable = []
        for key, row in self._world.table("gke.clusters").items():
            served = self._world.table("gke.endpoints").get(key)
            if served and key in self._world.kube:
                reachable.append((f"gke_{key.replace('/', '_')}", served["endpoint"], served["ca"], row["createTime"]))
        reachable.sort(key=lambda item: item[3])
        self._changed([(name, endpoint, ca) for name, endpoint, ca, _ in reachable])

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, key: str) -> None:
        app = make_app(self._world, key, authorize=self._authorize, on_request=_unheard, tick=self._driver.catch_up)
        app.middlewares.insert(0, self._record)
        runner = make(app, handler_cancellation=True)
        await runner.setup()
        self._runners[key] = runner
        await web.SockSite(runner, self._sockets[key], ssl_context=self._tls).start()

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Record a request when it is answered; a watch, when it ends."""
        status = 500
        service, mutating = classify_kubernetes(request.method, request.path, request.query)
        try:
            response: web.StreamResponse = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        except asyncio.CancelledError:
            status = 200  # the client ended a watch or a log it was following
            raise
        finally:
            self._log.add(
                service,
                request.method,
                request.raw_path,
                status,
                mutating=mutating,
                at=self._world.now,
                agent=client_name(request.headers.get("User-Agent", "")),
            )
        if mutating:
            await self._kept()
        return response

    async def _close(self, key: str) -> None:
        runner = self._runners.pop(key, None)
        if runner is not None:
            await runner.cleanup()
        listener = self._sockets.pop(key, None)
        if listener is not None:
            listener.close()

    async def close(self) -> None:
        """Close every listener."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for key in list(self._sockets):
            await self._close(key)


def _unheard(*_: Any, **__: Any) -> None:
    """The API server's own report of a request, not needed: the middleware also sees how a watch ends."""
