"""Models: publish, watch them load, ask them, take them down. Every wait is on the deployment's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from saxtui.engine import refusals
from saxtui.engine.connection import Connection
from saxtui.engine.evidence import Testimony, Witnesses
from saxtui.engine.hearing import Hearing
from saxtui.engine.ladder import replica
from saxtui.engine.store import Part, Store
from saxtui.errors import Ambiguous, Busy, CallError, Conflict, NotFound, Throttled, Unreachable
from saxtui.model.cluster import ClusterView
from saxtui.model.serving import Dialect, Evidence, ModelStatus, Rung
from saxtui.ports import Cloud, Kubernetes, ModelServer

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

SERVICE = "sax-http-lb"
PORT = 8888
_POLL = 10.0
"""Seconds between looks at a load: Sax itself assigns and refreshes every 10 s."""
_BUSY_FOR = 180.0
_GONE_FOR = 120.0
_PASSING = (Ambiguous, Busy, Throttled, Unreachable)


@dataclass(frozen=True, slots=True)
class _Ready:
    """What one conversation with the HTTP server needs."""

    kubernetes: Kubernetes
    server: ModelServer


class Serving:
    """The models of one deployment, through its HTTP server and its pods' logs."""

    def __init__(
        self, deployment: Deployment, store: Store, cloud: Cloud, connection: Connection, hearing: Hearing
    ) -> None:
        self._deployment = deployment
        self._store = store
        self._cloud = cloud
        self._connection = connection
        self._witnesses = Witnesses(hearing)
        self._ready: _Ready | None = None
        self._known: dict[str, None] = {deployment.model.id: None}
        self._unpublished: dict[str, float] = {}
        self._generating = 0

    @property
    def dialect(self) -> Dialect:
        """Which HTTP server answers; UNKNOWN until a call has reached it."""
        return self._ready.server.dialect if self._ready is not None else Dialect.UNKNOWN

    async def models(self) -> tuple[ModelStatus, ...]:
        """The truth ladder of every published model; puts it into the store. Raises CallError."""
        try:
            found = await self._models()
        except CallError as error:
            last = self._store.state.models
            self._store.change(models=Part(value=last.value, error=error.problem.one_line(), as_of=last.as_of))
            raise
        self._store.change(models=Part(value=found, as_of=self._cloud.clock.now()))
        return found

    async def publish(self, model: str, path: str, checkpoint: str, replicas: int) -> ModelStatus:
        """Publish; already published the same is success, another number of replicas is an update.

        Raises Refused when the name is taken by another model class or the class does not fit the slices.
        """
        wanted = self._deployment.model
        model, path = model or wanted.id, path or wanted.path
        checkpoint, replicas = checkpoint or wanted.checkpoint, replicas or self._deployment.replicas
        refusals.check_fit(self._deployment, path)
        server = (await self._connect()).server
        listed = await server.list_cell(model)
        if listed is None:
            await self._send_publish(server, model, path, checkpoint, replicas)
        elif not _same(listed, path, checkpoint):
            raise refusals.taken(self._deployment.name, model, str(listed.get("model_path", "")))
        elif int(listed.get("max_replicas", 0)) != replicas:
            await server.update(model, path, checkpoint, replicas)
        self._known[model] = None
        return await self._status(model)

    async def unpublish(self, model: str) -> None:
        """Unpublish and wait until /listcell no longer knows it; not published is success."""
        model = model or self._deployment.model.id
        server = (await self._connect()).server
        if await server.list_cell(model) is None:
            return
        try:
            await server.unpublish(model)
        except NotFound:
            return
        except Ambiguous:
            # It may have been heard: the list below tells, and unpublishing twice does no harm.
            pass
        self._unpublished[model] = self._cloud.clock.now()
        until = self._cloud.clock.now() + _GONE_FOR
        while await server.list_cell(model) is not None:
            if self._cloud.clock.now() > until:
                raise refusals.still_there(model)
            await self._cloud.clock.sleep(2.0)

    async def wait_loaded(self, model: str, timeout: float) -> ModelStatus:
        """Wait until every assigned replica is proved loaded. Raises StepFailed when a load failed or time is up."""
        model = model or self._deployment.model.id
        name = self._deployment.name
        until = self._cloud.clock.now() + timeout
        status: ModelStatus | None = None
        while True:
            try:
                status = _find(await self.models(), model)
            except _PASSING:
                # One look that failed says nothing of the load; the deadline below ends a server that stays silent.
                if self._cloud.clock.now() > until:
                    raise
            else:
                if status is None:
                    raise refusals.not_published(name, model)
                if status.failed:
                    raise refusals.load_failed(name, status)
                if self._all_loaded(status):
                    return status
                if self._cloud.clock.now() > until:
                    raise refusals.still_loading(name, status, timeout)
            await self._cloud.clock.sleep(_POLL)

    async def server(self) -> ModelServer:
        """The HTTP server, once it answers and its dialect is known. Raises CallError."""
        return (await self._connect()).server

    async def gate(self, model: str) -> None:
        """Raises Refused unless a slice is proved to have loaded the model: the server would hold a prompt open."""
        status = _find(await self.models(), model)
        if status is None:
            raise refusals.not_published(self._deployment.name, model)
        if not status.loaded:
            raise refusals.not_loaded(self._deployment.name, status)

    @contextmanager
    def prompting(self) -> Iterator[None]:
        """While a prompt is with the server."""
        self._generating += 1
        try:
            yield
        finally:
            self._generating -= 1

    async def close(self) -> None:
        """Close the HTTP client."""
        ready, self._ready = self._ready, None
        if ready is not None:
            await ready.server.close()

    async def _models(self) -> tuple[ModelStatus, ...]:
        ready = await self._connect()
        view = await self._view(ready.kubernetes)
        testimony = await self._witnesses.hear(ready.kubernetes, view)
        if self._generating and ready.server.dialect is not Dialect.NEW:
            # The old HTTP server answers one request at a time: asking now would only wait behind the prompt.
            return tuple(self._judge(view, testimony, _listed(last)) for last in self._store.state.models.value or ())
        found = []
        for model in await self._ids(ready.server):
            listed = await ready.server.list_cell(model)
            if listed is not None:
                found.append(self._judge(view, testimony, _from_cell(model, listed, self._cloud.clock.now())))
        return tuple(found)

    async def _ids(self, server: ModelServer) -> list[str]:
        listed = await server.list_all(self._deployment.model.cell)
        return list(dict.fromkeys([*self._known, *(listed or ())])) if listed is None else listed

    def _judge(self, view: ClusterView, testimony: Testimony, listed: ModelStatus) -> ModelStatus:
        slices = range(max(self._deployment.slices.count, *(index + 1 for index in view.slice_indexes), 1))
        active = listed.active_replicas
        rung = Rung.ASSIGNED if active > 0 else Rung.PUBLISHED
        line = f"active_replicas {active} of {listed.max_replicas}"
        seen = Evidence(rung, "GET /listcell", line, listed.as_of)
        replicas = tuple(
            replica(
                listed.id,
                index,
                seen,
                testimony.of_slice(index) if active else [],
                testimony.of_admin(index) if active else [],
                not_before=self._unpublished.get(listed.id, 0.0),
                sure=active >= len(slices),
            )
            for index in slices
        )
        return replace(listed, replicas=replicas)

    def answered(self, model: str, seconds: float) -> None:
        """Light "answered" where only one replica can have answered; with more, their logs tell which."""
        part = self._store.state.models
        shown = []
        for status in part.value or ():
            able = [item for item in status.replicas if item.rung in (Rung.LOADED, Rung.ANSWERED)]
            if status.id == model and len(able) == 1:
                now = self._cloud.clock.now()
                proof = Evidence(Rung.ANSWERED, "POST /generate", f"answered in {seconds:.1f} s", now)
                lit = replace(able[0], rung=Rung.ANSWERED, evidence=(*able[0].evidence, proof), since=now)
                status = replace(status, replicas=tuple(lit if r is able[0] else r for r in status.replicas))
            shown.append(status)
        self._store.change(models=replace(part, value=tuple(shown)))

    def _all_loaded(self, status: ModelStatus) -> bool:
        wanted = min(status.max_replicas, self._deployment.slices.count)
        return 0 < wanted <= status.active_replicas and status.loaded >= wanted

    async def _status(self, model: str) -> ModelStatus:
        status = _find(await self.models(), model)
        if status is None:
            raise refusals.not_published(self._deployment.name, model)
        return status

    async def _send_publish(self, server: ModelServer, model: str, path: str, checkpoint: str, replicas: int) -> None:
        """Publish, waiting out an unpublish in progress; an unclear answer is settled by asking, never by guessing."""
        until = self._cloud.clock.now() + _BUSY_FOR
        while True:
            try:
                await server.publish(model, path, checkpoint, replicas)
                return
            except Busy:
                if self._cloud.clock.now() > until:
                    raise
                await self._cloud.clock.sleep(5.0)
            except (Ambiguous, Conflict):
                listed = await server.list_cell(model)
                if listed is None or not _same(listed, path, checkpoint):
                    raise
                return

    async def _connect(self) -> _Ready:
        kubernetes = await self._connection.kubernetes()
        if self._ready is None or self._ready.kubernetes is not kubernetes:
            await self.close()
            server = self._cloud.model_server(kubernetes, self._deployment.namespace, SERVICE, PORT)
            try:
                await server.probe()
            except BaseException:
                await server.close()
                raise
            self._ready = _Ready(kubernetes, server)
        return self._ready

    async def _view(self, kubernetes: Kubernetes) -> ClusterView:
        part = self._store.state.cluster
        if part.value is not None and not part.error and self._cloud.clock.now() - part.as_of < _POLL:
            return part.value
        return await kubernetes.look([self._deployment.namespace])


def _find(found: tuple[ModelStatus, ...], model: str) -> ModelStatus | None:
    return next((status for status in found if status.id == model), None)


def _same(listed: dict[str, Any], path: str, checkpoint: str) -> bool:
    return (listed.get("model_path"), listed.get("checkpoint")) == (path, checkpoint)


def _from_cell(model: str, listed: dict[str, Any], now: float) -> ModelStatus:
    return ModelStatus(
        id=model,
        path=str(listed.get("model_path", "")),
        checkpoint=str(listed.get("checkpoint", "")),
        max_replicas=int(listed.get("max_replicas", 0)),
        active_replicas=int(listed.get("active_replicas", 0)),
        as_of=now,
    )


def _listed(status: ModelStatus) -> ModelStatus:
    return replace(status, replicas=())
