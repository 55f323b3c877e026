"""The receipt of a teardown: every intent ever journaled, with what proves its resource gone. Pure.

The JSON body holds text, whole numbers and booleans only, so that any tool renders its canonical form alike:
`jq -cS .body FILE | tr -d '\\n' | sha256sum` gives the sum that stands beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from saxtui.model import events as ev

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment


class Fate(StrEnum):
    """What became of one resource."""

    GONE = "gone"
    KEPT = "kept"
    FOREIGN = "not ours, left alone"
    THERE = "still there"
    UNKNOWN = "unknown"


_OPEN = frozenset({Fate.THERE, Fate.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Entry:
    """One life of one resource: from the first intent to its end. `sent` counts the intents; times in epoch seconds."""

    step: str
    kind: str
    resource: str
    fate: Fate
    proof: str = ""
    uid: str = ""
    sent: int = 0
    began: float = 0.0
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """`run`, `outcome`, `began` and `ended` are those of the last `down`, "" and None where there was none."""

    name: str
    id: str
    project: str
    zone: str
    run: str = ""
    outcome: str = ""
    began: float | None = None
    ended: float | None = None
    entries: tuple[Entry, ...] = field(default=())

    def count(self, fate: Fate) -> int:
        """How many entries met this fate."""
        return sum(1 for entry in self.entries if entry.fate is fate)

    @property
    def clean(self) -> bool:
        """Whether nothing is left that nobody meant to keep, every part of that proved."""
        return not any(entry.fate in _OPEN for entry in self.entries)

    @property
    def verdict(self) -> str:
        """ "clean: 14 gone"; anything open is counted first and keeps the word "clean" away."""
        wanted = (Fate.UNKNOWN, Fate.THERE, Fate.GONE, Fate.KEPT, Fate.FOREIGN)
        counts = ", ".join(f"{self.count(fate)} {fate.value}" for fate in wanted if self.count(fate))
        return f"{'clean' if self.clean else 'NOT proved'}: {counts or 'nothing was ever created'}"

    def body(self) -> dict[str, Any]:
        """The receipt as JSON data; times are ISO 8601 in UTC."""
        return {
            "format": 1,
            "deployment": {"name": self.name, "id": self.id, "project": self.project, "zone": self.zone},
            "run": {"id": self.run, "outcome": self.outcome, "began": _iso(self.began), "ended": _iso(self.ended)},
            "clean": self.clean,
            "verdict": self.verdict,
            "resources": [
                {
                    "step": entry.step,
                    "kind": entry.kind,
                    "resource": entry.resource,
                    "uid": entry.uid,
                    "state": entry.fate.value,
                    "proof": entry.proof,
                    "intents": entry.sent,
                    "began": _iso(entry.began),
                    "ended": _iso(entry.ended),
                }
                for entry in self.entries
            ],
        }

    def text(self) -> str:
        """The receipt for people: facts, a line each resource, and the sum of the JSON body."""
        body = self.body()
        run = body["run"]
        lines = [
            f"saxtui teardown receipt: {self.name} (id {self.id}) in {self.project} / {self.zone}",
            f"run {run['id'] or '-'} {run['outcome']}  {run['began'] or '-'} .. {run['ended'] or '-'}",
            "",
        ]
        for entry in self.entries:
            lines.append(f"{entry.fate.value:<20}  {entry.kind:<20}  {entry.resource}")
            lines.append(f"  intents {entry.sent}, first {_iso(entry.began)}; proof: {entry.proof or 'none'}")
        return "\n".join([*lines, "", self.verdict, f"SHA-256 of the JSON body: {digest(body)}", ""])


def digest(body: Any) -> str:
    """SHA-256 of a body's canonical JSON: keys sorted, no spaces, UTF-8."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def of(deployment: Deployment, events: Iterable[ev.Event]) -> Receipt:
    """The receipt that a deployment's whole journal amounts to."""
    found = Receipt(deployment.name, deployment.id, deployment.project, deployment.zone)
    ledger = _Ledger()
    for event in events:
        match event:
            case ev.RunStarted(kind="down"):
                found = replace(found, run=event.run, began=event.at, outcome="", ended=None)
            case ev.RunFinished(kind="down"):
                found = replace(found, outcome=event.outcome, ended=event.at)
        ledger.take(event)
    return replace(found, entries=tuple(ledger.entries))


class _Ledger:
    """Entries in order of their beginning; `_open` is where each step's present resource stands in the list."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._open: dict[str, int] = {}
        self._kind = ""

    def take(self, event: ev.Event) -> None:
        """Follow one event."""
        match event:
            case ev.RunStarted():
                self._kind = event.kind
                if event.kind in ("up", "resume"):  # what an earlier teardown kept is in use again
                    self._change_all(Fate.KEPT, Fate.THERE)
            case ev.Intent():
                entry = self._at(event, event.kind, event.resource)
                proof = "sent, and no answer is recorded"
                self._put(event.step, replace(entry, fate=Fate.UNKNOWN, proof=proof, sent=entry.sent + 1))
            case ev.Owned():
                entry = self._at(event, event.kind, event.resource)
                self._put(event.step, replace(entry, fate=Fate.THERE, proof="", uid=event.uid))
            case ev.Foreign():
                entry = self._at(event, event.kind, event.resource)
                self._put(event.step, replace(entry, fate=Fate.FOREIGN, proof=event.said, ended=event.at))
            case ev.Deleting():
                entry = self._at(event, event.kind, event.resource)
                self._put(
                    event.step,
                    replace(
                        entry, fate=Fate.UNKNOWN, proof="deletion asked for, not proved", uid=event.uid or entry.uid
                    ),
                )
            case ev.Gone():
                entry = self._at(event, event.kind, event.resource)
                self._put(event.step, replace(entry, fate=Fate.GONE, proof=event.proof, ended=event.at))
            case ev.Doubt():
                self._amend(event.step, Fate.UNKNOWN, event.said)
            case ev.Resized():
                self._amend(event.step, Fate.THERE, "")
            case ev.StepDone() if self._kind == "down":  # only what is kept on purpose is done without being gone
                self._amend(event.step, Fate.KEPT, event.said)

    def _at(self, event: ev.Event, kind: str, resource: str) -> Entry:
        """The step's present entry; a new one after an end, or when the step is about another resource."""
        index = self._open.get(event.step)
        if index is not None:
            known = self.entries[index]
            over = known.fate is Fate.GONE and not isinstance(event, ev.Gone)
            if known.resource == resource and not over:
                return known
        self._open[event.step] = len(self.entries)
        self.entries.append(Entry(event.step, kind, resource, Fate.UNKNOWN, began=event.at))
        return self.entries[-1]

    def _put(self, step: str, entry: Entry) -> None:
        self.entries[self._open[step]] = entry

    def _amend(self, step: str, fate: Fate, proof: str) -> None:
        index = self._open.get(step)
        if index is not None and self.entries[index].fate in (*_OPEN, Fate.KEPT):
            self.entries[index] = replace(self.entries[index], fate=fate, proof=proof)

    def _change_all(self, before: Fate, after: Fate) -> None:
        self.entries = [replace(e, fate=after, proof="") if e.fate is before else e for e in self.entries]


def _iso(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
