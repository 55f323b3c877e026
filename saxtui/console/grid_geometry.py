"""Where every slice and host stands in the pod grid. Pure arithmetic in cells; the widget only paints what this says.

A slice is named by its position in the grid here, a host by its completion index; hosts run row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

GAP = 2
_TITLE_ROOM = 34
_TITLE_MOST = 56


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


@dataclass(frozen=True, slots=True)
class Mesh:
    """The `hosts` of one slice drawn in `rows` x `cols`; the last row may be short."""

    rows: int
    cols: int
    hosts: int


@dataclass(frozen=True, slots=True)
class GridLayout:
    """`count` equal slices flowing from left to right in `width` cells; `roomy` rules a line between all hosts."""

    mesh: Mesh
    count: int
    width: int
    roomy: bool

    @classmethod
    def fitting(cls, mesh: Mesh, count: int, width: int, height: int) -> GridLayout:
        """Roomy when everything fits into `height` so, compact otherwise."""
        roomy = cls(mesh, count, width, True)
        return roomy if roomy.height <= height and roomy.mesh_width <= width else cls(mesh, count, width, False)

    @property
    def digits(self) -> int:
        """Digits of the highest host index."""
        return len(str(self.mesh.hosts - 1))

    @property
    def cell_width(self) -> int:
        """Cells inside one host's box."""
        return self.digits + 5 if self.roomy else max(3, self.digits + 1)

    @property
    def mesh_width(self) -> int:
        """Width of one slice's box with its borders."""
        return self.mesh.cols * (self.cell_width + 1) + 1

    @property
    def block_height(self) -> int:
        """Lines of one slice: title, borders and hosts."""
        return 2 + 2 * self.mesh.rows if self.roomy else 3 + self.mesh.rows

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

    def cell(self, place: Place) -> Box:
        """The inside of a host's box."""
        left, top = self.origin(place.slice)
        row, column = divmod(place.host, self.mesh.cols)
        step = 2 if self.roomy else 1
        return Box(left + 1 + column * (self.cell_width + 1), top + 2 + row * step, self.cell_width, 1)

    def hit(self, x: int, y: int) -> Place | None:
        """The host whose box holds that cell, borders excepted."""
        column, across = divmod(x, self.pitch)
        row, down = divmod(y, self.block_height)
        index = row * self.per_row + column
        if column >= self.per_row or index >= self.count or x < 0 or y < 0:
            return None
        inside, on_rule = divmod(across - 1, self.cell_width + 1)
        line = down - 2
        if self.roomy and line % 2:
            return None
        host_row = line // 2 if self.roomy else line
        if not (0 <= inside < self.mesh.cols and 0 <= host_row < self.mesh.rows) or on_rule == self.cell_width:
            return None
        host = host_row * self.mesh.cols + inside
        return Place(index, host) if host < self.mesh.hosts else None

    def move(self, place: Place, across: int, down: int) -> Place:
        """The host `across` columns and `down` rows away, crossing into neighbour slices; stays at the edges."""
        block_row, block_column = divmod(place.slice, self.per_row)
        row, column = divmod(place.host, self.mesh.cols)
        to_column = block_column * self.mesh.cols + column + across
        to_row = block_row * self.mesh.rows + row + down
        if not (0 <= to_column < self.per_row * self.mesh.cols and to_row >= 0):
            return place
        to_block_row, host_row = divmod(to_row, self.mesh.rows)
        to_block_column, host_column = divmod(to_column, self.mesh.cols)
        index = to_block_row * self.per_row + to_block_column
        host = host_row * self.mesh.cols + host_column
        return Place(index, host) if index < self.count and host < self.mesh.hosts else place
