"""Columns give way in the order they declare, and a line is exactly as wide as asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from saxtui.console.widgets.table_layout import GAP, Cell, Column, Row, fit, fitted

COLUMNS = (Column("name"), Column("state", grow=True, least=10), Column("zone", drop=2), Column("since", drop=1))
ROWS = [Row("a", (Cell("spmd-175b"), Cell("serving"), Cell("us-west4-a"), Cell("13:20")))]


def test_the_highest_drop_goes_first() -> None:
    assert [index for index, _ in fit(COLUMNS, ROWS, 60)] == [0, 1, 2, 3]
    assert [index for index, _ in fit(COLUMNS, ROWS, 30)] == [0, 1, 3]
    assert [index for index, _ in fit(COLUMNS, ROWS, 21)] == [0, 1]


def test_growing_fills_the_line() -> None:
    widths = [width for _, width in fit(COLUMNS, ROWS, 90)]
    assert sum(widths) + GAP * (len(widths) - 1) == 90


@given(st.text(max_size=30), st.integers(1, 40), st.booleans())
def test_a_cell_is_exactly_as_wide_as_asked(text: str, width: int, right: bool) -> None:
    assert cell_len(fitted(text, width, right=right)) == width
