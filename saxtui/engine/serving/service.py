"""Models: publish, watch them load, ask them, take them down. Every wait is on the deployment's clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from saxtui.engine.runs.usual import Times
from saxtui.engine.serving import refusals
from saxtui.engine.serving.book import Book, Jot
from saxtui.engine.serving.reach import BLOCKED, Reach
from saxtui.engine.serving.truth import FRESH, Truth
from saxtui.engine.store import Part, Store
from saxtui.engine.watching.hearing import Hearing
from saxtui.errors import Ambiguous, Busy, CallError, Conflict, NotFound, Refused, Throttled, Unreachable
from saxtui.model.cluster import ClusterView
from saxtui.model.serving import Dialect, ModelStatus
from saxtui.ports import Clock, Journal, Kubernetes

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

_BUSY_FOR = 180.0
_GONE_FOR = 120.0
_TICK = 12.0
"""Seconds after an unpublish within which Sax has surely told its servers: it does so every 10 s."""
_LET_GO_FOR = 900.0
"""Seconds that a slice may need to let go of a model: an unload waits behind a load in progress."""
_ASSIGNED_FOR = 60.0
"""Seconds within which Sax would surely have assigned a model whose class some idle server has."""
_PASSING = (Ambiguous, Busy, Throttled, Unreachable)


class Serving:
    """The models of one deployment, through its HTTP server and its pods' logs."""

    def __init__(
        self, deployment: Deployment, store: Store, clock: Clock, journal: Journal, reach: Reach, hearing: Hearing,
        times: Callable[[], Awaitable[Times]] | None = None, jot: Jot | None = None,
    ) -> None:  # fmt: skip
        self._deployment = deployment
        self._store = store
        self._clock = clock
        self._reach = reach
        self._book = Book(journal, store, clock, jot)
        self._truth = Truth(deployment, store, clock, self._book, hearing, times)
        self._prompts = 0

    @property
    def reach(self) -> Reach:
        """The way to the HTTP server."""
        return self._reach

    @property
    def name(self) -> str:
        """The deployment's."""
        return self._deployment.name

    @property
    def prompts(self) -> int:
        """How many prompts are with the server now."""
        return self._prompts

    async def models(self) -> tuple[ModelStatus, ...]:
        """The truth ladder of every published model; puts it into the store. Raises CallError.

        The old HTTP server answers one request at a time: while a prompt is there only the logs are read, for asking
        would wait behind it. What the logs say is put into the store even when the server cannot be asked.
        """
        kubernetes, last = None, self._store.state.models
        try:
            kubernetes = await self._reach.kubernetes()
            if last.value is not None and self._reach.dialect is Dialect.OLD and (self._prompts or self._reach.blocked):
                found, said = await self._truth.look(kubernetes, None), last.error
            else:
                found, said = await self._ask(kubernetes), ""
        except CallError as error:
            seen = last.value
            if kubernetes is not None and seen:
                with suppress(CallError):
                    seen = await self._truth.look(kubernetes, None)
            self._store.change(models=Part(value=seen, error=error.problem.one_line(), as_of=last.as_of))
            raise
        said = BLOCKED if self._reach.blocked else said
        self._store.change(models=Part(value=found, error=said, as_of=last.as_of if said else self._clock.now()))
        return found

    async def _ask(self, kubernetes: Kubernetes) -> tuple[ModelStatus, ...]:
        """Asked again where the address has just gone: looking twice does no harm."""
        left = self._reach.left
        try:
            async with self._reach.server() as server:
                return await self._truth.look(kubernetes, server)
        except Unreachable:
            if self._reach.left == left:
                raise
        async with self._reach.server() as server:
            return await self._truth.look(kubernetes, server)

    async def model(self, model: str = "") -> ModelStatus | None:
        """One model's ladder, the deployment's own by default; None when it is not published. Raises CallError."""
        model = model or self._deployment.model.id
        return next((status for status in await self.models() if status.id == model), None)

    async def publish(self, model: str, path: str, checkpoint: str, replicas: int) -> ModelStatus:
        """Publish; already published the same is success, another number of replicas is an update.

        Waits until the slices have let go of an earlier life of the model. Raises Refused when the name is taken by
        another model class, the class does not fit the slices, or there are fewer slices than replicas.
        """
        wanted = self._deployment.model
        model, path = model or wanted.id, path or wanted.path
        checkpoint, replicas = checkpoint or wanted.checkpoint, replicas or self._deployment.replicas
        refusals.check_fit(self._deployment, path)
        refusals.check_room(self._deployment, model, replicas)
        listed = await self._listed(model)
        if listed is None:
            await self._let_go(model)
            await self._book.published(model, path, checkpoint, replicas)
            await self._send_publish(model, path, checkpoint, replicas)
        elif not _same(listed, path, checkpoint):
            raise refusals.taken(self._deployment.name, model, str(listed.get("model_path", "")))
        elif int(listed.get("max_replicas", 0)) != replicas:
            return await self.update(model, replicas)
        return await self._status(model)

    async def update(self, model: str, replicas: int, checkpoint: str = "") -> ModelStatus:
        """Change replicas or checkpoint. Raises Refused when it is not published, or for more replicas than slices.

        A v1.1.0 model server that has the model loaded goes on with the old checkpoint until it is published anew.
        """
        model = model or self._deployment.model.id
        listed = await self._listed(model)
        if listed is None:
            raise refusals.not_published(self._deployment.name, model)
        path = str(listed.get("model_path", ""))
        checkpoint = checkpoint or str(listed.get("checkpoint", ""))
        replicas = replicas or int(listed.get("max_replicas", 0))
        refusals.check_room(self._deployment, model, replicas)
        await self._book.published(model, path, checkpoint, replicas)
        async with self._reach.server() as server:
            await server.update(model, path, checkpoint, replicas)
        return await self._status(model)

    async def unpublish(self, model: str) -> None:
        """Unpublish and wait until /listcell no longer knows it; not published is success."""
        model = model or self._deployment.model.id
        if await self._listed(model) is None:
            return
        try:
            async with self._reach.server() as server:
                await server.unpublish(model)
        except NotFound:
            return
        except Ambiguous:
            # It may have been heard: the list below tells, and unpublishing twice does no harm.
            pass
        until = self._clock.now() + _GONE_FOR
        while await self._listed(model) is not None:
            if self._clock.now() > until:
                raise refusals.still_there(model)
            await self._clock.sleep(2.0)
        await self._book.unpublished(model)

    async def wait_loaded(self, model: str, timeout: float) -> ModelStatus:
        """Wait until every assigned replica is proved loaded. Raises StepFailed when a load failed or time is up."""
        model = model or self._deployment.model.id
        name = self._deployment.name
        started = self._clock.now()
        until = started + timeout
        while True:
            try:
                status = await self.model(model)
            except _PASSING:
                # One look that failed says nothing of the load; the deadline below ends a server that stays silent.
                if self._clock.now() > until:
                    raise
            else:
                if status is None:
                    raise refusals.not_published(name, model)
                if status.failed:
                    raise refusals.load_failed(name, status)
                if status.offered and self._clock.now() - started > _ASSIGNED_FOR:
                    raise refusals.not_offered(name, status)
                if self._all_loaded(status):
                    return status
                if self._clock.now() > until:
                    raise refusals.still_loading(name, status, timeout)
            await self._clock.sleep(FRESH)

    @contextmanager
    def prompting(self) -> Iterator[None]:
        """While a prompt is with the server."""
        self._prompts += 1
        try:
            yield
        finally:
            self._prompts -= 1

    def hosts_changed(self, view: ClusterView) -> None:
        """The pods changed: what that means for who can answer, without asking anybody."""
        self._truth.hosts_changed(view)

    async def answered(self, model: str, seconds: float) -> None:
        """A prompt was answered."""
        self._truth.answered(model, seconds)
        # The answer is worth more than the record of it.
        with suppress(Refused):
            await self._book.answered(model, seconds)

    async def close(self) -> None:
        """Close the ways to the server."""
        await self._reach.close()

    def _all_loaded(self, status: ModelStatus) -> bool:
        wanted = min(status.max_replicas, self._deployment.slices.count)
        return 0 < wanted <= status.active_replicas and status.loaded >= wanted

    async def _status(self, model: str) -> ModelStatus:
        status = await self.model(model)
        if status is None:
            raise refusals.not_published(self._deployment.name, model)
        return status

    async def _listed(self, model: str) -> dict[str, Any] | None:
        async with self._reach.server() as server:
            return await server.list_cell(model)

    async def _let_go(self, model: str) -> None:
        """Until then Sax would hold the publish open, and with it, in v1.0.0, everything else."""
        gone = self._book.gone_at(model)
        await self._clock.sleep(max(0.0, gone + _TICK - self._clock.now()) if gone else 0.0)
        until = self._clock.now() + _LET_GO_FOR
        while held := await self._truth.held(await self._reach.kubernetes(), model):
            if self._clock.now() > until:
                raise refusals.still_held(model, held)
            await self._clock.sleep(5.0)

    async def _send_publish(self, model: str, path: str, checkpoint: str, replicas: int) -> None:
        """Publish, waiting out an unpublish in progress; an unclear answer is settled by asking, never by guessing."""
        until = self._clock.now() + _BUSY_FOR
        while True:
            try:
                async with self._reach.server() as server:
                    await server.publish(model, path, checkpoint, replicas)
                return
            except Busy:
                if self._clock.now() > until:
                    raise
                await self._clock.sleep(5.0)
            except (Ambiguous, Conflict):
                listed = await self._listed(model)
                if listed is None or not _same(listed, path, checkpoint):
                    raise
                return


def _same(listed: dict[str, Any], path: str, checkpoint: str) -> bool:
    return (listed.get("model_path"), listed.get("checkpoint")) == (path, checkpoint)
