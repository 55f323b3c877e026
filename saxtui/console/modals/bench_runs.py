"""The saved load tests, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from saxtui.console.styling import sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows


class BenchRunsModal(ModalScreen[str]):
    """Enter chooses the one under the cursor; "" means none."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#bench-runs"
    BINDINGS = [Binding("escape", "no", "cancel"), Binding("enter", "choose", "choose")]

    table = getters.query_one("#bench-runs", Rows)

    def __init__(self, title: str, names: Sequence[str]) -> None:
        super().__init__()
        self._title, self._names = title, names

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large"):
            yield Static(self._title, classes="dialog-title", markup=False)
            yield Rows((Column("RUN", least=20, grow=True),), id="bench-runs")
            yield Static("enter chooses · esc leaves" if self._names else "There are none yet. esc leaves.",
                         classes="muted", markup=False)  # fmt: skip

    def on_mount(self) -> None:
        self.table.put([Row(name, (Cell(name),)) for name in self._names])

    def on_rows_activated(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        """Take the one under the cursor."""
        self.dismiss(self.table.selected)

    def action_no(self) -> None:
        """Leave without any."""
        self.dismiss("")
