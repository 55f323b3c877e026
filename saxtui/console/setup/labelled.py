"""Lines of label and text as one widget: a text too long for its line goes on under itself, not under the label."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from textual import events
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from saxtui.console.setup.meaning import Meaning
from saxtui.console.styling import ROLE_STYLE

_LABEL = 10
_DIM = ROLE_STYLE["dim"]


class Labelled(Static):
    """Shows meanings under an optional title."""

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self.lines: tuple[Meaning, ...] = ()

    def show(self, lines: Iterable[Meaning]) -> None:
        """Put these; none of them leaves nothing, not even the title."""
        self.lines = tuple(lines)
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Another width breaks the lines elsewhere."""
        self._draw()

    def _draw(self) -> None:
        head = [Content.styled(self._title, "bold")] if self._title and self.lines else []
        self.update(Content("\n").join([*head, *hanging(self.lines, self.size.width)]))


def hanging(lines: Sequence[Meaning], width: int) -> list[Content]:
    """Each meaning's lines at that width; 0 breaks nothing. A leading "· " hangs like a label."""
    shown: list[Content] = []
    for line in lines:
        lead = f"{line.label:<{_LABEL - 1}} " if line.label else "· " if line.text.startswith("· ") else ""
        text = line.text.removeprefix("· ") if lead == "· " else line.text
        room = width - len(lead)
        parts = textwrap.wrap(text, room, break_on_hyphens=False) if room >= _LABEL else [text]
        for number, part in enumerate(parts or [""]):
            first = lead if number == 0 else " " * len(lead)
            shown.append(Content.assemble((first, _DIM), (part, ROLE_STYLE[line.role])))
    return shown


class Aside(VerticalScroll):
    """The right side. Tab reaches it only when there is more in it than it shows: then the arrows scroll it."""

    def allow_focus(self) -> bool:
        """Whether anything is out of sight."""
        return self.max_scroll_y > 0
