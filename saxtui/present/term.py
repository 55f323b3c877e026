"""The end of a deployment's time to live in words: short for headers, whole where there is room. Pure."""

from __future__ import annotations

from datetime import tzinfo

from saxtui.model.term import Term
from saxtui.present.times import clock, moment

ROLE = {"far": "dim", "soon": "warn", "close": "bad", "over": "bad"}
"""Colour roles of present/words.py."""
_DAY = 86_400.0


def left(seconds: float) -> str:
    """ "2d 3h", "7h 05m", "28 min", "under 1 min"."""
    minutes = int(seconds // 60)
    if seconds >= _DAY:
        return f"{minutes // 1440}d {minutes // 60 % 24}h"
    if minutes >= 60:
        return f"{minutes // 60}h {minutes % 60:02}m"
    return f"{minutes} min" if minutes else "under 1 min"


def short(found: Term) -> str:
    """For a header: "ends in 28 min", "over 12 min ago"."""
    return f"ends in {left(found.left)}" if found.left > 0 else f"over {left(-found.left)} ago"


def sentence(found: Term, name: str, zone: tzinfo | None = None) -> str:
    """For a line: when it ends or ended, and what the operator may do about it."""
    at = clock(found.until, zone)[:5] if abs(found.left) < _DAY else moment(found.until, zone)
    ways = f"saxtui extend -d {name} 4h, pause or down"
    if found.state == "over":
        return f"its time to live was over at {at}; nothing is deleted by itself, and it bills on: {ways}"
    if found.state == "far":
        return f"its time to live ends at {at}, in {left(found.left)}"
    return f"its time to live ends at {at}, in {left(found.left)}; nothing is deleted by itself: {ways}"
