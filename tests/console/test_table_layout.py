"""Columns give way in the order they declare, and a line is exactly as wide as asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from saxtui.console.widgets.table_layout import GAP, Cell, Column, Row, beheaded, fit, fitted

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


@given(st.text(max_size=30), st.integers(0, 40))
def test_a_text_that_gives_way_at_its_beginning_keeps_its_end(text: str, width: int) -> None:
    cut = beheaded(text, width)
    assert cell_len(cut) <= width or cut == text
    assert cut == text or text.endswith(cut.removeprefix("…"))
    assert cut == text or width == 0 or cell_len(cut) >= width - 1, "no more is cut than has to be"


def test_the_end_of_a_name_tells_it_from_the_others() -> None:
    assert beheaded("sax-model-server-1-5-abcde", 12) == "…r-1-5-abcde"
    assert beheaded("abcde", 5) == "abcde" and beheaded("abcde", 1) == "…" and beheaded("abcde", 0) == ""
