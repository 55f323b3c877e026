"""What the journal knows of models: who published them, and how long each load took."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from saxtui.engine.store import Store
from saxtui.model import events as ev
from saxtui.model.serving import ModelStatus, Rung
from saxtui.ports import Clock, Journal

Jot = Callable[[ev.Event], Awaitable[None]]
"""Raises Refused when it cannot be recorded now."""


class Book:
    """The deployment's own record of its models. A journal that only reads keeps it for this process alone."""

    def __init__(self, journal: Journal, store: Store, clock: Clock, jot: Jot | None = None) -> None:
        """`jot` records one event although this session only reads, where nobody else writes at that moment."""
        self._jot = jot
        self._journal = journal
        self._store = store
        self._clock = clock
        self._ours: dict[str, bool] | None = None
        self._loads: set[tuple[str, int, float]] = set()
        self._gone: dict[str, float] = {}
        self._since: dict[str, float] = {}

    async def known(self) -> dict[str, bool]:
        """Every model we ever published, by id: whether it should still be there. Raises Refused."""
        if self._ours is None:
            self._ours = {}
            for event in await self._journal.events():
                self._take(event, self._ours)
        return self._ours

    def gone_at(self, model: str) -> float:
        """When we last took it down, 0.0 for never: what the logs said of it before belongs to an earlier life."""
        return self._gone.get(model, 0.0)

    def published_at(self, model: str) -> float:
        """When we published it, 0.0 when it was not us."""
        return self._since.get(model, 0.0)

    async def published(self, model: str, path: str, checkpoint: str, replicas: int) -> None:
        """Before it is sent. Raises Refused when it cannot be recorded."""
        await self._write(
            ev.ModelPublished(
                at=self._clock.now(), run="", model=model, path=path, checkpoint=checkpoint, replicas=replicas
            )
        )

    async def unpublished(self, model: str) -> None:
        """After it is gone."""
        await self._write(ev.ModelUnpublished(at=self._clock.now(), run="", model=model))

    async def loads(self, status: ModelStatus) -> bool:
        """Record each load that the logs prove from its first line to its last, once; whether there was a new one."""
        await self.known()
        fresh = False
        for replica in status.replicas:
            times = {item.rung: item.at for item in replica.evidence}
            began, loaded = times.get(Rung.LOADING), times.get(Rung.LOADED)
            if replica.rung < Rung.LOADED or began is None or loaded is None:
                continue
            key = (status.id, replica.slice, round(loaded, 3))
            if key in self._loads or loaded <= began:
                continue
            fresh = True
            await self._write(
                ev.ModelLoaded(
                    at=self._clock.now(), run="", model=status.id, path=status.path, slice=replica.slice,
                    seconds=round(loaded - began, 3), loaded=round(loaded, 3),
                )
            )  # fmt: skip
        return fresh

    async def answered(self, model: str, seconds: float) -> None:
        """Record that it answered, once in the deployment's life. Raises Refused when it cannot be recorded."""
        if self._store.state.progress.answered is not None:
            return
        event = ev.ModelAnswered(at=self._clock.now(), run="", model=model, seconds=round(seconds, 3))
        if not self._journal.read_only:
            await self._write(event)
        elif self._jot is not None:
            await self._jot(event)
            self._store.apply(event)

    async def _write(self, event: ev.Event) -> None:
        known = await self.known()
        if not self._journal.read_only:
            await self._journal.append(event)
            self._store.apply(event)
        self._take(event, known)

    def _take(self, event: ev.Event, ours: dict[str, bool]) -> None:
        match event:
            case ev.ModelPublished(model=model):
                if not ours.get(model, False):
                    self._since[model] = event.at
                ours[model] = True
            case ev.ModelUnpublished(model=model):
                ours[model] = False
                self._gone[model] = event.at
                self._since.pop(model, None)
            case ev.ModelLoaded():
                self._loads.add((event.model, event.slice, event.loaded))
