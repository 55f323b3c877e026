"""A log line's pieces, cut to what a window over them shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from saxtui.console.log_paint import Piece, cells, window

WORDS = st.text(st.sampled_from("ab 日本é"), max_size=8)
PIECES = st.lists(st.tuples(WORDS, st.sampled_from(["role--plain", "log-view--match"])), max_size=5)


def as_strip(pieces: list[Piece]) -> Strip:
    return Strip(Segment(text, Style(meta={"name": name})) for text, name in pieces if text)


@given(pieces=PIECES, start=st.integers(0, 30), room=st.integers(-2, 30))
def test_a_window_shows_what_textual_would_crop(pieces: list[Piece], start: int, room: int) -> None:
    """A wide character that the edge cuts in two leaves a blank, so that nothing right of it moves."""
    shown = as_strip(window(pieces, start, room)).simplify()
    cropped = as_strip(pieces).crop(start, max(start, start + room)).simplify()
    assert [(part.text, part.style) for part in shown] == [(part.text, part.style) for part in cropped if part.text]


@given(pieces=PIECES)
def test_the_width_is_that_of_the_terminal(pieces: list[Piece]) -> None:
    assert cells(pieces) == as_strip(pieces).cell_length
