"""A bounded ring of log lines. Volume stays out of the Store: a pane owns its ring, and the ring counts what left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from saxtui.model.cluster import LogLine

CAPACITY = 20_000


class LogBuffer:
    """Keeps the newest `capacity` lines, under numbers that never repeat: from `first` up to, not with, `end`."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"a log buffer needs room for at least one line, not {capacity}")
        self.capacity = capacity
        self._ring: list[LogLine] = []
        self._start = 0
        self.end = 0

    @property
    def first(self) -> int:
        """The number of the oldest line kept."""
        return max(self._start, self.end - self.capacity)

    @property
    def dropped(self) -> int:
        """How many lines left the ring because newer ones needed the room."""
        return self.first - self._start

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, number: int) -> LogLine:
        if not self.first <= number < self.end:
            raise IndexError(f"line {number} is not kept (kept: {self.first} to {self.end - 1})")
        return self._ring[(number - self._start) % self.capacity]

    def append(self, line: LogLine) -> None:
        """Add the newest line; the oldest leaves when the ring is full."""
        place = (self.end - self._start) % self.capacity
        if place == len(self._ring):
            self._ring.append(line)
        else:
            self._ring[place] = line
        self.end += 1

    def extend(self, lines: Iterable[LogLine]) -> None:
        """Add lines in order."""
        for line in lines:
            self.append(line)

    def lines(self, start: int | None = None) -> Iterator[tuple[int, LogLine]]:
        """(number, line) from `start`, or from the oldest kept."""
        for number in range(max(self.first, start or 0), self.end):
            yield number, self[number]

    def clear(self) -> None:
        """Forget all lines and the count of lost ones; numbers go on."""
        self._ring.clear()
        self._start = self.end
