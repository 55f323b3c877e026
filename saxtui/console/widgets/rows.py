"""A table drawn line by line: a cursor, columns that give way when narrow, roles for colour.

Lighter than DataTable to import and to update; every table of the console is one of these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from saxtui.console.styling import ROLES
from saxtui.console.widgets.table_layout import GAP, Cell, Column, Row, fit, fitted

__all__ = ["Cell", "Column", "LazyRows", "Row", "Rows"]


class LazyRows(ABC):
    """Rows that are made when they are looked at, for tables of tens of thousands."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def row(self, number: int) -> Row:
        """The row in that place."""

    @abstractmethod
    def find(self, row_id: str) -> int | None:
        """The place of the row with that id."""

    @abstractmethod
    def sample(self) -> Sequence[Row]:
        """Some rows, for the widths of columns that have none of their own."""


class _Made(LazyRows):
    """Rows that are there already."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, number: int) -> Row:
        return self._rows[number]

    def find(self, row_id: str) -> int | None:
        return next((number for number, row in enumerate(self._rows) if row.id == row_id), None)

    def sample(self) -> Sequence[Row]:
        return self._rows


class Rows(ScrollView, can_focus=True):
    """Rows under an optional head line. With `cursor`, one row is highlighted; with `follow`, the end stays in view."""

    COMPONENT_CLASSES = {f"role--{role}" for role in (*ROLES, "cursor", "head")}
    BINDINGS = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("home,g", "edge(-1)", show=False),
        Binding("end,G", "edge(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
        Binding("pagedown,ctrl+d", "page(1)", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor came to another row."""

        rows: Rows
        row_id: str

        @property
        def control(self) -> Rows:
            return self.rows

    @dataclass
    class Activated(Message):
        """The row under the cursor was clicked again."""

        rows: Rows
        row_id: str

        @property
        def control(self) -> Rows:
            return self.rows

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,
        classes: str | None = None,
        cursor: bool = True,
        follow: bool = False,
        marker: str = ">",
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._rows: LazyRows = _Made(())
        self._layout: tuple[tuple[int, int], ...] = ()
        self._head = any(column.title for column in columns)
        self._with_cursor = cursor
        self._follow = follow
        self._marker = marker
        self._cursor = 0

    @property
    def selected(self) -> str:
        """The id of the row under the cursor, "" when there is none."""
        return self._rows.row(self._cursor).id if len(self._rows) and self._with_cursor else ""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def put(self, rows: Sequence[Row] | LazyRows, columns: Sequence[Column] | None = None) -> None:
        """Show these rows; the cursor stays on the same id. Repaints only the lines in view that differ."""
        rows = rows if isinstance(rows, LazyRows) else _Made(rows)
        before, old_layout = self._rows, self._layout
        selected = self.selected
        if columns is not None:
            self._columns = tuple(columns)
            self._head = any(column.title for column in columns)
        self._rows = rows
        found = rows.find(selected)
        self._cursor = found if found is not None else max(0, min(self._cursor, len(rows) - 1))
        self._arrange()
        if len(before) != len(rows) or old_layout != self._layout or columns is not None:
            self.refresh()
        else:
            top = int(self.scroll_offset.y)
            for index in range(top, min(len(rows), top + self.size.height)):
                if before.row(index) != rows.row(index):
                    self._refresh_row(index)
        if selected and self.selected not in ("", selected):
            self.post_message(self.Highlighted(self, self.selected))

    def choose(self, row_id: str) -> None:
        """Put the cursor on that row, without a message."""
        found = self._rows.find(row_id)
        if found is not None:
            self._cursor = found
            self.refresh()
            self._show_cursor()

    def _arrange(self) -> None:
        self._layout = fit(self._columns, self._rows.sample(), self._width - self._inset)
        at_end = self.scroll_offset.y >= self.max_scroll_y
        self.virtual_size = Size(self._width, len(self._rows) + self._head)
        if self._follow and at_end:
            self.scroll_end(animate=False)

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width or 80

    @property
    def _inset(self) -> int:
        return 2 if self._with_cursor else 0

    def on_resize(self) -> None:
        """Fit the columns again."""
        self._arrange()
        self.refresh()
        if self._with_cursor:
            self._show_cursor()

    def watch_show_vertical_scrollbar(self) -> None:
        """A scrollbar that comes or goes leaves another width for the columns, and no resize tells."""
        self.call_after_refresh(self.on_resize)

    def on_focus(self) -> None:
        """The marker shows only with focus."""
        self.refresh()

    def on_blur(self) -> None:
        """The marker shows only with focus."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line: the head stays on top, the rows scroll under it."""
        if self._head and y == 0:
            return self._draw_head()
        index = y - self._head + self.scroll_offset.y
        if not 0 <= index < len(self._rows):
            return Strip.blank(self._width, self.rich_style)
        return self._draw_row(self._rows.row(index), on=self._with_cursor and index == self._cursor)

    def _draw_head(self) -> Strip:
        style = self._style("head")
        parts = [Segment(" " * self._inset, style)]
        for index, width in self._layout:
            title = self._columns[index].title
            if isinstance(title, str):
                parts.append(Segment(fitted(title, width, right=self._columns[index].right), style))
            else:
                parts.extend(self._pieces(title(width), width, on=False, base="head"))
            parts.append(Segment(" " * GAP, style))
        return self._strip(parts, style)

    def _draw_row(self, row: Row, *, on: bool) -> Strip:
        base = self._style(on=on)
        marker = self._marker if on and self.has_focus else " "
        parts = [Segment(f"{marker} ", self._style("accent", on=on))] if self._with_cursor else []
        for index, width in self._layout:
            cell = row.cells[index] if index < len(row.cells) else Cell()
            if cell.draw is not None:
                parts.extend(self._pieces(cell.draw(width), width, on=on))
            else:
                text = fitted(cell.text, width, right=self._columns[index].right)
                parts.append(Segment(text, self._style(cell.role, on=on)))
            parts.append(Segment(" " * GAP, base))
        return self._strip(parts, base)

    def _pieces(self, drawn: Sequence[tuple[str, str]], width: int, *, on: bool, base: str = "") -> list[Segment]:
        parts = [Segment(text, self._style(role or base, on=on)) for text, role in drawn]
        line = Strip(parts).adjust_cell_length(width, self._style(base, on=on))
        return list(line)

    def _strip(self, parts: list[Segment], style: Style) -> Strip:
        return Strip(parts).adjust_cell_length(self._width, style)

    def _style(self, role: str = "", *, on: bool = False) -> Style:
        names = (["role--cursor"] if on else []) + ([f"role--{role}"] if role else [])
        return self.get_visual_style(*names).rich_style

    def _refresh_row(self, index: int) -> None:
        y = index + self._head - self.scroll_offset.y
        if y >= self._head:
            self.refresh(Region(0, y, self.size.width, 1))

    def _show_cursor(self) -> None:
        visible = self.size.height - self._head
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif visible > 0 and self._cursor >= top + visible:
            self.scroll_to(y=self._cursor - visible + 1, animate=False)

    def _move_to(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        if index == self._cursor or not len(self._rows):
            return
        old, self._cursor = self._cursor, index
        self._refresh_row(old)
        self._refresh_row(index)
        self._show_cursor()
        self.post_message(self.Highlighted(self, self.selected))

    def action_move(self, step: int) -> None:
        """Cursor (or, without one, the view) up or down."""
        if self._with_cursor:
            self._move_to(self._cursor + step)
        else:
            self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def action_page(self, step: int) -> None:
        """A screenful up or down."""
        self.action_move(step * max(1, self.size.height - self._head - 1))

    def action_edge(self, step: int) -> None:
        """To the first or the last row."""
        if self._with_cursor:
            self._move_to(0 if step < 0 else len(self._rows) - 1)
        elif step < 0:
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a click on it activates the row."""
        index = event.y - self._head + self.scroll_offset.y
        if event.y < self._head or not self._with_cursor or not 0 <= index < len(self._rows):
            return
        if index == self._cursor and event.chain > 1:
            self.post_message(self.Activated(self, self.selected))
        self._move_to(index)
