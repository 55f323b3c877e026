"""Keeps a running world in its ledger, so that a cloud that was killed goes on where it was."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from saxtui.emulator.changes import Changes
from saxtui.emulator.kubernetes.bootstrap import empty_store
from saxtui.emulator.kubernetes.logbook import Line
from saxtui.emulator.ledger import Ledger, Saved, SavedCluster, Write
from saxtui.emulator.request_log import RequestLog
from saxtui.emulator.world import Timer, World

Json = dict[str, Any]

INTERVAL = 0.1
"""Real seconds between two looks while things happen."""
DOUBT = 1.0
"""Real seconds between two thorough looks, which also write the time."""
SKIPPED_VERSIONS = 1000
"""Added to each store's resourceVersion: more than a client can have seen that was not kept."""
_log = logging.getLogger(__name__)


def restore(world: World, saved: Saved) -> None:
    """Make a world, with its rooms installed, what it was. Tells `cluster.resumed` for each running cluster."""
    for table in world.tables.values():
        table.clear()
    for tab, rows in saved.tables.items():
        table = world.table(tab)
        for _, name, row in rows:
            table[name] = row
    version, numbers, gauss = saved.facts["chance"]
    timers = [Timer(due, seq, handler, payload) for seq, due, handler, payload in saved.timers]
    world.resume(now=saved.facts["now"], seq=saved.facts["seq"], chance=(version, tuple(numbers), gauss), timers=timers)
    for key, cluster in saved.clusters.items():
        _restore_cluster(world, key, cluster)
    for key in saved.clusters:
        world.tell("cluster.resumed", cluster=key)


def _restore_cluster(world: World, key: str, saved: SavedCluster) -> None:
    store = world.kube[key] = empty_store(world, key)
    store.resume(saved.objects, saved.rv + SKIPPED_VERSIONS)
    for where, runs in saved.lines.items():
        logs = {run: [Line(at, text) for at, text in lines] for run, lines in runs.items()}
        last = max(logs)
        store.logs.resume(where, logs[last], logs.get(last - 1))


class Keeper:
    """Writes what changes: on request before an answer is given, else a few times a second."""

    def __init__(self, world: World, log: RequestLog, ledger: Ledger, saved: Saved | None, facts: Json) -> None:
        self._world = world
        self._ledger = ledger
        self._changes = Changes(world, log, saved)
        self._changes.facts.update(facts)
        self._unwritten: list[Write] = []
        self._lock = asyncio.Lock()
        self._asked = self._done = 0
        self._fired = self._kept = -1
        self._busy = True
        self._failing = False
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeper")

    def note(self, name: str, value: Any) -> None:
        """Keep one more fact beside the world."""
        self._changes.facts[name] = value

    async def save(self, *, clock: bool = False) -> None:
        """Return when all that has happened is in the file. Requests that come together share one transaction."""
        self._asked += 1
        mine = self._asked
        async with self._lock:
            if self._done >= mine:
                return
            upto, fired = self._asked, self._world.fired
            writes = self._changes.look()
            self._busy = bool(writes)
            if clock and not writes:
                writes = [self._changes.clock()]
            self._unwritten += writes
            if self._unwritten:
                await asyncio.get_running_loop().run_in_executor(self._writer, self._write)
            self._done, self._kept = upto, fired

    async def told(self) -> None:
        """Before an answer that shows what time alone brought about: a client is never told what a kill would undo."""
        if self._world.fired != self._kept:
            await self.save()

    def _write(self) -> None:
        """In the writer's thread. What could not be written is tried again with the next save."""
        try:
            self._ledger.write(self._unwritten)
        except sqlite3.Error as error:
            if not self._failing:
                _log.error("the embedded cloud cannot be kept on disk: %s", error)
            self._failing = True
        else:
            self._failing = False
            self._unwritten = []

    async def run(self) -> None:
        """Save until cancelled."""
        waited = 0.0
        while True:
            await asyncio.sleep(INTERVAL)
            waited += INTERVAL
            thorough = waited >= DOUBT
            if not (thorough or self._busy or self._world.fired != self._fired):
                continue
            self._fired = self._world.fired
            if thorough:
                waited = 0.0
                self._changes.doubt()
            try:
                await self.save(clock=thorough)
            except Exception:
                _log.exception("the embedded cloud could not be looked at to be kept")

    async def close(self) -> None:
        """Save once more and close the file."""
        await self.save(clock=True)
        self._writer.shutdown()
        self._ledger.close()
