"""How long a deployment is meant to live: its time to live, the label that says so, and when to warn. Pure.

Nothing is ever deleted because time is over: that is said, again and again, and the operator chooses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LABEL = "saxtui-until"
"""On the cluster and its node pools: the end in epoch seconds, legal as a label value."""
PATTERN = r"^([1-9]\d{0,3}[mhd])?$"
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
_SOON, _CLOSE = (1800.0, 0.2), (600.0, 0.05)
"""Seconds before the end, and that share of a shorter time to live, from which the end is soon, or close."""


def seconds(text: str) -> float:
    """ "90m", "8h", "2d" in seconds; 0.0 for "". Raises ValueError."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text!r} is no time such as 90m, 8h or 2d")
    return float(text[:-1]) * _UNITS[text[-1]] if text else 0.0


def labels(until: float | None) -> dict[str, str]:
    """The label for that end (epoch seconds), none without one."""
    return {LABEL: str(int(until))} if until else {}


@dataclass(frozen=True, slots=True)
class Term:
    """How an end (`until`, epoch seconds) stands now: `state` far, soon, close or over; `left` seconds, < 0 after."""

    until: float
    left: float
    state: str


def term(until: float | None, now: float, whole: float = 0.0) -> Term | None:
    """How the end stands at `now`; None without one. `whole`: the time to live it came from, 0.0 when unknown."""
    if until is None:
        return None
    left = until - now
    soon, close = (min(most, share * whole) if whole else most for most, share in (_SOON, _CLOSE))
    state = "over" if left <= 0 else "close" if left <= close else "soon" if left <= soon else "far"
    return Term(until, left, state)
