"""The `:` prompt: screens and commands by name, with the beginning completed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from saxtui.console.app import ConsoleApp
from saxtui.console.commands import Command, find
from saxtui.console.styling import sheet

_SHOWN = 8


class GoModal(ModalScreen[None]):
    """Enter runs what the line means; a line that means nothing, or two things, says so and stays."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [Binding("escape", "dismiss", "cancel"), Binding("tab", "complete", "complete", priority=True)]

    console = getters.app(ConsoleApp)
    line = getters.query_one(Input)
    list = getters.query_one("#go-list", Static)

    @property
    def commands(self) -> Sequence[Command]:
        """What can be named: the screen's own commands and the global ones."""
        front = self.console.front
        return front.commands if front is not None else ()

    def compose(self) -> ComposeResult:
        """One line and what matches it."""
        with Vertical(classes="go"):
            yield Input(placeholder="home, slices, take-down ...", suggester=SuggestFromList(
                [c.name for c in self.commands], case_sensitive=False))  # fmt: skip
            yield Static(id="go-list")

    def on_mount(self) -> None:
        """Everything that can be named, until something is typed."""
        self._match("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list while typing."""
        self._match(event.value)

    def _match(self, typed: str) -> None:
        word = typed.strip().lower()
        found = [c for c in self.commands if c.name.startswith(word)] or [c for c in self.commands if word in c.id]
        lines = [
            Content.assemble((f"{c.name:<14}", "$accent"), f"{c.key:<6}", (c.help, "$foreground 60%"))
            for c in found[:_SHOWN]
        ]
        if len(found) > _SHOWN:
            lines.append(Content.styled(f"and {len(found) - _SHOWN} more", "$foreground 60%"))
        self.list.update(Content("\n").join(lines) if lines else Content.styled("nothing of that name", "$text-error"))

    def action_complete(self) -> None:
        """Tab takes the first match."""
        word = self.line.value.strip().lower()
        first = next((c.name for c in self.commands if c.name.startswith(word)), "")
        if first:
            self.line.value = first
            self.line.cursor_position = len(first)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run it."""
        command = find(self.commands, event.value)
        front = self.console.front
        if command is None or front is None:
            self.list.update(
                Content.styled(f"{event.value!r} names nothing here, or more than one thing", "$text-error")
            )
            return
        self.dismiss()
        front.call_later(front.run_command, command)
