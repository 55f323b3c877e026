"""The lines a pane holds: none lost, none repeated, bounded, counted; and what is found in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.console import log_store
from saxtui.console.log_find import Hits, Hunt
from saxtui.console.log_level import ERROR, GAP, LOUD, PLAIN, WARNING, level
from saxtui.console.log_rows import AllRows
from saxtui.console.log_save import write_lines
from saxtui.console.log_store import LogStore
from saxtui.model.cluster import LogLine
from saxtui.model.log_batch import LogBatch, LogSource, stamp_of
from saxtui.present.log_pattern import LogPattern, lowered


def line(text: str, *, gap: bool = False, at: float = 1.0, host: int = 0) -> LogLine:
    return LogLine("p", at, text, 0, host, gap)


def batch(*texts: str, start: float = 1.0) -> LogBatch:
    return LogBatch.of(line(text, at=start + number, host=number % 3) for number, text in enumerate(texts))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test meets the edges between blocks."""
    monkeypatch.setattr(log_store, "BLOCK", 4)


TEXTS = st.lists(st.text("abcAB x1é", max_size=8), max_size=12)


@given(st.integers(1, 15), st.lists(TEXTS, max_size=12), st.integers(0, 12))
def test_the_store_keeps_the_newest_in_order_and_counts_the_rest(
    capacity: int, batches: list[list[str]], clear_at: int
) -> None:
    store, kept, dropped, at = LogStore(capacity), [], 0, 0
    for index, texts in enumerate(batches):
        if index == clear_at:
            store.clear()
            kept, dropped = [], 0
        store.append(batch(*texts, start=1.0 + at))
        kept += [(text, 1.0 + at + number, number % 3) for number, text in enumerate(texts)]
        at += len(texts)
        dropped += max(0, len(kept) - capacity)
        kept = kept[-capacity:]
        assert [(found.text, found.at, found.host) for _, found in store.lines()] == kept
        assert (len(store), store.dropped) == (len(kept), dropped)
        assert [number for number, _ in store.lines()] == list(range(store.first, store.end))


def test_it_is_bounded_in_bytes_too() -> None:
    store = LogStore(1_000_000, most_bytes=2_000)
    for number in range(200):
        store.append(batch("x" * 100, start=1.0 + number))
    assert store.size <= 2_000
    assert store.end == 200 and store.dropped == 200 - len(store) > 0


def test_a_stream_that_is_asked_for_again_keeps_its_sources_apart() -> None:
    store = LogStore()
    for pod in ("one", "two"):
        sources = [LogSource(pod, 0, 0)]
        store.append(LogBatch(sources, [0], [b""], [b"first"]))
        sources.append(LogSource(pod, 0, 1))
        store.append(LogBatch(sources, [1, ~0], [b"", b""], [b"second", b"hole"]))
    found = [(row.pod, row.host, row.gap) for _, row in store.lines()]
    assert found == [(pod, host, gap) for pod in ("one", "two") for host, gap in ((0, False), (1, False), (0, True))]


def test_a_number_that_left_is_refused() -> None:
    store = LogStore(2)
    store.append(batch("a", "b", "c"))
    assert store[1].text == "b"
    with pytest.raises(IndexError, match="line 0 is not kept"):
        store[0]
    with pytest.raises(ValueError, match="at least one line"):
        LogStore(0)


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(0, 31), st.integers(1, 40))
def test_the_first_line_at_or_after_a_moment(moments: list[int], wanted: int, capacity: int) -> None:
    store = LogStore(capacity)
    for moment in sorted(moments):
        store.append(LogBatch.of([line("x", at=1.0 + moment)]))
    expected = [number for number, found in store.lines() if found.at >= 1.0 + wanted]
    assert store.at_or_after(stamp_of(1.0 + wanted)) == (expected[0] if expected else store.end)


PATTERNS = st.one_of(
    st.builds(LogPattern, st.text("abAB x1é", min_size=1, max_size=3), st.just(False), st.booleans(), st.booleans()),
    st.builds(
        LogPattern,
        st.sampled_from(
            ["a", "A+b?", r"\s", r"[^a]", r"^a", r"b$", r"\d|x", r"[A-B]x", r"(?:a|b)x", r"a(?!b)", r"\Aa", r"a*",
             r"x\Z", r"[a-x]1", r".\b", "é", r"\Wa", r"(?=b)", r"[]a]", r"[A-b]", r"\x41"],
        ),
        st.just(True), st.booleans(), st.booleans(),
    ),
)  # fmt: skip


def naive(pattern: LogPattern, text: str) -> bool:
    if pattern.regex:
        return bool(re.search(pattern.text, text, re.NOFLAG if pattern.case else re.I)) is not pattern.absent
    minds = pattern.case or pattern.text != pattern.text.lower()
    return (pattern.text in (text if minds else text.lower())) is not pattern.absent


