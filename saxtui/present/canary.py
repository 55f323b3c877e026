"""The canary's beats as a strip and as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saxtui.model.serving import Beat, Pulse

_HEIGHTS = "▁▂▃▄▅▆▇"
_MARKS = {Pulse.TIMEOUT: ("✗", "x"), Pulse.ERROR: ("✗", "x"), Pulse.BLOCKED: ("·", "-")}
_PLAIN = {Pulse.OK: "_", Pulse.SLOW: "^"}


@dataclass(frozen=True, slots=True)
class Strip:
    """`marks`: one character a beat, oldest first. `said`: the last beat and how many failed, in a colour role."""

    marks: str
    said: str
    role: str


def strip(beats: Sequence[Beat], cells: int, *, plain: bool = False) -> Strip:
    """The last `cells` beats. A good one's height is its time against the slowest shown; a bad one is a cross."""
    shown = beats[-cells:]
    if not shown:
        return Strip("", "no beat yet", "dim")
    slowest = max((beat.seconds for beat in shown if beat.good), default=0.0)
    marks = "".join(_mark(beat, slowest, plain=plain) for beat in shown)
    bad = sum(1 for beat in shown if not beat.good)
    last = shown[-1]
    role = "bad" if not last.good else "warn" if bad or last.pulse is Pulse.SLOW else "ok"
    said = f"{last.seconds:.1f} s" if last.good else _WORDS[last.pulse].format(seconds=last.seconds)
    return Strip(marks, said + (f", {bad} of {len(shown)} not answered" if bad else ""), role)


_WORDS = {
    Pulse.TIMEOUT: "no answer in {seconds:.0f} s",
    Pulse.ERROR: "refused",
    Pulse.BLOCKED: "not sent: the server is blocked",
}


def _mark(beat: Beat, slowest: float, *, plain: bool) -> str:
    if beat.pulse in _MARKS:
        return _MARKS[beat.pulse][plain]
    if plain:
        return _PLAIN[beat.pulse]
    if beat.pulse is Pulse.SLOW:
        return "█"
    share = beat.seconds / slowest if slowest > 0 else 0.0
    return _HEIGHTS[min(len(_HEIGHTS) - 1, int(share * (len(_HEIGHTS) - 1)))]
