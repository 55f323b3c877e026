"""The message log: every problem of this console, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from saxtui.console.modals.problem import problem_text
from saxtui.console.styling import sheet
from saxtui.errors import Problem


class MessagesModal(ModalScreen[None]):
    """Scrolls with the arrows, closes with esc."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [Binding("escape,q,ctrl+l", "dismiss", "close")]

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self._problems = tuple(reversed(problems))

    def compose(self) -> ComposeResult:
        """All of them in one scroll."""
        text = Content("\n\n").join(problem_text(problem) for problem in self._problems)
        with Vertical(classes="dialog -large"):
            yield Static("Messages", classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-scroll"):
                yield Static(text if self._problems else Content("Nothing went wrong so far."))
            yield Static("esc closes", classes="muted", markup=False)
