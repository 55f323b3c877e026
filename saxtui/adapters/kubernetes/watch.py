"""The live picture: one list and watch for each kind, folded into a ClusterView after every batch of changes.

The rules are those of client-go's reflector: list in pages, watch from the list's resourceVersion with bookmarks,
watch on after a clean end, list again after 410 Gone (as a status or inside the stream) and drop what is no longer
there, and wait longer after each failure, with jitter.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from saxtui.adapters.kubernetes import errors, wire
from saxtui.adapters.kubernetes.breath import breathe
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.kinds import KNOWN
from saxtui.adapters.kubernetes.lines import Splitter
from saxtui.adapters.kubernetes.picture import Picture
from saxtui.errors import Ambiguous, CallError, Denied, NotFound, Problem
from saxtui.model.cluster import ClusterView, Freshness
from saxtui.model.text import safe
from saxtui.ports import Clock

_PAGE = "500"
_FRAME = 1 / 15
"""Real seconds between two views at least: no screen shows more."""
_PARTS, _SLOWEST = 25, 0.5
"""Making views takes one part of so many of the time, as long as they come that often (real seconds): keys go before
the newest state of tens of thousands of pods."""
_LINES = 64
"""Changes folded in before the event loop gets a turn: what gathered while it was busy comes at once."""
_BEAT = 3.0
_BEAT_TIMEOUT = 4.0
_STALE = 8.0
_OFFLINE = 25.0
_SILENT = 150.0
"""Seconds of the cluster's time without a byte before a watch is opened anew: bookmarks come about every minute."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.8, 15.0
_KIND_ABSENT = 2.0
_REFUSED = 60.0
"""Real seconds before asking again for what may not be seen."""
_BEATING = ("heartbeat", "")
_KINDS = (("v1", "Pod"), ("v1", "Service"), ("v1", "Event"), ("jobset.x-k8s.io/v1alpha2", "JobSet"),
          ("batch/v1", "Job"), ("apps/v1", "Deployment"))  # fmt: skip
_SYSTEM = "jobset-system"
"""Where the JobSet controller lives: its pods, its Deployment and its events tell why no JobSet can be made."""
_SYSTEM_KINDS = (("v1", "Pod"), ("v1", "Event"), ("apps/v1", "Deployment"))
_NODES = "cloud.google.com/gke-nodepool"

_page = msgspec.json.Decoder(wire.Page)
_change = msgspec.json.Decoder(wire.Change)
_bookmark = msgspec.json.Decoder(wire.Bookmark)
_failure = msgspec.json.Decoder(wire.Failure)


@dataclass(frozen=True, slots=True)
class Source:
    """One list and watch. Where `extra` objects may not be seen, the picture stands all the same and says so."""

    api: str
    kind: str
    namespace: str = ""
    labels: str = ""
    fields: str = ""
    extra: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What its versions and errors are kept under."""
        return self.kind, self.namespace

    @property
    def path(self) -> str:
        """The collection's URL path."""
        return KNOWN[self.api, self.kind].path(self.namespace)

    @property
    def selectors(self) -> dict[str, str]:
        """As query parameters."""
        chosen = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in chosen.items() if value}


def sources(namespaces: Sequence[str], labels: str) -> list[Source]:
    """All that one picture is made of. `labels` selects the pods of the namespaces."""
    own = [
        Source(api, kind, namespace, labels if kind == "Pod" else "", extra=kind in ("Job", "Deployment"))
        for api, kind in _KINDS
        for namespace in namespaces
    ]
    around = [Source(api, kind, _SYSTEM, extra=True) for api, kind in _SYSTEM_KINDS if _SYSTEM not in namespaces]
    nodes = [Source("v1", "Node", labels=_NODES, extra=True)]
    if "default" not in namespaces:
        # Events of nodes are recorded in the namespace default, wherever the pods are.
        nodes.append(Source("v1", "Event", "default", fields="involvedObject.kind=Node", extra=True))
    return [*own, *around, *nodes]


