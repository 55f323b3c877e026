"""The one gate through which text from outside enters saxtui.

An allow-list: printable characters pass, everything else becomes a visible mark. Textual's own widgets pass OSC, CSI,
DCS and C1 sequences through to the terminal, so this runs at the network edge.
"""

from __future__ import annotations

import unicodedata
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
    return Safe(_clean(str(text), limit, keep_newline=False))


def safe_block(text: object, limit: int = 1_048_576) -> Safe:
    """Outside text of several lines made harmless; line feeds stay."""
    return Safe(_clean(str(text).replace("\r\n", "\n"), limit, keep_newline=True))


def _clean(text: str, limit: int, *, keep_newline: bool) -> str:
    cut = len(text) > limit
    text = text[:limit]
    if not text.isascii() or not text.isprintable():
        out: list[str] = []
        for char in text:
            if char == "\n":
                out.append("\n" if keep_newline else "⏎")
            elif char == "\t":
                out.append(_TAB)
            elif unicodedata.category(char) in _FORBIDDEN:
                out.append(_mark(char))
            else:
                out.append(char)
        text = "".join(out)
    return text + ("…" if cut else "")
