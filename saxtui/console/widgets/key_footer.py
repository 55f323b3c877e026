"""The footer: the keys that work here, dimmed with a reason where they do not work now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.widget import Widget

from saxtui.console.commands import Command

if TYPE_CHECKING:
    from saxtui.console.screens.base import ConsoleScreen

_GAP = 2
_SHORT = {"app.help", "app.palette", "app.go"}


class KeyFooter(Widget):
    """One line: the screen's own commands on the left, those that work everywhere on the right. Clickable."""

    def __init__(self) -> None:
        super().__init__()
        self._items: tuple[tuple[Command, bool], ...] = ()
        self._spans: list[tuple[int, int, Command]] = []

    def show(self, commands: Sequence[Command], screen: ConsoleScreen) -> None:
        """Show these commands; repaints only when something differs."""
        items = tuple((c, not c.when(screen)) for c in commands if c.footer and c.keys)
        if items != self._items:
            self._items = items
            self.refresh()

    def render(self) -> Content:
        """The line, cut at whole commands; help, palette and go are never cut."""
        width = self.size.width
        right = [(c, on) for c, on in self._items if c.id in _SHORT]
        left = [(c, on) for c, on in self._items if c.id not in _SHORT]
        brief = width < 100
        right_width = sum(_width(c, brief and c.id != "app.help") + _GAP for c, _ in right)
        parts: list[Content] = []
        self._spans = []
        column = 1
        for command, on in left:
            needed = _width(command, False)
            if column + needed + _GAP > width - right_width:
                break
            column = self._put(parts, command, on, column, brief=False)
        pad = max(0, width - right_width - column)
        parts.append(Content(" " * pad))
        column += pad
        for command, on in right:
            column = self._put(parts, command, on, column, brief=brief and command.id != "app.help")
        return Content(" ") + Content("").join(parts)

    def _put(self, parts: list[Content], command: Command, on: bool, column: int, *, brief: bool) -> int:
        text = "" if brief else f" {command.title}"
        key_style, text_style = ("$accent bold", "$foreground") if on else ("$foreground 35%", "$foreground 35%")
        parts.append(Content.assemble((command.key, key_style), (text, text_style), " " * _GAP))
        end = column + _width(command, brief)
        self._spans.append((column, end, command))
        return end + _GAP

    def on_click(self, event: events.Click) -> None:
        """A click runs the command under it."""
        for start, end, command in self._spans:
            if start <= event.x < end:
                screen = self.screen
                if hasattr(screen, "run_command"):
                    screen.run_command(command)
                return


def _width(command: Command, brief: bool) -> int:
    return len(command.key) + (0 if brief else 1 + len(command.title))
