"""Bytes of a log endpoint to lines, in bulk: what holds for a whole chunk is asked once, and a line that is anything
but plain is looked at by itself. How the bytes were cut into chunks makes no difference to the lines.
"""

from __future__ import annotations

from datetime import UTC, datetime

from saxtui.adapters.kubernetes.lines import LONGEST_LOG_LINE, Splitter
from saxtui.model.log_batch import LogLines
from saxtui.model.text import safe

_PLAIN = bytes(range(0x20, 0x7F))
_STAMP_BYTES = b"0123456789-:.T"
_STAMP_LENGTHS = frozenset({19, *range(21, 30)})
"""A second, and one to nine digits of it."""


class LogDecoder:
    """Feed it the chunks of an answer with timestamps=true. A line without a stamp gets that of the line before."""

    def __init__(self) -> None:
        self._splitter = Splitter(LONGEST_LOG_LINE)
        self._stamp = b""

    def feed(self, chunk: bytes) -> LogLines:
        """The lines this chunk completes."""
        return self._decode(self._splitter.take(chunk))

    def rest(self) -> LogLines:
        """The line that the end of the answer completes, if any."""
        rest = self._splitter.rest()
        return self._decode([rest] if rest else [])

    def _decode(self, lines: list[bytes]) -> LogLines:
        if not lines:
            return LogLines()
        parts = [line.partition(b"Z ") for line in lines]
        stamps = [part[0] for part in parts]
        if _all_stamps(stamps):
            texts = [part[2] for part in parts]
        else:
            stamps, texts = self._one_by_one(lines)
        self._stamp = stamps[-1]
        return LogLines(stamps, _cleaned(texts))

    def _one_by_one(self, lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        stamps, texts, last = [], [], self._stamp
        for line in lines:
            written, _, text = line.partition(b" ")
            found = _stamp(written)
            last = found or last
            stamps.append(last)
            texts.append(text if found else line)
        return stamps, texts


def _all_stamps(stamps: list[bytes]) -> bool:
    """Whether each is a stamp, told by the bytes of all: the kubelet's are, only the pieces of a long line are not."""
    every, count = b"".join(stamps), len(stamps)
    return (
        set(map(len, stamps)) <= _STAMP_LENGTHS
        and not every.translate(None, _STAMP_BYTES)
        and (every.count(b"T"), every.count(b"-"), every.count(b":")) == (count, 2 * count, 2 * count)
    )


def _stamp(written: bytes) -> bytes:
    """A timestamp as a stamp, of other zones too; b"" for what is none."""
    if not written[:1].isdigit() or len(written) < 20:
        return b""
    try:
        at = datetime.fromisoformat(written.decode("ascii"))
    except ValueError:
        return b""
    if written.endswith(b"Z"):
        return written[:-1]
    if at.tzinfo is None:
        return b""
    _, point, fraction = written[:-6].partition(b".")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S").encode() + point + fraction


def _cleaned(texts: list[bytes]) -> list[bytes]:
    """Every text as `model.text.safe` makes it; the plain ones, nearly all, are passed by in one look."""
    every = b"".join(texts)
    if not every.translate(None, _PLAIN):
        return texts
    if not every.isascii():
        try:
            if every.decode().isprintable():
                return texts
        except UnicodeDecodeError:
            pass
    return [_shown(text) if text.translate(None, _PLAIN) else text for text in texts]


def _shown(text: bytes) -> bytes:
    """A progress bar redraws its line with carriage returns: its last state is what counts."""
    last = text.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]
    return last.encode() if last.isprintable() else safe(last, LONGEST_LOG_LINE).encode("utf-8", "replace")
