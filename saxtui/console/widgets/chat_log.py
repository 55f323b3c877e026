"""The conversation: one widget a turn, the newest at the bottom; it stays there unless the reader scrolled up."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from saxtui.console.chat_lines import turn_lines
from saxtui.console.styling import ROLE_STYLE, Glyphs
from saxtui.model.conversation import Turn, TurnState

_SHOWN = 100


class TurnView(Static, can_focus=True):
    """One turn. Its text goes in as Content, never as markup."""

    BINDINGS = [Binding("enter,space", "expand", "candidates", show=False, id="turn.expand")]

    def __init__(self, turn: Turn, name: str, glyphs: Glyphs) -> None:
        super().__init__(classes="turn")
        self.turn = turn
        self.expanded = False
        self._speaker = name
        self._glyphs = glyphs
        self._drawn: tuple[object, ...] = ()

    def show(self, turn: Turn, now: float) -> None:
        """Put the turn's newest state; `now` matters only while it waits."""
        self.turn = turn
        self._draw(now)

    def on_resize(self, event: events.Resize) -> None:
        self._draw(self.turn.at)

    def action_expand(self) -> None:
        """Show or hide the other candidates."""
        self.expanded = not self.expanded
        self._draw(self.turn.at)

    def _draw(self, now: float) -> None:
        width = self.content_size.width
        waits = self.turn.state is TurnState.SENT
        facts = (self.turn, width, self.expanded, int(now) if waits else 0)
        if width < 1 or facts == self._drawn:
            return
        self._drawn = facts
        lines = turn_lines(self.turn, self._speaker, width, now, glyphs=self._glyphs, expanded=self.expanded)
        self.update(
            Content("\n").join(
                Content("").join(Content.styled(text, ROLE_STYLE[role]) for text, role in line) for line in lines
            )
        )


class ChatLog(VerticalScroll):
    """The turns of one conversation. `show` puts them; focus on a turn chooses it."""

    BINDINGS = [
        Binding("up,k", "step(-1)", "Turn before", show=False, id="chat-log.up"),
        Binding("down,j", "step(1)", "Turn after", show=False, id="chat-log.down"),
    ]

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id, can_focus=False)
        self._glyphs = glyphs

    @property
    def views(self) -> list[TurnView]:
        """The turns on screen, oldest first."""
        return list(self.query_children(TurnView))

    @property
    def chosen(self) -> Turn | None:
        """The turn that has the focus, else the newest."""
        views = self.views
        focused = next((view.turn for view in views if view.has_focus), None)
        return focused or (views[-1].turn if views else None)

    async def show(self, turns: Sequence[Turn], name: str, now: float) -> None:
        """Show these turns (the newest 100); `name` is the model's."""
        turns = turns[-_SHOWN:]
        known = {view.turn.id: view for view in self.views}
        wanted = {turn.id for turn in turns}
        for number, view in known.items():
            if number not in wanted:
                await view.remove()
        fresh = []
        for turn in turns:
            if turn.id in known:
                known[turn.id].show(turn, now)
            else:
                fresh.append(TurnView(turn, name, self._glyphs))
        if fresh:
            await self.mount_all(fresh)
        self.anchor()

    def tick(self, now: float) -> None:
        """Waiting turns count on."""
        for view in self.views:
            if view.turn.state is TurnState.SENT:
                view.show(view.turn, now)

    def action_step(self, step: int) -> None:
        """Focus the turn before or after."""
        views = self.views
        at = next((n for n, view in enumerate(views) if view.has_focus), len(views))
        if 0 <= at + step < len(views):
            views[at + step].focus()
