"""Which model classes an image of a release offers to a slice of so many chips, and what loading one takes. Pure."""

from __future__ import annotations

from saxtui.catalog import sax_models
from saxtui.catalog.sax_models import SaxModel

LOAD_SECONDS, LOAD_GB, LOAD_LEAST = 540.0, 175.0, 40.0
"""The 175B test class with its 175 GB of int8 weights takes about nine minutes; others in proportion."""
USABLE_HBM = 15.75 / 16
"""The part of HBM that XLA may use (v5e reports 15.75 G of 16)."""


def offered(release: str) -> list[SaxModel]:
    """Classes built into images of that release, in the catalogue's order."""
    return [model for model in sax_models.all_models() if model.in_release(release)]


def servable(path: str, release: str, chips: int) -> bool:
    """Whether servers of that release list the class as servable on a slice of so many chips."""
    model = sax_models.find(path)
    return model is not None and model.path == path and model.in_release(release) and chips in model.chips


def weights_gb(model: SaxModel) -> float:
    """The weights; where the class does not tell, two bytes a parameter."""
    return model.weights_gb if model.weights_gb is not None else 2 * model.params_b


def load_seconds(model: SaxModel) -> float:
    """How long a load takes, before chance."""
    return max(LOAD_LEAST, LOAD_SECONDS * weights_gb(model) / LOAD_GB)


def out_of_memory(model: SaxModel, chips: int, hbm_gb: float) -> str:
    """XLA's words when the weights do not fit, "" when they do."""
    each = weights_gb(model) / chips
    return "" if each <= hbm_gb * USABLE_HBM else exceeds(each, hbm_gb)


def exceeds(each: float, hbm_gb: float) -> str:
    """XLA's words for `each` GB a chip on chips with that much HBM."""
    usable = hbm_gb * USABLE_HBM
    return (
        "RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space hbm. "
        f"Used {each:.2f}G of {usable:.2f}G hbm. Exceeded hbm capacity by {each - usable:.2f}G."
    )


def extra_inputs(path: str) -> dict[str, float]:
    """The extra inputs a class declares, with its defaults."""
    model = sax_models.find(path)
    if model is None or not model.all_sampling:
        return {"temperature": 0.1}
    return {
        "temperature": 0.5,
        "per_example_max_decode_steps": float(model.out_tokens or 128),
        "per_example_top_k": 200.0,
        "per_example_top_p": 0.95,
    }


def out_tokens(path: str) -> int:
    """MAX_DECODE_STEPS of a class, in tokens; 128 where the catalogue does not tell."""
    model = sax_models.find(path)
    return (model.out_tokens if model is not None else None) or 128


def samples(path: str) -> int:
    """How many candidates a class answers with: its beam, or one."""
    model = sax_models.find(path)
    return 4 if model is not None and "beam of 4" in model.note else 1
