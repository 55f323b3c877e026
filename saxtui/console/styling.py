"""Where the styles are, the one theme of our own, and how roles and glyphs are shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual.theme import Theme

if TYPE_CHECKING:
    from saxtui.present.words import Sign

ROLES = ("ok", "busy", "wait", "warn", "bad", "doubt", "dim", "accent", "strong")
ROLE_STYLE = {
    "": "", "ok": "$text-success", "busy": "$accent", "wait": "$foreground 60%", "warn": "$text-warning",
    "bad": "$text-error", "doubt": "$text-warning bold", "dim": "$foreground 60%", "accent": "$accent",
    "strong": "bold",
}  # fmt: skip
"""Content styles for `present` roles: theme tokens only."""

THEME = Theme(
    name="saxtui",
    primary="#5fafd7",
    secondary="#5fafd7",
    accent="#5fafd7",
    foreground="#d7dae0",
    background="#14171c",
    surface="#1a1e25",
    panel="#232933",
    success="#87af87",
    warning="#d7af5f",
    error="#d7736f",
    dark=True,
    variables={"footer-key-foreground": "#5fafd7"},
)


def styles_dir() -> Path:
    """The folder of the style sheets: package data when installed, the checkout's `styles/` otherwise."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_data" / "styles"
    return packed if packed.is_dir() else package.parent / "styles"


def sheet(name: str) -> str:
    """The path of one style sheet, for CSS_PATH."""
    return str(styles_dir() / name)


def wants_ascii(environ: Mapping[str, str]) -> bool:
    """Whether glyphs must be plain: SAXTUI_ASCII set, a bare Linux console, or a locale that is not UTF-8.

    No locale at all is no reason: Python takes UTF-8 then, and so do terminals.
    """
    if environ.get("SAXTUI_ASCII"):
        return True
    if environ.get("TERM") in {"linux", "dumb", "vt100", "vt220"}:
        return True
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return bool(locale) and "utf" not in locale.lower()


class Glyphs:
    """Signs as this terminal can show them."""

    def __init__(self, *, ascii_only: bool) -> None:
        self.ascii_only = ascii_only

    @classmethod
    def for_environ(cls, environ: Mapping[str, str] = os.environ) -> Glyphs:
        """The glyphs of the terminal the environment describes."""
        return cls(ascii_only=wants_ascii(environ))

    def sign(self, sign: Sign) -> str:
        """The state's glyph."""
        return sign.ascii if self.ascii_only else sign.glyph

    def pick(self, glyph: str, plain: str) -> str:
        """`glyph`, or `plain` where only ASCII can be shown."""
        return plain if self.ascii_only else glyph
