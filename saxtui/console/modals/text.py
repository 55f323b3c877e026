"""Ask for a text: one line, or several."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from saxtui.console.styling import sheet


class LineModal(ModalScreen[str | None]):
    """One line; None when it was left with escape."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#line"
    BINDINGS = [Binding("escape", "no", "cancel")]

    def __init__(self, title: str, text: str = "", hint: str = "") -> None:
        super().__init__()
        self._heading, self._text, self._hint = title, text, hint

    def compose(self) -> ComposeResult:
        """Heading, what it is about, the field."""
        with Vertical(classes="dialog"):
            yield Static(self._heading, classes="dialog-title", markup=False)
            if self._hint:
                yield Static(self._hint, classes="muted dialog-text", markup=False)
            yield Input(self._text, id="line", compact=True)
            yield Static("enter keeps it · esc leaves", classes="muted", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps it."""
        self.dismiss(event.value)

    def action_no(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)


class BlockModal(ModalScreen[str | None]):
    """Several lines; None when it was left with escape."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#block"
    BINDINGS = [Binding("escape", "no", "cancel"), Binding("ctrl+s", "keep", "keep", priority=True)]

    area = getters.query_one("#block", TextArea)

    def __init__(self, title: str, text: str = "", hint: str = "") -> None:
        super().__init__()
        self._heading, self._text, self._hint = title, text, hint

    def compose(self) -> ComposeResult:
        """Heading, what it is about, the editor."""
        with Vertical(classes="dialog"):
            yield Static(self._heading, classes="dialog-title", markup=False)
            yield Static(self._hint, classes="muted dialog-text", markup=False)
            yield TextArea(self._text, id="block", compact=True, soft_wrap=True, highlight_cursor_line=False)
            yield Static("^s keeps it · esc leaves", classes="muted", markup=False)

    def action_keep(self) -> None:
        """Take it."""
        self.dismiss(self.area.text)

    def action_no(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)
