"""Cutting bytes into lines: whatever the chunks, the same lines; and no line without end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from saxtui.adapters.kubernetes.lines import Splitter


@given(st.lists(st.binary(max_size=20).map(lambda raw: raw.replace(b"\r", b"\n")), max_size=20))
def test_any_chunking_gives_the_same_lines(chunks: list[bytes]) -> None:
    splitter = Splitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    assert [*lines, splitter.rest()] == b"".join(chunks).split(b"\n")


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=20), st.integers(min_value=1, max_value=9))
def test_limit_keeps_every_byte_and_bounds_every_piece(chunks: list[bytes], limit: int) -> None:
    splitter = Splitter(limit)
    pieces = [line for chunk in chunks for line in splitter.feed(chunk)]
    rest = splitter.rest()
    assert all(len(piece) <= limit for piece in (*pieces, rest))
    assert b"".join((*pieces, rest)) == b"".join(chunks).replace(b"\n", b"")


@given(st.lists(st.text("ab\n", max_size=40).map(str.encode), max_size=12), st.integers(min_value=1, max_value=9))
def test_taken_at_once_they_are_the_same(chunks: list[bytes], limit: int) -> None:
    one_by_one, at_once = Splitter(limit), Splitter(limit)
    for chunk in chunks:
        assert at_once.take(chunk) == list(one_by_one.feed(chunk))
    assert at_once.rest() == one_by_one.rest()
