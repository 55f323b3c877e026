"""What table printers share: columns and the way kubectl shows times, images and selectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saxtui.emulator.kubernetes.objects import Json, epoch

NONE, UNKNOWN = "<none>", "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `wide` ones (priority 1) are shown with -o wide only."""

    name: str
    type: str = "string"
    wide: bool = False

    def body(self) -> Json:
        """A columnDefinition."""
        first = self.name == "Name"
        return {
            "name": self.name,
            "type": self.type,
            "format": "name" if first else "",
            "description": "",
            "priority": 1 if self.wide else 0,
        }


Cells = Callable[[Json, float], list[Any]]
"""(object, now in epoch seconds) → one cell a column."""


@dataclass(frozen=True, slots=True)
class Printer:
    """How one kind is shown."""

    columns: tuple[Column, ...]
    cells: Cells


def duration(seconds: float) -> str:
    """As kubectl writes ages: 90s, 5m30s, 3h10m, 2d4h, 40d, 2y3d."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes, hours = whole // 60, whole // 3600
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years = days // 365
    return f"{years}y{days % 365}d" if days < 2920 and days % 365 else f"{years}y"


def since(stamp: str | None, now: float) -> str:
    """The time since a stamp, `<unknown>` without one."""
    at = epoch(stamp)
    return UNKNOWN if at is None else duration(now - at)


def age(obj: Json, now: float) -> str:
    """Since creation."""
    return since((obj.get("metadata") or {}).get("creationTimestamp"), now)


def name(obj: Json) -> str:
    """metadata.name."""
    return str(obj["metadata"]["name"])


def spec(obj: Json) -> Json:
    """The spec, {} when absent."""
    return obj.get("spec") or {}


def status(obj: Json) -> Json:
    """The status, {} when absent."""
    return obj.get("status") or {}


def containers(template: Json) -> tuple[str, str]:
    """Names and images of a template's containers, comma-separated."""
    each = spec(template).get("containers") or []
    return ",".join(str(c.get("name")) for c in each), ",".join(str(c.get("image")) for c in each)


def label_text(labels: Json | None) -> str:
    """`a=b,c=d`, or `<none>`."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def selector_text(selector: Json | None) -> str:
    """A LabelSelector on one line."""
    parts = [f"{key}={value}" for key, value in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for each in (selector or {}).get("matchExpressions") or []:
        values = ",".join(each.get("values") or [])
        parts.append(f"{each.get('key')} {str(each.get('operator')).lower()} ({values})")
    return ",".join(parts) or NONE
