"""Replies as text: folded, split into pieces that stay settled, and drawn from Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from saxtui.console.chat_fold import Line, fold, fold_spans
from saxtui.console.chat_markdown import Look, estimate, markdown_lines, piece_lines
from saxtui.console.chat_split import LONGEST, Splitter, split

LOOK = Look(ascii_only=False)
PARTS = st.sampled_from(
    ["word ", "\n", "\n\n", "```py\n", "```\n", "- item ", "  more", "# top\n", "| a | b |\n", "|---|---|\n", "日本",
     "x" * 700, "1. ", "> ", "    "]
)  # fmt: skip


def text_of(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


@given(st.text("ab 日\n", max_size=60), st.integers(2, 20))
def test_folding_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = fold(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")


@given(
    st.lists(st.tuples(st.text("ab 日\n", max_size=20), st.sampled_from(["", "strong"])), max_size=5),
    st.integers(2, 20),
)
def test_styles_change_nothing_about_where_lines_end(spans: list[tuple[str, str]], width: int) -> None:
    folded = ["".join(text for text, _ in line) for line in fold_spans(spans, width)]
    assert folded == fold("".join(text for text, _ in spans), width)


@settings(deadline=None, max_examples=40)
@given(st.lists(PARTS, max_size=25), st.lists(st.integers(1, 900), min_size=1, max_size=8))
def test_how_a_reply_arrives_makes_no_difference(parts: list[str], sizes: list[int]) -> None:
    text, splitter, at = "".join(parts), Splitter(), 0
    for number in range(100):
        before = list(splitter.pieces)
        splitter.feed(text[at : at + sizes[number % len(sizes)]])
        at += sizes[number % len(sizes)]
        assert splitter.pieces[: len(before)] == before, "what is settled stays"
        assert [*splitter.pieces, *splitter.tail] == split(text[:at]), "and the tail is what it would be at an end"
        if at >= len(text):
            break
    splitter.feed(text[at:])
    assert splitter.finish() == split(text)


@settings(deadline=None, max_examples=40)
@given(st.lists(PARTS, max_size=40))
def test_pieces_are_small_and_hold_every_word(parts: list[str]) -> None:
    text = "".join(parts)
    pieces = split(text)
    assert all(len(piece.text) <= LONGEST or piece.text.startswith("|") for piece in pieces)
    held = "".join(piece.text for piece in pieces)
    assert held.count("word") == text.count("word") - text.count("```word"), "a fence's language may be a word"


@settings(deadline=None, max_examples=40)
@given(st.lists(PARTS, max_size=30), st.integers(20, 60))
def test_no_line_is_wider_than_the_screen(parts: list[str], width: int) -> None:
    for piece in split("".join(parts)):
        if "|---" in piece.text or piece.text.count(". ") + piece.text.count("> ") > 3:
            continue  # a table's columns, and what is nested deep, have a least width
        assert all(cell_len(line) <= width for line in text_of(piece_lines(piece, width, LOOK)))
        assert estimate(piece, width) >= 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# Top\nplain **bold** *it* `code`", ["Top", "plain bold it code"]),
        ("- a\n- b\n  - c", ["• a", "• b", "  • c"]),
        ("3. a\n4. b", ["3. a", "4. b"]),
        ("> said", ["▎ said"]),
        ("[here](http://x.y) and http://z", ["here (http://x.y) and http://z"]),
        ("<b>no markup</b> [red]none[/red]", ["<b>no markup</b> [red]none[/red]"]),
        ("a | b\n--|--\n1 | 2", ["a │ b", "─────", "1 │ 2"]),
        ("one\n\ntwo", ["one", "", "two"]),
    ],
)
def test_markdown(text: str, lines: list[str]) -> None:
    drawn = [line for piece in split(text) for line in piece_lines(piece, 40, LOOK)]
    assert text_of(drawn) == lines


def test_a_fence_keeps_its_spaces_and_says_its_language() -> None:
    drawn = [
        line for piece in split("say:\n```python\nif x:\n    y\n```\ndone") for line in piece_lines(piece, 20, LOOK)
    ]
    assert text_of(drawn) == ["say:", "  python", "  if x:", "      y", "done"]
    assert drawn[2][0][1] == "fence"


def test_a_table_wider_than_the_screen_is_folded_within_its_columns() -> None:
    text = "| name | meaning |\n|---|---|\n| x | a very long meaning that does not fit |"
    drawn = text_of(markdown_lines(text, 24, LOOK))
    assert all(cell_len(line) <= 24 for line in drawn)
    words = "".join(line.partition("│")[2] for line in drawn).split()
    assert " ".join(words) == "meaning a very long meaning that does not fit"
