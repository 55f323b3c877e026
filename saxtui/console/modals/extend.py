"""How much more time a deployment is to live."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from saxtui.console.styling import sheet
from saxtui.model.term import seconds

USUAL = "4h"


class ExtendModal(ModalScreen[str | None]):
    """The time that was typed, such as 4h, or None."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#more"
    BINDINGS = [Binding("escape", "no", "cancel")]

    more = getters.query_one("#more", Input)
    ok = getters.query_one("#ok", Button)

    def __init__(self, name: str, said: str) -> None:
        super().__init__()
        self._deployment = name
        self._said = said

    def compose(self) -> ComposeResult:
        """How it stands, the field, two buttons."""
        with Vertical(classes="dialog"):
            yield Static(f"More time for {self._deployment}", classes="dialog-title", markup=False)
            yield Static(Content(f"Now {self._said}."), classes="dialog-text")
            yield Static(Content("Add, such as 90m, 4h or 2d:"))
            yield Input(USUAL, id="more", compact=True)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Extend", id="ok", variant="primary", compact=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button sleeps while what stands there is no time."""
        self.ok.disabled = not _is_time(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes it."""
        if _is_time(event.value):
            self.dismiss(event.value.strip())

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """One of the two."""
        self.dismiss(self.more.value.strip() if event.button.id == "ok" else None)

    def action_no(self) -> None:
        """Escape means no."""
        self.dismiss(None)


def _is_time(text: str) -> bool:
    try:
        return seconds(text.strip()) > 0
    except ValueError:
        return False
