"""How a slice's chips and hosts stand: rows and columns of hosts, layer by layer, each host with its chips. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class HostMesh:
    """`layers` planes of `rows` x `columns` hosts, of `chip_rows` x `chip_columns` chips each.

    A topology of two axes has one layer, one of three a layer for each place on its last axis. `chip_rows` is 0 where
    nothing is known of the chips.
    """

    rows: int
    columns: int
    layers: int = 1
    chip_rows: int = 0
    chip_columns: int = 0

    @property
    def hosts(self) -> int:
        """How many hosts it holds."""
        return self.rows * self.columns * self.layers

    def grown(self, hosts: int) -> HostMesh:
        """The same with room for so many hosts, for pods that no topology explains."""
        missing = max(0, hosts - self.hosts)
        return HostMesh(
            self.rows + -(-missing // (self.columns * self.layers)),
            self.columns, self.layers, self.chip_rows, self.chip_columns,
        ) if missing else self  # fmt: skip


def host_mesh(topology: str, hosts: int) -> HostMesh:
    """The mesh of a slice of `hosts` hosts.

    A host of four chips holds 2x2 of the chip mesh, one of eight 2x4 (Cloud TPU documentation, system architecture);
    in a topology of three axes they lie in one plane. Where the chips do not divide so, hosts fill rows of eight.
    """
    axes = [int(part) for part in topology.split("x") if part.isdigit()]
    if len(axes) >= 2 and hosts > 0:
        chips = prod(axes) // hosts
        height, width = {8: (2, 4), 2: (1, 2), 1: (1, 1)}.get(chips, (2, 2))
        if hosts == 1:
            height, width = axes[0], axes[1]
        mesh = HostMesh(axes[0] // height, axes[1] // width, prod(axes[2:]), height, width)
        if mesh.hosts == hosts and mesh.rows * mesh.columns:
            return mesh
    columns = max(1, min(8, hosts))
    return HostMesh(-(-max(1, hosts) // columns), columns)
