"""The lines a pane holds: a bounded store that keeps bytes, decodes what is looked at, and counts what left.

Lines have numbers that never repeat: from `first` up to, not with, `end`. They are kept in blocks, each one run of
bytes for its texts and one for its stamps: a line costs its text, its stamp and six bytes.
Volume stays out of the Store: a pane owns its lines.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from saxtui.model.cluster import LogLine
from saxtui.model.log_batch import LogBatch, LogSource, line_of

CAPACITY = 1_000_000
"""Lines."""
MOST_BYTES = 192 * 2**20
"""Of text and stamps together, whatever the number of lines."""
BLOCK = 4_096
_DECODED = 6
"""Blocks kept decoded: those around what is looked at."""


@dataclass(eq=False)
class Block:
    """A run of lines that changes no more. `gaps` are the numbers of gap marks."""

    start: int
    which: array[int]
    texts: bytes
    stamps: bytes
    gaps: tuple[int, ...]

    @property
    def end(self) -> int:
        """The number after its last line's."""
        return self.start + len(self.which)

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.texts) + len(self.stamps) + 4 * len(self.which)

    @property
    def joined(self) -> str:
        """All texts, parted by line feeds."""
        return self.texts.decode()


class _Decoded(Block):
    """A block with its lines apart."""

    @cached_property
    def lines(self) -> list[str]:
        return self.texts.decode().split("\n")

    @cached_property
    def times(self) -> list[bytes]:
        return self.stamps.split(b"\n")


class LogStore:
    """Keeps the newest lines: at most `capacity`, and at most `most_bytes` of them."""

    def __init__(self, capacity: int = CAPACITY, most_bytes: int = MOST_BYTES) -> None:
        if capacity < 1:
            raise ValueError(f"a log store needs room for at least one line, not {capacity}")
        self.capacity = capacity
        self.most_bytes = most_bytes
        self.sources: list[LogSource] = []
        self.end = 0
        self._start = 0
        self._blocks: list[Block] = []
        self._bytes = 0
        self._which: list[int] = []
        self._texts: list[bytes] = []
        self._stamps: list[bytes] = []
        self._decoded: dict[int, _Decoded] = {}
        self._stream: Sequence[LogSource] = ()
        self._base = 0

    # -- what is there
    @property
    def first(self) -> int:
        """The number of the oldest line kept."""
        held = self._blocks[0].start if self._blocks else self._open
        return max(held, self.end - self.capacity)

    @property
    def dropped(self) -> int:
        """How many lines left because newer ones needed the room."""
        return self.first - self._start

    @property
    def size(self) -> int:
        """Bytes held, of texts and stamps; the lines not yet in a block left out."""
        return self._bytes

    @property
    def _open(self) -> int:
        return self.end - len(self._which)

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, number: int) -> LogLine:
        block, at = self._at(number)
        return line_of(self.sources, block.which[at], block.times[at], block.lines[at])

    def source(self, number: int) -> LogSource:
        """Where the line comes from."""
        block, at = self._at(number)
        return self.sources[~block.which[at] if block.which[at] < 0 else block.which[at]]

    def stamp(self, number: int) -> bytes:
        """The line's stamp."""
        block, at = self._at(number)
        return block.times[at]

    def text(self, number: int) -> str:
        """The line's text."""
        block, at = self._at(number)
        return block.lines[at]

    def lines(self, start: int | None = None) -> Iterator[tuple[int, LogLine]]:
        """(number, line) from `start`, or from the oldest kept."""
        for number in range(max(self.first, start or 0), self.end):
            yield number, self[number]

    def block(self, number: int) -> Block:
        """The block that holds the line; of the lines not yet in one, a copy."""
        if not self.first <= number < self.end:
            raise IndexError(f"line {number} is not kept (kept: {self.first} to {self.end - 1})")
        if number >= self._open:
            return self._sealed()
        return self._blocks[bisect_right(self._blocks, number, key=lambda block: block.start) - 1]

    def blocks(self) -> list[Block]:
        """All lines as they are now, oldest first, some that count as dropped before them. Safe to read elsewhere."""
        return [*self._blocks, *([self._sealed()] if self._which else [])]

    def at_or_after(self, stamp: bytes) -> int:
        """The first line that is not earlier than `stamp`; `end` when all are."""
        first = bisect_left(self._blocks, stamp, key=lambda block: block.stamps[block.stamps.rfind(b"\n") + 1 :])
        for number in range(
            max(self.first, self._blocks[first].start if first < len(self._blocks) else self._open), self.end
        ):
            if self.stamp(number) >= stamp:
                return number
        return self.end

    # -- lines in
    def append(self, batch: LogBatch) -> None:
        """Add lines, the newest last; the oldest leave when there is no more room."""
        which = batch.which
        if batch.sources is not self._stream:
            self._stream, self._base = batch.sources, len(self.sources)
        self.sources += batch.sources[len(self.sources) - self._base :]
        if self._base:
            which = [at + self._base if at >= 0 else at - self._base for at in which]
        for start in range(0, len(which), BLOCK):
            self._which += which[start : start + BLOCK]
            self._texts += batch.texts[start : start + BLOCK]
            self._stamps += batch.stamps[start : start + BLOCK]
            self.end += len(which[start : start + BLOCK])
            if len(self._which) >= BLOCK:
                self._seal()

    def clear(self) -> None:
        """Forget all lines and the count of lost ones; numbers go on."""
        self._blocks.clear()
        self._decoded.clear()
        self._which, self._texts, self._stamps = [], [], []
        self._bytes, self._start = 0, self.end
        self.sources, self._stream, self._base = [], (), 0

    def _sealed(self) -> _Decoded:
        """The open lines as a block, made once for each number of them."""
        kept = self._decoded.get(-1)
        if kept is None or kept.start != self._open or kept.end != self.end:
            gaps = tuple(self._open + at for at, which in enumerate(self._which) if which < 0)
            kept = self._decoded[-1] = _Decoded(
                self._open, array("i", self._which), b"\n".join(self._texts), b"\n".join(self._stamps), gaps
            )
        return kept

    def _seal(self) -> None:
        made = self._sealed()
        block = Block(made.start, made.which, made.texts, made.stamps, made.gaps)
        self._blocks.append(block)
        self._bytes += block.size
        self._which, self._texts, self._stamps = [], [], []
        self._decoded.pop(-1, None)
        gone = 0
        while len(self._blocks) > gone + 1 and (
            self._blocks[gone].end <= self.end - self.capacity or self._bytes > self.most_bytes
        ):
            self._bytes -= self._blocks[gone].size
            self._decoded.pop(self._blocks[gone].start, None)
            gone += 1
        del self._blocks[:gone]

    def _at(self, number: int) -> tuple[_Decoded, int]:
        block = self.block(number)
        if not isinstance(block, _Decoded):
            kept = self._decoded.get(block.start)
            if kept is None:
                kept = _Decoded(block.start, block.which, block.texts, block.stamps, block.gaps)
                while len(self._decoded) >= _DECODED:
                    del self._decoded[next(iter(self._decoded))]
                self._decoded[block.start] = kept
            block = kept
        return block, number - block.start
