"""How big a slice must be: parameters → bytes → chips → smallest legal topology. Pure, with the arithmetic shown."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from saxtui.catalog import tpus
from saxtui.catalog.sax_models import SaxModel


@dataclass(frozen=True, slots=True)
class Sizing:
    """What a number of weights needs on one generation. GB are 10^9 bytes; `used` is the share of the slice's HBM.

    `chips` is the least number of chips whose HBM holds the weights, `shape` the smallest legal topology with at least
    that many (None when no topology is that big). Weights only: caches and activations need room beyond them.
    """

    generation: str
    weights_gb: float
    hbm_gb_per_chip: int
    chips: int
    shape: tpus.SliceShape | None
    arithmetic: str

    @property
    def used(self) -> float | None:
        """Weights as a share of the chosen slice's HBM, 0..1, or None when nothing fits."""
        return self.weights_gb / self.shape.hbm_gb if self.shape else None


def size(params_b: float, bytes_per_param: float = 2.0, generation: str = "v5e") -> Sizing:
    """Size a model of `params_b` billion parameters. Raises KeyError: no such generation; ValueError: below zero."""
    if params_b <= 0 or bytes_per_param <= 0:
        raise ValueError("parameters and bytes a parameter must be above zero")
    weights = params_b * bytes_per_param
    return _sized(weights, generation, f"{params_b:g}e9 x {bytes_per_param:g} B = {weights:g} GB")


def size_weights(weights_gb: float, generation: str = "v5e") -> Sizing:
    """Size weights of that many GB. Raises KeyError for an unknown generation, ValueError below zero."""
    if weights_gb <= 0:
        raise ValueError("weights must be above zero")
    return _sized(weights_gb, generation, f"{weights_gb:g} GB")


def fit(model: SaxModel, shape: tpus.SliceShape) -> str:
    """Why a slice of that shape cannot serve the class, or "" when it can. Weights not known count as fitting."""
    if shape.chips not in model.chips:
        needs = " or ".join(str(count) for count in model.chips)
        return f"{model.name} needs exactly {needs} chips, {shape.topology} has {shape.chips}"
    per_chip = model.gb_per_chip(shape.chips)
    if per_chip is not None and per_chip > shape.hbm_gb_per_chip:
        return f"{per_chip:g} GB of weights a chip do not fit {shape.hbm_gb_per_chip} GB of HBM"
    return ""


def _sized(weights: float, generation: str, arithmetic: str) -> Sizing:
    shapes = tpus.topologies(generation)
    hbm = shapes[0].hbm_gb_per_chip
    chips = ceil(weights / hbm)
    shape = next((item for item in shapes if item.chips >= chips), None)
    arithmetic += f" / {hbm} GB = {weights / hbm:.4g} -> {chips} chips"
    arithmetic += f" -> {shape.topology} = {shape.chips} chips" if shape else " -> no topology is that big"
    return Sizing(generation, weights, hbm, chips, shape, arithmetic)
