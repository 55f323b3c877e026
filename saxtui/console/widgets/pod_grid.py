"""All hosts of all slices in one widget, at the zoom they fit in or a chosen one: a change repaints its cells only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from saxtui.console.fleet import Fleet
from saxtui.console.grid_geometry import Box, Layout, Place, Zoom, best_zoom, layout_for
from saxtui.console.grid_painter import CURSOR, RULE, TITLE, Painter
from saxtui.console.widgets.roles import ROLE_CLASSES
from saxtui.console.widgets.styled import Styled
from saxtui.present.pods import HostCell

_SHARE = 45  # percent of the terminal


def upper_share(terminal: Size) -> int:
    """Lines that mesh or list may take before they scroll: the log below needs the rest."""
    return max(4, terminal.height * _SHARE // 100)


class PodGrid(Styled, can_focus=True):
    """Slices with their hosts. `show` gives it the picture; it keeps the cursor, the zoom and the scroll position."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = ROLE_CLASSES | {TITLE, RULE, CURSOR}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1,0)", "Host left", show=False, id="grid.left"),
        Binding("right", "move(1,0)", "Host right", show=False, id="grid.right"),
        Binding("up,k", "move(0,-1)", "Host up", show=False, id="grid.up"),
        Binding("down,j", "move(0,1)", "Host down", show=False, id="grid.down"),
        Binding("left_square_bracket", "slice(-1)", "Previous slice", show=False, id="grid.previous-slice"),
        Binding("right_square_bracket", "slice(1)", "Next slice", show=False, id="grid.next-slice"),
        Binding("pageup", "page(-1)", "A screenful up", show=False, id="grid.page-up"),
        Binding("pagedown", "page(1)", "A screenful down", show=False, id="grid.page-down"),
        Binding("home", "edge(-1)", "First host", show=False, id="grid.first"),
        Binding("end", "edge(1)", "Last host", show=False, id="grid.last"),
    ]

    cursor: reactive[Place] = reactive(Place(0, 0), repaint=False)

    @dataclass
    class Selected(Message):
        """The cursor stands on another host: `slice` is the slice's own index."""

        slice: int
        host: int

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PodGrid.Selected)

    class Opened(Message):
        """A host was clicked twice."""

    def __init__(self, *, id: str | None = None, ascii_only: bool = False) -> None:
        super().__init__(id=id)
        self.fleet = Fleet()
        self.ascii_only = ascii_only
        self._chosen: Zoom | None = None
        self._zoom = Zoom.HOSTS
        self._layout = layout_for(Zoom.HOSTS, self.fleet.mesh, 1, 0, 80, 10)
        self._known: dict[int, tuple[object, ...]] = {}
        """What was last painted of the slices in view."""

    def show(self, changed: frozenset[int] | None) -> None:
        """The fleet has news: paint again what differs in these places, or everything (None)."""
        if changed is None:
            self.refresh(layout=True)
            self._arrange()
            return
        seen = self._in_view()
        dirty: dict[int, tuple[int, int]] = {}
        for place in changed:
            if place not in seen:
                self._known.pop(place, None)
                continue
            before, now = self._known.get(place), self._facts(place)
            self._known[place] = now
            if before is not None and before != now:
                self._mark(dirty, place, before, now)
            elif before is None:
                self._mark_all(dirty, place, len(now) - 1)
        scroll_x, scroll_y = self.scroll_offset
        for y, (left, right) in dirty.items():
            self.refresh(Region(left - scroll_x, y - scroll_y, right - left, 1))

    def _facts(self, place: int) -> tuple[object, ...]:
        """What is seen of a slice: its heading, then each host's sign."""
        if self._zoom is Zoom.SLICES:
            return "", self.fleet.sign(place)
        title = None if self._zoom is Zoom.FLEET else self.fleet.title(place)
        return title, *self.fleet.signs(place)

    def _mark(
        self, dirty: dict[int, tuple[int, int]], place: int, before: tuple[object, ...], now: tuple[object, ...]
    ) -> None:
        if before[0] != now[0]:
            _add(dirty, self._layout.heading(place))
        for host in range(max(len(before), len(now)) - 1):
            if before[host + 1 : host + 2] != now[host + 1 : host + 2]:
                _add(dirty, self._layout.cell(Place(place, host)))

    def _mark_all(self, dirty: dict[int, tuple[int, int]], place: int, hosts: int) -> None:
        _add(dirty, self._layout.heading(place))
        for host in range(hosts):
            _add(dirty, self._layout.cell(Place(place, host)))

    def _in_view(self) -> range:
        top, lines = self.scroll_offset.y, self._layout.block_height
        per_row = self._layout.per_row
        return range(top // lines * per_row, min(len(self.fleet), -(-(top + self.size.height) // lines) * per_row))

    @property
    def selected(self) -> tuple[int, HostCell] | None:
        """The slice's index and the cell under the cursor."""
        place = self.cursor
        if place.slice < len(self.fleet) and place.host < self.fleet.hosts(place.slice):
            return self.fleet.indexes[place.slice], self.fleet.grid(place.slice).cells[place.host]
        return None

    @property
    def looked_at(self) -> tuple[int, ...]:
        """The indexes of the slices whose hosts can be told apart in what is in view, the cursor's first."""
        found = [self.cursor.slice] if self.cursor.slice < len(self.fleet) else []
        if self._zoom < Zoom.FLEET:
            found += [place for place in self._in_view() if place != self.cursor.slice]
        return tuple(self.fleet.indexes[place] for place in found)

    def select(self, slice_index: int, host: int) -> None:
        """Put the cursor on that host of the slice with that index, if it is drawn."""
        if slice_index in self.fleet.indexes:
            place = self.fleet.indexes.index(slice_index)
            if host < self.fleet.hosts(place):
                self.cursor = Place(place, host)

    # -- zoom
    @property
    def zoom(self) -> Zoom:
        """How near the slices are."""
        return self._zoom

    def zoom_by(self, step: int) -> bool:
        """Nearer (-1) or farther (1); False at the end."""
        nearest = Zoom.CHIPS if self.fleet.mesh.chip_rows else Zoom.HOSTS
        if not nearest <= self._zoom + step <= Zoom.SLICES:
            return False
        self._chosen = Zoom(self._zoom + step)
        self.refresh(layout=True)
        self._arrange()
        self._reveal()
        return True

    # -- geometry
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        room = upper_share(viewport)
        return min(room, self._layout_for(width, room)[1].height)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()
        self._reveal()

    def _layout_for(self, width: int, height: int) -> tuple[Zoom, Layout]:
        fleet = self.fleet.mesh, self.fleet.most_hosts, len(self.fleet)
        zoom = self._chosen if self._chosen is not None else best_zoom(*fleet, max(1, width), height)
        layout = layout_for(zoom, *fleet, max(1, width), height)
        if layout.height > height:  # then a scrollbar takes the last columns
            layout = layout_for(zoom, *fleet, max(1, width - self.styles.scrollbar_size_vertical), height)
        return zoom, layout

    def _arrange(self) -> None:
        self._zoom, self._layout = self._layout_for(self.size.width, upper_share(self.app.size))
        self.virtual_size = Size(min(self._layout.full_width, max(self.size.width, self._least)), self._layout.height)
        if not self.selected:
            self.cursor = Place(0, 0)
        self._known.clear()
        self.refresh()

    @property
    def _least(self) -> int:
        return getattr(self._layout, "mesh_width", 0)

    def _repaint(self, box: Box) -> None:
        scroll_x, scroll_y = self.scroll_offset
        self.refresh(Region(box.x - scroll_x, box.y - scroll_y, box.width, box.height))

    # -- painting
    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, base = self.size.width, self._style()
        if not len(self.fleet):
            return Strip.blank(width, base)
        first = (y + scroll_y) // self._layout.block_height * self._layout.per_row
        for place in range(first, min(first + self._layout.per_row, len(self.fleet))):
            if place not in self._known:
                self._known[place] = self._facts(place)
        painter = Painter(self.fleet, self._layout, self._style, ascii_only=self.ascii_only)
        line, length = painter.line(y + scroll_y, self._drawn_cursor(), focused=self.has_focus)
        if scroll_x == 0 and length <= width:
            return Strip([*line, Segment(" " * (width - length), base)], width)
        return Strip(line, length).crop_extend(scroll_x, scroll_x + width, base)

    def _drawn_cursor(self) -> Place:
        return Place(self.cursor.slice, 0) if self._zoom is Zoom.SLICES else self.cursor

    # -- moving
    def watch_cursor(self, old: Place, new: Place) -> None:
        for place in {old, new}:
            if place.slice < len(self.fleet):
                self._repaint(self._layout.heading(place.slice))
                self._repaint(self._layout.cell(self._drawn(place)))
        self._reveal()
        found = self.selected
        if found:
            self.post_message(self.Selected(found[0], found[1].host))

    def _drawn(self, place: Place) -> Place:
        return Place(place.slice, 0) if self._zoom is Zoom.SLICES else place

    def _reveal(self) -> None:
        """Scroll the cursor into view; the first line of a slice with its heading."""
        box, heading = self._layout.cell(self._drawn_cursor()), self._layout.heading(self.cursor.slice)
        top = heading.y if box.y - heading.y <= 2 else box.y - 1
        self.scroll_to_region(
            Region(max(0, box.x - 1), max(0, top), box.width + 2, box.y + box.height + 1 - max(0, top)),
            animate=False, force=True,
        )  # fmt: skip

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self._styles.clear()
        self.refresh()

    def action_move(self, across: int, down: int) -> None:
        self.cursor = self._layout.move(self._drawn_cursor(), across, down)

    def action_slice(self, step: int) -> None:
        place = min(max(0, self.cursor.slice + step), len(self.fleet) - 1)
        if place >= 0:
            self.cursor = Place(place, min(self.cursor.host, self.fleet.hosts(place) - 1))

    def action_page(self, side: int) -> None:
        """As many slices up or down as are in view."""
        rows = max(1, self.size.height // self._layout.block_height)
        self.action_slice(side * rows * self._layout.per_row)

    def action_edge(self, side: int) -> None:
        if len(self.fleet):
            last = len(self.fleet) - 1
            self.cursor = Place(0, 0) if side < 0 else Place(last, self.fleet.hosts(last) - 1)

    def on_click(self, event: events.Click) -> None:
        place = self._layout.hit(int(event.x + self.scroll_offset.x), int(event.y + self.scroll_offset.y))
        if place is None or place.slice >= len(self.fleet) or place.host >= self.fleet.hosts(place.slice):
            return
        self.cursor = place
        if event.chain > 1:
            self.post_message(self.Opened())


def _add(dirty: dict[int, tuple[int, int]], box: Box) -> None:
    """Widen the dirty part of each line of the box; one part a line is cheaper than many."""
    for y in range(box.y, box.y + box.height):
        left, right = dirty.get(y, (box.x, box.x + box.width))
        dirty[y] = min(left, box.x), max(right, box.x + box.width)
