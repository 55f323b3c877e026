"""Ask before something that costs or destroys: yes or no, or the name typed."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from saxtui.console.styling import sheet


class ConfirmModal(ModalScreen[bool]):
    """True only on purpose: focus starts on Cancel, or in the field where `typed` must be typed exactly."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = ""
    BINDINGS = [
        Binding("escape", "no", "cancel"),
        Binding("pagedown,down", "read(1)", show=False),
        Binding("pageup,up", "read(-1)", show=False),
    ]

    ok = getters.query_one("#ok", Button)

    def __init__(self, title: str, text: Content | str, *, yes: str, no: str = "Cancel", typed: str = "",
                 danger: bool = False) -> None:  # fmt: skip
        super().__init__()
        self._heading = title
        self._text = text if isinstance(text, Content) else Content(text)
        self._yes, self._no = yes, no
        self._typed = typed
        self._danger = danger

    def compose(self) -> ComposeResult:
        """Heading, consequences, the field, two buttons."""
        with Vertical(classes="dialog -typed" if self._typed else "dialog"):
            yield Static(self._heading, classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-scroll", can_focus=False):
                yield Static(self._text, classes="dialog-text")
            if self._typed:
                yield Static(Content.assemble("Type ", (self._typed, "bold"), " to go on:"))
                yield Input(id="typed", compact=True)
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content(self._no), id="cancel", compact=True)
                yield Button(Content(self._yes), id="ok", variant="error" if self._danger else "primary",
                             disabled=bool(self._typed), compact=True)  # fmt: skip

    def on_mount(self) -> None:
        """Nothing happens by pressing enter at once."""
        self.query_one("#typed" if self._typed else "#cancel").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button wakes when the word is right."""
        self.ok.disabled = event.value.strip() != self._typed

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on with the right word; a wrong one keeps the dialog."""
        if event.value.strip() == self._typed:
            self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """One of the two."""
        self.dismiss(event.button.id == "ok")

    def action_read(self, direction: int) -> None:
        """On or back in a text that is longer than the screen."""
        text = self.query_one(VerticalScroll)
        text.scroll_relative(y=direction * max(1, text.size.height - 1), animate=False)

    def action_no(self) -> None:
        """Escape means no."""
        self.dismiss(False)
