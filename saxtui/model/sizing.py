"""How big a slice must be: parameters → bytes → chips → smallest legal topology. Pure, with the arithmetic shown."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from saxtui.catalog import tpus
from saxtui.catalog.sax_models import SaxModel


@dataclass(frozen=True, slots=True)
class Sizing:
    """What a model needs on one generation. GB are 10^9 bytes; `used` is the share of the slice's HBM.

    `needed_gb` is weights, cache and headroom; `chips` the least number of chips whose HBM holds it, `shape` the
    smallest legal topology with at least that many (None when no topology is that big).
    """

    generation: str
    weights_gb: float
    needed_gb: float
    hbm_gb_per_chip: int
    chips: int
    shape: tpus.SliceShape | None
    arithmetic: str

    @property
    def used(self) -> float | None:
        """What is needed as a share of the chosen slice's HBM, 0..1, or None when nothing fits."""
        return self.needed_gb / self.shape.hbm_gb if self.shape else None


@dataclass(frozen=True, slots=True)
class Room:
    """What is needed beyond the weights: the KV cache in GB, and headroom as a share of weights and cache (0.1)."""

    cache_gb: float = 0.0
    headroom: float = 0.0


def kv_cache_gb(layers: int, width: int, tokens: int, batch: int = 1, bytes_per_value: float = 2.0) -> float:
    """GB of keys and values: two vectors of `width` (KV heads times head size) a layer, token and sequence."""
    return 2 * layers * width * tokens * batch * bytes_per_value / 1e9


def size(params_b: float, bytes_per_param: float = 2.0, generation: str = "v5e", room: Room = Room()) -> Sizing:
    """Size a model of `params_b` billion parameters. Raises KeyError: no such generation; ValueError: below zero."""
    if params_b <= 0 or bytes_per_param <= 0:
        raise ValueError("parameters and bytes a parameter must be above zero")
    weights = params_b * bytes_per_param
    return _sized(weights, generation, f"{params_b:g}e9 x {bytes_per_param:g} B = {weights:g} GB", room)


def size_weights(weights_gb: float, generation: str = "v5e", room: Room = Room()) -> Sizing:
    """Size weights of that many GB. Raises KeyError for an unknown generation, ValueError below zero."""
    if weights_gb <= 0:
        raise ValueError("weights must be above zero")
    return _sized(weights_gb, generation, f"{weights_gb:g} GB", room)


def fit(model: SaxModel, shape: tpus.SliceShape) -> str:
    """Why a slice of that shape cannot serve the class, or "" when it can. Weights not known count as fitting."""
    if shape.chips not in model.chips:
        needs = " or ".join(str(count) for count in model.chips)
        return f"{model.name} needs exactly {needs} chips, {shape.topology} has {shape.chips}"
    per_chip = model.gb_per_chip(shape.chips)
    if per_chip is not None and per_chip > shape.hbm_gb_per_chip:
        return f"{per_chip:g} GB of weights a chip do not fit {shape.hbm_gb_per_chip} GB of HBM"
    return ""


def _sized(weights: float, generation: str, arithmetic: str, room: Room) -> Sizing:
    if room.cache_gb < 0 or room.headroom < 0:
        raise ValueError("cache and headroom cannot be below zero")
    shapes = tpus.topologies(generation)
    hbm = shapes[0].hbm_gb_per_chip
    needed = (weights + room.cache_gb) * (1 + room.headroom)
    chips = ceil(needed / hbm)
    shape = next((item for item in shapes if item.chips >= chips), None)
    if room.cache_gb:
        arithmetic += f" + {room.cache_gb:.4g} GB cache"
    if room.headroom:
        arithmetic += f" + {room.headroom:.0%} headroom"
    if room.cache_gb or room.headroom:
        arithmetic += f" = {needed:.4g} GB"
    arithmetic += f" / {hbm} GB = {needed / hbm:.4g} -> {chips} chips"
    if shape is None:
        arithmetic += " -> no topology is that big"
    else:
        arithmetic += f" -> {shape.topology} = {shape.chips} chips"
        arithmetic += f" -> {shape.hosts} x {shape.machine_type}"
    return Sizing(generation, weights, needed, hbm, chips, shape, arithmetic)
