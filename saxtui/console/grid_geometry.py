"""Where every slice and host stands in the pod grid. Pure arithmetic in cells; the widget only paints what this says.

A slice is named by its position in the grid here, a host by its completion index. Two layouts answer the same
questions: BoxLayout draws each host as a box in its slice's mesh, RunLayout as one glyph in its slice's run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

from saxtui.present.mesh import HostMesh

GAP = 2
LAYER_GAP = 1
_TITLE_ROOM = 34
_TITLE_MOST = 56


class Zoom(IntEnum):
    """How near the slices are: the smaller, the more of each is seen."""

    CHIPS = 0
    HOSTS = 1
    ROWS = 2
    FLEET = 3
    SLICES = 4


class Place(NamedTuple):
    """One host of one slice."""

    slice: int
    host: int


class Box(NamedTuple):
    """A rectangle in cells."""

    x: int
    y: int
    width: int
    height: int


class Layout(Protocol):
    """Where things stand. `block_height` lines make a row of `per_row` slices, each `pitch` cells after the last."""

    @property
    def per_row(self) -> int: ...
    @property
    def pitch(self) -> int: ...
    @property
    def block_height(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def full_width(self) -> int: ...
    def heading(self, slice_index: int) -> Box:
        """What is painted anew when the slice's title changes."""

    def cell(self, place: Place) -> Box:
        """What is painted anew when the host changes."""

    def hit(self, x: int, y: int) -> Place | None:
        """The host at that cell, borders and headings excepted."""

    def move(self, place: Place, across: int, down: int) -> Place:
        """The host so many steps away, crossing into neighbour slices; the same at the edges."""


