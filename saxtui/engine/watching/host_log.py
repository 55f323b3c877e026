"""From a model server's log lines to what its process is at. Pure; line shapes are those of Saxml v1.1.0."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from saxtui.engine.serving.ladder import Told, told_by_server
from saxtui.model.cluster import LogLine
from saxtui.model.phases import HostPhase, Phase
from saxtui.model.serving import Rung

_FORMED = re.compile(
    r"JAX process: \d+ / (?P<size>\d+)|jax\.process_count\(\): |Servable model |Starting runner "
    r"|Secondary worker loop|Started joining SAX cell|Connected to all secondary hosts|Received keep_devices_warm"
)
"""What a process writes only after all hosts of its slice have found each other."""
_PHASE = {
    Rung.NONE: Phase.JOINED, Rung.LOADING: Phase.LOADING, Rung.LOADED: Phase.LOADED, Rung.FAILED: Phase.FAILED
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """What one process has said: its phase, the model it speaks of, and the line that proves it."""

    phase: Phase = Phase.UNHEARD
    model: str = ""
    line: str = ""
    at: float = 0.0

    def of_pod(self, *, read: bool) -> HostPhase:
        """As a host's phase, not yet in the light of the other hosts."""
        return HostPhase(self.phase, self.model, self.line, self.at, read=read)


def advance(heard: Heard, lines: Iterable[LogLine]) -> tuple[Heard, list[Told]]:
    """Read on: the last word counts. Also returns every line that tells of a model."""
    found: list[Told] = []
    for line in lines:
        told = told_by_server(line)
        if told is not None:
            found.append(told)
            heard = _told(heard, told)
        elif heard.phase is Phase.UNHEARD and _FORMED.search(line.text):
            heard = Heard(Phase.JOINED, "", line.text, line.at)
    return heard, found


def _told(heard: Heard, told: Told) -> Heard:
    line, model = told.line, told.key or heard.model
    if told.rung is Rung.ANSWERED:
        if heard.phase is Phase.LOADED and model == heard.model:
            return Heard(Phase.SERVING, model, line.text, line.at)
        return heard if heard.phase is not Phase.UNHEARD else Heard(Phase.JOINED, "", line.text, line.at)
    if told.rung is Rung.FAILED and not told.key and heard.phase is not Phase.LOADING:
        return heard
    phase = _PHASE[told.rung]
    return Heard(phase, "" if phase is Phase.JOINED else model, line.text, line.at)
