"""What has changed in a world since it was last looked at, as writes for the ledger.

Looking takes time in proportion to the changes, not to the world: tables tell which rows were handed out, stores tell
of every object, logs of every container.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saxtui.emulator.kubernetes.logbook import LINES, ContainerLog, Line, LogKey
from saxtui.emulator.kubernetes.objects import key_of
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.ledger import Saved, Write, encode
from saxtui.emulator.request_log import RequestLog
from saxtui.emulator.table import Table
from saxtui.emulator.world import World

Json = dict[str, Any]
Where = tuple[str, str, str]

_PUT_FACT = "INSERT OR REPLACE INTO facts VALUES (?, ?)"
_PUT_ROW = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)"
_DROP_ROW = "DELETE FROM rows WHERE tab = ? AND name = ?"
_PUT_TIMER = "INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?)"
_DROP_TIMER = "DELETE FROM timers WHERE seq = ?"
_PUT_CLUSTER = "INSERT OR REPLACE INTO clusters VALUES (?, ?)"
_DROP_CLUSTER = tuple(f"DELETE FROM {table} WHERE cluster = ?" for table in ("clusters", "objects", "lines"))
_PUT_OBJECT = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)"
_DROP_OBJECT = "DELETE FROM objects WHERE cluster = ? AND kind = ? AND namespace = ? AND name = ?"
_PUT_LINE = "INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_DROP_LOG = "DELETE FROM lines WHERE cluster = ? AND namespace = ? AND pod = ? AND container = ?"
_TRIM = " AND (run < ? OR (run = ? AND line < ?))"
_PUT_REQUEST = "INSERT OR REPLACE INTO requests VALUES (?, ?)"
MANY = 2000
"""Rows of a table from which on it is not looked through without a reason."""


class Changes:
    """Follows one world. `saved` is what the ledger already holds of it."""

    def __init__(self, world: World, log: RequestLog, saved: Saved | None) -> None:
        self._world = world
        self._log = log
        self._rows: dict[str, dict[str, tuple[int, bytes]]] = {}
        self._places = 0
        self._timers: set[int] = set()
        self._chance: Any = None
        self._now = -1.0
        self._stores: dict[str, _StoreChanges] = {}
        self._requests = 0
        self.facts: Json = {}
        """More facts to keep beside the world's own: name to JSON value."""
        self._facts: Json = {}
        if saved is not None:
            self._know(saved)

    def _know(self, saved: Saved) -> None:
        for tab, rows in saved.tables.items():
            kept = self._rows[tab] = {}
            for place, name, row in rows:
                kept[name] = (place, encode(row))
                self._places = max(self._places, place)
        self._timers = {seq for seq, *_ in saved.timers}
        self._requests = len(saved.requests)
        for table in self._world.tables.values():
            table.forget()
            table.all_seen = True
        for key in saved.clusters:
            self._stores[key] = _StoreChanges(key, self._world.kube[key], known=True)

    def doubt(self) -> None:
        """Look at every row next time: one may have been changed by somebody who has held it since an earlier look."""
        for table in self._world.tables.values():
            table.all_seen = table.all_seen or len(table) <= MANY

    def look(self) -> list[Write]:
        """Everything that changed since the last look, [] when nothing but the time did."""
        writes = [*self._tables(), *self._timed(), *self._kubernetes(), *self._requested()]
        chance = self._world.rng.getstate()
        if chance != self._chance:
            self._chance = chance
            writes.append((_PUT_FACT, ("chance", [chance[0], list(chance[1]), chance[2]])))
        if self.facts != self._facts:
            self._facts = dict(self.facts)
            writes += [(_PUT_FACT, (name, encode(value))) for name, value in self.facts.items()]
        if writes:
            writes.append(self.clock())
            writes.append((_PUT_FACT, ("seq", encode(self._world.seq))))
        return writes

    def clock(self) -> Write:
        """The world's time."""
        return (_PUT_FACT, ("now", encode(self._world.now)))

    def _tables(self) -> Iterator[Write]:
        for tab, table in self._world.tables.items():
            if not (table.seen or table.all_seen):
                continue
            kept = self._rows.setdefault(tab, {})
            yield from self._table(tab, table, kept)
            table.forget()

    def _table(self, tab: str, table: Table, kept: dict[str, tuple[int, bytes]]) -> Iterator[Write]:
        # dict's own methods: looking here is not handing out.
        names = list(dict.keys(table)) if table.all_seen else [name for name in table.seen if name in table]
        if not table.all_seen and len(names) > 1:
            fresh = {name for name in names if name not in kept or name in table.moved}
            if len(fresh) > 1:  # several new rows: they go in their own order
                names = [*(name for name in names if name not in fresh), *(name for name in table if name in fresh)]
        for name in names:
            data = encode(dict.__getitem__(table, name))
            place, before = kept.get(name, (0, b""))
            if not place or name in table.moved:
                self._places += 1
                place, before = self._places, b""
            if data != before:
                kept[name] = (place, data)
                yield (_PUT_ROW, (tab, name, place, data))
        for name in [name for name in (kept if table.all_seen else table.seen) if name not in table and name in kept]:
            del kept[name]
            yield (_DROP_ROW, (tab, name))

    def _timed(self) -> Iterator[Write]:
        current = {timer.seq: timer for timer in self._world.timers()}
        for seq in self._timers - current.keys():
            yield (_DROP_TIMER, (seq,))
        for seq in current.keys() - self._timers:
            timer = current[seq]
            yield (_PUT_TIMER, (seq, timer.due, timer.handler, encode(timer.payload)))
        self._timers = set(current)

    def _kubernetes(self) -> Iterator[Write]:
        for key, known in list(self._stores.items()):
            if self._world.kube.get(key) is not known.store:
                known.stop()
                del self._stores[key]
                yield from ((statement, (key,)) for statement in _DROP_CLUSTER)
        for key, store in self._world.kube.items():
            found = self._stores.get(key)
            if found is None:
                found = self._stores[key] = _StoreChanges(key, store)
            yield from found.look()

    def _requested(self) -> Iterator[Write]:
        records = self._log.records
        for number in range(self._requests, len(records)):
            yield (_PUT_REQUEST, (number + 1, records[number]))
        self._requests = len(records)


