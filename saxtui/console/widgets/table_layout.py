"""Columns fitted into a width: who is dropped, who is cut. Pure; widgets/rows.py draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

Drawn = Callable[[int], Sequence[tuple[str, str]]]
"""Given a width in cells: pieces of (text, role) that fill at most that."""

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `width` 0 means as wide as its widest cell, at most `most`.

    Columns with `drop` > 0 go when there is no room, the highest first. One column may `grow` into what is left.
    """

    title: str | Drawn = ""
    width: int = 0
    most: int = 60
    least: int = 6
    right: bool = False
    grow: bool = False
    drop: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text in one role, or `draw` for one that depends on the column's width."""

    text: str = ""
    role: str = ""
    draw: Drawn | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `id` is what messages carry and what keeps the cursor in place when rows change."""

    id: str
    cells: tuple[Cell, ...]


def fit(columns: Sequence[Column], rows: Sequence[Row], room: int) -> tuple[tuple[int, int], ...]:
    """(column index, width) of the columns that stay, in order, for a line of `room` cells."""
    wanted = {index: _natural(column, index, rows) for index, column in enumerate(columns)}
    least = {index: columns[index].least if columns[index].grow else width for index, width in wanted.items()}
    kept = list(range(len(columns)))
    for index in sorted((i for i in kept if columns[i].drop), key=lambda i: -columns[i].drop):
        if _total(kept, least) <= room:
            break
        kept.remove(index)
    widths = {index: wanted[index] for index in kept}
    growing = next((index for index in kept if columns[index].grow), None)
    if growing is not None:
        others = _total(kept, widths) - widths[growing]
        widths[growing] = max(columns[growing].least, room - others)
    over = _total(kept, widths) - room
    for index in reversed(kept):
        cut = min(max(0, widths[index] - 4), max(0, over))
        widths[index] -= cut
        over -= cut
    return tuple((index, widths[index]) for index in kept)


def _natural(column: Column, index: int, rows: Sequence[Row]) -> int:
    if column.width:
        return column.width
    title = cell_len(column.title) if isinstance(column.title, str) else 0
    widest = max((cell_len(row.cells[index].text) for row in rows if index < len(row.cells)), default=0)
    return max(1, title, min(column.most, widest))


def _total(kept: Sequence[int], widths: dict[int, int]) -> int:
    return sum(widths[index] for index in kept) + GAP * max(0, len(kept) - 1)


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells, cut with an ellipsis when it is longer."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    return " " * (width - length) + text if right else text + " " * (width - length)


def beheaded(text: str, width: int) -> str:
    """The text in at most `width` cells, cut at its beginning with an ellipsis when it is longer."""
    if cell_len(text) <= width:
        return text
    kept = text
    while kept and cell_len(kept) > width - 1:
        kept = kept[1:]
    return f"…{kept}" if width > 0 else ""
