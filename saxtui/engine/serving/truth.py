"""What is published, and how far each slice is with it: the truth ladder, put together from what each witness says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saxtui.engine.runs.usual import Times
from saxtui.engine.serving.book import Book
from saxtui.engine.serving.evidence import Testimony, Witnesses
from saxtui.engine.serving.ladder import broken, holds, replica
from saxtui.engine.store import Store
from saxtui.engine.watching.hearing import Hearing
from saxtui.model.cluster import ClusterView
from saxtui.model.serving import Evidence, ModelStatus, ReplicaTruth, Rung
from saxtui.ports import Clock, Kubernetes, ModelServer

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

FRESH = 10.0
"""Seconds a picture of the cluster counts as now: Sax itself assigns and refreshes every 10 s."""


class Truth:
    """Looks, and puts together what the HTTP server lists and the logs prove."""

    def __init__(
        self, deployment: Deployment, store: Store, clock: Clock, book: Book, hearing: Hearing,
        times: Callable[[], Awaitable[Times]] | None,
    ) -> None:  # fmt: skip
        self._deployment = deployment
        self._store = store
        self._clock = clock
        self._book = book
        self._learn = times
        self._times: Times | None = None
        self._witnesses = Witnesses(hearing, clock)
        self._seen: dict[tuple[str, Rung], Evidence] = {}

    async def look(self, kubernetes: Kubernetes, server: ModelServer | None) -> tuple[ModelStatus, ...]:
        """Every published model; without a server its last word stands, and only logs are read. Raises CallError."""
        view = await self._view(kubernetes)
        testimony = await self._witnesses.hear(kubernetes, view)
        last = self._store.state.models.value
        if server is None:
            return tuple(self._judge(view, testimony, replace(status, replicas=())) for status in last or ())
        known = await self._book.known()
        found = []
        for model in await self._ids(server, known, testimony):
            listed = await server.list_cell(model)
            if listed is not None:
                status = await self._status(model, listed, ours=known.get(model, False))
                found.append(self._judge(view, testimony, status))
        if [status for status in found if await self._book.loads(status)]:
            self._times = None
        return tuple(found)

    async def held(self, kubernetes: Kubernetes, model: str) -> tuple[int, ...]:
        """The slices whose logs do not say yet that they let go of the model. Raises CallError."""
        view = await kubernetes.look([self._deployment.namespace])
        testimony = await self._witnesses.hear(kubernetes, view)
        return tuple(index for index in view.slice_indexes if holds(testimony.of_slice(index), model))

    def answered(self, model: str, seconds: float) -> None:
        """Light "answered" where only one replica can have answered; with more, their logs tell which."""
        part = self._store.state.models
        shown = tuple(
            _lit(status, seconds, self._clock.now()) if status.id == model else status for status in part.value or ()
        )
        self._store.change(models=replace(part, value=shown))

    async def _ids(self, server: ModelServer, known: dict[str, bool], testimony: Testimony) -> list[str]:
        """Whom to ask for: the new dialect lists a cell; for the old one, every name anybody ever told."""
        cell = self._deployment.model.cell
        listed = await server.list_all(cell)
        if listed is not None:
            return listed
        heard = (key for key in testimony.keys if key.rpartition("/")[0] == cell)
        return list(dict.fromkeys([self._deployment.model.id, *known, *heard]))

    async def _status(self, model: str, listed: dict[str, Any], *, ours: bool) -> ModelStatus:
        if self._times is None:
            self._times = await self._learn() if self._learn is not None else Times()
        path = str(listed.get("model_path", ""))
        usual, source = self._times.load(path)
        return ModelStatus(
            id=model, path=path, checkpoint=str(listed.get("checkpoint", "")),
            max_replicas=int(listed.get("max_replicas", 0)), active_replicas=int(listed.get("active_replicas", 0)),
            as_of=self._clock.now(), usual=usual, usual_from=source, ours=ours,
        )  # fmt: skip

    def _judge(self, view: ClusterView, testimony: Testimony, listed: ModelStatus) -> ModelStatus:
        slices = range(max(self._deployment.slices.count, *(index + 1 for index in view.slice_indexes), 1))
        active = listed.active_replicas
        rung = Rung.ASSIGNED if active > 0 else Rung.PUBLISHED
        line = f"active_replicas {active} of {listed.max_replicas}"
        seen = self._first(listed.id, Evidence(rung, "GET /listcell", line, listed.as_of))
        published = self._first(
            listed.id, Evidence(Rung.PUBLISHED, "GET /listcell", f"max_replicas {listed.max_replicas}", listed.as_of)
        )
        published = replace(published, at=self._book.published_at(listed.id) or published.at)
        replicas = tuple(
            replica(
                listed.id,
                index,
                seen,
                testimony.of_slice(index) if active else [],
                testimony.of_admin(index) if active else [],
                page=testimony.of_page(index) if active else [],
                not_before=self._book.gone_at(listed.id),
                sure=active >= len(slices),
            )
            for index in slices
        )
        hosts = self._deployment.slices.shape.hosts
        replicas = tuple(
            replace(item, broken=broken(view, item.slice, hosts, _loaded_at(item)))
            if item.rung >= Rung.LOADED
            else item
            for item in replicas
        )
        replicas = tuple(replace(item, evidence=(published, *item.evidence)) for item in replicas)
        lost = not active and testimony.servable and listed.path not in testimony.servable
        return replace(listed, replicas=replicas, offered=testimony.servable if lost else ())

    def hosts_changed(self, view: ClusterView) -> None:
        """A slice that lost or replaced a host is broken at once, before anybody can be asked."""
        part = self._store.state.models
        found = tuple(replace(status, replicas=self._whole(view, status.replicas)) for status in part.value or ())
        if part.value and found != part.value:
            self._store.change(models=replace(part, value=found))

    def _whole(self, view: ClusterView, replicas: tuple[ReplicaTruth, ...]) -> tuple[ReplicaTruth, ...]:
        hosts = self._deployment.slices.shape.hosts
        return tuple(
            item if item.rung < Rung.LOADED else replace(item, broken=broken(view, item.slice, hosts, _loaded_at(item)))
            for item in replicas
        )

    def _first(self, model: str, found: Evidence) -> Evidence:
        """The same evidence with the time it was first seen, for as long as it says the same."""
        kept = self._seen.get((model, found.rung))
        if kept is None or kept.line != found.line or kept.at < self._book.gone_at(model):
            kept = self._seen[model, found.rung] = found
        return kept

    async def _view(self, kubernetes: Kubernetes) -> ClusterView:
        part = self._store.state.cluster
        if part.value is not None and not part.error and self._clock.now() - part.as_of < FRESH:
            return part.value
        return await kubernetes.look([self._deployment.namespace])


def _loaded_at(item: ReplicaTruth) -> float:
    return max((found.at for found in item.evidence if found.rung is Rung.LOADED), default=item.since)


def _lit(status: ModelStatus, seconds: float, now: float) -> ModelStatus:
    able = [item for item in status.replicas if item.rung in (Rung.LOADED, Rung.ANSWERED)]
    if len(able) != 1:
        return status
    proof = Evidence(Rung.ANSWERED, "POST /generate", f"answered in {seconds:.1f} s", now)

    def light(item: ReplicaTruth) -> ReplicaTruth:
        return replace(item, rung=Rung.ANSWERED, evidence=(*item.evidence, proof), since=now)

    return replace(status, replicas=tuple(light(item) if item is able[0] else item for item in status.replicas))
