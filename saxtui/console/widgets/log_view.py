"""The rows of a log on screen. Line API over a bounded store: holding a line costs nothing until it is shown.

Scrolling goes by lines: where long ones are folded, a screen holds fewer of them. What takes long, counting matches or
folding, is done a few milliseconds at a time between frames.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from saxtui.console.log_find import Hits, Hunt
from saxtui.console.log_folding import FoldRows
from saxtui.console.log_paging import into, page, within
from saxtui.console.log_paint import HUES, WHO, Look, Piece, body, cells, folded, lead, sideways
from saxtui.console.log_rows import AllRows, Rows
from saxtui.console.log_store import CAPACITY, LogStore
from saxtui.console.widgets.roles import ROLE_CLASSES
from saxtui.console.widgets.styled import Styled
from saxtui.console.widgets.table_layout import fitted
from saxtui.model.cluster import LogLine
from saxtui.model.log_batch import LogBatch
from saxtui.present.log_pattern import LogPattern
from saxtui.present.logs import tag_of

FRAME = 1 / 15
_PIECE = 0.004  # seconds of work in one go
_AT_ONCE = 0.010  # seconds of looking right after a key
_BREATH = 0.001
_TAG_MOST = 14
_SIDEWAYS = 8
"""Cells that a key moves long lines by: one at a time is no way to the end of a stack trace's line."""
_STYLES = {"log-view--tag", "log-view--time", "log-view--cursor", "log-view--match", "log-view--count", *HUES}


class _Frame(NamedTuple):
    """What is the same for all lines of one painting, asked once: how they look, (row, part) of each line of the
    screen, its width, and the number of the line under the cursor, -1 for none."""

    look: Look
    laid: list[tuple[int, int]]
    width: int
    pointed: int


