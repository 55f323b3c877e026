"""TPU generations, slice topologies and where they are offered, as data.

Rows of tpus.csv: machine types and accelerator labels from the GKE cluster autoscaler's source, topologies from xpk
(AI-Hypercomputer, June 2026), HBM and zones from Google's TPU documentation. A blank cell is a value nobody could
confirm; it is None or "" here, never a guess. A zone listed is a zone documented or priced: what a project is really
offered is the Compute Engine machineTypes list, and being offered is not capacity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod


@dataclass(frozen=True, slots=True)
class SliceShape:
    """One slice: a topology on one machine type. `hosts` nodes of `chips_per_host` chips; HBM in GB a chip.

    `dims` is the topology as numbers, e.g. (4, 8). `min_gke_version` is None where not confirmed.
    """

    generation: str
    accelerator_label: str
    machine_type: str
    topology: str
    chips: int
    hosts: int
    chips_per_host: int
    multi_host: bool
    hbm_gb_per_chip: int
    min_gke_version: str | None
    zones: tuple[str, ...]
    dims: tuple[int, ...]

    @property
    def hbm_gb(self) -> int:
        """HBM of the whole slice in GB."""
        return self.chips * self.hbm_gb_per_chip


def generations() -> tuple[str, ...]:
    """Every generation in the catalogue, oldest first."""
    return tuple(_table())


def all_shapes(generation: str) -> tuple[SliceShape, ...]:
    """Every row of a generation, also where two machine types offer one topology. Raises KeyError."""
    try:
        return _table()[generation]
    except KeyError:
        raise KeyError(f"unknown TPU generation {generation!r}; known: {', '.join(generations())}") from None


@lru_cache(maxsize=16)
def topologies(generation: str) -> tuple[SliceShape, ...]:
    """One shape a topology, smallest first; of two machine types the multi-host one. Raises KeyError."""
    chosen: dict[str, SliceShape] = {}
    for shape in all_shapes(generation):
        if shape.topology not in chosen or shape.multi_host:
            chosen[shape.topology] = shape
    return tuple(sorted(chosen.values(), key=lambda item: (item.chips, item.dims)))


def shape(generation: str, topology: str) -> SliceShape:
    """The shape of that topology. Raises KeyError whose message lists the legal ones."""
    known = topologies(generation)
    for item in known:
        if item.topology == topology:
            return item
    legal = ", ".join(item.topology for item in known[:24]) + (", …" if len(known) > 24 else "")
    raise KeyError(f"{topology!r} is not a {generation} topology; legal: {legal}")


def by_machine_type(machine_type: str, topology: str) -> SliceShape | None:
    """The row of that machine type and topology ("" = its single-host one), or None."""
    for rows in _table().values():
        for item in rows:
            if item.machine_type == machine_type and (item.topology == topology or (not topology and item.hosts == 1)):
                return item
    return None


@lru_cache(maxsize=16)
def zones(generation: str) -> tuple[str, ...]:
    """Zones where the generation is documented or priced, sorted. Raises KeyError."""
    return tuple(sorted({zone for item in all_shapes(generation) for zone in item.zones}))


def offers(zone: str, generation: str) -> bool:
    """Whether the catalogue knows this generation in that zone. Raises KeyError for an unknown generation."""
    return zone in zones(generation)


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[SliceShape, ...]]:
    from saxtui.catalog import prices
    from saxtui.catalog.table import rows

    found: dict[str, list[SliceShape]] = {}
    for row in rows("tpus.csv"):
        generation = row["generation"]
        dims = tuple(int(part) for part in row["topology"].split("x"))
        if prod(dims) != int(row["chips"]):
            raise ValueError(f"tpus.csv: {generation} {row['topology']} is not {row['chips']} chips")
        known_zones = {*row["doc_zones"].split(), *prices.zones(generation)}
        found.setdefault(generation, []).append(
            SliceShape(
                generation=generation,
                accelerator_label=row["accelerator_label"],
                machine_type=row["machine_type"],
                topology=row["topology"],
                chips=int(row["chips"]),
                hosts=int(row["num_nodes"]),
                chips_per_host=int(row["chips_per_vm"]),
                multi_host=row["host_kind"] == "multi",
                hbm_gb_per_chip=int(row["hbm_gb_per_chip"]),
                min_gke_version=row["min_gke_version"] or None,
                zones=tuple(sorted(known_zones)),
                dims=dims,
            )
        )
    return {generation: tuple(found[generation]) for generation in sorted(found)}
