"""Meanings as lines: what hangs under what, and when the right side can be reached by tab."""

from __future__ import annotations

import pytest

from saxtui.console.setup.labelled import Aside, hanging
from saxtui.console.setup.meaning import Meaning
from tests.console.fakes import FakeRuntime
from tests.console.screens import console, until

WORDS = "a sentence that does not fit into so few cells at once"


def test_a_long_text_goes_on_under_itself() -> None:
    first, *others = (line.plain for line in hanging([Meaning("zone", WORDS)], 30))
    assert first.startswith("zone      a sentence")
    assert others
    assert all(line.startswith(" " * 10) and not line[10].isspace() for line in others)
    assert " ".join([first[10:], *(line.strip() for line in others)]) == WORDS
    assert all(len(line) <= 30 for line in (first, *others))


def test_a_point_hangs_like_a_label() -> None:
    first, second, *_ = (line.plain for line in hanging([Meaning("", f"· {WORDS}")], 30))
    assert first.startswith("· a")
    assert second.startswith("  ") and not second[2].isspace()


def test_without_a_width_nothing_is_broken() -> None:
    assert [line.plain for line in hanging([Meaning("zone", WORDS)], 0)] == [f"zone      {WORDS}"]


@pytest.mark.parametrize(("size", "reached"), [((80, 24), True), ((120, 40), False)])
async def test_tab_reaches_the_right_side_only_where_it_hides_something(size: tuple[int, int], reached: bool) -> None:
    async with console(FakeRuntime(), size) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(Aside))
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.screen, "page", 0) == 1)
        aside = app.screen.query_one(Aside)
        await until(pilot, lambda: aside.is_mounted and aside.focusable is reached)
