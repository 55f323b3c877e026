"""The one gate through which text from outside enters saxtui.

An allow-list: printable characters pass, everything else becomes a visible mark. Textual's own widgets pass OSC, CSI,
DCS and C1 sequences through to the terminal, so this runs at the network edge.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NewType

Safe = NewType("Safe", str)
"""Text that has passed `safe` or `safe_block`."""

_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_TAB = "    "


def _mark(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\u{{{code:x}}}"


def safe(text: object, limit: int = 4096) -> Safe:
    """One line of outside text made harmless; line breaks become ⏎ marks, `limit` is in characters."""
    if type(text) is str and len(text) <= limit and text.isascii() and text.isprintable():
        return Safe(text)
    return Safe(_clean(str(text), limit, keep_newline=False))


@lru_cache(8192)
def shared(text: str) -> Safe:
    """The same, kept once: for names and words that thousands of objects have in common."""
    return safe(text)


def safe_block(text: object, limit: int = 1_048_576) -> Safe:
    """Outside text of several lines made harmless; line feeds stay."""
    return Safe(_clean(str(text).replace("\r\n", "\n"), limit, keep_newline=True))


def _clean(text: str, limit: int, *, keep_newline: bool) -> str:
    cut = len(text) > limit
    text = text[:limit]
    if not text.isprintable():
        # Not printable means: of a forbidden category, or a space other than " ". Few characters are looked at.
        text = _SUSPECT.sub(_shown_but_newline if keep_newline else _shown, text)
    return text + ("…" if cut else "")


def _shown(found: re.Match[str]) -> str:
    char = found[0]
    known = _KNOWN.get(char)
    if known is None:
        known = _mark(char) if unicodedata.category(char) in _FORBIDDEN else char
    return known


def _shown_but_newline(found: re.Match[str]) -> str:
    return "\n" if found[0] == "\n" else _shown(found)


_SUSPECT = re.compile(r"[^ -~]")
_KNOWN = {chr(code): _mark(chr(code)) for code in (*range(0x20), 0x7F)} | {"\n": "⏎", "\t": _TAB}
