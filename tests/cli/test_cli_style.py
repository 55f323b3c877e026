import io

import pytest

from saxtui.cli.style import Style, cells
from saxtui.model.progress import StepState
from saxtui.present.words import STEP


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("encoding", "environ", "colour", "unicode"),
    [
        ("utf-8", {}, True, True),
        ("utf-8", {"NO_COLOR": "1"}, False, True),
        ("utf-8", {"NO_COLOR": ""}, True, True),
        ("utf-8", {"TERM": "dumb"}, False, False),
        ("iso8859-1", {}, True, False),
        ("ascii", {"NO_COLOR": "1"}, False, False),
    ],
)
def test_style_follows_stream_and_environment(
    encoding: str, environ: dict[str, str], colour: bool, unicode: bool
) -> None:
    assert Style.of(Terminal(encoding), environ) == Style(colour=colour, unicode=unicode)


def test_a_pipe_has_no_colour() -> None:
    assert not Style.of(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), {}).colour


def test_hostile_text_becomes_visible_marks() -> None:
    hostile = "ok\x1b]52;c;aGk=\x07\x1b[2J\x9b6n\u202e"
    for style in (Style(colour=True), Style(colour=False), Style(unicode=False)):
        shown = style.line([hostile, (hostile, "bad")]).replace("\x1b[31m", "").replace("\x1b[0m", "")
        assert not {c for c in shown if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e"}


def test_ascii_fallback_keeps_every_line_ascii() -> None:
    style = Style(unicode=False)
    assert style.line([style.sign(STEP[StepState.DONE]), " · 4x8 … ★ 漢"]) == "+ done - 4x8 ... * ?"


def test_columns_align_by_terminal_cells() -> None:
    style = Style()
    lines = [style.line(row) for row in style.columns([["漢字", "b", ""], ["a", "long", "c"]])]
    assert lines == ["漢字  b", "a     long  c"]
    assert (cells("漢字"), cells("e\u0301"), cells("ab")) == (4, 1, 2)
