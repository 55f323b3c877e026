"""The TPU catalogue: what it says, and that it agrees with itself."""

from __future__ import annotations

from math import prod

import pytest

from saxtui.catalog import prices, tpus


@pytest.mark.parametrize(
    ("topology", "chips", "hosts", "machine"),
    [
        ("1x1", 1, 1, "ct5lp-hightpu-1t"),
        ("2x2", 4, 1, "ct5lp-hightpu-4t"),
        ("2x4", 8, 2, "ct5lp-hightpu-4t"),
        ("4x4", 16, 4, "ct5lp-hightpu-4t"),
        ("4x8", 32, 8, "ct5lp-hightpu-4t"),
        ("8x8", 64, 16, "ct5lp-hightpu-4t"),
        ("8x16", 128, 32, "ct5lp-hightpu-4t"),
        ("16x16", 256, 64, "ct5lp-hightpu-4t"),
    ],
)
def test_v5e(topology: str, chips: int, hosts: int, machine: str) -> None:
    shape = tpus.shape("v5e", topology)
    assert (shape.chips, shape.hosts, shape.machine_type) == (chips, hosts, machine)
    assert shape.multi_host is (hosts > 1)
    assert shape.accelerator_label == "tpu-v5-lite-podslice"
    assert (shape.hbm_gb_per_chip, shape.min_gke_version) == (16, "1.27.2-gke.2100")


@pytest.mark.parametrize("generation", tpus.generations())
def test_every_row_agrees_with_itself(generation: str) -> None:
    rows = tpus.all_shapes(generation)
    assert rows
    for shape in rows:
        assert shape.generation == generation
        assert prod(shape.dims) == shape.chips == shape.hosts * shape.chips_per_host
        assert "x".join(map(str, shape.dims)) == shape.topology
        assert shape.zones
        assert "?" not in f"{shape.min_gke_version}{shape.zones}"


def test_a_topology_names_one_shape() -> None:
    for generation in tpus.generations():
        names = [shape.topology for shape in tpus.topologies(generation)]
        assert len(names) == len(set(names))
        chips = [shape.chips for shape in tpus.topologies(generation)]
        assert chips == sorted(chips)


def test_an_illegal_topology_is_named_with_the_legal_ones() -> None:
    with pytest.raises(KeyError) as caught:
        tpus.shape("v5e", "3x3")
    assert caught.value.args[0].startswith("'3x3' is not a v5e topology; nearest legal: 1x1, 2x2")
    with pytest.raises(KeyError, match="unknown TPU generation 'v9'"):
        tpus.topologies("v9")


def test_zones() -> None:
    assert tpus.offers("us-west4-a", "v5e")
    assert not tpus.offers("us-west4-c", "v5e")


def test_both_machine_types_of_2x4_are_known() -> None:
    assert {shape.machine_type for shape in tpus.all_shapes("v5e") if shape.topology == "2x4"} == {
        "ct5lp-hightpu-4t",
        "ct5lp-hightpu-8t",
    }
    single = tpus.by_machine_type("ct5lp-hightpu-8t", "")
    assert single is not None
    assert (single.topology, single.hosts) == ("2x4", 1)
    assert tpus.by_machine_type("ct5lp-hightpu-4t", "3x3") is None


def test_prices_are_known_or_none_never_zero() -> None:
    price = prices.chip_hour("v5e", "us-west4-a")
    assert price is not None
    assert (price.usd, price.date) == (1.2, "undated")
    spot = prices.chip_hour("v5e", "us-west4-a", spot=True)
    assert spot is not None
    assert spot.usd == 0.4692
    assert prices.chip_hour("v6e", "asia-east1-c") is None
    assert prices.chip_hour("v5e", "mars-north1-a") is None
    assert prices.node_hour("e2-standard-4", "us-west4-a") is None
