"""Machine types: the CPU ones a cluster needs, and the TPU ones of the catalogue, with the zones that offer them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from saxtui.catalog import tpus
from saxtui.emulator.google import places
from saxtui.emulator.hosts import SHARED_CORE, TPU_HOSTS


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine type. `memory` in MB; `accelerator` ("ct5lp") and `chips` are "" and 0 for CPU machines."""

    name: str
    cpus: int
    memory: int
    accelerator: str = ""
    chips: int = 0
    generation: str = ""


# vCPUs and memory (GB) of the general-purpose types, from Google's machine family pages.
_CPU_FAMILIES = {
    "e2-standard": (4, (2, 4, 8, 16, 32)),
    "e2-highmem": (8, (2, 4, 8, 16)),
    "e2-highcpu": (1, (2, 4, 8, 16, 32)),
    "n1-standard": (3.75, (1, 2, 4, 8, 16, 32, 64, 96)),
    "n2-standard": (4, (2, 4, 8, 16, 32, 48, 64, 80)),
    "n2d-standard": (4, (2, 4, 8, 16, 32, 48, 64)),
    "c3-standard": (4, (4, 8, 22, 44, 88)),
    "n4-standard": (4, (2, 4, 8, 16, 32, 48, 64, 80)),
}


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Machine]:
    """Every machine type by name."""
    found = {name: Machine(name, cpus, memory * 1024) for name, (cpus, memory) in SHARED_CORE.items()}
    for family, (gigabytes, sizes) in _CPU_FAMILIES.items():
        for cpus in sizes:
            name = f"{family}-{cpus}"
            found[name] = Machine(name, cpus, int(cpus * gigabytes * 1024))
    for generation in tpus.generations():
        for shape in tpus.all_shapes(generation):
            cpus, gigabytes_of_host = TPU_HOSTS[shape.machine_type]
            found[shape.machine_type] = Machine(
                shape.machine_type,
                cpus,
                gigabytes_of_host * 1024,
                shape.machine_type.split("-")[0],
                shape.chips_per_host,
                generation,
            )
    return found


def find(name: str) -> Machine | None:
    """The machine type, or None."""
    return catalogue().get(name)


def offered(machine: Machine, zone: str) -> bool:
    """Whether the zone offers it: CPU machines everywhere, TPU machines where the catalogue says."""
    return places.is_zone(zone) and (not machine.generation or tpus.offers(zone, machine.generation))


def in_zone(zone: str) -> list[Machine]:
    """Everything the zone offers, by name."""
    return [machine for _, machine in sorted(catalogue().items()) if offered(machine, zone)]
