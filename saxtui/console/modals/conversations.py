"""Earlier conversations, last changed first."""

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
from saxtui.model.conversation import Conversation
from saxtui.present.times import moment

_COLUMNS = (Column("LAST CHANGED", width=16), Column("BEGINS WITH", least=20, grow=True), Column("MODEL", drop=1))


class ConversationsModal(ModalScreen[Conversation | None]):
    """Enter opens the one under the cursor; None means none."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#conversations"
    BINDINGS = [Binding("escape", "no", "cancel"), Binding("enter", "choose", "open")]

    table = getters.query_one("#conversations", Rows)

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        super().__init__()
        self._conversations = {str(one.id): one for one in conversations}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large"):
            yield Static("Earlier conversations", classes="dialog-title", markup=False)
            yield Rows(_COLUMNS, id="conversations")
            yield Static("enter opens · esc leaves" if self._conversations else "There are none yet. esc leaves.",
                         classes="muted", markup=False)  # fmt: skip

    def on_mount(self) -> None:
        self.table.put(
            [
                Row(key, (Cell(moment(one.changed)), Cell(one.title or "(nothing said)"), Cell(one.model, "dim")))
                for key, one in self._conversations.items()
            ]
        )

    def on_rows_activated(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        """Open the one under the cursor."""
        self.dismiss(self._conversations.get(self.table.selected))

    def action_no(self) -> None:
        """Leave without opening any."""
        self.dismiss(None)
