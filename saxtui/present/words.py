"""The words, glyphs and figures both front doors use. Colour is a role name; styles/ decides what it looks like."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.model.audit import Level
from saxtui.model.checks import Answer
from saxtui.model.cluster import HostState
from saxtui.model.phases import Phase
from saxtui.model.plan import Action
from saxtui.model.progress import StepState
from saxtui.model.serving import Dialect, Rung


@dataclass(frozen=True, slots=True)
class Sign:
    """A state as glyph, ASCII fallback, word and colour role (ok, busy, wait, warn, bad, doubt, dim)."""

    glyph: str
    ascii: str
    word: str
    role: str


STEP = {
    StepState.WAITING: Sign("○", ".", "waiting", "wait"),
    StepState.RUNNING: Sign("◐", "~", "running", "busy"),
    StepState.DONE: Sign("✓", "+", "done", "ok"),
    StepState.FAILED: Sign("✗", "x", "failed", "bad"),
    StepState.DOUBT: Sign("?", "?", "in doubt", "doubt"),
    StepState.FOREIGN: Sign("▲", "!", "not ours", "warn"),
    StepState.DELETING: Sign("◐", "~", "deleting", "busy"),
    StepState.GONE: Sign("✓", "+", "gone", "dim"),
}
HOST = {
    HostState.FAILED: Sign("✗", "x", "failed", "bad"),
    HostState.ATTENTION: Sign("▲", "!", "attention", "warn"),
    HostState.STARTING: Sign("◐", "~", "starting", "busy"),
    HostState.WAITING: Sign("○", ".", "waiting", "wait"),
    HostState.RUNNING: Sign("●", "*", "running", "ok"),
    HostState.DONE: Sign("✓", "+", "done", "dim"),
    HostState.LEAVING: Sign("◌", "-", "leaving", "warn"),
    HostState.ABSENT: Sign("·", " ", "absent", "dim"),
}
PHASE = {
    Phase.WAITING: Sign("◔", "w", "waiting for peers", "busy"),
    Phase.JOINED: Sign("●", "*", "joined", "ok"),
    Phase.LOADING: Sign("◑", "%", "loading", "busy"),
    Phase.LOADED: Sign("●", "*", "loaded", "ok"),
    Phase.SERVING: Sign("●", "*", "serving", "ok"),
    Phase.FAILED: Sign("✗", "x", "load failed", "bad"),
}
"""What a running host's process is at; without one of these the pod's state speaks."""
RUNG = {
    Rung.NONE: Sign("○", ".", "not published", "wait"),
    Rung.PUBLISHED: Sign("◐", "~", "published", "busy"),
    Rung.ASSIGNED: Sign("◐", "~", "assigned", "busy"),
    Rung.LOADING: Sign("◐", "~", "loading", "busy"),
    Rung.LOADED: Sign("●", "*", "loaded", "ok"),
    Rung.ANSWERED: Sign("✓", "+", "answered", "ok"),
    Rung.FAILED: Sign("✗", "x", "failed", "bad"),
}
ACTION = {
    Action.CREATE: Sign("+", "+", "create", "ok"),
    Action.KEEP: Sign("=", "=", "keep", "dim"),
    Action.ADOPT: Sign("~", "~", "adopt", "warn"),
    Action.CHANGE: Sign("±", "~", "change", "warn"),
    Action.CHECK: Sign("·", "-", "check", "dim"),
}
CHECK = {
    Answer.OK: Sign("✓", "+", "ok", "ok"),
    Answer.PROBLEM: Sign("✗", "x", "problem", "bad"),
    Answer.UNKNOWN: Sign("?", "?", "unknown", "doubt"),
}
DIALECT = {
    Dialect.UNKNOWN: "version not known yet",
    Dialect.OLD: "sax-http v1.0.0: one request at a time, no parameters, no streaming",
    Dialect.NEW: "sax-http v1.2.0: parameters, no streaming",
}
AUDIT = {
    Level.RISK: Sign("✗", "x", "risk", "bad"),
    Level.ATTENTION: Sign("▲", "!", "attention", "warn"),
    Level.FINE: Sign("✓", "+", "fine", "ok"),
    Level.UNKNOWN: Sign("?", "?", "unknown", "doubt"),
}
PRIMARY = "★"


def duration(seconds: float | None) -> str:
    """0:03, 6:18, 1:02:05; "-" when unknown."""
    if seconds is None:
        return "-"
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def age(seconds: float) -> str:
    """kubectl's short ages: 45s, 5m, 3h, 2d."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    if whole < 7200:
        return f"{whole // 60}m"
    if whole < 172_800:
        return f"{whole // 3600}h"
    return f"{whole // 86_400}d"


def money(usd: float | None) -> str:
    """$77.18; "unknown" when no price is known, never $0."""
    return "unknown" if usd is None else f"${usd:,.2f}"


def rate(usd_per_hour: float | None) -> str:
    """$77.18/h, or "unknown"."""
    return "unknown" if usd_per_hour is None else f"${usd_per_hour:,.2f}/h"
