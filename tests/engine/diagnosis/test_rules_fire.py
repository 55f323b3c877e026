"""Every rule is fired by its scenario, on the embedded cloud in virtual time."""

from __future__ import annotations

import pytest

from tests.engine.diagnosis.roads import ROADS, Road, travel


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.name)
async def test_rules_of_this_road(road: Road) -> None:
    witness = await travel(road)
    assert set(road.fires) - witness.seen == set(), f"fired: {sorted(witness.seen)}"
