"""The plan on one time axis: where each step's bar begins and ends, and how it is drawn. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from saxtui.model import events as ev
from saxtui.model.plan import Plan
from saxtui.model.progress import RunProgress, StepProgress, StepState

_TICKS = (5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_LEAST_TICK_CELLS = 7
_SETTLED = frozenset({StepState.DONE, StepState.GONE, StepState.FAILED, StepState.FOREIGN})
_SOLID = {
    StepState.DONE: "ok", StepState.GONE: "ok", StepState.FAILED: "bad", StepState.FOREIGN: "warn",
    StepState.DOUBT: "doubt", StepState.RUNNING: "busy", StepState.DELETING: "busy", StepState.WAITING: "dim",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """One step's place on the axis, in seconds since the run began.

    From `begin` to `solid` it has run; from there to `end` it will probably still run. `planned` bars have not begun.
    """

    begin: float
    solid: float
    end: float
    role: str
    planned: bool = False


def deletions(events: Iterable[ev.Event], run: str) -> dict[str, float]:
    """When the deletion of each step's resource was asked for in that run: a teardown's bars begin there."""
    return {event.step: event.at for event in events if isinstance(event, ev.Deleting) and event.run == run}


def bars(
    plan: Plan | None, progress: RunProgress, now: float, deleting: Mapping[str, float] = MappingProxyType({})
) -> dict[str, Bar]:
    """A bar for every step that has or will have one; steps settled before this run began have none."""
    zero = progress.started if progress.started is not None else now
    usual = {step.id: step.usual[0] for step in plan.steps} if plan else {}
    planned = progress.kind not in ("down", "pause")
    found: dict[str, Bar] = {}
    for step in progress.steps.values():
        if step.id in deleting:
            step = replace(step, started=deleting[step.id])
        bar = _begun(step, zero, now, usual.get(step.id, 0.0) if planned else 0.0)
        if bar is not None:
            found[step.id] = bar
    if plan is not None and not progress.ended and planned:
        _project(plan, progress, found, now - zero)
    return found


def _begun(step: StepProgress, zero: float, now: float, usual: float) -> Bar | None:
    if step.started is None:
        return None
    settled = step.state in _SETTLED
    ended = step.ended if settled and step.ended is not None else now
    if settled and ended < zero:
        return None
    begin = max(0.0, step.started - zero)
    solid = max(begin, ended - zero)
    return Bar(begin, solid, solid if settled else max(solid, begin + usual), _SOLID[step.state])


def _project(plan: Plan, progress: RunProgress, found: dict[str, Bar], now: float) -> None:
    ends = {step_id: bar.end for step_id, bar in found.items()}
    for step in plan.steps:
        if step.id in found or progress.step(step.id).state in _SETTLED:
            continue
        begin = max((ends.get(need, 0.0) for need in step.needs), default=0.0)
        begin = max(begin, now)
        ends[step.id] = begin + step.usual[0]
        found[step.id] = Bar(begin, begin, ends[step.id], "dim", planned=True)


def span(found: dict[str, Bar]) -> float:
    """The length of the axis in seconds, with a little room after the last bar; at least ten."""
    return max(10.0, 1.04 * max((bar.end for bar in found.values()), default=0.0))


def draw_bar(bar: Bar | None, seconds: float, width: int, *, plain: bool) -> Sequence[tuple[str, str]]:
    """The bar as (text, role) pieces in `width` cells; what has run is never drawn shorter than one cell."""
    if bar is None or width <= 0 or seconds <= 0:
        return ()
    scale = width / seconds
    begin = min(width - 1, int(bar.begin * scale))
    if bar.planned:
        length = max(1, round(bar.end * scale) - begin)
        return ((" " * begin, ""), (("." if plain else "┄") * min(length, width - begin), "dim"))
    solid = max(1, round(bar.solid * scale) - begin)
    rest = max(0, round(bar.end * scale) - begin - solid)
    pieces = [(" " * begin, ""), (("#" if plain else "█") * min(solid, width - begin), bar.role)]
    if rest:
        pieces.append((("-" if plain else "░") * rest, "dim"))
    return pieces


def draw_axis(seconds: float, width: int) -> Sequence[tuple[str, str]]:
    """Labels at round times, as many as fit."""
    if width < _LEAST_TICK_CELLS:
        return ()
    most = max(1, width // _LEAST_TICK_CELLS)
    tick = next((t for t in _TICKS if seconds / t <= most), _TICKS[-1] * 2)
    line = [" "] * width
    at = 0
    while at <= seconds:
        label = f"{at // 3600}h{at % 3600 // 60:02}" if at >= 3600 else (f"{at // 60}m" if tick >= 60 else f"{at}s")
        place = int(at * width / seconds)
        if place + len(label) <= width:
            line[place : place + len(label)] = label
        at += tick
    return (("".join(line), "head"),)
