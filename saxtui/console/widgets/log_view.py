"""The rows of a log on screen. Line API over a bounded ring: storing a line costs nothing until it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from saxtui.console.log_buffer import CAPACITY, LogBuffer
from saxtui.console.log_level import level
from saxtui.console.log_rows import LogRows, chop, spans
from saxtui.console.widgets.roles import ROLE_CLASSES, role_class
from saxtui.console.widgets.table_layout import fitted
from saxtui.model.cluster import LogLine
from saxtui.present import logs
from saxtui.present.times import clock

FRAME = 1 / 15
_TAG_MOST = 14


class LogView(ScrollView, can_focus=True):
    """Lines with time, host tag, level and text; a cursor line; follow, wrap, times, brief, filter and search."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = ROLE_CLASSES | {"log-view--tag", "log-view--time", "log-view--cursor", "log-view--match"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="log.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="log.down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="log.page-up"),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, id="log.page-down"),
        Binding("home", "top", "First line", show=False, id="log.home"),
        Binding("end", "bottom", "Last line", show=False, id="log.end"),
    ]

    following: reactive[bool] = reactive(True, repaint=False)
    wrapped: reactive[bool] = reactive(False, repaint=False)
    times: reactive[bool] = reactive(True, repaint=False)
    brief: reactive[bool] = reactive(True, repaint=False)

    class Changed(Message):
        """Something the title shows changed: lines, follow, wrap, search, filter."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Changed)

    def __init__(self, *, id: str | None = None, ascii_only: bool = False, capacity: int = CAPACITY) -> None:
        super().__init__(id=id)
        self.buffer = LogBuffer(capacity)
        self.rows = LogRows(self.buffer, brief=True)
        self.needle = ""
        self.placeholder = ""
        self.ascii_only = ascii_only
        self.cursor = 0  # the number of a line in the ring
        self._tag_width = 3
        self._due = False
        self._placing = False

    # -- lines in
    def feed(self, lines: Iterable[LogLine]) -> None:
        """Take lines in at once; the screen follows at most 15 times a second."""
        self.buffer.extend(lines)
        if not self._due and self.is_mounted:
            self._due = True
            self.set_timer(FRAME, self.flush)

    def flush(self) -> None:
        """Show what was fed since the last time."""
        self._due = False
        self._widen(self.buffer.lines(self.rows.seen))
        gone = self.rows.update()
        self.cursor = min(max(self.cursor, self.buffer.first), max(self.buffer.first, self.buffer.end - 1))
        self._resize_virtual()
        if self.following:
            self._to_end()
        elif gone:
            self._place(max(0, self.scroll_offset.y - gone))
        self.refresh()
        self.post_message(self.Changed())

    def forget(self) -> None:
        """Start over: other streams were chosen."""
        self.buffer.clear()
        self.cursor = self.buffer.first
        self._tag_width = 3
        self.following = True
        self.rebuild()

    def rebuild(self) -> None:
        """Lay all rows out again: the width, the folding or the filter changed."""
        width = self._text_width if self.wrapped else 0
        self.rows = LogRows(self.buffer, needle=self.rows.needle, width=width, brief=self.brief)
        self._resize_virtual()
        if self.following:
            self._to_end()
        else:
            self._show_cursor()
        self.refresh()
        self.post_message(self.Changed())

    def _widen(self, lines: Iterable[tuple[int, LogLine]]) -> None:
        widest = max((len(logs.tag(line)) for _, line in lines), default=0)
        if min(widest, _TAG_MOST) > self._tag_width:
            self._tag_width = min(widest, _TAG_MOST)
            if self.wrapped:
                self.rows.width = self._text_width
                self.call_later(self.rebuild)

    # -- geometry
    @property
    def _lead(self) -> int:
        return (9 if self.times else 0) + self._tag_width + 3

    @property
    def _text_width(self) -> int:
        return max(8, self.size.width - self._lead - 1)

    def _resize_virtual(self) -> None:
        width = self.size.width if self.wrapped else self._lead + self.rows.widest
        self.virtual_size = Size(width, len(self.rows))

    def on_resize(self, event: events.Resize) -> None:
        if self.wrapped and self.rows.width != self._text_width:
            self.rebuild()
        else:
            self._resize_virtual()
            if self.following:
                self._to_end()

    def _place(self, y: int) -> None:
        self._placing = True
        self.scroll_to(y=y, animate=False, force=True)
        self._placing = False

    def _to_end(self) -> None:
        if len(self.rows):
            self.cursor = self.rows[len(self.rows) - 1].number
        self._place(max(0, len(self.rows) - self.scrollable_content_region.height))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._placing and round(old_value) != round(new_value):
            self.following = new_value >= self.max_scroll_y

    # -- what the keys ask for
    def watch_following(self, following: bool) -> None:
        if following:
            self._to_end()
            self.refresh()
        self.post_message(self.Changed())

    def watch_wrapped(self) -> None:
        self.rebuild()

    def watch_times(self) -> None:
        self.rebuild()

    def watch_brief(self) -> None:
        self.rebuild()

    def action_move(self, step: int) -> None:
        if not len(self.rows):
            return
        at = min(max(0, self.rows.index_of(self.cursor)), len(self.rows) - 1)
        number = self.rows[at].number
        while 0 <= at + step < len(self.rows) and self.rows[at].number == number:
            at += step
        self._go(self.rows[at].number)

    def action_page(self, pages: int) -> None:
        if not len(self.rows):
            return
        at = self.rows.index_of(self.cursor) + pages * max(1, self.size.height - 1)
        self._go(self.rows[min(max(0, at), len(self.rows) - 1)].number)

    def action_top(self) -> None:
        if len(self.rows):
            self._go(self.rows[0].number)

    def action_bottom(self) -> None:
        self.following = True
        self._to_end()
        self.refresh()

    def _go(self, number: int) -> None:
        """Put the cursor on a line; on the last one the view follows again."""
        self.cursor = number
        self.following = number == self.rows[len(self.rows) - 1].number
        self._show_cursor()
        self.refresh()

    def _show_cursor(self) -> None:
        at, height = self.rows.index_of(self.cursor), max(1, self.scrollable_content_region.height)
        top = self.scroll_offset.y
        if at < top or at >= top + height:
            self._place(min(max(0, at - height // 2), max(0, len(self.rows) - height)))

    def search(self, needle: str) -> bool:
        """Mark `needle` and go to its newest place before the cursor. False when it is nowhere."""
        self.needle = needle
        self.refresh()
        self.post_message(self.Changed())
        return not needle or self.find(backwards=True, include=True)

    def find(self, *, backwards: bool, include: bool = False) -> bool:
        """Go to the next place of the searched text. False when there is none."""
        start = self.cursor + (1 if include and backwards else 0)
        found = self.rows.find(self.needle, start, backwards=backwards) if self.needle else None
        if found is None:
            return False
        self._go(found)
        return True

    def filter(self, needle: str) -> None:
        """Show only lines that hold `needle` ("" shows all)."""
        self.rows.needle = needle
        self.rebuild()

    @property
    def current(self) -> LogLine | None:
        """The line under the cursor."""
        return self.buffer[self.cursor] if self.buffer.first <= self.cursor < self.buffer.end else None

    def on_click(self, event: events.Click) -> None:
        at = int(event.y) + self.scroll_offset.y
        if at < len(self.rows):
            self._go(self.rows[at].number)

    # -- painting
    def _style(self, *names: str) -> Style:
        return self.get_visual_style(*names).rich_style

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, at = self.size.width, y + scroll_y
        if at >= len(self.rows):
            said = self.placeholder if at == 0 else ""
            return Strip([Segment(fitted(said, width), self._style("role--dim"))])
        number, part = self.rows[at]
        line = self.buffer[number]
        on = ("log-view--cursor",) if number == self.cursor and self.has_focus else ()
        lead = self._lead_segments(line, on) if part == 0 else [Segment(" " * self._lead, self._style(*on))]
        strip = Strip([*lead, *self._text_segments(line, part, on)])
        if not self.wrapped:
            strip = self._sideways(strip, int(scroll_x), width, on)
        return strip.adjust_cell_length(width, self._style(*on))

    def _sideways(self, strip: Strip, scroll_x: int, width: int, on: tuple[str, ...]) -> Strip:
        """The lead stays while long lines move; a mark at the edge says that a line goes on."""
        goes_on = strip.cell_length - scroll_x > width
        edge = width - 1 if goes_on else width
        kept = strip.crop(0, self._lead)
        moved = strip.crop_extend(self._lead + scroll_x, scroll_x + edge, self._style(*on))
        mark = (
            [Strip([Segment(">" if self.ascii_only else "›", self._style("log-view--time", *on))])] if goes_on else []
        )
        return Strip.join([kept, moved, *mark])

    def _lead_segments(self, line: LogLine, on: tuple[str, ...]) -> list[Segment]:
        sign = level(line)
        lead = [Segment(f"{clock(line.at):<8} ", self._style("log-view--time", *on))] if self.times else []
        return [
            *lead,
            Segment(fitted(logs.tag(line), self._tag_width) + " ", self._style("log-view--tag", *on)),
            Segment((sign.ascii if self.ascii_only else sign.glyph) + " ", self._style(role_class(sign.role), *on)),
        ]

    def _text_segments(self, line: LogLine, part: int, on: tuple[str, ...]) -> list[Segment]:
        style = self._style(role_class(level(line).role), *on)
        whole = self.rows.text(line)
        parts = chop(whole, self.rows.width) if self.rows.width else [whole]
        part = min(part, len(parts) - 1)
        text, start = parts[part], sum(len(before) for before in parts[:part])
        match = self._style("log-view--match", *on) + Style(reverse=True)
        segments, at = [], 0
        for left, right in spans(whole, self.needle):
            left, right = max(at, left - start), min(len(text), right - start)
            if left >= right:
                continue
            segments += [Segment(text[at:left], style), Segment(text[left:right], match)]
            at = right
        return [*segments, Segment(text[at:], style)]
