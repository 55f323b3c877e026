"""The canary's beats as a strip and as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from saxtui.model.serving import Beat, Dialect, Pulse, Reached
from saxtui.present.words import age

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
    """The last `cells` beats. A good one's height is its time against four usual ones; a bad one is a cross."""
    shown = beats[-cells:]
    if not shown:
        return Strip("", "no beat yet", "dim")
    good = [beat.seconds for beat in shown if beat.good]
    top = 4 * median(good) if good else 0.0
    marks = "".join(_mark(beat, top, plain=plain) for beat in shown)
    bad = sum(1 for beat in shown if not beat.good)
    last = shown[-1]
    role = "bad" if not last.good else "warn" if bad or last.pulse is Pulse.SLOW else "ok"
    said = f"{last.seconds:.1f} s" if last.good else _WORDS[last.pulse].format(seconds=last.seconds)
    return Strip(marks, said + (f", {bad} of {len(shown)} not answered" if bad else ""), role)


def beat_words(beat: Beat | None, every: int, now: float) -> tuple[str, str]:
    """ "answered in 0.8 s, 12 s ago": the newest beat for a line of `status`, and its colour role."""
    if beat is None:
        return ("off" if not every else f"no beat yet: one every {every} s while the console is open"), "dim"
    said = f"answered in {beat.seconds:.1f} s" if beat.good else _WORDS[beat.pulse].format(seconds=beat.seconds)
    if beat.pulse is Pulse.SLOW:
        said += ", slow"
    if beat.said and beat.pulse is Pulse.ERROR:
        said += f" ({beat.said})"
    role = "warn" if beat.pulse is Pulse.SLOW else "ok" if beat.good else "bad"
    return f"{said}, {age(now - beat.at)} ago{'' if every else '; off now'}", role


def way(reached: Reached | None) -> str:
    """ "via API server, sax-http v1.0.0": how the HTTP server is reached, "" before it was."""
    if reached is None:
        return ""
    server = {Dialect.OLD: ", sax-http v1.0.0", Dialect.NEW: ", sax-http v1.2.0"}.get(reached.dialect, "")
    return f"via {reached.way}{server}" + (", blocked" if reached.blocked else "")


_WORDS = {
    Pulse.TIMEOUT: "no answer in {seconds:.0f} s",
    Pulse.ERROR: "refused",
    Pulse.BLOCKED: "not sent: the server is blocked",
}


def _mark(beat: Beat, top: float, *, plain: bool) -> str:
    if beat.pulse in _MARKS:
        return _MARKS[beat.pulse][plain]
    if plain:
        return _PLAIN[beat.pulse]
    if beat.pulse is Pulse.SLOW:
        return "█"
    share = beat.seconds / top if top > 0 else 0.0
    return _HEIGHTS[min(len(_HEIGHTS) - 1, int(share * (len(_HEIGHTS) - 1)))]