@dataclass(frozen=True, slots=True)
class BoxLayout:
    """`count` equal slices of `hosts` each, flowing from left to right in `width` cells.

    `roomy` rules a line between all hosts; `chips` draws each host's chips under its name, which makes it roomy.
    """

    mesh: HostMesh
    hosts: int
    count: int
    width: int
    roomy: bool
    chips: bool = False

    @classmethod
    def fitting(cls, mesh: HostMesh, hosts: int, count: int, width: int, height: int) -> BoxLayout:
        """Roomy when everything fits into `height` so, compact otherwise."""
        roomy = cls(mesh, hosts, count, width, True)
        if roomy.height <= height and roomy.mesh_width <= width:
            return roomy
        return cls(mesh, hosts, count, width, False)

    @property
    def digits(self) -> int:
        """Digits of the highest host index."""
        return len(str(self.hosts - 1))

    @property
    def chip_lines(self) -> int:
        """Lines of chips under a host's name."""
        return self.mesh.chip_rows if self.chips else 0

    @property
    def cell_width(self) -> int:
        """Cells inside one host's box."""
        least = 2 * self.mesh.chip_columns + 1 if self.chips else 0
        return max(least, self.digits + 5) if self.roomy else max(3, self.digits + 1)

    @property
    def step(self) -> int:
        """Lines from one row of hosts to the next."""
        return 1 + self.chip_lines + self.roomy

    @property
    def layer_width(self) -> int:
        """Width of one layer's box with its borders."""
        return self.mesh.columns * (self.cell_width + 1) + 1

    @property
    def layers_per_row(self) -> int:
        """Layers of one slice side by side."""
        return max(1, min(self.mesh.layers, (self.width + LAYER_GAP) // (self.layer_width + LAYER_GAP)))

    @property
    def layer_height(self) -> int:
        """Lines of one layer with its borders."""
        return self.mesh.rows * self.step + (1 if self.roomy else 2)

    @property
    def mesh_width(self) -> int:
        """Width of one slice's layers."""
        return self.layers_per_row * (self.layer_width + LAYER_GAP) - LAYER_GAP

    @property
    def block_height(self) -> int:
        """Lines of one slice: its title and its layers."""
        return 1 + -(-self.mesh.layers // self.layers_per_row) * self.layer_height

    @property
    def per_row(self) -> int:
        """Slices side by side."""
        return max(1, min(self.count, (self.width + GAP) // (max(self.mesh_width, _TITLE_ROOM) + GAP)))

    @property
    def pitch(self) -> int:
        """Cells from one slice's left edge to the next one's."""
        return max(self.mesh_width + GAP, min(self.width // self.per_row, max(self.mesh_width, _TITLE_MOST) + GAP))

    @property
    def height(self) -> int:
        """Lines of the whole grid."""
        return -(-self.count // self.per_row) * self.block_height

    @property
    def full_width(self) -> int:
        """Cells of the whole grid, for scrolling."""
        return (self.per_row - 1) * self.pitch + self.mesh_width

    def origin(self, slice_index: int) -> tuple[int, int]:
        """Left and top of a slice's block."""
        row, column = divmod(slice_index, self.per_row)
        return column * self.pitch, row * self.block_height

    def heading(self, slice_index: int) -> Box:
        """The title's line."""
        left, top = self.origin(slice_index)
        return Box(left, top, self.pitch, 1)

    def seat(self, host: int) -> tuple[int, int]:
        """Row and column of a host among all hosts of its slice, its layers laid side by side and under each other."""
        layer, within = divmod(host, self.mesh.rows * self.mesh.columns)
        down, across = divmod(layer, self.layers_per_row)
        row, column = divmod(within, self.mesh.columns)
        return down * self.mesh.rows + row, across * self.mesh.columns + column

    def host_at(self, row: int, column: int) -> int:
        """The host in that seat; may lie beyond the last one."""
        down, row = divmod(row, self.mesh.rows)
        across, column = divmod(column, self.mesh.columns)
        layer = down * self.layers_per_row + across
        return (layer * self.mesh.rows + row) * self.mesh.columns + column

    def cell(self, place: Place) -> Box:
        """The inside of a host's box."""
        left, top = self.origin(place.slice)
        row, column = self.seat(place.host)
        down, row = divmod(row, self.mesh.rows)
        across, column = divmod(column, self.mesh.columns)
        return Box(
            left + across * (self.layer_width + LAYER_GAP) + 1 + column * (self.cell_width + 1),
            top + 1 + down * self.layer_height + 1 + row * self.step,
            self.cell_width,
            1 + self.chip_lines,
        )

    def hit(self, x: int, y: int) -> Place | None:
        """The host whose box holds that cell, borders excepted."""
        column, across = divmod(x, self.pitch)
        row, down = divmod(y, self.block_height)
        index = row * self.per_row + column
        if column >= self.per_row or index >= self.count or x < 0 or down == 0 or y < 0:
            return None
        layer_column, across = divmod(across, self.layer_width + LAYER_GAP)
        layer_row, down = divmod(down - 1, self.layer_height)
        seat_column, inside = divmod(across - 1, self.cell_width + 1)
        seat_row, line = divmod(down - 1, self.step)
        if layer_column >= self.layers_per_row or inside == self.cell_width or line > self.chip_lines:
            return None
        if not (0 <= seat_column < self.mesh.columns and 0 <= seat_row < self.mesh.rows):
            return None
        host = self.host_at(
            layer_row * self.mesh.rows + seat_row, layer_column * self.mesh.columns + seat_column
        )  # fmt: skip
        return Place(index, host) if host < self.hosts else None

    def move(self, place: Place, across: int, down: int) -> Place:
        """The host `across` columns and `down` rows away, crossing into neighbour slices; stays at the edges."""
        wide = self.layers_per_row * self.mesh.columns
        high = -(-self.mesh.layers // self.layers_per_row) * self.mesh.rows
        block_row, block_column = divmod(place.slice, self.per_row)
        row, column = self.seat(place.host)
        to_column, to_row = block_column * wide + column + across, block_row * high + row + down
        if not (0 <= to_column < self.per_row * wide and to_row >= 0):
            return place
        to_block_row, row = divmod(to_row, high)
        to_block_column, column = divmod(to_column, wide)
        index, host = to_block_row * self.per_row + to_block_column, self.host_at(row, column)
        return Place(index, host) if index < self.count and host < self.hosts else place


@dataclass(frozen=True, slots=True)
class RunLayout:
    """`count` slices as runs of `hosts` glyphs behind a `gutter` of so many cells; long runs fold into lines.

    With `lined` every slice begins a line of its own. `gap` cells part the runs.
    """

    hosts: int
    count: int
    width: int
    gutter: int
    lined: bool = False
    gap: int = 1

    @property
    def span(self) -> int:
        """Glyphs of one run in one line."""
        return max(1, min(self.hosts, self.width - self.gutter))

    @property
    def per_row(self) -> int:
        """Slices in one line."""
        room = (self.width - self.gutter + self.gap) // (self.span + self.gap)
        return 1 if self.lined else max(1, min(self.count, room))

    @property
    def pitch(self) -> int:
        """Cells from one run to the next."""
        return self.span + self.gap

    @property
    def block_height(self) -> int:
        """Lines of one slice."""
        return -(-self.hosts // self.span)

    @property
    def height(self) -> int:
        """Lines of all."""
        return -(-self.count // self.per_row) * self.block_height

    @property
    def full_width(self) -> int:
        """Nothing stands beyond the width."""
        return self.width

    def heading(self, slice_index: int) -> Box:
        """What stands before the runs of its line."""
        return Box(0, slice_index // self.per_row * self.block_height, self.gutter, self.block_height)

    def cell(self, place: Place) -> Box:
        """The host's glyph."""
        row, column = divmod(place.slice, self.per_row)
        line, along = divmod(place.host, self.span)
        return Box(self.gutter + column * self.pitch + along, row * self.block_height + line, 1, 1)

    def hit(self, x: int, y: int) -> Place | None:
        """The host whose glyph that is; in a line's heading its first host."""
        row, line = divmod(y, self.block_height)
        if self.lined and 0 <= x < self.gutter and 0 <= row < self.count:
            return Place(row, 0)
        column, along = divmod(x - self.gutter, self.pitch)
        index, host = row * self.per_row + column, line * self.span + along
        inside = 0 <= column < self.per_row and along < self.span and y >= 0
        return Place(index, host) if inside and index < self.count and host < self.hosts else None

    def move(self, place: Place, across: int, down: int) -> Place:
        """Along the line from run to run, or to the line above or below at the same cell."""
        row, column = divmod(place.slice, self.per_row)
        line, along = divmod(place.host, self.span)
        to = column * self.span + along + across
        if not 0 <= to < self.per_row * self.span:
            return place
        to_row, line = divmod(row * self.block_height + line + down, self.block_height)
        column, along = divmod(to, self.span)
        index, host = to_row * self.per_row + column, line * self.span + along
        return Place(index, host) if 0 <= index < self.count and to_row >= 0 and host < self.hosts else place


def layout_for(zoom: Zoom, mesh: HostMesh, hosts: int, count: int, width: int, height: int) -> Layout:
    """The layout of one zoom, for `count` slices of `hosts` hosts in `width` x `height` cells."""
    if zoom is Zoom.CHIPS:
        return BoxLayout(mesh, hosts, count, width, roomy=True, chips=True)
    if zoom is Zoom.HOSTS:
        return BoxLayout.fitting(mesh, hosts, count, width, height)
    if zoom is Zoom.ROWS:
        return RunLayout(hosts, count, width, gutter=min(_TITLE_MOST, max(_TITLE_ROOM, width - hosts)), lined=True)
    gutter = len(str(count)) + 1
    return RunLayout(hosts if zoom is Zoom.FLEET else 1, count, width, gutter=gutter)


def best_zoom(mesh: HostMesh, hosts: int, count: int, width: int, height: int) -> Zoom:
    """The nearest zoom at which everything fits into `height` lines; a few slices are never drawn smaller than hosts.

    Chips are drawn only when asked for.
    """
    for zoom in (Zoom.HOSTS, Zoom.ROWS, Zoom.FLEET):
        if layout_for(zoom, mesh, hosts, count, width, height).height <= height:
            return zoom
    return Zoom.HOSTS if count <= 2 else Zoom.SLICES