class LogView(Styled, can_focus=True):
    """Lines with time, host tag, level and text; a cursor line; follow, wrap, times, brief, fold, filter and search."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = ROLE_CLASSES | _STYLES
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
    folded: reactive[bool] = reactive(False, repaint=False)

    class Changed(Message):
        """Something the title shows changed: lines, follow, wrap, search, filter."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Changed)

    def __init__(self, *, id: str | None = None, ascii_only: bool = False, capacity: int = CAPACITY) -> None:
        super().__init__(id=id)
        self.store = LogStore(capacity)
        self.rows: Rows = AllRows(self.store)
        self.pattern = LogPattern()  # the filter
        self.needle = LogPattern()  # the search
        self.found: Hits | None = None
        self.placeholder = ""
        self.ascii_only = ascii_only
        self.cursor = 0  # the number of a line in the store
        self._hunt: Hunt | None = None
        self._goal: int | None = None
        self._missed: Callable[[], None] = lambda: None
        self._tag_width = 3
        self._sources = 0
        self._due = self._working = self._placing = False
        self._laid: list[tuple[int, int]] = []  # (row index, part) of each screen line
        self._laid_for: tuple[object, ...] = ()
        self._above = 0  # how many rows of the topmost line are above the screen: one taller than the pane is read so
        self._parts_kept: dict[int, list[list[Piece]]] = {}
        self._frame = _Frame(self.look, [], 0, -1)

    # -- lines in
    def feed(self, batch: LogBatch) -> None:
        """Take lines in at once; the screen follows at most 15 times a second."""
        self.store.append(batch)
        if not self._due and self.is_mounted:
            self._due = True
            self.set_timer(FRAME, self.flush)

    def flush(self) -> None:
        """Show what was fed since the last time."""
        self._due = False
        self._widen()
        self._take_in(_PIECE)
        self.cursor = min(max(self.cursor, self.store.first), max(self.store.first, self.store.end - 1))
        self._show()

    def forget(self) -> None:
        """Start over: other streams were chosen."""
        self.store.clear()
        self.cursor = self.store.first
        self._tag_width, self._sources = 3, 0
        self._hunt = None
        # Nothing is drawn before the rows are made anew: the old ones are of lines that are gone.
        self.set_reactive(LogView.following, True)
        self.rebuild()

    def rebuild(self) -> None:
        """Choose the rows anew: the filter or the folding changed, or all lines."""
        self._laid_for, self._above = (), 0
        if self.folded:
            self.rows = FoldRows(self.store, self.pattern)
        elif self.pattern:
            self.rows = Hits(self.store, self.pattern, gaps=True)
        else:
            self.rows = AllRows(self.store)
        self.found = Hits(self.store, self.needle) if self.needle else None
        self._take_in(_AT_ONCE, enough=max(1, self.size.height))
        if not self.following:
            self._virtual()
            self._show_cursor()
        self._show()

    def _take_in(self, seconds: float, enough: int = 0) -> None:
        """New rows, and old ones away, without moving what is read."""
        moved = self.rows.step(seconds, enough) - self.rows.forget()
        if moved and not self.following:
            self._virtual()
            self._place(max(0, self.scroll_offset.y + moved))
        if not self.rows.done or (self.found is not None and not self.found.done):
            self._work_soon()

    def _show(self) -> None:
        self._virtual()
        if self.following:
            self._to_end()
        self._laid_for = ()
        self.refresh()
        self.post_message(self.Changed())

    def _widen(self) -> None:
        """The tags' column is as wide as the widest tag."""
        for source in self.store.sources[self._sources :]:
            self._tag_width = max(self._tag_width, min(len(tag_of(source)), _TAG_MOST))
        self._sources = len(self.store.sources)

    # -- work in pieces
    @property
    def busy(self) -> bool:
        """Whether lines are still being looked at for the filter, the search or the folding."""
        looking = self.found is not None and not self.found.done
        return looking or not self.rows.done or self._hunt is not None

    def _work_soon(self) -> None:
        if not self._working and self.is_mounted:
            self._working = True
            self.set_timer(_BREATH, self._work)

    def _work(self) -> None:
        self._working = False
        if self._hunt is not None:
            self._hunt.step(_PIECE)
            self._hunted()
        elif not self.rows.done:
            self._take_in(_PIECE)
            self._reach_goal()
        elif self.found is not None:
            self.found.step(_PIECE)
        if self.busy:
            self._work_soon()
        if not self._due:
            self._due = True
            self.set_timer(FRAME, self.flush)

    # -- geometry
    @property
    def look(self) -> Look:
        """How lines are shown now."""
        return Look(self.times, self.brief, self.ascii_only, self._tag_width)

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height)

    @property
    def _width(self) -> int:
        """Cells left of the scrollbar."""
        return self.scrollable_content_region.width

    def _virtual(self) -> None:
        """With long lines folded, the last one may be scrolled to the top: its height is not known beforehand."""
        width = self._width
        if not self.wrapped:
            width = max(width, self._widest())
        old, size = self.virtual_size, Size(width, len(self.rows) + (self._height - 1 if self.wrapped else 0))
        if old.height > self.container_size.height < size.height:
            # The scrollbar is there and stays: the screen need not be laid out anew for every few lines.
            self.set_reactive(LogView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        elif size != old:
            self.virtual_size = size

    def _widest(self) -> int:
        """Cells of the widest line on the screen."""
        look = self.look
        texts = [(look.text(self.store[self.rows.number(index)]), "") for index, _ in self._layout()]
        return look.lead + (WHO + 1 if self.folded else 0) + max((cells([text]) for text in texts), default=0) + 2

    def _layout(self) -> list[tuple[int, int]]:
        """(row index, part) of each line of the screen; with follow the newest at the bottom."""
        height, count, top = self._height, len(self.rows), self.scroll_offset.y
        key = (height, count, top, self._above, self.following, self.wrapped, self._width, self.store.first)
        if key == self._laid_for:
            return self._laid
        self._parts_kept.clear()
        if not self.wrapped:
            first = max(0, count - height) if self.following else top
            laid = [(index, 0) for index in range(first, min(count, first + height))]
        elif self.following:
            laid = []
            for index in range(count - 1, -1, -1):
                laid[:0] = [(index, part) for part in range(len(self._parts(index)))]
                if len(laid) >= height:
                    break
            laid = laid[-height:]
        else:
            laid = []
            for index in range(top, count):
                parts = len(self._parts(index))
                laid += [(index, part) for part in range(min(self._above, parts - 1) if index == top else 0, parts)]
                if len(laid) >= height:
                    break
            laid = laid[:height]
        self._laid, self._laid_for = laid, key
        return laid

    def on_resize(self, event: events.Resize) -> None:
        self._show()

    def _place(self, y: int) -> None:
        self._placing = True
        self.scroll_to(y=y, animate=False, force=True)
        self._placing = False

    def _to_end(self) -> None:
        if len(self.rows):
            self.cursor = self.rows.number(len(self.rows) - 1)
        top = self._layout()[0][0] if self.wrapped and self._layout() else len(self.rows) - self._height
        if max(0, top) != self.scroll_offset.y:
            self._place(max(0, top))

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """A bar that comes after the text was scrolled is told where the text stands."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._placing or round(old_value) == round(new_value):
            return
        count = len(self.rows)
        if new_value > old_value:
            laid = self._layout()
            self.following = not laid or laid[-1][0] >= count - 1
        elif old_value <= self.max_scroll_y:
            # Otherwise the pane has grown, and nobody scrolled.
            self.following = False
        else:
            return
        self._above = 0
        self._take_cursor_along()

    def _take_cursor_along(self) -> None:
        """The next key goes on from what is read, not from where the cursor was before the wheel turned."""
        laid = self._layout()
        if laid and not self.following:
            self.cursor = self.rows.number(min(max(self._row_at(self.cursor), laid[0][0]), laid[-1][0]))

    # -- what the keys ask for
    def watch_following(self, following: bool) -> None:
        self._hunt = self._goal = None
        self._show()

    def watch_wrapped(self) -> None:
        self.scroll_to(x=0, animate=False)
        self._show()

    def watch_times(self) -> None:
        self._show()

    def watch_brief(self) -> None:
        self._show()

    def watch_folded(self) -> None:
        self.rebuild()

    def action_move(self, step: int) -> None:
        if not len(self.rows):
            return
        row, height, place = self._row_at(self.cursor), self._height, None
        if self.wrapped:
            place = within(self._layout(), row, self._count, height, step)
            place = place or into(row + step, len(self.rows), self._count, height, step)
        if place:
            self._stand(*place)
        else:
            self._go(row + step)

    def action_page(self, pages: int) -> None:
        if len(self.rows) and self.wrapped:
            place = page(self._layout(), len(self.rows), self._count, self._height, pages)
            if place:
                self._stand(*place)
            else:
                self.action_bottom()
        elif len(self.rows):
            self._go(self._row_at(self.cursor) + pages * max(1, self._height - 1))

    def _count(self, row: int) -> int:
        return len(self._parts(row))

    def _stand(self, row: int, above: int) -> None:
        """Put a row at the top, so many of its own rows above the screen, and the cursor on it."""
        self.following = False
        self.cursor = self.rows.number(row)
        self._place(row)
        self._above = above
        self._show()

    def action_scroll_left(self) -> None:
        self.scroll_relative(x=-_SIDEWAYS, animate=False)

    def action_scroll_right(self) -> None:
        self.scroll_relative(x=_SIDEWAYS, animate=False)

    def action_top(self) -> None:
        if len(self.rows):
            self._go(0)

    def action_bottom(self) -> None:
        self.following = True
        self._show()

    def go_to(self, number: int) -> None:
        """Put the cursor on the line, or the next one shown after it."""
        if len(self.rows):
            self._go(self._row_at(number))

    def _row_at(self, number: int) -> int:
        return min(self.rows.index(number), len(self.rows) - 1)

    def _go(self, index: int) -> None:
        """Put the cursor on a row; on the last one the view follows again."""
        index = min(max(0, index), len(self.rows) - 1)
        self.following = index == len(self.rows) - 1
        self.cursor, self._above = self.rows.number(index), 0
        self._show_cursor()
        self._show()

    def _show_cursor(self) -> None:
        if not len(self.rows):
            return
        at, laid = self._row_at(self.cursor), self._layout()
        if not laid or not laid[0][0] <= at <= laid[-1][0]:
            above = 1 if laid and at == laid[0][0] - 1 else self._height // 2
            below = laid and at == laid[-1][0] + 1
            top = laid[0][0] + 1 if below else at if above == 1 else at - above
            self._place(min(max(0, top), max(0, len(self.rows) - (1 if self.wrapped else self._height))))
            self._laid_for = ()

    # -- search, filter, jump
    def search(self, needle: LogPattern) -> None:
        """Mark `needle`, and count it."""
        self.needle = needle
        self.found = Hits(self.store, needle) if needle else None
        if self.found is not None:
            self.found.step(_AT_ONCE, enough=1)
            self._work_soon()
        self._laid_for = ()  # the rows of folded lines are kept with their marks
        self.refresh()
        self.post_message(self.Changed())

    def filter(self, pattern: LogPattern) -> None:
        """Show only lines that match (none asked for: all). The newest are shown at once."""
        self.pattern = pattern
        self.rebuild()

    def hunt(
        self, pattern: LogPattern | None, missed: Callable[[], None], *, backwards: bool, include: bool = False
    ) -> None:
        """Go to the next shown line that matches, or the one before; None: to a gap mark. `missed`: it is nowhere."""
        start = self.cursor + (1 if include and backwards else 0)
        also = self.pattern if self.pattern else None
        self._hunt = Hunt(self.store, pattern, start, backwards=backwards, also=also)
        self._missed = missed
        self._hunt.step(_AT_ONCE)
        self._hunted()
        if self._hunt is not None:
            self._work_soon()

    def _hunted(self) -> None:
        hunt = self._hunt
        if hunt is None or not hunt.over:
            return
        self._hunt = None
        if hunt.found is None:
            self._missed()
        else:
            self._goal = hunt.found
            self._reach_goal()

    def _reach_goal(self) -> None:
        """Go to what was hunted for, once the filter has looked so far back."""
        if self._goal is not None and (not isinstance(self.rows, Hits) or self.rows.seen_down_to <= self._goal):
            goal, self._goal = self._goal, None
            self.go_to(goal)

    @property
    def current(self) -> LogLine | None:
        """The line under the cursor."""
        return self.store[self.cursor] if self.store.first <= self.cursor < self.store.end else None

    def on_click(self, event: events.Click) -> None:
        laid = self._layout()
        if int(event.y) < len(laid):
            self._go(laid[int(event.y)][0])

    # -- painting
    def _pieces(self, index: int, look: Look) -> tuple[list[Piece], list[Piece]]:
        line = self.store[self.rows.number(index)]
        fold = self.rows.fold if isinstance(self.rows, FoldRows) else None
        group = self.rows.group(index) if isinstance(self.rows, FoldRows) else None
        return lead(line, look, group), body(line, look, self.needle, fold, group)

    def _parts(self, index: int) -> list[list[Piece]]:
        """The rows of a folded line; kept as long as the screen is laid out the same."""
        kept = self._parts_kept.get(index)
        if kept is None:
            look = self.look
            kept = folded(self._pieces(index, look)[1], max(8, self._width - look.lead))
            self._parts_kept[index] = kept
        return kept

    def render_lines(self, crop: Region) -> list[Strip]:
        self._frame = _Frame(self.look, self._layout(), self._width, self.cursor if self.has_focus else -1)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        frame = self._frame
        if y >= len(frame.laid) or frame.laid[y][0] >= len(self.rows):
            said = self.placeholder if y == 0 and not len(self.rows) else ""
            return Strip([Segment(fitted(said, frame.width), self._style("role--dim"))], frame.width)
        index, part = frame.laid[y]
        first, text = self._pieces(index, frame.look)
        if self.wrapped:
            first = first if part == 0 else [(" " * frame.look.lead, "log-view--time")]
            text = self._parts(index)[part]
        else:
            text = sideways(text, int(self.scroll_x), frame.width - frame.look.lead, ascii_only=self.ascii_only)
        return self._strip([*first, *text], frame.width, on=self.rows.number(index) == frame.pointed)

    def _strip(self, pieces: list[Piece], width: int, *, on: bool) -> Strip:
        cursor = ("log-view--cursor",) if on else ()
        length = cells(pieces)
        segments = [Segment(words, self._style(name, *cursor)) for words, name in pieces if words]
        if length > width:
            return Strip(segments, length).crop(0, width)
        return Strip([*segments, Segment(" " * (width - length), self._style(*cursor))], width)