class _Gone(Exception):
    """410: the resourceVersion is too old; list again."""


def freshness(silent: float | None, failing: bool) -> Freshness:
    """How fresh the picture is, by real seconds since the server was last heard (None: never)."""
    if silent is None:
        return Freshness.OFFLINE if failing else Freshness.CONNECTING
    if silent > _OFFLINE:
        return Freshness.OFFLINE
    return Freshness.STALE if failing or silent > _STALE else Freshness.LIVE


class Watcher:
    """One picture of some namespaces. `labels` selects pods only."""

    def __init__(self, connection: Connection, clock: Clock, namespaces: Sequence[str], labels: str) -> None:
        self._connection = connection
        self._clock = clock
        self._sources = sources(namespaces, labels)
        self._picture = Picture("" if _SYSTEM in namespaces else _SYSTEM)
        self._changed = asyncio.Event()
        self._errors: dict[tuple[str, str], str] = {}
        self._hidden: dict[str, str] = {}
        self._versions: dict[tuple[str, str], str] = {}
        self._listed: set[tuple[str, str]] = set()
        self._heard_at: float | None = None
        self._seen = 0.0

    async def look(self) -> ClusterView:
        """One picture, read now. Raises CallError."""
        await asyncio.gather(*(self._list(source) for source in self._sources))
        return self._view()

    async def views(self) -> AsyncGenerator[ClusterView, None]:
        """A view after every batch of changes and every few seconds, for ever; failures show in the view."""
        tasks = [asyncio.create_task(self._keep(source), name=f"watch {source.kind}") for source in self._sources]
        tasks.append(asyncio.create_task(self._beat(), name="watch heartbeat"))
        took = 0.0
        try:
            while True:
                await self._wait(tasks)
                await asyncio.sleep(max(_FRAME, min(_SLOWEST, _PARTS * took)))
                self._changed.clear()
                await self._picture.settle()
                if len(self._listed) == len(self._sources) or self._errors:
                    began = time.monotonic()
                    view = self._view(whole=False)
                    took = time.monotonic() - began
                    yield view
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, tasks: list[asyncio.Task[None]]) -> None:
        """Until something changed; raises what ended one of the tasks, which only a defect can."""
        waiter = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait([waiter, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            waiter.cancel()

    def _view(self, *, whole: bool = True) -> ClusterView:
        silent = None if self._heard_at is None else time.monotonic() - self._heard_at
        said = next(iter(self._errors.values()), "")
        return self._picture.view(
            freshness(silent, bool(self._errors)), self._seen, said, MappingProxyType(dict(self._hidden)), whole=whole
        )

    def _heard(self) -> None:
        self._heard_at = time.monotonic()
        self._seen = self._clock.now()

    async def _beat(self) -> None:
        """Ask for the version every few seconds: a quiet watch and a dead connection look the same from here."""
        while True:
            try:
                await self._connection.call("GET", "/version", "reach", "API server", timeout=_BEAT_TIMEOUT)
                self._heard()
                self._errors.pop(_BEATING, None)
            except CallError as error:
                self._errors[_BEATING] = error.problem.one_line()
            self._changed.set()
            await asyncio.sleep(_BEAT)

    async def _keep(self, source: Source) -> None:
        pause = _FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                if source.key not in self._versions:
                    await self._list(source)
                if source.key in self._versions:
                    await self._stream(source)
                elif source.key not in self._errors:
                    await asyncio.sleep(_REFUSED if source.kind in self._hidden else _KIND_ABSENT)
                    continue
            except _Gone:
                self._versions.pop(source.key, None)
            except CallError as error:
                self._errors[source.key] = error.problem.one_line()
                self._changed.set()
            if time.monotonic() - started > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
                continue
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _list(self, source: Source) -> None:
        """Read all and replace what was known; a kind that is not served has no objects and no version."""
        query = {"limit": _PAGE, **source.selectors}
        items: dict[str, Any] = {}
        version, hidden = "", ""
        try:
            while True:
                body = await self._connection.call("GET", source.path, "list", source.kind, query=query)
                page = _decode(_page, body, source.kind)
                # Page by page: the JSON of ten thousand pods is four times what is kept of them.
                items |= await self._picture.decoded(source.kind, page.items or ())
                version = version or page.metadata.resourceVersion
                if not page.metadata.continue_:
                    break
                query["continue"] = page.metadata.continue_
        except msgspec.MsgspecError as error:
            raise _garbled(source.kind, error) from error
        except NotFound:
            version = ""
        except Denied as error:
            if not source.extra:
                raise
            items, version, hidden = {}, "", error.problem.said
        except CallError as error:
            if error.problem.code != "410":
                raise
            raise _Gone from error
        await self._picture.replace(source.kind, source.namespace, items)
        self._heard()
        self._hide(source, hidden)
        self._errors.pop(source.key, None)
        self._listed.add(source.key)
        if version:
            self._versions[source.key] = version
        self._changed.set()

    def _hide(self, source: Source, said: str) -> None:
        if said:
            self._hidden[source.kind] = said
        else:
            self._hidden.pop(source.kind, None)

    async def _stream(self, source: Source) -> None:
        """Fold changes in until the server ends the stream; after that, or a break, the next one goes on from there."""
        query = {
            "watch": "true",
            "resourceVersion": self._versions[source.key],
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(random.randint(300, 600)),
            **source.selectors,
        }
        splitter = Splitter()
        silent = max(15.0, _SILENT / self._clock.speed)
        try:
            async with self._connection.stream("GET", source.path, "watch", source.kind, query=query) as response:
                self._heard()
                self._errors.pop(source.key, None)
                chunks = response.content.iter_any()
                while True:
                    try:
                        async with asyncio.timeout(silent):
                            chunk = await anext(chunks)
                    except (StopAsyncIteration, TimeoutError):
                        return
                    except Exception as error:
                        raise errors.from_exception(error, "watch", source.kind) from error
                    self._heard()
                    for number, line in enumerate(splitter.take(chunk), 1):
                        if line.strip():
                            self._versions[source.key] = self._fold(source.kind, line) or self._versions[source.key]
                        if number % _LINES == 0:
                            await breathe()
                    self._changed.set()
        except CallError as error:
            if error.problem.code == "410":
                raise _Gone from error
            raise

    def _fold(self, kind: str, line: bytes) -> str:
        """One line of a watch; returns its resourceVersion."""
        try:
            type_, version = self._picture.read(kind, line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._fold_in_steps(kind, line)
        return self._fold_in_steps(kind, line) if type_ == "ERROR" else version

    def _fold_in_steps(self, kind: str, line: bytes) -> str:
        """The same for a line that is no plain change: an ERROR, or what is wrong with it is to be told."""
        change = _decode(_change, line, kind)
        if change.type == "BOOKMARK":
            return _decode(_bookmark, change.object, kind).metadata.resource_version
        if change.type == "ERROR":
            failure = _decode(_failure, change.object, kind)
            if failure.code == 410:
                raise _Gone
            said = safe(failure.message or failure.reason or "the watch ended with an error")
            raise Ambiguous(Problem(tried="watch", target=kind, said=said, code=str(failure.code)))
        try:
            return self._picture.change(kind, change.object, deleted=change.type == "DELETED")
        except msgspec.MsgspecError as error:
            raise _garbled(kind, error) from error


def _decode(decoder: msgspec.json.Decoder[wire.T], data: bytes | msgspec.Raw, kind: str) -> wire.T:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _garbled(kind, error) from error


def _garbled(kind: str, error: Exception) -> Ambiguous:
    return Ambiguous(Problem(tried="read", target=kind, said=f"not the API server's JSON: {safe(error, 300)}"))
