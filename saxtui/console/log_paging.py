"""Where to go in folded lines, so that none of their rows is passed over, however tall a line is. Pure.

`laid` is the screen: (line's place, part of it) for each row. A position is (line's place, its rows above the screen);
`parts` tells how many rows the line at a place has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Laid = Sequence[tuple[int, int]]
Parts = Callable[[int], int]


def within(laid: Laid, line: int, parts: Parts, height: int, step: int) -> tuple[int, int] | None:
    """`step` rows on within a line taller than the screen; None at its end, and where all of it can be seen."""
    count = parts(line)
    shown = [part for at, part in laid if at == line]
    if count <= height or not shown or (shown[-1] >= count - 1 if step > 0 else shown[0] == 0):
        return None
    return line, (min(max(0, shown[0] + step), count - height) if laid[0][0] == line else 0)


def into(line: int, lines: int, parts: Parts, height: int, step: int) -> tuple[int, int] | None:
    """Into a line taller than the screen, at its near end; None where the cursor can simply go there."""
    hidden = parts(line) - height if 0 <= line < lines else 0
    if hidden <= 0 or (step > 0 and line < lines - 1):
        return None
    return line, (hidden if step < 0 else 0)


def page(laid: Laid, lines: int, parts: Parts, height: int, pages: int) -> tuple[int, int] | None:
    """A screen on: what was last, unless all of it was seen, comes to the top; backwards likewise. None: at the end."""
    line, part = laid[-1] if pages > 0 else laid[0]
    if pages > 0:
        count = parts(line)
        if part < count - 1:
            return line, (min(part, count - height) if laid[0][0] == line else 0)
        return (line + 1, 0) if line < lines - 1 else None
    if part or not line:
        return line, max(0, part - height + 1)
    line, filled = line - 1, parts(line - 1)
    while line and filled + parts(line - 1) <= height:
        line, filled = line - 1, filled + parts(line - 1)
    return line, max(0, filled - height)
