"""One problem, whole: what was tried, what came back, what it may cost, and the way out."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.errors import Problem


def problem_text(problem: Problem) -> Content:
    """The problem as labelled lines in their roles."""
    from saxtui.present.problems import lines

    shown = []
    for line in lines(problem):
        label = Content.styled(f"{line.label:<9}", "$foreground 60%") if line.label else Content("")
        shown.append(label + Content.styled(line.text, ROLE_STYLE[line.role]))
    return Content("\n").join(shown)


class ProblemModal(ModalScreen[None]):
    """Read and closed; it stays in the message log."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [Binding("escape,q", "dismiss", "close")]

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self._problem = problem

    def compose(self) -> ComposeResult:
        """The lines and one button."""
        with Vertical(classes="dialog -bad"):
            yield Static("Something went wrong", classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-scroll", can_focus=False):
                yield Static(problem_text(self._problem))
            with Horizontal(classes="dialog-buttons"):
                yield Button("Close", id="close", compact=True)

    def on_button_pressed(self) -> None:
        """Close."""
        self.dismiss()
