"""Which rows a log pane shows: the ring's lines after the filter, folded to the width when wrapping. No widget here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

from saxtui.console.log_buffer import LogBuffer
from saxtui.console.log_level import message
from saxtui.model.cluster import LogLine


class Row(NamedTuple):
    """One screen row: the line's number in the ring, and which part of the folded line (0 = its beginning)."""

    number: int
    part: int


def matches(text: str, needle: str) -> bool:
    """Whether `needle` occurs in `text`; capitals in the needle make the search mind case."""
    if needle.lower() == needle:
        return needle in text.lower()
    return needle in text


def spans(text: str, needle: str) -> list[tuple[int, int]]:
    """Where `needle` stands in `text`, as (start, end), under the same rule of case as `matches`."""
    if not needle:
        return []
    haystack = text.lower() if needle.lower() == needle else text
    if len(haystack) != len(text):
        haystack = text
    found, at = [], haystack.find(needle)
    while at >= 0:
        found.append((at, at + len(needle)))
        at = haystack.find(needle, at + len(needle))
    return found


def chop(text: str, width: int) -> list[str]:
    """`text` cut into parts of at most `width` cells; at least one part."""
    if width < 1 or len(text) * 2 <= width or (text.isascii() and len(text) <= width):
        return [text]
    if text.isascii():
        return [text[start : start + width] for start in range(0, len(text), width)]
    return chop_cells(text, width) or [text]


class LogRows:
    """The rows for one ring, kept as lines come and go. `width` is that of the text column; 0 = never fold.

    `brief` leaves out the lines' own prefixes, on screen and for filter and search.
    `seen` is the number of the first line not yet taken in; `widest` the widest text so far, in cells.
    """

    def __init__(self, buffer: LogBuffer, *, needle: str = "", width: int = 0, brief: bool = False) -> None:
        self.buffer = buffer
        self.brief = brief
        self.needle = needle
        self.width = width
        self.widest = 0
        self._rows: list[Row] = []
        self.seen = buffer.first
        self.update()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @property
    def lines(self) -> int:
        """How many lines are shown."""
        return sum(1 for row in self._rows if row.part == 0)

    def text(self, line: LogLine) -> str:
        """What is shown of the line."""
        return message(line.text) if self.brief else line.text

    def shows(self, line: LogLine) -> bool:
        """Whether the filter lets the line through; a gap in the stream is never hidden."""
        return not self.needle or line.gap or matches(self.text(line), self.needle)

    def update(self) -> int:
        """Take in what changed in the ring since the last call; returns how many rows left at the top."""
        gone = bisect_left(self._rows, Row(self.buffer.first, 0))
        del self._rows[:gone]
        for number, line in self.buffer.lines(self.seen):
            if not self.shows(line):
                continue
            text = self.text(line)
            width = cell_len(text)
            self.widest = max(self.widest, width)
            parts = 1 if not self.width or width <= self.width else len(chop(text, self.width))
            self._rows.extend(Row(number, part) for part in range(parts))
        self.seen = self.buffer.end
        return gone

    def index_of(self, number: int) -> int:
        """The row where that line begins, or where it would stand; `len(self)` when it is beyond the end."""
        return bisect_left(self._rows, Row(number, 0))

    def find(self, needle: str, start: int, *, backwards: bool = False) -> int | None:
        """The number of the nearest shown line holding `needle` after line `start` (or before), going round once."""
        numbers = [row.number for row in self._rows if row.part == 0]
        cut = bisect_left(numbers, start if backwards else start + 1)
        order = numbers[:cut][::-1] + numbers[cut:][::-1] if backwards else numbers[cut:] + numbers[:cut]
        for number in order:
            if matches(self.text(self.buffer[number]), needle):
                return number
        return None

    def count(self, needle: str) -> int:
        """How many shown lines hold `needle`."""
        return sum(1 for row in self._rows if row.part == 0 and matches(self.text(self.buffer[row.number]), needle))
