"""Words that did not change are not drawn again."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from saxtui.console.widgets.words import Words


class Counted(Words):
    drawn = 0

    def refresh(self, *regions: Any, **how: Any) -> Any:
        self.drawn += 1
        return super().refresh(*regions, **how)


class Page(App[None]):
    def compose(self) -> ComposeResult:
        yield Counted()


@pytest.mark.parametrize(
    ("words", "same", "other"),
    [
        ("text", "text", "other text"),
        (Content.styled("text", "bold"), Content.styled("text", "bold"), Content.styled("text", "dim")),
        (Content("text"), Content("text"), "text"),
    ],
)
async def test_only_other_words_are_drawn(words: Any, same: Any, other: Any) -> None:
    app = Page()
    async with app.run_test() as pilot:
        place = app.query_one(Counted)
        place.update(words)
        await pilot.pause()
        before = place.drawn
        place.update(same)
        assert place.drawn == before
        place.update(other)
        assert place.drawn > before
