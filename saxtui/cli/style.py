"""How text looks on this stream: colour, glyphs, and the guard against what must not reach a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from saxtui.model.text import safe_block
from saxtui.present.words import Sign

Piece = str | tuple[str, str]
"""Text, or text with a colour role of present/words.py."""

_SGR = {"ok": "32", "busy": "36", "wait": "2", "warn": "33", "bad": "31", "doubt": "35", "dim": "2", "head": "1"}
_PLAIN = str.maketrans(
    {
        "·": "-",
        "…": "...",
        "─": "-",
        "═": "=",
        "×": "x",
        "★": "*",
        "→": "->",
        "←": "<-",
        "≤": "<=",
        "≥": ">=",
        "±": "+-",
    }
)


@dataclass(frozen=True, slots=True)
class Style:
    """`colour`: SGR sequences are welcome. `unicode`: the stream's encoding carries every glyph."""

    colour: bool = False
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str]) -> Style:
        """What this stream takes. NO_COLOR ends colour; TERM=dumb and encodings other than UTF-8 end glyphs."""
        dumb = environ.get("TERM", "") == "dumb"
        encoding = (getattr(stream, "encoding", "") or "").lower().replace("_", "-")
        colour = stream.isatty() and not dumb and not environ.get("NO_COLOR")
        return cls(colour=colour, unicode=encoding in {"utf-8", "utf8"} and not dumb)

    def sign(self, sign: Sign, *, word: bool = True) -> Piece:
        """A state's glyph, with its word unless told otherwise."""
        glyph = sign.glyph if self.unicode else sign.ascii
        return (f"{glyph} {sign.word}" if word else glyph, sign.role)

    def text(self, piece: Piece) -> str:
        """The piece without colour, harmless, in characters this stream can show."""
        raw = str(safe_block(piece if isinstance(piece, str) else piece[0]))
        if self.unicode:
            return raw
        return raw.translate(_PLAIN).encode("ascii", "replace").decode("ascii")

    def line(self, pieces: Sequence[Piece]) -> str:
        """The pieces after one another, coloured where that is welcome."""
        return "".join(self._coloured(piece) for piece in pieces)

    def _coloured(self, piece: Piece) -> str:
        text = self.text(piece)
        code = _SGR.get(piece[1], "") if isinstance(piece, tuple) else ""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    def columns(self, rows: Sequence[Sequence[Piece]]) -> list[list[Piece]]:
        """The rows as lines of pieces, every column but the last padded to its widest cell."""
        widths: list[int] = []
        for row in rows:
            for index, cell in enumerate(row):
                width = cells(self.text(cell))
                if index == len(widths):
                    widths.append(width)
                widths[index] = max(widths[index], width)
        return [self._padded(row, widths) for row in rows]

    def _padded(self, row: Sequence[Piece], widths: Sequence[int]) -> list[Piece]:
        line: list[Piece] = []
        last = max((index for index, cell in enumerate(row) if self.text(cell)), default=-1)
        for index, cell in enumerate(row[: last + 1]):
            line.append(cell)
            if index < last:
                line.append(" " * (widths[index] - cells(self.text(cell)) + 2))
        return line


def cells(text: str) -> int:
    """Terminal cells the text takes: two for East Asian wide characters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
