"""Parameters to bytes to chips to topology."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from saxtui.catalog import sax_models, tpus
from saxtui.model import sizing
from saxtui.model.deployment import Deployment


def test_the_tutorials_175b() -> None:
    found = sizing.size(175)
    assert (found.weights_gb, found.chips) == (350, 22)
    assert found.shape is not None
    assert found.shape.topology == "4x8"
    assert found.used == pytest.approx(350 / 512)
    assert (
        found.arithmetic == "175e9 x 2 B = 350 GB / 16 GB = 21.88 -> 22 chips -> 4x8 = 32 chips -> 8 x ct5lp-hightpu-4t"
    )


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


def test_cache_and_headroom_are_part_of_the_arithmetic() -> None:
    cache = sizing.kv_cache_gb(96, 12288, 256)
    assert cache == pytest.approx(1.208, abs=0.001)
    found = sizing.size(175, 1.0, "v5e", sizing.Room(cache, 0.1))
    assert (found.chips, found.shape and found.shape.topology) == (13, "4x4")
    assert found.needed_gb == pytest.approx((175 + cache) * 1.1)
    assert "175 GB + 1.208 GB cache + 10% headroom = 193.8 GB / 16 GB = 12.11 -> 13 chips" in found.arithmetic
    with pytest.raises(ValueError, match="cannot be below zero"):
        sizing.size(175, room=sizing.Room(-1.0))


@given(
    st.floats(0.001, 200_000),
    st.sampled_from(tpus.generations()),
    st.floats(0, 1000),
    st.floats(0, 0.5),
)
def test_never_an_illegal_topology_and_never_too_few_chips(
    weights: float, generation: str, cache: float, headroom: float
) -> None:
    found = sizing.size_weights(weights, generation, sizing.Room(cache, headroom))
    if found.shape is None:
        assert max(shape.hbm_gb for shape in tpus.topologies(generation)) < found.needed_gb
        return
    row = tpus.by_machine_type(found.shape.machine_type, found.shape.topology)
    assert row is not None and row.topology in {shape.topology for shape in tpus.topologies(generation)}
    assert found.shape.chips >= found.chips >= found.needed_gb / found.hbm_gb_per_chip
    assert found.shape.hosts * found.shape.chips_per_host == found.shape.chips


@given(st.sampled_from(sax_models.all_models()), st.sampled_from(tpus.generations()), st.data())
def test_a_class_whose_mesh_differs_is_refused_and_those_that_fit_are_named(
    model: sax_models.SaxModel, generation: str, data: st.DataObject
) -> None:
    shape = data.draw(st.sampled_from(tpus.topologies(generation)))
    wanted = {
        "id": "abc234",
        "name": "x",
        "project": "demo-project",
        "bucket": "demo-bucket",
        "model": {"path": model.path, "checkpoint": "None" if model.test_mode else "gs://b/checkpoint_00000000"},
        "slices": {"generation": generation, "topology": shape.topology, "count": 1},
        "images": {"model": "sax-model-server:nightly"},
    }
    if sizing.fit(model, shape) == "":
        assert Deployment.model_validate(wanted).chips == shape.chips
        return
    with pytest.raises(ValidationError) as caught:
        Deployment.model_validate(wanted)
    if shape.chips not in model.chips:
        fitting = [item.name for item in sax_models.fitting(shape.chips, "nightly")]
        assert f"classes that fit {shape.chips} chips: {', '.join(fitting) or 'none'}" in str(caught.value)


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
