"""Kubernetes timestamps (RFC 3339, with up to nine digits of a second) as epoch seconds, and back."""

from __future__ import annotations

from datetime import UTC, datetime


def epoch(text: str | None) -> float:
    """Epoch seconds; 0.0 for nothing or nonsense. Finer than a microsecond is cut off."""
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def stamp(at: float) -> str:
    """RFC 3339 in UTC, to the microsecond."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
