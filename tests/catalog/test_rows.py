"""Every row of the catalogue: machine types, topologies, facts and prices agree with each other."""

from __future__ import annotations

from math import prod

import pytest

from saxtui.catalog import prices, tpus
from saxtui.catalog.table import rows

MACHINES = rows("tpus.csv")
EVERY = [(row, topology) for row in MACHINES for topology in row["topologies"].split()]


def test_every_generation_that_gke_offers() -> None:
    assert tpus.generations() == ("v3", "v4", "v5e", "v5p", "v6e", "tpu7x")
    assert len(EVERY) == 1059
    assert {len(tpus.all_shapes(generation)) for generation in tpus.generations()} == {8, 186, 9, 414, 433}


@pytest.mark.parametrize("row", MACHINES, ids=lambda row: f"{row['machine_type']}-{row['host_kind']}")
def test_nodes_hosts_and_chips_of_every_topology(row: dict[str, str]) -> None:
    per_host = int(row["chips_per_vm"])
    assert row["machine_type"].endswith(f"-{per_host}t")
    assert row["placement"] == {"single": "none", "multi": "compact"}[row["host_kind"]] or row["generation"] == "tpu7x"
    assert row["machine_source"] and row["machine_date"] and row["topology_source"] and row["topology_date"]
    for topology in row["topologies"].split():
        chips = prod(int(part) for part in topology.split("x"))
        found = tpus.by_machine_type(row["machine_type"], topology if row["host_kind"] == "multi" else "")
        assert found is not None
        assert (found.chips, found.topology) == (chips, topology)
        assert found.hosts * per_host == chips
        assert found.multi_host is (found.hosts > 1) is (row["host_kind"] == "multi")
        assert found.accelerator_label == row["accelerator_label"]


def test_every_value_has_a_source_and_a_date_or_is_unknown() -> None:
    for generation in tpus.generations():
        for fact in tpus.facts(generation):
            assert bool(fact.value) is bool(fact.source) is bool(fact.date), fact
            assert fact.shown == (fact.value or "unknown")
    for row in rows("tpu_prices.csv"):
        assert row["source"] and row["date"]
    text = "".join(
        ",".join(row.values()) for name in ("tpus.csv", "tpu_facts.csv", "tpu_prices.csv") for row in rows(name)
    )
    assert "?" not in text


def test_what_nobody_confirmed_is_unknown_and_no_number() -> None:
    assert tpus.shape("v3", "4x4").min_gke_version is None
    assert tpus.fact("v5p", "min_gke_version").shown == "unknown"
    assert tpus.devices(tpus.shape("tpu7x", "2x2x2")) is None
    assert tpus.devices(tpus.shape("v5e", "4x8")) == 32
    assert prices.chip_hour("tpu7x", "us-central1-c") is None
    assert prices.chip_hour("v3", "us-central1-a") is None


def test_the_nearest_legal_topologies_are_named() -> None:
    assert tpus.nearest("v5e", "3x11", 3) == ("2x4", "4x4", "4x8")
    assert tpus.nearest("v5p", "nonsense", 2) == ("2x2x1", "2x2x2")
    with pytest.raises(KeyError, match=r"'8x4' is not a v6e topology; nearest legal: .*4x8"):
        tpus.shape("v6e", "8x4")
