"""Each check that can fail, from a scenario: doctor, plan and the wizard say the same, and nothing has been changed."""

from __future__ import annotations

from pathlib import Path

import pytest

import saxtui.emulator.scenarios
from saxtui.console.app import ConsoleApp
from saxtui.console.screens.setup import SetupScreen
from tests.stories.road import PROJECT, Road
from tests.stories.robot import EmbeddedCloud

FILES = Path(saxtui.emulator.scenarios.__file__).parent / "files"
FAILURES = [
    ("api-disabled", "APIs", "these APIs are not enabled: container.googleapis.com", "gcloud services enable"),
    ("permission-missing", "permissions", "container.clusters.create", "Kubernetes Engine Admin"),
    ("quota-short", "quota", "needed 64 chips, limit 32, used 0, short 32", "ask for more quota"),
]


@pytest.mark.parametrize(("scenario", "check", "said", "way_out"), FAILURES)
async def test_the_same_words_everywhere_before_anything_changes(
    scenario: str, check: str, said: str, way_out: str, tmp_path: Path
) -> None:
    cloud = EmbeddedCloud.start(tmp_path / "cloud", scenario=FILES / f"{scenario}.yaml")
    try:
        operator = cloud.operator(tmp_path)
        operator.saxtui("init", "--project", PROJECT, "-o", "d.yaml").ok()
        doctor = operator.saxtui("doctor", "-d", "d.yaml", "--json")
        assert doctor.code == 1
        (problem,) = doctor.of_type("problem")
        assert said in problem["said"] and way_out in problem["next_step"]
        failed = [row["name"] for row in doctor.of_type("check") if row["answer"] == "problem"]
        assert failed == [check]

        plan = operator.saxtui("plan", "-f", "d.yaml", "--json")
        assert plan.of_type("problem") == [problem]
        operator.saxtui("up", "-d", "d.yaml", "--yes").refused(1)
        await _wizard_says(cloud, f"{problem['tried']} {problem['target']}: {problem['said']}")
        changes = [f"{each['method']} {each['path']}" for each in cloud.mutations()]
        assert changes == []
    finally:
        cloud.stop()


async def _wizard_says(cloud: EmbeddedCloud, words: str) -> None:
    app = ConsoleApp(cloud.env)
    async with app.run_test(size=(120, 40)) as pilot:
        road = Road(app, pilot)
        await road.keys("n")
        setup = await road.arrive(SetupScreen)
        await road.until(lambda: any(words in line.text and line.role == "bad" for line in setup.answered.lines))
