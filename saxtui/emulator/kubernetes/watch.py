"""Watches: the events one watcher gets, and the stream that carries them."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

import msgspec

from saxtui.emulator.kubernetes import status, tables
from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json, whole_number
from saxtui.emulator.kubernetes.paths import Target
from saxtui.emulator.kubernetes.reads import Selection, check_options, parse_rv, selection, shown
from saxtui.emulator.kubernetes.silence import NAP, Silence
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call, Form, wanted_form

BOOKMARK_SECONDS = 60.0
"""Seconds of the world between two bookmarks."""
LOOK = 0.5
"""Real seconds between two looks at the world's clock by a watch that wants bookmarks."""
BATCH = 500
"""Events sent in one piece at most."""
BACKLOG = 20_000
"""Events a slow watcher may fall behind before it is cut off."""
_PARTIAL = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
_encode = msgspec.json.Encoder().encode


def seen_change(chosen: Selection, change: str, obj: Json, before: Json | None) -> str | None:
    """What a watcher with a selection sees of a change: entering is ADDED, leaving is DELETED, else None."""
    now = change != "DELETED" and chosen.matches(obj)
    was = before is not None and chosen.matches(before)
    if now:
        return "MODIFIED" if was else "ADDED"
    return "DELETED" if was else None


@dataclass(slots=True)
class Watcher:
    """One watch: collects lines to send. `wake` is set when there is something new."""

    store: KubeStore
    info: KindInfo
    chosen: Selection
    form: Form
    include: str = "Metadata"
    at: int = 0
    overrun: bool = False
    started: bool = False
    lines: deque[bytes] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _columns: bool = True

    def send(self, kind: str, obj: Json) -> None:
        """Queue one event in the watch's form."""
        if self.form.kind == "Table" and kind not in ("ERROR", "BOOKMARK"):
            metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            obj = tables.table(
                self.info,
                [obj],
                metadata,
                self.store.world.now,
                include=self.include,
                version=self.form.version,
                columns=self._columns,
            )
            self._columns = False
        elif kind not in ("ERROR", "BOOKMARK"):
            obj = tables.partial(obj, self.form.version) if self.form.kind else shown(self.store, self.info, obj)
        if len(self.lines) >= BACKLOG and self.started:
            self.overrun = True
        else:
            self.lines.append(_encode({"type": kind, "object": obj}) + b"\n")
        self.wake.set()

    def take(self) -> bytes:
        """What is to be sent next."""
        return b"".join(self.lines.popleft() for _ in range(min(BATCH, len(self.lines))))

    def hear(self, change: str, obj: Json, before: Json | None) -> None:
        """A store listener."""
        if obj["kind"] != self.info.kind:
            return
        rv = int(obj["metadata"]["resourceVersion"])
        if rv <= self.at:
            return
        self.at = rv
        kind = seen_change(self.chosen, change, obj, before)
        if kind is not None:
            self.send(kind, obj)

    def bookmark(self, *, initial_end: bool = False) -> None:
        """Queue a BOOKMARK at the store's present resourceVersion."""
        metadata: Json = {"resourceVersion": str(self.store.rv), "creationTimestamp": None}
        if initial_end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        obj: Json = {"kind": self.info.kind, "apiVersion": self.info.api_version, "metadata": metadata}
        if self.form.kind == "Table":
            obj = tables.table(self.info, [], {"resourceVersion": str(self.store.rv)}, 0, columns=False)
            obj["rows"] = [{"cells": [], "object": {**_PARTIAL, "metadata": metadata}}] if initial_end else []
        self.send("BOOKMARK", obj)

    def start(self, asked: int, initial: bool | None = None) -> bool:
        """Queue what comes first: the present state, or the changes since `asked`. False when that is too old.

        `initial`: whether the present state was asked for (sendInitialEvents); None leaves it to `asked`.
        """
        if asked == 0 or initial:
            for obj in self.store.list(self.info.kind, self.chosen.namespace) if initial is not False else ():
                if self.chosen.matches(obj):
                    self.send("ADDED", obj)
            self.at = self.store.rv
            return True
        history = self.store.history(self.info.kind)
        if asked < history.forgotten:
            message = f"too old resource version: {asked} ({history.forgotten})"
            self.send("ERROR", status.body(410, "Expired", message))
            return False
        self.at = asked
        for change in history.since(asked):
            self.hear(change.type, change.obj, change.before)
        return True


def open_watch(store: KubeStore, target: Target, call: Call) -> Watcher:
    """A watcher for a request, nothing queued yet. Raises ApiError 400, 406 or 422."""
    check_options(call.query, watching=True)
    chosen = selection(target, call.query)
    form = wanted_form(call.headers.get("accept", ""))
    return Watcher(store, target.info, chosen, form, call.query.get("includeObject", "Metadata"))


def _seconds(call: Call) -> float:
    return whole_number(call.query.get("timeoutSeconds", "")) or random.uniform(1800, 3600)


async def stream(store: KubeStore, target: Target, call: Call) -> AsyncGenerator[bytes]:
    """The chunks of a watch's body, in real time, until timeoutSeconds, an ERROR, or the caller stops.

    Everything up to the first await happens at once, so no change is missed between start and listening.
    """
    watcher = open_watch(store, target, call)
    asked = parse_rv(call.query.get("resourceVersion", ""))
    initial = call.flag("sendInitialEvents") if "sendInitialEvents" in call.query else None
    if not watcher.start(asked, initial):
        yield b"".join(watcher.lines)
        return
    bookmarks = call.flag("allowWatchBookmarks")
    if initial and bookmarks:
        watcher.bookmark(initial_end=True)
    watcher.started = True
    stop = store.listen(watcher.hear)
    try:
        async for chunk in _run(watcher, asyncio.get_running_loop().time, _seconds(call), bookmarks=bookmarks):
            yield chunk
    finally:
        stop()


async def _run(
    watcher: Watcher, clock: Callable[[], float], seconds: float, *, bookmarks: bool
) -> AsyncGenerator[bytes]:
    end = clock() + seconds
    world = watcher.store.world
    next_mark = world.now + BOOKMARK_SECONDS
    last_mark = end - 2.0 if seconds > 2 else end
    silence = Silence(watcher.store.world)
    while not watcher.overrun:
        if silence.holds():
            await asyncio.sleep(NAP)
            continue
        if silence.verdict() == "expired":
            message = "The resourceVersion for the provided watch is too old."
            yield _encode({"type": "ERROR", "object": status.body(410, "Expired", message)}) + b"\n"
        if silence.verdict():
            return
        while watcher.lines:
            yield watcher.take()
        watcher.wake.clear()
        now = clock()
        if now >= end:
            return
        if bookmarks and (world.now >= next_mark or now >= last_mark):
            watcher.bookmark()
            next_mark = world.now + BOOKMARK_SECONDS
            last_mark = last_mark if now < last_mark else end
            continue
        try:
            nap = min(LOOK, last_mark - now, end - now) if bookmarks else end - now
            async with asyncio.timeout(max(min(nap, NAP) if silence.possible else nap, 0.0)):
                await watcher.wake.wait()
        except TimeoutError:
            continue
