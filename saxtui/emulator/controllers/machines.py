"""Machine types as nodes see them: processors, memory, chips. Pure.

Sizes from Google's machine-type and TPU documentation; a type nobody listed counts four gigabytes a processor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saxtui.catalog import tpus
from saxtui.emulator.hosts import SHARED_CORE, TPU_HOSTS

_GB_PER_CPU = {"standard": 4, "highmem": 8, "highcpu": 1}


@dataclass(frozen=True, slots=True)
class Machine:
    """One host: vCPUs, memory in GB, and for TPU hosts the chips, accelerator label and topology of its slice."""

    cpus: int
    memory_gb: int
    chips: int = 0
    accelerator: str = ""
    topology: str = ""


def machine(machine_type: str, topology: str = "") -> Machine:
    """The host of that machine type in a slice of that topology ("" for the single-host one)."""
    row = tpus.by_machine_type(machine_type, topology)
    if row is not None:
        cpus, memory = TPU_HOSTS[machine_type]
        return Machine(cpus, memory, row.chips_per_host, row.accelerator_label, row.topology)
    if machine_type in SHARED_CORE:
        return Machine(*SHARED_CORE[machine_type])
    found = re.fullmatch(r"[a-z0-9]+-([a-z]+)-(\d+)", machine_type)
    if found is None:
        return Machine(2, 4)
    cpus = int(found.group(2))
    return Machine(cpus, cpus * _GB_PER_CPU.get(found.group(1), 4))


def hbm_gb(accelerator: str) -> float:
    """HBM of one chip by its accelerator label, in GB; v5e's 16 when the label is unknown."""
    for generation in tpus.generations():
        for row in tpus.all_shapes(generation):
            if row.accelerator_label == accelerator:
                return float(row.hbm_gb_per_chip)
    return 16.0


def allocatable_cpu(cpus: int) -> str:
    """Processors left for pods: GKE keeps 6 % of the first, 1 % of the second, 0.5 % of two, 0.25 % of the rest."""
    kept = 60 + (10 if cpus > 1 else 0) + 5 * max(0, min(cpus, 4) - 2) + 2.5 * max(0, cpus - 4)
    return f"{int(cpus * 1000 - kept)}m"


def allocatable_memory_ki(memory_gb: int) -> int:
    """Memory left for pods in KiB: GKE keeps 25 % of 4 GB, 20 % of 4, 10 % of 8, 6 % of 112, 2 % of the rest."""
    left, kept = float(memory_gb), 0.1
    for size, share in ((4, 0.25), (4, 0.2), (8, 0.1), (112, 0.06), (1e9, 0.02)):
        part = min(left, size)
        kept += part * share
        left -= part
    return int((memory_gb - kept) * 2**20)
