"""TPU generations, slice topologies and where they are offered, as data.

tpus.csv has a row a machine type and kind of slice: machine types and accelerator labels from the GKE cluster
autoscaler's source, topologies from xpk (AI-Hypercomputer, June 2026; its rule makes the 3D ones). tpu_facts.csv has
what holds for a whole generation, a row a fact. Every row names its source and date. A blank value is one nobody could
confirm; it is None or () here, never a guess. A zone listed is a zone documented or priced: what a project is really
offered is the Compute Engine machineTypes list, and being offered is not capacity. An operator's own values come first
(catalog/overrides.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod

NONE, COMPACT, WORKLOAD_POLICY = "none", "compact", "workload-policy"
"""How GKE places a slice: a single host has no placement policy; TPU7x needs a Compute Engine workload policy."""
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of a generation with where it was read and as of when. `value` "" = unknown."""

    generation: str
    name: str
    value: str
    source: str = ""
    date: str = ""

    @property
    def shown(self) -> str:
        """The value, or "unknown"."""
        return self.value or UNKNOWN


@dataclass(frozen=True, slots=True)
class SliceShape:
    """One slice: a topology on one machine type. `hosts` nodes of `chips_per_host` chips; HBM in GB a chip.

    `dims` is the topology as numbers, e.g. (4, 8). `min_gke_version` is None where not confirmed. `placement` is one
    of NONE, COMPACT and WORKLOAD_POLICY; `source` and `date` are the topology's.
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
    placement: str = COMPACT
    source: str = ""
    date: str = ""

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
    """The shape of that topology. Raises KeyError whose message names the nearest legal ones."""
    for item in topologies(generation):
        if item.topology == topology:
            return item
    raise KeyError(
        f"{topology!r} is not a {generation} topology; nearest legal: {', '.join(nearest(generation, topology))}"
    )


def nearest(generation: str, topology: str, count: int = 6) -> tuple[str, ...]:
    """The legal topologies nearest in chips to an illegal one, smallest first; the smallest when it is no topology."""
    numbers = re.fullmatch(r"\d{1,5}(x\d{1,5}){0,3}", topology)
    chips = prod(int(part) for part in topology.split("x")) if numbers else 1
    known = sorted(topologies(generation), key=lambda item: (abs(item.chips - chips), item.chips, item.dims))[:count]
    return tuple(item.topology for item in sorted(known, key=lambda item: (item.chips, item.dims)))


def by_machine_type(machine_type: str, topology: str) -> SliceShape | None:
    """The row of that machine type and topology ("" = its single-host one), or None."""
    for rows in _table().values():
        for item in rows:
            if item.machine_type == machine_type and (item.topology == topology or (not topology and item.hosts == 1)):
                return item
    return None


def zones(generation: str) -> tuple[str, ...]:
    """Zones where the generation is documented or priced, sorted. Raises KeyError."""
    return all_shapes(generation)[0].zones


def offers(zone: str, generation: str) -> bool:
    """Whether the catalogue knows this generation in that zone. Raises KeyError for an unknown generation."""
    return zone in zones(generation)


def facts(generation: str) -> tuple[Fact, ...]:
    """What is known, and what is not, of a generation as a whole. Raises KeyError."""
    all_shapes(generation)
    return tuple(_facts()[generation].values())


def fact(generation: str, name: str) -> Fact:
    """One fact of a generation. Raises KeyError."""
    return _facts()[generation][name]


def devices(shape: SliceShape) -> int | None:
    """JAX devices of the whole slice, what a Sax class's mesh is counted in; None where that is not confirmed."""
    per_chip = fact(shape.generation, "devices_per_chip").value
    return int(per_chip) * shape.chips if per_chip else None


def override(changed: Iterable[Fact]) -> None:
    """Put an operator's own facts in place of the catalogue's; () goes back to the catalogue's. Raises KeyError."""
    wanted = tuple(changed)
    for item in wanted:
        if item.name not in _read_facts().get(item.generation, {}):
            raise KeyError(f"{item.generation} has no fact {item.name!r}")
    _OWN[:] = wanted
    for cached in (_facts, _table, topologies):
        cached.cache_clear()


_OWN: list[Fact] = []


@lru_cache(maxsize=1)
def _facts() -> dict[str, dict[str, Fact]]:
    found = {generation: dict(known) for generation, known in _read_facts().items()}
    for item in _OWN:
        found[item.generation][item.name] = item
    return found


@lru_cache(maxsize=1)
def _read_facts() -> dict[str, dict[str, Fact]]:
    from saxtui.catalog.table import rows

    found: dict[str, dict[str, Fact]] = {}
    for row in rows("tpu_facts.csv"):
        item = Fact(row["generation"], row["fact"], row["value"], row["source"], row["date"])
        found.setdefault(item.generation, {})[item.name] = item
    return found


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[SliceShape, ...]]:
    from saxtui.catalog.table import rows

    found: dict[str, list[SliceShape]] = {generation: [] for generation in _facts()}
    for row in rows("tpus.csv"):
        found[row["generation"]].extend(_shapes(row))
    return {generation: tuple(shapes) for generation, shapes in found.items()}


def _shapes(row: dict[str, str]) -> Iterator[SliceShape]:
    from saxtui.catalog import prices

    generation, per_host = row["generation"], int(row["chips_per_vm"])
    known = _facts()[generation]
    zones_known = {*known["zones"].value.split(), *prices.zones(generation)}
    for topology in row["topologies"].split():
        dims = tuple(int(part) for part in topology.split("x"))
        hosts, rest = divmod(prod(dims), per_host)
        if rest or (hosts > 1) is not (row["host_kind"] == "multi"):
            raise ValueError(f"tpus.csv: {row['machine_type']} cannot be {topology}")
        yield SliceShape(
            generation=generation,
            accelerator_label=row["accelerator_label"],
            machine_type=row["machine_type"],
            topology=topology,
            chips=prod(dims),
            hosts=hosts,
            chips_per_host=per_host,
            multi_host=hosts > 1,
            hbm_gb_per_chip=int(known["hbm_gb_per_chip"].value),
            min_gke_version=known["min_gke_version"].value or None,
            zones=tuple(sorted(zones_known)),
            dims=dims,
            placement=row["placement"],
            source=row["topology_source"],
            date=row["topology_date"],
        )
