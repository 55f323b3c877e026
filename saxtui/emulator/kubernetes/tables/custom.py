"""Custom resources: their CRD's additionalPrinterColumns."""

from __future__ import annotations

import re
from typing import Any

from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.tables.base import Column, Printer, age, name, since

_STEP = re.compile(r"\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\[\?\(@\.([\w.]+)==[\"']([^\"']*)[\"']\)\]")


def look_up(obj: Any, path: str) -> Any:
    """The value at a simple JSONPath: `.a.b`, `[0]`, `[?(@.type=="X")]`; None when there is none."""
    value = obj
    for field, index, key, wanted in _STEP.findall(path):
        if field:
            value = value.get(field) if isinstance(value, dict) else None
        elif isinstance(value, list):
            if index:
                value = value[int(index)] if int(index) < len(value) else None
            else:
                value = next((each for each in value if str(each.get(key)) == wanted), None)
        else:
            return None
    return value


def _cell(obj: Json, kind: str, path: str, now: float) -> Any:
    value = look_up(obj, path)
    if value is None:
        return None
    if kind == "date":
        return since(str(value), now)
    if kind in ("integer", "number"):
        return value
    if isinstance(value, bool):
        return str(value).lower() if kind == "string" else value
    return str(value)


def printer(info: KindInfo) -> Printer:
    """From the CRD's columns; Name and Age when it has none."""
    if not info.columns:
        return Printer((Column("Name"), Column("Age")), lambda obj, now: [name(obj), age(obj, now)])
    columns = tuple(Column(title, kind, priority > 0) for title, kind, _, priority in info.columns)

    def cells(obj: Json, now: float) -> list[Any]:
        return [name(obj), *(_cell(obj, kind, path, now) for _, kind, path, _ in info.columns)]

    return Printer((Column("Name"), *columns), cells)
