"""A deployment's state in a word and a sign, for Home and for the quit dialog. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.present.words import Sign

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.engine.runtime import Summary

_SIGNS = {
    "attached": Sign("◇", "#", "attached", "ok"),
    "new": Sign("○", ".", "not started", "wait"),
    "running": Sign("◐", "~", "running", "busy"),
    "interrupted": Sign("▲", "!", "interrupted", "warn"),
    "up": Sign("●", "*", "up", "ok"),
    "failed": Sign("✗", "x", "failed", "bad"),
    "stopped": Sign("▲", "!", "stopped", "warn"),
    "paused": Sign("◌", "-", "paused", "warn"),
    "doubt": Sign("?", "?", "in doubt", "doubt"),
    "down": Sign("✓", "+", "taken down", "dim"),
    "unreadable": Sign("✗", "x", "unreadable", "bad"),
}
_UNKNOWN = Sign("?", "?", "unknown", "doubt")
_DAY = 86_400


def sign_of(state: str) -> Sign:
    """The sign of a Summary's state."""
    return _SIGNS.get(state, _UNKNOWN)


def state_of(line: Summary, live: Live | None) -> tuple[str, str]:
    """State and sentence: what runs here and now comes before what the journal said last."""
    if live is None or not live.running:
        return line.state, line.said
    from saxtui.model.progress import StepState

    steps = live.state.progress.steps.values()
    settled = sum(1 for step in steps if step.state in (StepState.DONE, StepState.GONE))
    return "running", f"{live.run_kind}: {settled} of {len(steps)} steps"


def when(at: float | None, now: float) -> str:
    """13:20 today, "yesterday", or a date; "-" when unknown."""
    if at is None:
        return "-"
    from saxtui.present.times import clock, moment

    days = int(now // _DAY) - int(at // _DAY)
    if days <= 0:
        return clock(at)[:5]
    return "yesterday" if days == 1 else moment(at)[:10]
