"""Parameters to bytes to chips to topology."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.catalog import sax_models, tpus
from saxtui.model import sizing


def test_the_tutorials_175b() -> None:
    found = sizing.size(175)
    assert (found.weights_gb, found.chips) == (350, 22)
    assert found.shape is not None
    assert found.shape.topology == "4x8"
    assert found.used == pytest.approx(350 / 512)
    assert found.arithmetic == "175e9 x 2 B = 350 GB / 16 GB = 21.88 -> 22 chips -> 4x8 = 32 chips -> 8 x ct5lp-hightpu-4t"


@pytest.mark.parametrize(
    ("params", "width", "chips", "topology"),
    [
        (2, 2, 1, "1x1"),
        (8, 2, 1, "1x1"),
        (8.1, 2, 2, "2x2"),
        (70, 2, 9, "4x4"),
        (175, 1, 11, "4x4"),
        (405, 2, 51, "8x8"),
    ],
)
def test_table(params: float, width: float, chips: int, topology: str) -> None:
    found = sizing.size(params, width)
    assert found.chips == chips
    assert found.shape is not None
    assert found.shape.topology == topology


def test_too_big_for_any_topology() -> None:
    found = sizing.size(5000)
    assert found.shape is None
    assert found.used is None
    assert found.arithmetic.endswith("no topology is that big")


@given(st.floats(0.01, 2000), st.sampled_from([0.5, 1.0, 2.0, 4.0]), st.sampled_from(tpus.generations()))
def test_the_smallest_topology_that_holds_it(params: float, width: float, generation: str) -> None:
    found = sizing.size(params, width, generation)
    assert (found.chips - 1) * found.hbm_gb_per_chip < found.weights_gb <= found.chips * found.hbm_gb_per_chip
    smaller = [shape for shape in tpus.topologies(generation) if found.shape is None or shape.chips < found.shape.chips]
    assert all(shape.hbm_gb < found.weights_gb for shape in smaller)
    if found.shape is not None:
        assert found.shape.hbm_gb >= found.weights_gb


@pytest.mark.parametrize("bad", [0, -1])
def test_nonsense(bad: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        sizing.size(bad)
    with pytest.raises(ValueError, match="above zero"):
        sizing.size_weights(bad)


def test_fit() -> None:
    model = sax_models.find("LmCloudSpmd175B32Test")
    assert model is not None
    assert sizing.fit(model, tpus.shape("v5e", "4x8")) == ""
    assert "needs exactly 32 chips, 4x4 has 16" in sizing.fit(model, tpus.shape("v5e", "4x4"))
