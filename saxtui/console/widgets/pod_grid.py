"""All hosts of all slices in one widget, drawn as the hardware stands: a change repaints its own cells only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from saxtui.console.grid_geometry import Box, GridLayout, Mesh, Place
from saxtui.console.pictures import SliceTitle
from saxtui.console.widgets.roles import ROLE_CLASSES, role_class
from saxtui.console.widgets.table_layout import fitted
from saxtui.present.pods import HostCell, SliceGrid
from saxtui.present.words import PRIMARY

_SHARE = 45  # percent of the terminal


def upper_share(terminal: Size) -> int:
    """Lines that mesh or list may take before they scroll: the log below needs the rest."""
    return max(4, terminal.height * _SHARE // 100)


class PodGrid(ScrollView, can_focus=True):
    """Slices with their host meshes. `show` gives it the picture; it keeps the cursor and the scroll position."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = ROLE_CLASSES | {"pod-grid--title", "pod-grid--rule", "pod-grid--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1,0)", "Host left", show=False, id="grid.left"),
        Binding("right", "move(1,0)", "Host right", show=False, id="grid.right"),
        Binding("up,k", "move(0,-1)", "Host up", show=False, id="grid.up"),
        Binding("down,j", "move(0,1)", "Host down", show=False, id="grid.down"),
        Binding("left_square_bracket", "slice(-1)", "Previous slice", show=False, id="grid.previous-slice"),
        Binding("right_square_bracket", "slice(1)", "Next slice", show=False, id="grid.next-slice"),
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
        self.grids: tuple[SliceGrid, ...] = ()
        self.titles: tuple[SliceTitle, ...] = ()
        self.ascii_only = ascii_only
        self._plan = GridLayout(Mesh(1, 1, 1), 0, 80, True)

    def show(self, grids: tuple[SliceGrid, ...], titles: tuple[SliceTitle, ...]) -> None:
        """Put a new picture; only the cells and titles that differ are painted again."""
        before, before_titles = self.grids, self.titles
        self.grids, self.titles = grids, titles
        if _shape(before) != _shape(grids):
            self.refresh(layout=True)
            self._arrange()
            return
        for place, (old, new) in enumerate(zip(before, grids, strict=True)):
            if before_titles[place] != titles[place]:
                left, top = self._plan.origin(place)
                self._repaint(Box(left, top, self._plan.pitch, 1))
            if old is new or old.cells == new.cells:
                continue
            for was, now in zip(old.cells, new.cells, strict=True):
                if (was.sign, was.primary) != (now.sign, now.primary):
                    self._repaint(self._plan.cell(Place(place, now.host)))

    @property
    def selected(self) -> tuple[int, HostCell] | None:
        """The slice's index and the cell under the cursor."""
        place = self.cursor
        if place.slice < len(self.grids) and place.host < len(self.grids[place.slice].cells):
            return self.grids[place.slice].index, self.grids[place.slice].cells[place.host]
        return None

    def select(self, slice_index: int, host: int) -> None:
        """Put the cursor on that host of the slice with that index, if it is drawn."""
        for place, grid in enumerate(self.grids):
            if grid.index == slice_index and host < len(grid.cells):
                self.cursor = Place(place, host)

    # -- geometry
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        room = upper_share(viewport)
        return min(room, self._layout_for(width, room).height)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _layout_for(self, width: int, height: int) -> GridLayout:
        mesh = Mesh(
            max((grid.rows for grid in self.grids), default=1),
            max((grid.columns for grid in self.grids), default=1),
            max((len(grid.cells) for grid in self.grids), default=1),
        )
        return GridLayout.fitting(mesh, len(self.grids), max(1, width), height)

    def _arrange(self) -> None:
        self._plan = self._layout_for(self.size.width, upper_share(self.app.size))
        self.virtual_size = Size(
            min(self._plan.full_width, max(self.size.width, self._plan.mesh_width)), self._plan.height
        )
        if not self.selected:
            self.cursor = Place(0, 0)
        self.refresh()

    def _repaint(self, box: Box) -> None:
        scroll_x, scroll_y = self.scroll_offset
        self.refresh(Region(box.x - scroll_x, box.y - scroll_y, box.width, box.height))

    # -- painting
    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, base = self.size.width, self._style()
        if not self.grids:
            return Strip.blank(width, base)
        row, line = divmod(y + scroll_y, self._plan.block_height)
        first = row * self._plan.per_row
        segments: list[Segment] = []
        for place in range(first, min(first + self._plan.per_row, len(self.grids))):
            segments += self._block_line(place, line, base)
        return Strip(segments).crop_extend(scroll_x, scroll_x + width, base)

    def _block_line(self, place: int, line: int, base: Style) -> list[Segment]:
        plan, grid = self._plan, self.grids[place]
        if line == 0:
            return self._heading(place)
        inner = line - 1
        step = 2 if plan.roomy else 1
        rows, rule = plan.mesh.rows, self._style("pod-grid--rule")
        pad = Segment(" " * (plan.pitch - plan.mesh_width), base)
        last = 2 * rows if plan.roomy else rows + 1
        if inner == 0 or inner == last or (plan.roomy and inner % 2 == 0):
            return [Segment(self._rule(0 if inner == 0 else 2 if inner == last else 1), rule), pad]
        host_row = (inner - 1) // step
        bar = Segment("|" if self.ascii_only else "│", rule)
        segments = [bar]
        for host in range(host_row * plan.mesh.cols, (host_row + 1) * plan.mesh.cols):
            if host < len(grid.cells):
                segments += [self._host(grid.cells[host], Place(place, host)), bar]
            else:
                segments += [Segment(" " * plan.cell_width, base), bar]
        return [*segments, pad]

    def _heading(self, place: int) -> list[Segment]:
        grid = self.grids[place]
        style = self._style("pod-grid--title")
        if place == self.cursor.slice and self.has_focus:
            style += Style(bold=True)
        sign, words = self.titles[place]
        glyph = sign.ascii if self.ascii_only else sign.glyph
        role = self._style("pod-grid--title", role_class(sign.role))
        head = f"slice {grid.index} "
        text = fitted(f" {words}", self._plan.pitch - 2 - len(head) - len(glyph))
        return [Segment(head, style), Segment(glyph, role), Segment(text + "  ", style)]

    def _host(self, cell: HostCell, place: Place) -> Segment:
        plan = self._plan
        glyph = (cell.sign.ascii if self.ascii_only else cell.sign.glyph) or " "
        star = ("*" if self.ascii_only else PRIMARY) if cell.primary else " "
        if plan.roomy:
            middle = f"{star} {glyph}" if cell.pod else glyph * 3
            text = f"{cell.host:<{plan.digits}} {middle} "
        else:
            lead = f"{cell.host}{star}" if cell.primary else f"{cell.host}"
            text = f"{lead:>{plan.cell_width - 1}}{glyph}"
        role = role_class(cell.sign.role)
        if place != self.cursor:
            return Segment(text, self._style(role))
        return Segment(text, self._style(role, "pod-grid--cursor") + Style(reverse=True, bold=self.has_focus))

    def _style(self, *names: str) -> Style:
        return self.get_visual_style(*names).rich_style

    def _rule(self, level: int) -> str:
        if self.ascii_only:
            left = cross = right = "+"
            dash = "-"
        else:
            (left, cross, right), dash = ("┌┬┐", "├┼┤", "└┴┘")[level], "─"
            if not self._plan.roomy and level != 1:
                cross = "┬┴"[level // 2]
        return left + cross.join([dash * self._plan.cell_width] * self._plan.mesh.cols) + right

    # -- moving
    def watch_cursor(self, old: Place, new: Place) -> None:
        for place in {old, new}:
            if place.slice < len(self.grids):
                left, top = self._plan.origin(place.slice)
                self._repaint(Box(left, top, self._plan.pitch, 1))
                self._repaint(self._plan.cell(place))
        box = self._plan.cell(new)
        top = self._plan.origin(new.slice)[1] if new.host < self._plan.mesh.cols else box.y - 1
        self.scroll_to_region(Region(max(0, box.x - 1), top, box.width + 2, box.y + 2 - top), animate=False, force=True)
        found = self.selected
        if found:
            self.post_message(self.Selected(found[0], found[1].host))

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def action_move(self, across: int, down: int) -> None:
        self.cursor = self._plan.move(self.cursor, across, down)

    def action_slice(self, step: int) -> None:
        place = min(max(0, self.cursor.slice + step), len(self.grids) - 1)
        if place >= 0:
            self.cursor = Place(place, min(self.cursor.host, len(self.grids[place].cells) - 1))

    def action_edge(self, side: int) -> None:
        if self.grids:
            last = len(self.grids) - 1
            self.cursor = Place(0, 0) if side < 0 else Place(last, len(self.grids[last].cells) - 1)

    def on_click(self, event: events.Click) -> None:
        place = self._plan.hit(int(event.x + self.scroll_offset.x), int(event.y + self.scroll_offset.y))
        if place is None or place.slice >= len(self.grids) or place.host >= len(self.grids[place.slice].cells):
            return
        self.cursor = place
        if event.chain > 1:
            self.post_message(self.Opened())


def _shape(grids: tuple[SliceGrid, ...]) -> list[tuple[tuple[int, int, int], int]]:
    """How many slices of which form: what the layout depends on."""
    forms = groupby((grid.rows, grid.columns, len(grid.cells)) for grid in grids)
    return [(form, sum(1 for _ in run)) for form, run in forms]
