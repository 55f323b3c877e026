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

import msgspec

from saxtui.adapters.kubernetes import errors, wire
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.kinds import KNOWN
from saxtui.adapters.kubernetes.lines import Splitter
from saxtui.adapters.kubernetes.picture import Picture
from saxtui.errors import Ambiguous, CallError, NotFound, Problem
from saxtui.model.cluster import ClusterView, Freshness
from saxtui.model.text import safe
from saxtui.ports import Clock

_PAGE = "500"
_FRAME = 1 / 30
_BEAT = 3.0
_BEAT_TIMEOUT = 4.0
_STALE = 8.0
_OFFLINE = 25.0
_SILENT = 150.0
"""Seconds of the cluster's time without a byte before a watch is opened anew: bookmarks come about every minute."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.8, 15.0
_KIND_ABSENT = 2.0
_BEATING = ("heartbeat", "")
_KINDS = (("v1", "Pod"), ("v1", "Service"), ("v1", "Event"), ("jobset.x-k8s.io/v1alpha2", "JobSet"))

_page = msgspec.json.Decoder(wire.Page)
_change = msgspec.json.Decoder(wire.Change)
_bookmark = msgspec.json.Decoder(wire.Bookmark)
_failure = msgspec.json.Decoder(wire.Failure)


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
        self._sources = [(api, kind, namespace) for api, kind in _KINDS for namespace in namespaces]
        self._labels = labels
        self._picture = Picture()
        self._changed = asyncio.Event()
        self._errors: dict[tuple[str, str], str] = {}
        self._versions: dict[tuple[str, str], str] = {}
        self._listed: set[tuple[str, str]] = set()
        self._heard_at: float | None = None
        self._seen = 0.0

    async def look(self) -> ClusterView:
        """One picture, read now. Raises CallError."""
        await asyncio.gather(*(self._list(*source) for source in self._sources))
        return self._view()

    async def views(self) -> AsyncGenerator[ClusterView, None]:
        """A view after every batch of changes and every few seconds, for ever; failures show in the view."""
        tasks = [asyncio.create_task(self._keep(*source), name=f"watch {source[1]}") for source in self._sources]
        tasks.append(asyncio.create_task(self._beat(), name="watch heartbeat"))
        try:
            while True:
                await self._wait(tasks)
                await asyncio.sleep(_FRAME)
                self._changed.clear()
                if len(self._listed) == len(self._sources) or self._errors:
                    yield self._view()
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

    def _view(self) -> ClusterView:
        silent = None if self._heard_at is None else time.monotonic() - self._heard_at
        said = next(iter(self._errors.values()), "")
        return self._picture.view(freshness(silent, bool(self._errors)), self._seen, said)

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

    async def _keep(self, api: str, kind: str, namespace: str) -> None:
        source = (kind, namespace)
        pause = _FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                if source not in self._versions:
                    await self._list(api, kind, namespace)
                if source in self._versions:
                    await self._stream(api, kind, namespace)
                elif source not in self._errors:
                    await asyncio.sleep(_KIND_ABSENT)
                    continue
            except _Gone:
                self._versions.pop(source, None)
            except CallError as error:
                self._errors[source] = error.problem.one_line()
                self._changed.set()
            if time.monotonic() - started > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
                continue
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _list(self, api: str, kind: str, namespace: str) -> None:
        """Read all and replace what was known; a kind that is not served has no objects and no version."""
        query = {"limit": _PAGE, **self._selector(kind)}
        path = KNOWN[api, kind].path(namespace)
        items: list[msgspec.Raw] = []
        version = ""
        try:
            while True:
                page = _decode(_page, await self._connection.call("GET", path, "list", kind, query=query), kind)
                items += page.items or ()
                version = version or page.metadata.resourceVersion
                if not page.metadata.continue_:
                    break
                query["continue"] = page.metadata.continue_
        except NotFound:
            version = ""
        except CallError as error:
            if error.problem.code != "410":
                raise
            raise _Gone from error
        await self._picture.replace(kind, namespace, items)
        self._heard()
        self._errors.pop((kind, namespace), None)
        self._listed.add((kind, namespace))
        if version:
            self._versions[kind, namespace] = version
        self._changed.set()

    async def _stream(self, api: str, kind: str, namespace: str) -> None:
        """Fold changes in until the server ends the stream; after that, or a break, the next one goes on from there."""
        source = (kind, namespace)
        query = {
            "watch": "true",
            "resourceVersion": self._versions[source],
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(random.randint(300, 600)),
            **self._selector(kind),
        }
        path = KNOWN[api, kind].path(namespace)
        splitter = Splitter()
        silent = max(15.0, _SILENT / self._clock.speed)
        try:
            async with self._connection.stream("GET", path, "watch", kind, query=query) as response:
                self._heard()
                self._errors.pop(source, None)
                chunks = response.content.iter_any()
                while True:
                    try:
                        async with asyncio.timeout(silent):
                            chunk = await anext(chunks)
                    except (StopAsyncIteration, TimeoutError):
                        return
                    except Exception as error:
                        raise errors.from_exception(error, "watch", kind) from error
                    self._heard()
                    for line in splitter.feed(chunk):
                        if line.strip():
                            self._versions[source] = self._fold(kind, line) or self._versions[source]
                    self._changed.set()
        except CallError as error:
            if error.problem.code == "410":
                raise _Gone from error
            raise

    def _fold(self, kind: str, line: bytes) -> str:
        """One line of a watch; returns its resourceVersion."""
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

    def _selector(self, kind: str) -> dict[str, str]:
        return {"labelSelector": self._labels} if kind == "Pod" and self._labels else {}


def _decode(decoder: msgspec.json.Decoder[wire.T], data: bytes | msgspec.Raw, kind: str) -> wire.T:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _garbled(kind, error) from error


def _garbled(kind: str, error: Exception) -> Ambiguous:
    return Ambiguous(Problem(tried="read", target=kind, said=f"not the API server's JSON: {safe(error, 300)}"))
