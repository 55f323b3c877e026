"""An operator's own catalogue values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from saxtui.catalog import overrides, prices, tpus
from saxtui.errors import UsageProblem

GOOD = """
tpus:
  v3: {min_gke_version: 1.31.1-gke.1146000, zones: [us-central1-a, us-east9-z], source: our team, date: 2026-11-02}
prices:
  - {what: v5e, zone: us-west4-a, usd_per_hour: 0.84, source: contract}
  - {what: v5e, usd_per_hour: 0.9, source: contract}
  - {what: e2-standard-4, usd_per_hour: 0.134, source: billing export, date: 2026-10}
  - {what: cluster, usd_per_hour: 0.1, source: billing export}
"""


@pytest.fixture(autouse=True)
def _as_it_came() -> Iterator[None]:
    yield
    overrides.use("")


def test_own_values_come_first_and_say_that_they_are_yours() -> None:
    overrides.use(GOOD)
    shape = tpus.shape("v3", "4x8")
    assert shape.min_gke_version == "1.31.1-gke.1146000"
    assert "us-east9-z" in shape.zones
    assert tpus.fact("v3", "zones").source == "our team (yours)"
    contract = prices.chip_hour("v5e", "us-west4-a")
    assert contract == prices.Price(0.84, "contract (yours)", "undated")
    elsewhere = prices.chip_hour("v5e", "us-central1-a")
    assert elsewhere is not None and elsewhere.usd == 0.9
    spot = prices.chip_hour("v5e", "us-west4-a", spot=True)
    assert spot is not None and spot.source.startswith("SkyPilot")
    node, fee = prices.node_hour("e2-standard-4", "us-west4-a"), prices.cluster_hour()
    assert node is not None and (node.usd, node.date) == (0.134, "2026-10")
    assert fee is not None and fee.usd == 0.1


def test_without_a_file_the_catalogue_is_as_it_came() -> None:
    overrides.use(GOOD)
    overrides.use("")
    assert tpus.shape("v3", "4x8").min_gke_version is None
    assert prices.node_hour("e2-standard-4", "us-west4-a") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not YAML, line 1"),
        ("- 1", "holds no fields"),
        ("tpu: {}", "'tpu': there is no such field"),
        ("tpus: {v9: {source: x}}", "tpus.v9: unknown generation; known: v3"),
        ("tpus: {v3: {zones: [us-central1-a]}}", "tpus.v3.source: say where the value comes from"),
        ("tpus: {v3: {zones: us-central1-a, source: x}}", "tpus.v3.zones: a list of zones"),
        ("tpus: {v3: {min_gke_version: 1.31, source: x}}", "tpus.v3.min_gke_version: a version"),
        ("tpus: {v3: {hbm_gb_per_chip: -1, source: x}}", "tpus.v3.hbm_gb_per_chip: a whole number"),
        ("tpus: {v3: {colour: red, source: x}}", "tpus.v3.colour: there is no such field; it takes hbm_gb_per_chip"),
        ("prices: {}", None),
        ("prices: {what: v5e}", "prices: is a list"),
        ("prices: [{what: v5e, usd_per_hour: 0, source: x}]", "prices[1].usd_per_hour: a number of US dollars above 0"),
        ("prices: [{what: v5e, usd_per_hour: true, source: x}]", "prices[1].usd_per_hour"),
        ("prices: [{what: '', usd_per_hour: 1, source: x}]", "prices[1].what"),
        ("prices: [{what: v5e, zone: here, usd_per_hour: 1, source: x}]", "prices[1].zone"),
        ("prices: [{what: v5e, spot: 3, usd_per_hour: 1, source: x}]", "prices[1].spot: true or false"),
        ("# " + "x" * 70_000, "longer than"),
    ],
)
def test_a_wrong_file_is_refused_with_the_entry_named(text: str, said: str | None) -> None:
    if said is None:
        overrides.use(text)
        return
    with pytest.raises(UsageProblem) as caught:
        overrides.use(text, "/state/catalog-overrides.yaml")
    assert caught.value.problem.said.startswith(said)
    assert caught.value.problem.target == "/state/catalog-overrides.yaml"
    assert prices.node_hour("e2-standard-4", "us-west4-a") is None
