"""How many slices a published model shall take."""

from __future__ import annotations

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from saxtui.console.styling import ROLE_STYLE, sheet


class ReplicasModal(ModalScreen[int | None]):
    """Asks for a number from 1 to `most`; None means no change."""

    CSS_PATH = [sheet("modals.tcss"), sheet("models.tcss")]
    AUTO_FOCUS = "#replicas"
    BINDINGS = [Binding("escape", "no", "cancel")]

    _field = getters.query_one("#replicas", Input)
    _note = getters.query_one("#replicas-note", Static)

    def __init__(self, model: str, now: int, most: int) -> None:
        super().__init__()
        self._model, self._now, self._most = model, now, most

    def compose(self) -> ComposeResult:
        """The number, what it means, two buttons."""
        with Vertical(classes="dialog"):
            yield Static(f"Replicas of {self._model}", classes="dialog-title", markup=False)
            with Horizontal(classes="field"):
                yield Label("replicas")
                yield Input(str(self._now), id="replicas", compact=True, max_length=4)
            text = "One replica takes one slice. Fewer frees slices and keeps those that are loaded; more load anew."
            yield Static(text, id="replicas-note", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Change", id="ok", variant="primary", compact=True)

    @on(Input.Submitted)
    @on(Button.Pressed, "#ok")
    def _submit(self) -> None:
        text = self._field.value.strip()
        if not text.isdigit() or not 1 <= int(text) <= self._most:
            said = f"replicas: a number from 1 to {self._most}, one slice each"
            self._note.update(Content.styled(said, ROLE_STYLE["bad"]))
            return
        self.dismiss(int(text) if int(text) != self._now else None)

    @on(Button.Pressed, "#cancel")
    def action_no(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)
