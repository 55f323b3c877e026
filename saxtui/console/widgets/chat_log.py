"""The conversation on screen. Line API: only what is in view is drawn, however long the conversation or a reply is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from saxtui.console.chat_document import Document
from saxtui.console.chat_fold import Line
from saxtui.console.chat_markdown import STYLES, Look
from saxtui.console.chat_parts import Scene, TurnBlock
from saxtui.console.styling import ROLES, Glyphs
from saxtui.console.widgets.roles import ROLE_CLASSES
from saxtui.model.conversation import Turn

_MARK = 2
"""Cells at the left: the bar of the chosen turn and a space."""
_WHEEL = 3


class ChatLog(ScrollView, can_focus=True):
    """The turns of one conversation. `show` puts them, `grow` brings newer states of them; stays at the end unless
    the reader scrolled up. One turn is `chosen`: what copy, retry and edit are about."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = ROLE_CLASSES | {f"md--{style}" for style in (*STYLES, "top", "label", "match", "chosen")}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "Up", show=False, id="chat-log.up"),
        Binding("down,j", "scroll_lines(1)", "Down", show=False, id="chat-log.down"),
        Binding("pageup,ctrl+u", "scroll_pages(-1)", "Page up", show=False, id="chat-log.page-up"),
        Binding("pagedown,ctrl+d", "scroll_pages(1)", "Page down", show=False, id="chat-log.page-down"),
        Binding("home", "top", "First line", show=False, id="chat-log.home"),
        Binding("end", "bottom", "Last line", show=False, id="chat-log.end"),
        Binding("left_square_bracket", "step(-1)", "Turn before", show=False, id="chat-log.before"),
        Binding("right_square_bracket", "step(1)", "Turn after", show=False, id="chat-log.after"),
        Binding("enter,space", "expand", "Candidates", show=False, id="chat-log.expand"),
    ]

    class Chosen(Message):
        """Another turn is chosen."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._names: dict[str, str] = {}
        self._plain_name = "model"
        self._look = Look(ascii_only=glyphs.ascii_only)
        self.document = Document(self._name_of)
        self.following = True
        self.needle = ""
        self.expanded: frozenset[int] = frozenset()
        self.waits = self.queued = ""
        self._now = 0.0
        self._chosen = 0
        self._placing = False
        self._styles: dict[str, Style] = {}
        self._painted: list[Line | None] = []

    # -- turns in
    def show(self, turns: Sequence[Turn], name: str, now: float) -> None:
        """Show these turns; `name` is the model's, for those that name none."""
        begun = not self.document.turns or not turns or self.document.turns[0].id != turns[0].id
        self._plain_name, self._now = name, now
        if begun:
            self.following, self._chosen, self.document = True, 0, Document(self._name_of)
        self.document.put(turns, self._scene, self._text_width)
        self._settle(keep=not self.following)

    def grow(self, turns: Sequence[Turn], now: float) -> None:
        """Newer states of turns that are shown."""
        self._now = now
        self.document.update(turns, self._scene)
        self._settle(keep=not self.following)

    def tick(self, now: float) -> None:
        """Waits go on."""
        if alive := self.document.alive:
            self.grow(alive, now)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What is shown."""
        return self.document.turns

    @property
    def chosen(self) -> Turn | None:
        """The chosen turn, else the newest."""
        found = next((turn for turn in self.document.turns if turn.id == self._chosen), None)
        return found or (self.document.turns[-1] if self.document.turns else None)

    @property
    def _scene(self) -> Scene:
        return Scene(self._glyphs, self._look, self._now, self.waits, self.queued, self.expanded)

    def _name_of(self, turn: Turn) -> str:
        return turn.model.rpartition("/")[2] or self._plain_name

    # -- geometry
    @property
    def _text_width(self) -> int:
        return max(20, self.size.width - _MARK - 1)

    def on_resize(self, event: events.Resize) -> None:
        if self.document.width != self._text_width:
            self.document.put(self.document.turns, self._scene, self._text_width)
        self._settle(keep=not self.following)

    def _settle(self, *, keep: bool = True) -> None:
        """Draw what is in view; what is being read stays in its place, or the end at the end."""
        rows = self.size.height
        if rows < 1 or not self.document.width:
            return
        top = self.document.show(self.scroll_offset.y, rows) if keep else self.document.show_end(rows)
        self._place(top)
        self._lay_out()
        self._repaint()

    def _repaint(self) -> None:
        """Paint the lines that differ from what is painted; a scroll has asked for all of them already."""
        found = (self.document.line(self.scroll_offset.y + y) for y in range(self.size.height))
        lines = [one[1] if one is not None else None for one in found]
        before, self._painted = self._painted, lines
        changed = [y for y, line in enumerate(lines) if y >= len(before) or before[y] != line]
        if changed:
            self.refresh(Region(0, changed[0], self.size.width, changed[-1] - changed[0] + 1))

    def _place(self, top: int) -> None:
        self._placing = True
        size = Size(self.size.width, self.document.height)
        if self.show_vertical_scrollbar and size.height > self.size.height:
            # How long the conversation is changes nothing on the screen but the scroll bar: no new layout for it.
            self.set_reactive(ChatLog.virtual_size, size)
            self._scroll_update(size)
        else:
            self.virtual_size = size
        self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self._placing = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._placing and round(old_value) != round(new_value):
            self.following = new_value >= self.max_scroll_y
            self._settle()

    def _lay_out(self) -> None:
        if any(block.working for block in self.document.blocks):
            self._work()

    @work(exclusive=True, group="lay-out", exit_on_error=False)
    async def _work(self) -> None:
        """Very long replies are laid out in slices, so that keys are answered in between."""
        document = self.document
        for block in reversed(document.blocks):
            if not isinstance(block, TurnBlock) or not block.working:
                continue
            while block.work():  # noqa: ASYNC110 (a slice of work, not a wait)
                await asyncio.sleep(0)
            if document is not self.document:
                return
            document.index()
            self._settle(keep=not self.following)

    # -- what the keys ask for
    def action_scroll_lines(self, lines: int) -> None:
        """Scroll by so many lines."""
        self._go(self.scroll_offset.y + lines)

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by so many screenfuls."""
        self._go(self.scroll_offset.y + pages * max(1, self.size.height - 1))

    def action_top(self) -> None:
        """The beginning."""
        self._go(0)

    def action_bottom(self) -> None:
        """The end, and stay there."""
        self.following = True
        self._settle(keep=False)

    def _go(self, top: int) -> None:
        rows = self.size.height
        if self.following and top < self.document.height - rows:
            self.following = False
        top = self.document.show(top, rows)
        self.following = self.following or top >= self.document.height - rows
        self._place(top)
        self._lay_out()
        self.refresh()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._go(self.scroll_offset.y + _WHEEL)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._go(self.scroll_offset.y - _WHEEL)

    def action_step(self, step: int) -> None:
        """Choose the turn before or after; from what is in view, when the chosen one is not."""
        ids = [turn.id for turn in self.document.turns]
        if not ids:
            return
        at = self._position(ids, step)
        self.choose(ids[min(max(0, at + step), len(ids) - 1)])

    def _position(self, ids: list[int], step: int) -> int:
        top, rows = self.scroll_offset.y, self.size.height
        if not self._chosen and self.following:
            return len(ids) - 1
        if self._chosen in ids:
            start, end = self.document.span(self._chosen)
            if end > top and start < top + rows:
                return ids.index(self._chosen)
        edge = self.document.turn_at(top + rows - 1 if step < 0 else top)
        return (ids.index(edge) if edge in ids else len(ids) - 1) - step

    def choose(self, turn: int, line: int | None = None) -> None:
        """Choose a turn and bring it (or that line of it) into view."""
        self._chosen = turn
        start, end = self.document.span(turn)
        top, rows = self.scroll_offset.y, self.size.height
        if line is not None:
            if not top <= line < top + rows:
                self._go(line - rows // 3)
        elif start < top or end > top + rows:
            self._go(start if end - start >= rows or start < top else end - rows)
        self.refresh()
        self.post_message(self.Chosen())

    def action_expand(self) -> None:
        """Show or hide the other candidates of the chosen turn."""
        turn = self.chosen
        if turn is not None:
            self.expanded ^= {turn.id}
            self.grow([turn], self._now)

    def on_click(self, event: events.Click) -> None:
        turn = self.document.turn_at(self.scroll_offset.y + int(event.y))
        if turn:
            self.choose(turn)

    # -- search
    def search(self, needle: str) -> bool:
        """Mark `needle` and go to its newest place. False when it is nowhere."""
        self.needle = needle
        self.refresh()
        return not needle or self.find(backwards=True, begin=True)

    def find(self, *, backwards: bool, begin: bool = False) -> bool:
        """Go to the next turn that holds the searched text. False when there is none."""
        turn = self.chosen
        if turn is None or not self.needle:
            return False
        found = self.document.find(self.needle, 0 if begin else turn.id, backwards=backwards)
        if found is None:
            return False
        line = self.document.place(self.needle, found)
        self.following = False
        self._place(min(line, self.scroll_offset.y))
        self.choose(found, line)
        return True

    # -- painting
    def notify_style_update(self) -> None:
        """Another theme."""
        self._styles.clear()
        super().notify_style_update()

    def _style(self, names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            classes = [
                f"role--{name}" if name in ROLES and name not in STYLES else f"md--{name}" for name in names.split()
            ]
            style = self._styles[names] = self.get_visual_style(*classes or ["role--plain"]).rich_style
        return style

    def render_line(self, y: int) -> Strip:
        found = self.document.line(y + self.scroll_offset.y)
        width = self.size.width
        if found is None:
            return Strip.blank(width, self._style(""))
        part, line = found
        mine = part.turn == self._chosen and self.has_focus
        bar = Segment(self._glyphs.pick("▌", "|") if mine else " ", self._style("chosen" if mine else ""))
        segments = [bar, Segment(" ", self._style("")), *self._segments(line)]
        return Strip(segments).adjust_cell_length(width, self._style(""))

    def _segments(self, line: Line) -> list[Segment]:
        if not self.needle:
            return [Segment(text, self._style(names)) for text, names in line]
        segments, needle = [], self.needle.casefold()
        for text, names in line:
            at, folded, style = 0, text.casefold(), self._style(names)
            while len(folded) == len(text) and (hit := folded.find(needle, at)) >= 0:
                end = hit + len(needle)
                segments += [Segment(text[at:hit], style), Segment(text[hit:end], self._style("match"))]
                at = end
            segments.append(Segment(text[at:], style))
        return segments
