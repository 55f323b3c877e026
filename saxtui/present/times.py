"""Moments and ranges of time as words."""

from __future__ import annotations

from datetime import datetime, tzinfo

from saxtui.present.words import duration


def clock(at: float | None, zone: tzinfo | None = None) -> str:
    """Epoch seconds as HH:MM:SS in `zone` (local time by default); "-" when unknown."""
    return "-" if not at else datetime.fromtimestamp(at, zone).strftime("%H:%M:%S")


def moment(at: float | None, zone: tzinfo | None = None) -> str:
    """Epoch seconds as YYYY-MM-DD HH:MM in `zone` (local time by default); "-" when unknown."""
    return "-" if not at else datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")


def usual(span: tuple[float, float]) -> str:
    """A (p50, p90) pair in seconds as "6:18-7:30", or one figure when both read the same."""
    low, high = (duration(seconds) for seconds in span)
    return low if low == high else f"{low}-{high}"


def minutes(span: tuple[float, float]) -> str:
    """A pair of seconds in rounded minutes: "5-9 min", "14 min", "under 1 min"."""
    low, high = (round(seconds / 60) for seconds in span)
    if high < 1:
        return "under 1 min"
    return f"{high} min" if low == high else f"{low}-{high} min"
