"""Machine types: the CPU ones a cluster needs, and the TPU ones of the catalogue, with the zones that offer them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from saxtui.catalog import tpus
from saxtui.emulator.google import places


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
_SHARED_CORE = {"e2-micro": (2, 1024), "e2-small": (2, 2048), "e2-medium": (2, 4096)}
# vCPUs and memory (GB) of TPU hosts, from the GKE cluster autoscaler's machine table.
_TPU_HOSTS = {
    "ct3-hightpu-4t": (96, 340),
    "ct3p-hightpu-4t": (48, 340),
    "ct4p-hightpu-4t": (240, 407),
    "ct5lp-hightpu-1t": (24, 48),
    "ct5lp-hightpu-4t": (112, 192),
    "ct5lp-hightpu-8t": (224, 384),
    "ct5p-hightpu-4t": (208, 448),
    "ct6e-standard-1t": (44, 176),
    "ct6e-standard-4t": (180, 720),
    "ct6e-standard-8t": (180, 1440),
    "tpu7x-standard-1t": (56, 248),
    "tpu7x-standard-4t": (224, 992),
}


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Machine]:
    """Every machine type by name."""
    found = {name: Machine(name, cpus, memory) for name, (cpus, memory) in _SHARED_CORE.items()}
    for family, (gigabytes, sizes) in _CPU_FAMILIES.items():
        for cpus in sizes:
            name = f"{family}-{cpus}"
            found[name] = Machine(name, cpus, int(cpus * gigabytes * 1024))
    for generation in tpus.generations():
        for shape in tpus.all_shapes(generation):
            cpus, gigabytes_of_host = _TPU_HOSTS.get(shape.machine_type, (96, 340))
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
