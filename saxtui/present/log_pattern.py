"""What is searched in or asked of log lines: a text or a regular expression, the case minded or not, or its absence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class LogPattern:
    """One question to a line. `case`: minds it; without, capitals in a plain text make it mind them."""

    text: str = ""
    regex: bool = False
    case: bool = False
    absent: bool = False

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def fault(self) -> str:
        """Why this is no regular expression; "" when it is one, or none was asked for."""
        try:
            _ = self._search
        except re.error as error:
            return str(error)
        return ""

    @property
    def _minds_case(self) -> bool:
        return self.case or (not self.regex and self.text.lower() != self.text)

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(self.text if self.regex else re.escape(self.text), re.NOFLAG if self._minds_case else re.I)

    def matches(self, line: str) -> bool:
        """Whether the line is one that was asked for."""
        if not self.regex:
            return ((self.text in line) if self._minds_case else (self.text in line.lower())) is not self.absent
        return (self._search.search(line) is not None) is not self.absent

    def among(self, joined: str) -> list[int]:
        """Which of the lines, parted by line feeds, match: their indexes, rising."""
        if self.regex:
            quick = None if self.absent else self._quick
            if quick is not None and (self._minds_case or joined.isascii()):
                return self._found(joined, quick)
            return [at for at, line in enumerate(joined.split("\n")) if self.matches(line)]
        whole = joined if self._minds_case else joined.lower()
        if self.text not in whole and not self.absent:
            return []
        return [at for at, line in enumerate(whole.split("\n")) if (self.text in line) is not self.absent]

    @cached_property
    def _quick(self) -> re.Pattern[str] | None:
        """The same question put to many lines at once, and to lower case; None where that could miss one.

        What looks around itself may see the next line there. A match that runs over the end of its line is no harm: it
        only makes `_found` look at a line more.
        """
        if _LOOKS_AROUND.search(self.text):
            return None
        text: str | None = self.text if self._minds_case else lowered(self.text)
        return None if text is None else re.compile(text, re.M)

    def _found(self, joined: str, quick: re.Pattern[str]) -> list[int]:
        hay = joined if self._minds_case else joined.lower()
        found: list[int] = []
        line = position = 0
        while (hit := quick.search(hay, position)) is not None:
            line += hay.count("\n", position, hit.start())
            start, end = hay.rfind("\n", 0, hit.start()) + 1, hay.find("\n", hit.start())
            if quick.search(hay[start:] if end < 0 else hay[start:end]):
                found.append(line)
            if end < 0:
                break
            line, position = line + 1, end + 1
            if len(found) == _MANY:
                return found + [at for at, text in enumerate(hay.split("\n")[line:], line) if quick.search(text)]
        return found

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where it stands in the line, as (start, end); nowhere for an absence."""
        if not self.text or self.absent:
            return []
        return [found.span() for found in self._search.finditer(line) if found.end() > found.start()]

    def __str__(self) -> str:
        body = f"/{self.text}/" if self.regex else repr(self.text)
        return ("not " if self.absent else "") + body + (" Aa" if self.case else "")


_MANY = 256
"""Matches after which the rest of the lines is looked at one by one: most of them will match."""
_LOOKS_AROUND = re.compile(r"\(\?(?!:)|\\[AZzG1-9]|\\[xuUN0]|\[\^?\]")


def lowered(pattern: str) -> str | None:
    """A regular expression that finds in lower-case ASCII what this one finds without case; None: not sure."""
    if not pattern.isascii():
        return None
    made, at, within = "", 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            made += pattern[at : at + 2]
            at += 2
            continue
        if within and char == "-":
            edges = pattern[at - 1], pattern[at + 1 : at + 2]
            if not any(all(map(kind, edges)) for kind in (str.isdigit, str.islower, str.isupper)):
                return None
        within = char == "[" or (within and char != "]")
        made += char.lower()
        at += 1
    return made
