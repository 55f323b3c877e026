"""The bounded ring, and the rows made from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.console.log_buffer import LogBuffer
from saxtui.console.log_level import ERROR, GAP, PLAIN, WARNING, level
from saxtui.console.log_rows import LogRows, chop, matches, spans
from saxtui.model.cluster import LogLine


def line(text: str, *, gap: bool = False) -> LogLine:
    return LogLine("p", 1.0, text, 0, 0, gap)


@given(st.integers(1, 7), st.lists(st.integers(0, 9), max_size=40), st.integers(0, 40))
def test_the_ring_keeps_the_newest_and_counts_the_rest(capacity: int, numbers: list[int], clear_at: int) -> None:
    buffer, kept, dropped = LogBuffer(capacity), [], 0
    for index, number in enumerate(numbers):
        if index == clear_at:
            buffer.clear()
            kept, dropped = [], 0
        buffer.append(line(str(number)))
        kept.append(str(number))
        if len(kept) > capacity:
            kept.pop(0)
            dropped += 1
    assert [found.text for _, found in buffer.lines()] == kept
    assert (len(buffer), buffer.dropped) == (len(kept), dropped)
    assert [number for number, _ in buffer.lines()] == list(range(buffer.first, buffer.end))


def test_a_number_that_left_is_refused() -> None:
    buffer = LogBuffer(2)
    buffer.extend(line(text) for text in "abc")
    assert buffer[1].text == "b"
    with pytest.raises(IndexError, match="line 0 is not kept"):
        buffer[0]


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one line"):
        LogBuffer(0)


@given(st.lists(st.text("ab ", max_size=9), max_size=30), st.integers(1, 6), st.integers(1, 12), st.sampled_from("a b"))
def test_rows_kept_up_equal_rows_laid_out_anew(texts: list[str], width: int, capacity: int, needle: str) -> None:
    buffer = LogBuffer(capacity)
    rows = LogRows(buffer, needle=needle.strip(), width=width)
    height = 0
    for text in texts:
        before = len(rows)
        buffer.append(line(text))
        gone = rows.update()
        assert 0 <= gone <= before
        height = len(rows)
    assert list(rows) == list(LogRows(buffer, needle=needle.strip(), width=width))
    assert height == len(rows)


def test_a_gap_is_never_filtered_away() -> None:
    buffer = LogBuffer()
    buffer.extend([line("load"), line("stream broke", gap=True), line("other")])
    rows = LogRows(buffer, needle="load")
    assert [buffer[row.number].text for row in rows] == ["load", "stream broke"]
    assert rows.lines == 2


def test_search_goes_round_both_ways() -> None:
    buffer = LogBuffer()
    buffer.extend(line(text) for text in ("x1", "a", "x2", "b", "x3"))
    rows = LogRows(buffer)
    assert [rows.find("x", start) for start in (0, 2, 4)] == [2, 4, 0]
    assert [rows.find("x", start, backwards=True) for start in (4, 2, 0)] == [2, 0, 4]
    assert rows.find("y", 0) is None
    assert rows.count("x") == 3


def test_capitals_in_the_needle_mind_case() -> None:
    assert matches("JAX Process", "jax")
    assert matches("JAX Process", "JAX")
    assert not matches("jax process", "JAX")
    assert spans("aXbxa", "x") == [(1, 2), (3, 4)]
    assert spans("aXbxa", "X") == [(1, 2)]
    assert spans("abc", "") == []


def test_chop_minds_wide_characters() -> None:
    assert chop("abcdef", 4) == ["abcd", "ef"]
    assert chop("日本語", 4) == ["日本", "語"]
    assert chop("", 4) == [""]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("I0905 22:09:56.715947 1 a.py:1] fine", PLAIN),
        ("W0905 22:09:56.715947 1 a.py:1] hm", WARNING),
        ("E0905 22:09:56.715947 1 a.py:1] no", ERROR),
        ("F0905 22:09:56.715947 1 a.py:1] dead", ERROR),
        ("WARNING: all log messages before", WARNING),
        ("Traceback (most recent call last):", ERROR),
        ("Every error counts", PLAIN),
    ],
)
def test_level_is_read_from_the_prefix(text: str, sign: object) -> None:
    assert level(line(text)) is sign


def test_a_gap_is_its_own_level() -> None:
    assert level(line("E0905 22:09:56 x", gap=True)) is GAP
