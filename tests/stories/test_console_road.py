"""The main job at the console, by keys alone: set up, watch it come up, look, publish, talk, take down."""

from __future__ import annotations

from pathlib import Path

import pytest

from saxtui.console.app import ConsoleApp
from tests.console.screens import SIZES
from tests.stories.road import Road
from tests.stories.robot import EmbeddedCloud


# The small screen is the harder road; the large one is walked in the long run.
@pytest.mark.parametrize("size", [SIZES[0], pytest.param(SIZES[1], marks=pytest.mark.long)])
async def test_the_whole_road_by_keys(cloud: EmbeddedCloud, size: tuple[int, int]) -> None:
    before = cloud.resources()
    app = ConsoleApp(cloud.env)
    async with app.run_test(size=size) as pilot:
        road = Road(app, pilot)
        await road.walk()
    assert app.return_code == 0
    assert road.keys_to_sign <= 40, "from Home to the signed plan of the tutorial's shape"
    receipts = sorted(path.suffix for path in Path(cloud.env["SAXTUI_STATE"], "receipts").iterdir())
    assert receipts == [".json", ".txt"], "the teardown left its receipt"
    assert cloud.resources() == before, "down must leave what was there before, no more and no less"