@dataclass(slots=True)
class _KeptLog:
    """How far a container's log has been written."""

    log: ContainerLog
    lines: Any
    run: int = 0
    count: int = 0
    last: Line | None = None


class _StoreChanges:
    """Follows one cluster's store."""

    def __init__(self, key: str, store: KubeStore, *, known: bool = False) -> None:
        self._key = key
        self.store = store
        everything = () if known else store.everything()
        self._changed: set[Where] = {(str(obj["kind"]), *key_of(obj)) for obj in everything}
        self._rv = -1
        self._logs: dict[LogKey, _KeptLog] = {}
        self.stop = store.listen(self._hear)

    def _hear(self, _change: str, obj: Json, _before: Json | None) -> None:
        self._changed.add((str(obj["kind"]), *key_of(obj)))

    def look(self) -> Iterator[Write]:
        for where in self._changed:
            obj = self.store.peek(*where)
            # What a store holds is never changed in place: it is turned into JSON later, in the writer's thread.
            yield (_DROP_OBJECT, (self._key, *where)) if obj is None else (_PUT_OBJECT, (self._key, *where, obj))
        self._changed.clear()
        for log in self.store.logs.changed:
            yield from self._log(log)
        self.store.logs.changed.clear()
        if self.store.rv != self._rv:
            self._rv = self.store.rv
            yield (_PUT_CLUSTER, (self._key, self._rv))

    def _log(self, key: LogKey) -> Iterator[Write]:
        log, kept = self.store.logs.peek(key), self._logs.pop(key, None)
        if log is None or kept is None or log is not kept.log:
            yield (_DROP_LOG, (self._key, *key))
            kept = None
        if log is None:
            return
        kept = kept or _KeptLog(log, log.current if log.previous is None else None)
        self._logs[key] = kept
        if log.current is not kept.lines:
            if log.previous is not None and log.previous is not kept.lines:
                kept.run, kept.count, kept.last = kept.run + 1, 0, None
            if log.previous is not None:
                yield from self._lines(key, kept, list(log.previous))
            kept.lines, kept.run, kept.count, kept.last = log.current, kept.run + 1, 0, None
        yield from self._lines(key, kept, list(log.current))

    def _lines(self, key: LogKey, kept: _KeptLog, lines: list[Line]) -> Iterator[Write]:
        begin = len(lines)
        while begin and lines[begin - 1] is not kept.last:
            begin -= 1
        for line in lines[begin:]:
            yield (_PUT_LINE, (self._key, *key, kept.run, kept.count, line.at, line.text))
            kept.count += 1
            kept.last = line
            if kept.count % LINES == 0:
                bounds = (kept.run - 1, kept.run, kept.count - LINES)
                yield (_DROP_LOG + _TRIM, (self._key, *key, *bounds))
