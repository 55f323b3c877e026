"""A conversation laid out: what is read stays in its place, and only what is in view is drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saxtui.console.chat_document import KEPT_DRAWN, Document
from saxtui.console.chat_markdown import Look
from saxtui.console.chat_parts import SOON, PairBlock, Scene, TurnBlock
from saxtui.console.styling import Glyphs
from saxtui.model.conversation import Turn, TurnState
from saxtui.model.serving import Candidate

SCENE = Scene(Glyphs(ascii_only=False), Look(ascii_only=False))
WIDTH, ROWS = 80, 20


def turn(number: int, text: str = "", **more: object) -> Turn:
    text = text or f"answer {number}\n\n" + "- item\n" * (number % 7)
    return Turn(number, 1, f"question {number}", TurnState.ANSWERED, 0.0, candidates=(Candidate(text, None),),
                seconds=1.0, model="m", **more)  # type: ignore[arg-type]  # fmt: skip


def document(turns: list[Turn], width: int = WIDTH) -> Document:
    made = Document(lambda turn: turn.model)
    made.put(turns, SCENE, width)
    return made


def text_at(made: Document, top: int, rows: int = ROWS) -> list[str]:
    found = (made.line(top + y) for y in range(rows))
    return ["".join(text for text, _ in one[1]) if one else "" for one in found]


def drawn(made: Document) -> int:
    return sum(1 for block in made.blocks for part in block.parts if part.lines is not None)


def test_a_long_conversation_opens_at_its_end_and_draws_little() -> None:
    made = document([turn(number) for number in range(1, 2_001)])
    top = made.show_end(ROWS)
    assert top == made.height - ROWS
    assert "question 2000" in "\n".join(text_at(made, top))
    assert drawn(made) < 60


def test_scrolling_up_line_by_line_shows_every_line_once() -> None:
    made = document([turn(number) for number in range(1, 60)])
    top = made.show_end(ROWS)
    before = text_at(made, top)
    while top:
        top = made.show(top - 1, ROWS)
        now = text_at(made, top)
        assert now[1:] == before[:-1], "one line came in, nothing jumped"
        before = now
    assert before[0].strip() == "you      question 1"


def test_what_is_read_stays_while_the_end_grows() -> None:
    turns = [turn(number) for number in range(1, 40)]
    made = document(turns)
    made.show_end(ROWS)
    top = made.show(made.height // 2, ROWS)
    before = text_at(made, top)
    growing = Turn(99, 1, "more", TurnState.SENT, 0.0, partial="so far", model="m")
    made.put([*turns, growing], SCENE, WIDTH)
    for words in range(200):
        made.update([replace(growing, partial="word " * words)], SCENE)
    assert text_at(made, made.show(top, ROWS)) == before


def test_a_growing_reply_keeps_what_is_settled() -> None:
    growing = Turn(1, 1, "go", TurnState.SENT, 0.0, partial="first paragraph\n\nsecond\n\nthird", model="m")
    made = document([growing])
    made.show_end(ROWS)
    (block,) = made.blocks
    settled = next(part for part in block.parts if part.text == "first paragraph")
    made.update([replace(growing, partial="first paragraph\n\nsecond\n\nthird, and more")], SCENE)
    assert settled in block.parts, "the same object: what was drawn of it stays drawn"


def test_what_was_drawn_long_ago_is_forgotten_and_drawn_again() -> None:
    made = document([turn(number) for number in range(1, 300)])
    top = made.show_end(ROWS)
    end = text_at(made, top)
    while top:
        top = made.show(top - ROWS + 1, ROWS)
    assert sum(len(block.parts) for block in made.blocks) > KEPT_DRAWN >= drawn(made)
    assert text_at(made, made.show_end(ROWS)) == end


def test_a_very_long_reply_is_laid_out_in_slices() -> None:
    long = "a paragraph of some words\n\n" * (SOON // 10)
    made = document([turn(1, long)])
    made.show_end(ROWS)
    (block,) = made.blocks
    assert isinstance(block, TurnBlock) and block.working
    slices = 1
    while block.work():
        slices += 1
    made.index()
    assert slices > 3
    assert "a paragraph of some words" in "\n".join(text_at(made, made.show_end(ROWS)))


@pytest.mark.parametrize(("width", "beside"), [(120, True), (70, False)])
def test_a_comparison_stands_side_by_side_where_there_is_room(width: int, beside: bool) -> None:
    left, right = replace(turn(1, "left says"), pair=1), replace(turn(2, "right says"), pair=1, model="n")
    made = document([left, right], width)
    lines = text_at(made, made.show_end(ROWS))
    assert isinstance(made.blocks[0], PairBlock) == beside
    assert any("left says" in line and "right says" in line for line in lines) == beside
    assert sum("question 1" in line for line in lines) == 1, "the prompt stands once"
    assert sum("question 2" in line for line in lines) == 0


def test_search_goes_from_turn_to_turn_and_finds_the_line() -> None:
    turns = [turn(number) for number in range(1, 300)]
    turns[100] = turn(101, "x\n\n" * 50 + "here is the NEEDLE, at last")
    made = document(turns)
    made.show_end(ROWS)
    assert made.find("needle", 299, backwards=True) == 101
    assert made.find("needle", 101, backwards=False) == 101, "around the end, the only one"
    assert made.find("nowhere", 1, backwards=False) is None
    line = made.place("needle", 101)
    assert "NEEDLE" in text_at(made, line, 1)[0]
