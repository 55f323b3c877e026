"""The ways on from a run that stopped half-way: what each means, and what bills while it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events, getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from saxtui.console.app import ConsoleApp
from saxtui.console.styling import sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.present.words import rate

if TYPE_CHECKING:
    from saxtui.model.choices import Choice
    from saxtui.present.spend import Meter

_COLUMNS = (Column(width=1), Column("way on", grow=True, least=20), Column("bills meanwhile", right=True))


class ChoicesModal(ModalScreen[str | None]):
    """The key of the choice that was taken, None for none. What costs or deletes is asked about again after it."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#choices"
    BINDINGS = [Binding("escape", "dismiss", "cancel"), Binding("enter", "take", "choose")]

    console = getters.app(ConsoleApp)
    rows = getters.query_one("#choices", Rows)
    about = getters.query_one("#choice-about", Static)

    def __init__(self, name: str, choices: Sequence[Choice], cost: Meter) -> None:
        super().__init__()
        self._deployment = name
        self._choices = {choice.key: choice for choice in choices}
        self._keys = [choice.key for choice in choices]
        self._cost = cost

    def compose(self) -> ComposeResult:
        """What bills now, the table, what the selected one means, two buttons."""
        with Vertical(classes="dialog"):
            yield Static(f"{self._deployment}: how to go on", classes="dialog-title", markup=False)
            yield Static(Content.assemble("Bills now: ", (self._cost.sentence(), "bold")), classes="dialog-text")
            yield Rows(_COLUMNS, id="choices", marker=self.console.glyphs.pick("❯", ">"))
            yield Static(id="choice-about", classes="dialog-text", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Choose", id="choose", variant="primary", compact=True)

    def on_mount(self) -> None:
        """One row a choice, by number."""
        numbered = enumerate(self._choices.values(), 1)
        self.rows.put(
            [
                Row(item.key, (Cell(str(n), "dim"), Cell(item.title, "strong"), Cell(rate(item.usd_per_hour), "warn")))
                for n, item in numbered
            ]
        )
        self.rows.styles.height = len(self._keys) + 1
        self._tell()

    def on_rows_highlighted(self) -> None:
        """The sentence follows the cursor."""
        self._tell()

    def on_rows_activated(self) -> None:
        """A double click takes it."""
        self.action_take()

    def _tell(self) -> None:
        choice = self._choices.get(self.rows.selected)
        if choice is None:
            return
        changes = [f"{field}: {old} becomes {new}" for field, old, new in choice.changes]
        self.about.update("; ".join(part for part in (choice.said, *changes) if part))

    def on_key(self, event: events.Key) -> None:
        """A number takes its choice."""
        if event.key.isdigit() and 1 <= int(event.key) <= len(self._keys):
            self.dismiss(self._keys[int(event.key) - 1])

    def action_take(self) -> None:
        """The one under the cursor."""
        self.dismiss(self.rows.selected or None)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """One of the two."""
        self.dismiss(self.rows.selected if event.button.id == "choose" else None)
