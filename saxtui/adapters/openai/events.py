"""Server-sent events out of a byte stream, as the HTML standard describes them, with a bounded line. Pure."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST = 1_048_576
"""Bytes of one event at most: a server that never ends its line must not fill the memory."""


class Events:
    """`feed` bytes as they come; yields the `data` of each event that is complete. Raises ValueError beyond LONGEST."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The events these bytes complete. Comments, ids and event names are of no use here."""
        self._rest += chunk
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            yield from self._line(line.rstrip(b"\r").decode("utf-8", "replace"))
        self._check(len(self._rest))

    def _line(self, line: str) -> Iterator[str]:
        if line.startswith("data:"):
            text = line[5:].removeprefix(" ")
            self._check(len(text))
            self._size += len(text)
            self._data.append(text)
        elif not line and self._data:
            found, self._data, self._size = "\n".join(self._data), [], 0
            yield found

    def _check(self, more: int) -> None:
        if self._size + more > LONGEST:
            raise ValueError("an event of the stream is too long")
