"""Cuts a byte stream into lines, with a limit on how long one may grow."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST_LOG_LINE = 65_536


class Splitter:
    """Feed chunks, get whole lines without their line feed; `rest` is what came after the last one.

    With a `limit`, a longer line comes out in pieces of that size, so that an endless line cannot fill the memory.
    """

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines this chunk completes."""
        *whole, tail = chunk.split(b"\n")
        for piece in whole:
            yield from self._cut(self._take() + piece)
        self._parts.append(tail)
        self._size += len(tail)
        if self._limit and self._size > self._limit:
            *pieces, rest = self._cut(self._take())
            yield from pieces
            self._parts, self._size = [rest], len(rest)

    def take(self, chunk: bytes) -> list[bytes]:
        """The same as `feed`, at once; much quicker for chunks of many lines."""
        end = chunk.rfind(b"\n")
        if end < 0 or (self._limit and self._size + len(chunk) > self._limit and self._long(chunk)):
            return list(self.feed(chunk))
        whole = (self._take() + chunk[:end]).split(b"\n")
        self._parts, self._size = [chunk[end + 1 :]], len(chunk) - end - 1
        return whole

    def _long(self, chunk: bytes) -> bool:
        """Whether a line of the chunk, or the one that ends or begins in it, needs cutting."""
        at, room = 0, self._limit - self._size
        while len(chunk) - at > room:
            # The last line feed within reach: what is before it is in lines that are short enough.
            end = chunk.rfind(b"\n", at, at + room + 1)
            if end < 0:
                return True
            at, room = end + 1, self._limit
        return False

    def rest(self) -> bytes:
        """What came after the last line feed; leaves nothing behind."""
        return self._take()

    def _take(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts, self._size = [], 0
        return whole

    def _cut(self, line: bytes) -> Iterator[bytes]:
        if not self._limit or len(line) <= self._limit:
            yield line
            return
        for start in range(0, len(line), self._limit):
            yield line[start : start + self._limit]
