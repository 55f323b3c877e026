"""What is typed to jump in a log: a time of day, so long ago, a gap, an error, or the number of a line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

_AGO = re.compile(r"-(\d+)([smh])")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_UNIT = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Jump:
    """Where to: a moment in epoch seconds, the next gap or the next error."""

    kind: Literal["moment", "gap", "error"]
    at: float = 0.0


def read_jump(text: str, newest: float, zone: tzinfo | None = None) -> Jump | None:
    """What was typed, or None. Times of day are those of the day of `newest` (epoch seconds), or of the day before."""
    word = text.strip().lower()
    if word in ("gap", "error"):
        return Jump("gap" if word == "gap" else "error")
    if found := _AGO.fullmatch(word):
        return Jump("moment", newest - int(found[1]) * _UNIT[found[2]])
    if not (found := _TIME.fullmatch(word)):
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    if hour > 23 or minute > 59 or second > 59:
        return None
    last = datetime.fromtimestamp(newest, UTC).astimezone(zone)
    wanted = last.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if wanted > last:
        wanted -= timedelta(days=1)
    return Jump("moment", wanted.timestamp())
