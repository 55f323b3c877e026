"""A Markdown text in pieces that can be drawn one by one: what makes a growing or very long reply cheap. Pure.

Only the piece at the end of a growing text ever changes; all before it are settled. A piece ends at an empty line
outside fences and lists, or where it would grow beyond LONGEST: so drawing one is always a matter of milliseconds.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass

LONGEST = 2_000
"""Characters of one piece."""
_LONGEST_TABLE = 8_000
_CODE_LINES = 60
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([^`]*)$")
_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])(\s|$)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A settled part. `glued`: no empty line stands before it. `code`: what is fenced, without the fences.

    `opens`: the first piece of a fence, which carries the language.
    """

    text: str
    code: bool = False
    language: str = ""
    glued: bool = False
    opens: bool = False


class Splitter:
    """Feed it text as it comes: `pieces` only ever grows, and `tail` is what is not settled yet.

    How the text was cut when it was fed makes no difference.
    """

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._rest = ""
        self._lines: list[str] = []
        self._size = 0
        self._fence = ""
        self._language = ""
        self._opens = False
        self._blank = False
        self._glued = True

    def feed(self, text: str) -> None:
        """Take more of the text in."""
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            self._line(line)
        while len(self._rest) > LONGEST:
            part, self._rest = _cut(self._rest)
            self._part(part)

    def finish(self) -> list[Piece]:
        """The text is at its end; all pieces."""
        if self._rest:
            self._line(self._rest)
            self._rest = ""
        self._flush()
        return self.pieces

    @property
    def tail(self) -> list[Piece]:
        """What would follow `pieces` if the text ended here: one piece, or two where the last line begins another."""
        ended = copy(self)
        ended.pieces, ended._lines = [], list(self._lines)
        return ended.finish()

    def _line(self, line: str) -> None:
        while len(line) > LONGEST:
            part, line = _cut(line)
            self._part(part)
        if self._fence:
            self._code(line)
        elif not line.strip():
            self._blank = True
        else:
            self._text(line)

    def _part(self, part: str) -> None:
        """The beginning of a line that is too long: a piece by itself; what follows it is glued."""
        if self._fence:
            self._code(part)
            return
        self._text(part)
        self._flush()

    def _code(self, line: str) -> None:
        if self._closes(line):
            self._flush()
            self._fence = ""
            return
        if self._lines and (len(self._lines) >= _CODE_LINES or self._size + len(line) > LONGEST):
            self._flush()
        self._lines.append(line)
        self._size += len(line) + 1

    def _text(self, line: str) -> None:
        if self._blank and self._lines and not self._goes_on(line):
            self._flush()
        if self._blank:
            if self._lines:
                self._lines.append("")
                self._size += 1
            else:
                self._glued = False
            self._blank = False
        opening = _FENCE.match(line)
        if opening and not (self._lines and self._in_list and line[:1] == " "):
            if self._lines:
                self._flush()
            self._fence, self._language, self._opens = opening[1], opening[2].split(" ")[0].strip(), True
            return
        most = _LONGEST_TABLE if line.startswith("|") else LONGEST
        if self._lines and self._size + len(line) > most:
            self._flush()
        self._lines.append(line)
        self._size += len(line) + 1

    @property
    def _in_list(self) -> bool:
        return bool(self._lines) and _ITEM.match(self._lines[0]) is not None

    def _goes_on(self, line: str) -> bool:
        """Whether a line after an empty one still belongs to the list item before."""
        return self._in_list and line.startswith("  ") and self._size + len(line) <= LONGEST

    def _closes(self, line: str) -> bool:
        stripped = line.strip()
        return len(stripped) >= len(self._fence) and not stripped.strip(self._fence[0]) and line[:4] != "    "

    def _piece(self, lines: list[str], glued: bool) -> Piece:
        text = "\n".join(lines)
        return Piece(text, bool(self._fence), self._language if self._fence else "", glued, self._opens)

    def _flush(self) -> None:
        if self._lines or (self._fence and self._opens):
            self.pieces.append(self._piece(self._lines, self._glued))
        self._lines, self._size, self._glued, self._opens = [], 0, True, False


def split(text: str) -> list[Piece]:
    """All pieces of a text that is whole."""
    splitter = Splitter()
    splitter.feed(text)
    return splitter.finish()


def _cut(line: str) -> tuple[str, str]:
    """A line that is too long, cut at its last space or in the middle of a word."""
    space = line.rfind(" ", LONGEST // 2, LONGEST)
    return (line[:space], line[space + 1 :]) if space > 0 else (line[:LONGEST], line[LONGEST:])
