"""Folding styled text into lines of a given width. Pure; a plain 1 MB text folds in well under 100 ms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len, chop_cells

Span = tuple[str, str]
"""Text and the names of its styles, separated by spaces ("" = none)."""
Line = tuple[Span, ...]

_WIDE = 0x2E80
"""From here on lie scripts that may be broken between any two characters (Chinese, Japanese, Korean)."""


def fold(text: str, width: int) -> list[str]:
    """`text` folded at spaces into lines of at most `width` cells; longer words are cut."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += [paragraph[start:end] for start, end in _breaks(paragraph, max(1, width))]
    return lines


def fold_spans(spans: Sequence[Span], width: int) -> list[Line]:
    """The same for styled text; a line feed in it begins a new line."""
    lines: list[Line] = []
    for paragraph in _paragraphs(spans):
        text = "".join(part for part, _ in paragraph)
        lines += [_cut(paragraph, start, end) for start, end in _breaks(text, max(1, width))]
    return lines


def width_of(line: Iterable[Span]) -> int:
    """Cells a line takes."""
    return sum(len(text) if text.isascii() else cell_len(text) for text, _ in line)


def _breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where the lines of one paragraph begin and end; the space a line is broken at belongs to none."""
    start, size, plain = 0, len(text), text.isascii()
    while True:
        end = min(size, start + width) if plain else start + _fits(text[start : start + 2 * width], width)
        if end >= size:
            yield start, size
            return
        if not plain and ord(text[end]) >= _WIDE:
            yield start, end
            start = end
            continue
        space = text.rfind(" ", start, end + 1)
        if space > start:
            yield start, space
            start = space + 1
        else:
            yield start, end
            start = end


def _fits(text: str, width: int) -> int:
    """How many of the first characters fit, at least one."""
    if cell_len(text) <= width:
        return len(text)
    return max(1, len(chop_cells(text, width)[0]))


def _paragraphs(spans: Sequence[Span]) -> Iterator[list[Span]]:
    current: list[Span] = []
    for text, style in spans:
        first, *others = text.split("\n")
        current.append((first, style))
        for other in others:
            yield current
            current = [(other, style)]
    yield current


def _cut(spans: Sequence[Span], start: int, end: int) -> Line:
    if len(spans) == 1:
        return ((spans[0][0][start:end], spans[0][1]),)
    kept, at = [], 0
    for text, style in spans:
        part = text[max(0, start - at) : max(0, end - at)]
        at += len(text)
        if part:
            kept.append((part, style))
        if at >= end:
            break
    return tuple(kept)
