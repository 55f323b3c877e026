"""Earlier conversations: open, search through all of them, rename, delete, export, import."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from saxtui.console.styling import sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.errors import SaxtuiError
from saxtui.model.conversation import Conversation, Found
from saxtui.present.times import moment

if TYPE_CHECKING:
    from saxtui.adapters.disk.conversations import Conversations

_COLUMNS = (
    Column("LAST CHANGED", width=16), Column("CONVERSATION", least=20, grow=True), Column("MODEL", most=28, drop=1),
)  # fmt: skip
_KEYS = "enter open · / search · r rename · d delete · e export · i import · esc leave"


class ConversationsModal(ModalScreen[Found | None]):
    """The one under the cursor, and the turn in which what was searched for stands; None means none."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#conversations"
    BINDINGS = [
        Binding("escape", "no", "cancel"), Binding("enter", "choose", "open"), Binding("slash", "search", "search"),
        Binding("r", "rename", "rename"), Binding("d,delete", "delete", "delete"), Binding("e", "export", "export"),
        Binding("i", "take_in", "import"),
    ]  # fmt: skip

    table = getters.query_one("#conversations", Rows)
    field = getters.query_one("#conversations-search", Input)
    said = getters.query_one("#conversations-said", Static)

    def __init__(self, memory: Conversations, place: str) -> None:
        super().__init__()
        self._memory, self._place = memory, place
        self._found: dict[str, Found] = {}
        self.deleted: set[int] = set()

    def compose(self) -> ComposeResult:
        """Heading, search, table, keys."""
        with Vertical(classes="dialog -large"):
            yield Static("Earlier conversations", classes="dialog-title", markup=False)
            field = Input(id="conversations-search", compact=True, placeholder="text in any of them")
            field.display = False
            yield field
            yield Rows(_COLUMNS, id="conversations")
            yield Static(_KEYS, id="conversations-said", classes="muted", markup=False)

    def on_mount(self) -> None:
        """Read what there is."""
        self._read()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read(self) -> None:
        needle = self.field.value.strip()
        if needle:
            found = await self._memory.find(needle, self._place)
        else:
            found = [Found(one, 0, one.title) for one in await self._memory.all(self._place)]
        self._found = {str(one.conversation.id): one for one in found}
        self.table.put([Row(key, self._cells(one)) for key, one in self._found.items()])
        nothing = f"{needle!r} is in none of them" if needle else "There are none yet · i import · esc leave"
        self.said.update(_KEYS if found else nothing)

    @staticmethod
    def _cells(one: Found) -> tuple[Cell, ...]:
        about = one.conversation
        title = about.title or "(nothing said)"
        text = f"{title}: {one.excerpt}" if one.turn else title
        return Cell(moment(about.changed)), Cell(text), Cell(about.model, "dim")

    @property
    def _chosen(self) -> Conversation | None:
        found = self._found.get(self.table.selected)
        return found.conversation if found is not None else None

    def on_rows_activated(self) -> None:
        """Clicked twice."""
        self.action_choose()

    def action_choose(self) -> None:
        """Open the one under the cursor."""
        self.dismiss(self._found.get(self.table.selected))

    def action_no(self) -> None:
        """End the search, else leave without opening any."""
        if self.field.display:
            self.field.value = ""
            self.field.display = False
            self.table.focus()
            self._read()
        else:
            self.dismiss(None)

    def action_search(self) -> None:
        """Search all of them."""
        self.field.display = True
        self.field.focus()

    @on(Input.Changed, "#conversations-search")
    def _typed(self) -> None:
        self._read()

    @on(Input.Submitted, "#conversations-search")
    def _entered(self) -> None:
        self.table.focus()

    @work(group="act", exit_on_error=False)
    async def action_rename(self) -> None:
        """Another title."""
        from saxtui.console.modals.text import LineModal

        chosen = self._chosen
        if chosen is None:
            return
        title = await self.app.push_screen_wait(LineModal("Rename the conversation", chosen.title))
        if title is not None and title.strip():
            await self._memory.rename(chosen.id, " ".join(title.split()))
            self._read()

    @work(group="act", exit_on_error=False)
    async def action_delete(self) -> None:
        """Delete it, once that was confirmed."""
        from saxtui.console.modals.confirm import ConfirmModal

        chosen = self._chosen
        if chosen is None:
            return
        count = len(await self._memory.turns(chosen.id))
        text = f"{chosen.title or '(nothing said)'}\n{count} prompt{'s' if count != 1 else ''} with what was answered."
        if await self.app.push_screen_wait(
            ConfirmModal("Delete this conversation for good?", text, yes="Delete", danger=True)
        ):
            await self._memory.remove(chosen.id)
            self.deleted.add(chosen.id)
            self._read()

    @work(group="act", exit_on_error=False)
    async def action_export(self) -> None:
        """Write it as Markdown and as JSON."""
        chosen = self._chosen
        if chosen is not None:
            self.said.update(f"written: {' and '.join(await export(self._memory, chosen))}")

    @work(group="act", exit_on_error=False)
    async def action_take_in(self) -> None:
        """Take in one that was exported as JSON."""
        from saxtui.console.modals.text import LineModal

        source = await self.app.push_screen_wait(
            LineModal("Import a conversation", hint="The path of a file that saxtui exported as JSON")
        )
        if not source or not source.strip():
            return
        try:
            taken = await self._memory.read_import(source.strip(), self._place)
        except SaxtuiError as error:
            self.said.update(error.problem.one_line())
            return
        self._read()
        self.said.update(f"imported: {taken.title}")


async def export(memory: Conversations, conversation: Conversation) -> tuple[str, str]:
    """Write a conversation as Markdown and as JSON into the state folder; both paths. Raises Refused."""
    import json

    from saxtui.model.conversation_file import to_json
    from saxtui.present.chat import markdown

    conversation = await memory.get(conversation.id) or conversation
    turns = await memory.turns(conversation.id)
    text = await asyncio.to_thread(markdown, conversation, turns)
    body = await asyncio.to_thread(lambda: json.dumps(to_json(conversation, turns), indent=1, ensure_ascii=False))
    name = f"chat-{conversation.id}"
    return await memory.write_export(f"{name}.md", text), await memory.write_export(f"{name}.json", body)
