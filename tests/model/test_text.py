"""The gate for outside text: whatever goes in, only printable characters come out, and nothing is lost unseen."""

from __future__ import annotations

import unicodedata

import pytest

from saxtui.model.text import safe, safe_block
from tests import hostile


def test_10000_lines_of_the_grammar() -> None:
    attacks = 0
    for number, text in enumerate(hostile.lines(1, 10_000)):
        attacks += bool(hostile.forbidden(text))
        assert not hostile.forbidden(safe(text)), (number, text)
        assert hostile.forbidden(safe_block(text)) <= {"\n"}, (number, text)
    assert attacks > 8_000, "the grammar must make attacks"


def test_10000_random_lines() -> None:
    for number, text in enumerate(hostile.random_lines(2, 10_000)):
        assert not hostile.forbidden(safe(text)), (number, text)
        assert hostile.forbidden(safe_block(text)) <= {"\n"}, (number, text)


def test_what_passed_once_passes_unchanged() -> None:
    for text in hostile.lines(3, 1_000):
        assert safe(safe(text)) == safe(text)


def test_splitting_a_line_anywhere_changes_nothing() -> None:
    """A sequence cut in two by a chunk's edge is no less harmless."""
    for text in hostile.lines(4, 300):
        for cut in range(len(text) + 1):
            assert safe(text[:cut]) + safe(text[cut:]) == safe(text)


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2028, 0xFEFF, 0xE0041, 0xD800, 0xE000])
def test_every_control_character_leaves_a_mark_of_its_own(code: int) -> None:
    out = safe(chr(code))
    assert out.strip() or code == 0x09
    assert not hostile.forbidden(out)


def test_every_character_there_is() -> None:
    for code in range(0x110000):
        char = chr(code)
        allowed = unicodedata.category(char) not in hostile.FORBIDDEN
        assert (safe(char) == char) is allowed, hex(code)


def test_line_feeds_stay_in_blocks_only() -> None:
    assert safe("a\r\nb\nc") == "a␍⏎b⏎c"
    assert safe_block("a\r\nb\nc\rd") == "a\nb\nc␍d"


def test_long_text_is_cut_and_says_so() -> None:
    assert safe("x" * 10, limit=4) == "xxxx…"
    assert safe("x" * 4, limit=4) == "xxxx"
    assert len(safe("\x1b" * 10_000)) <= 4097


def test_bytes_of_terminals_that_are_printable_are_left_alone() -> None:
    assert safe("[31m]52;c;") == "[31m]52;c;"
    assert safe("中文 ✓ é") == "中文 ✓ é"