@given(PATTERNS, st.lists(st.text("abcAB x1é", max_size=8), min_size=1, max_size=12))
def test_a_pattern_finds_what_a_plain_loop_finds(pattern: LogPattern, texts: list[str]) -> None:
    expected = [at for at, text in enumerate(texts) if naive(pattern, text)]
    assert pattern.among("\n".join(texts)) == expected
    assert [at for at, text in enumerate(texts) if pattern.matches(text)] == expected


def test_a_lowered_pattern_is_made_only_where_it_means_the_same() -> None:
    assert lowered(r"Step\D [A-Z]+") == r"step\D [a-z]+"
    assert lowered("[A-z]") is None
    assert lowered("é") is None
    assert LogPattern("(", regex=True).fault


@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=8), st.integers(1, 30), st.data())
def test_hits_kept_up_equal_hits_looked_for_anew(
    pattern: LogPattern, batches: list[list[str]], capacity: int, data: st.DataObject
) -> None:
    store = LogStore(capacity)
    hits = Hits(store, pattern, gaps=True)
    at = 1.0
    begun = data.draw(st.integers(0, len(batches)))
    for index, texts in enumerate(batches):
        if index == begun:
            hits = Hits(store, pattern, gaps=True)
        store.append(batch(*texts, start=at))
        if data.draw(st.booleans()):
            store.append(LogBatch.of([line("a hole", gap=True, at=at)]))
        at += len(texts) + 1
        for _ in range(data.draw(st.integers(0, 3))):
            hits.step(0.0)
    while not hits.done:
        hits.step(0.0)
    expected = [n for n, found in store.lines() if found.gap or naive(pattern, found.text)]
    assert [hits.number(index) for index in range(len(hits))] == expected
    for number in range(store.first, store.end + 1):
        assert hits.index(number) == sum(1 for hit in expected if hit < number)


@given(PATTERNS, TEXTS.filter(bool), st.integers(0, 14), st.booleans())
def test_a_hunt_goes_round_once(pattern: LogPattern, texts: list[str], start: int, backwards: bool) -> None:
    store = LogStore()
    store.append(batch(*texts))
    hunt = Hunt(store, pattern, start, backwards=backwards)
    while not hunt.over:
        hunt.step(0.0)
    numbers = [number for number, text in enumerate(texts) if naive(pattern, text)]
    if backwards:
        order = [n for n in reversed(numbers) if n < start] + [n for n in reversed(numbers) if n >= start]
    else:
        order = [n for n in numbers if n > start] + [n for n in numbers if n <= start]
    assert hunt.found == (order[0] if order else None)


def test_the_newest_hits_are_there_before_the_rest_is_counted() -> None:
    store = LogStore()
    store.append(batch(*(f"step {number}" for number in range(400))))
    hits = Hits(store, LogPattern("step"))
    hits.step(60.0, enough=3)
    assert 3 <= len(hits) < 400 and not hits.done
    assert hits.number(len(hits) - 1) == 399


def test_all_rows_follow_the_store() -> None:
    store = LogStore(10)
    rows = AllRows(store)
    store.append(batch(*"abcdefgh"))
    rows.step(1.0)
    assert (len(rows), rows.number(0), rows.index(5)) == (8, 0, 5)
    store.append(batch(*"abcdefgh"))
    rows.step(1.0)
    assert rows.forget() == 6
    assert (len(rows), rows.number(0), rows.index(7)) == (10, 6, 1)


def test_what_is_saved_is_what_is_held(tmp_path: Path) -> None:
    store = LogStore(6)
    store.append(batch(*(f"line {number}" for number in range(9)), start=1_700_000_000.0))
    store.append(LogBatch.of([line("a hole", gap=True, at=1_700_000_009.0)]))
    path = tmp_path / "saved.log"
    assert write_lines(path, store.blocks(), store.sources, store.first) == 6
    saved = path.read_text().splitlines()
    assert saved[0] == "2023-11-14T22:13:24.000000Z 0-1 line 4"
    assert saved[-1] == "2023-11-14T22:13:29.000000Z 0-0 gap: a hole"
    assert len(saved) == 6
    with pytest.raises(FileExistsError):
        write_lines(path, store.blocks(), store.sources, store.first)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("I0905 22:09:56.715947 1 a.py:1] fine", PLAIN),
        ("W0905 22:09:56.715947 1 a.py:1] hm", WARNING),
        ("E0905 22:09:56.715947 1 a.py:1] no", ERROR),
        ("F0905 22:09:56.715947 1 a.py:1] dead", ERROR),
        ("I0905 22:09:56.715947 1 a.py:1] ERROR in a word", PLAIN),
        ("WARNING: all log messages before", WARNING),
        ("Traceback (most recent call last):", ERROR),
        ("2026 ERROR x", ERROR),
        ("Every error counts", PLAIN),
    ],
)
def test_level_is_read_from_the_prefix_and_hunted_for_by_the_same_rule(text: str, sign: object) -> None:
    assert level(line(text)) is sign
    assert LOUD.matches(text) is (sign is not PLAIN)
    assert LOUD.among(f"x\n{text}\ny") == ([1] if sign is not PLAIN else [])


def test_a_gap_is_its_own_level() -> None:
    assert level(line("E0905 22:09:56 x", gap=True)) is GAP
