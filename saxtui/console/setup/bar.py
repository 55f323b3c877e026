"""What the wizard is turned with by mouse: the pages at the top, and the buttons at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class Spot:
    """A piece of one line: its text and style; `does` is told when it is clicked, "" = nothing."""

    text: str
    style: str = ""
    does: str = ""


class Bar(Widget):
    """One line of spots, `gap` cells apart; a click on one tells what it does."""

    @dataclass
    class Pressed(Message):
        """A spot was clicked."""

        bar: Bar
        does: str

        @property
        def control(self) -> Bar:
            return self.bar

    def __init__(self, *, id: str, gap: int = 2) -> None:
        super().__init__(id=id)
        self._gap = gap
        self._spots: tuple[Spot, ...] = ()

    def show(self, spots: Sequence[Spot]) -> None:
        """Show these; repaints only when they differ."""
        if tuple(spots) != self._spots:
            self._spots = tuple(spots)
            self.refresh(layout=True)

    def render(self) -> Content:
        """The line."""
        return Content(" " * self._gap).join(Content.styled(spot.text, spot.style) for spot in self._spots)

    def get_content_width(self, container: object, viewport: object) -> int:
        """As wide as the spots."""
        return sum(len(spot.text) for spot in self._spots) + self._gap * max(0, len(self._spots) - 1)

    def on_click(self, event: events.Click) -> None:
        """Tell which spot is under the pointer."""
        column = 0
        for spot in self._spots:
            if spot.does and column <= event.x < column + len(spot.text):
                self.post_message(self.Pressed(self, spot.does))
            column += len(spot.text) + self._gap
