"""A screen as text that can be kept in a file and read in a diff: its lines, then which runs are styled how.

Colours are told by the theme token that is nearest to them, so that neither a theme's exact values nor a shade more or
less in Textual's blending changes a snapshot; a role that changes does. WRITE_SNAPSHOTS=1 writes the files anew.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.color import Color
from textual.filter import Monochrome
from textual.strip import Strip

from saxtui.console.app import ConsoleApp

FOLDER = Path(__file__).parent / "snapshots"
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse")


@dataclass(frozen=True)
class Seen:
    """One look: the lines, every run in a role, and what is left of the styles where NO_COLOR is set.

    A run is "LINE: FROM-TO role"; plain text on the background is left out. Without colour the filter that Textual
    has for NO_COLOR is put over the very same strips; that the console honours NO_COLOR is test_plain's.
    """

    lines: list[str]
    roles: list[str]
    bare: list[str]

    @classmethod
    def on(cls, app: ConsoleApp) -> Seen:
        """What the screen shows now. Fails when any colour is left without colour."""
        strips, tokens = app.screen._compositor.render_strips(), _tokens(app)
        grey = [strip.apply_filter(Monochrome(), tokens["on background"]) for strip in strips]
        for strip in grey:
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    assert colour is None or colour.triplet is None or len(set(colour.triplet)) == 1
        return cls([strip.text.rstrip() for strip in strips], _all(strips, tokens), _all(grey, {}))


def _all(strips: Sequence[Strip], tokens: dict[str, Color]) -> list[str]:
    return [
        f"{number}: " + ", ".join(runs)
        for number, strip in enumerate(strips, 1)
        if (runs := list(_runs(strip, tokens)))
    ]


def _runs(strip: Strip, tokens: dict[str, Color]) -> Iterator[str]:
    column, begun, held = 0, 0, ""
    for segment in [*strip, None]:
        said = _said(segment.style, tokens) if segment is not None and segment.style else ""
        if segment is not None and not segment.text.strip() and "on " not in said and "reverse" not in said:
            said = ""
        if said != held or segment is None:
            if held:
                yield f"{begun + 1}-{column} {held}"
            begun, held = column, said
        column += segment.cell_length if segment is not None else 0


def _said(style: object, tokens: dict[str, Color]) -> str:
    words = [name for name in _ATTRIBUTES if getattr(style, name)]
    if tokens:
        inks = {name: colour for name, colour in tokens.items() if not name.startswith("on ")}
        papers = {name: colour for name, colour in tokens.items() if name.startswith("on ")}
        ink, paper = (_nearest(getattr(style, kind), names) for kind, names in (("color", inks), ("bgcolor", papers)))
        words += [word for word in (ink, paper) if word not in ("", "text", "on background")]
    return " ".join(words)


def _nearest(colour: object, names: dict[str, Color]) -> str:
    triplet = getattr(colour, "triplet", None)
    if triplet is None:
        return ""
    return min(names, key=lambda name: sum((a - b) ** 2 for a, b in zip(triplet, names[name].rgb, strict=True)))


def _tokens(app: ConsoleApp) -> dict[str, Color]:
    known = app.theme_variables
    found = {name: Color.parse(known[name]) for name in ("background", "foreground", "surface", "panel", "accent")}
    back, front = found["background"], found["foreground"]
    return {
        "text": front,
        "dim": back.blend(front, 0.6),
        "accent": found["accent"],
        "ok": Color.parse(known["text-success"]),
        "warn": Color.parse(known["text-warning"]),
        "bad": Color.parse(known["text-error"]),
        "on background": back,
        "on surface": found["surface"],
        "on panel": found["panel"],
        "on accent": found["accent"],
        "on cursor": back.blend(found["accent"], 0.25),
    }


def compare(name: str, text: str) -> None:
    """Fail with the difference from the kept one, or write it when asked to."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("WRITE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if kept != text:
        rows = difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "now", lineterm="", n=1)
        pytest.fail(f"{name} looks different (WRITE_SNAPSHOTS=1 keeps the new one):\n" + "\n".join(rows))
