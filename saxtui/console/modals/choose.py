"""Choose one of several lines: a model, a template, a code block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from saxtui.console.styling import sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows


class ChooseModal(ModalScreen[tuple[str, str] | None]):
    """(what was asked for, the line's id); None when it was left. Enter asks for "choose"."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#choices"
    BINDINGS = [Binding("escape", "no", "cancel"), Binding("enter", "choose", "choose")]

    table = getters.query_one("#choices", Rows)

    def __init__(
        self, title: str, choices: Sequence[tuple[str, str, str]], hint: str, others: Mapping[str, str] | None = None
    ) -> None:
        """`choices`: id, text, and what stands beside it; `others`: key → what it asks for."""
        super().__init__()
        self._heading, self._choices, self._hint = title, tuple(choices), hint
        for key, word in (others or {}).items():
            self._bindings.bind(key, f"ask('{word}')", word)

    def compose(self) -> ComposeResult:
        """Heading, the lines, the keys."""
        with Vertical(classes="dialog -list"):
            yield Static(self._heading, classes="dialog-title", markup=False)
            yield Rows((Column(width=0, most=40), Column(least=10, grow=True)), id="choices")
            yield Static(self._hint, classes="muted", markup=False)

    def on_mount(self) -> None:
        """Fill the table."""
        self.table.put([Row(key, (Cell(text), Cell(beside, "dim"))) for key, text, beside in self._choices])

    def on_rows_activated(self) -> None:
        """Clicked twice."""
        self.action_choose()

    def action_choose(self) -> None:
        """The line under the cursor."""
        self.action_ask("choose")

    def action_ask(self, word: str) -> None:
        """Ask something about the line under the cursor ("" when there is none)."""
        if word != "choose" or self.table.selected:
            self.dismiss((word, self.table.selected))

    def action_no(self) -> None:
        """Leave without choosing."""
        self.dismiss(None)
