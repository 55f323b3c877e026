"""Each check that can fail, from a scenario: doctor, plan and the wizard say the same, and nothing has been changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import saxtui.emulator.scenarios
from saxtui.console.app import ConsoleApp
from saxtui.console.screens.setup import SetupScreen
from saxtui.console.setup import probe
from saxtui.model import deployment_file
from tests.stories.road import PROJECT, Road
from tests.stories.robot import EmbeddedCloud, Operator
from tests.stories.test_orphans import asks

FILES = Path(saxtui.emulator.scenarios.__file__).parent / "files"
V6E = {
    "region": "us-east5",
    "zone": "us-east5-b",
    "slices": {"generation": "v6e", "topology": "4x8"},
}
TAKEN = "demo-bucket"
# scenario, changes to the tutorial's file, check, what it says, the way out
MORE: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("billing-off", {}, "billing", "it has no billing account", "link one"),
    ("cpu-quota-short", {}, "quota", "needed 16 vCPUs, limit 8, used 0, short 8", "smaller CPU nodes"),
    ("disk-quota-short", {}, "quota", "needed 2000 GB, limit 250, used 0, short 1750", "smaller CPU nodes"),
    ("spot-quota-short", {"slices": {"spot": True}}, "quota", "needed 64 chips, limit 0", "ask for more quota"),
    ("family-quota-short", V6E, "quota", "needed 64 chips, limit 0, used unknown, short 64", "ask for more quota"),
    ("", {"slices": {"reservation": "lab-chips"}}, "reservation", "does not exist", "slices.reservation"),
    ("reservation-small", {"slices": {"reservation": "lab-chips"}}, "reservation", "short 8", "slices.reservation"),
    ("", {"zone": "us-west4-c"}, "zone", "does not offer ct5lp-hightpu-4t", "us-west4-a"),
    ("", {"cluster": {"version": "1.99"}}, "GKE version", "us-west4 does not offer it", "leave cluster.version empty"),
    ("", {"bucket": TAKEN}, "bucket", "taken by somebody else", "choose another name"),
    ("", {"project": "not-mine"}, "project", "does not exist, or operator@", "gcloud projects list"),
]
FAILURES: list[Any] = [
    ("api-disabled", {}, "APIs", "these APIs are not enabled: container.googleapis.com", "gcloud services enable"),
    ("permission-missing", {}, "permissions", "container.clusters.create", "Kubernetes Engine Admin"),
    ("quota-short", {}, "quota", "needed 64 chips, limit 32, used 0, short 32", "ask for more quota"),
    *(pytest.param(*row, marks=pytest.mark.long) for row in MORE),
]


@pytest.mark.parametrize(("scenario", "changes", "check", "said", "way_out"), FAILURES)
async def test_the_same_words_everywhere_before_anything_changes(
    scenario: str, changes: dict[str, Any], check: str, said: str, way_out: str, tmp_path: Path
) -> None:
    cloud = EmbeddedCloud.start(tmp_path / "cloud", scenario=FILES / f"{scenario}.yaml" if scenario else None)
    try:
        await _told_alike(cloud, cloud.operator(tmp_path), changes, (check, said, way_out))
    finally:
        cloud.stop()


@pytest.mark.long
async def test_an_account_of_somebody_else_is_told_alike(cloud: EmbeddedCloud, operator: Operator) -> None:
    body = {"accountId": "sax-iam-sa", "serviceAccount": {"description": "another team's"}}
    asks(cloud)("POST", f"/v1/projects/{PROJECT}/serviceAccounts", body)
    await _told_alike(cloud, operator, {}, ("existing", "exists and is not ours", "choose another name"), planted=1)


async def test_no_credentials_is_one_problem_everywhere(cloud: EmbeddedCloud, operator: Operator) -> None:
    nobody = {name: value for name, value in cloud.env.items() if name != "CLOUDSDK_AUTH_ACCESS_TOKEN"}
    cloud.env = {**nobody, "HOME": str(operator.folder), "GOOGLE_APPLICATION_CREDENTIALS": ""}
    said = ("account", "default credentials were not found", "gcloud auth application-default login")
    await _told_alike(cloud, cloud.operator(operator.folder), {}, said)


async def _told_alike(
    cloud: EmbeddedCloud, operator: Operator, changes: dict[str, Any], wanted: tuple[str, str, str], planted: int = 0
) -> None:
    """doctor, plan, `up` and the wizard tell this one failed check, in the same words, and change nothing."""
    check, said, way_out = wanted
    operator.saxtui("init", "--project", PROJECT, "-o", "d.yaml").ok()
    file = operator.folder / "d.yaml"
    file.write_text(yaml.safe_dump(merged(yaml.safe_load(file.read_text()), changes)))
    doctor = operator.saxtui("doctor", "-d", "d.yaml", "--json")
    assert doctor.code == 1
    (problem,) = doctor.of_type("problem")
    assert said in problem["said"] and way_out in problem["next_step"]
    failed = [row["name"] for row in doctor.of_type("check") if row["answer"] == "problem"]
    assert failed == [check]

    plan = operator.saxtui("plan", "-f", "d.yaml", "--json")
    assert plan.code == 1 and plan.of_type("error") == []
    assert plan.of_type("problem") == [problem]
    operator.saxtui("up", "-d", "d.yaml", "--yes").refused(1)
    words = f"{problem['tried']} {problem['target']}: {problem['said']}"
    if not changes:
        await _wizard_says(cloud, words)
    (shown,) = await _wizards_rows(cloud, file)
    assert shown.startswith(words)
    changed = [f"{each['method']} {each['path']}" for each in cloud.mutations()]
    assert len(changed) == planted, changed


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    nested = {key: merged(base[key], value) for key, value in changes.items() if isinstance(value, dict)}
    return {**base, **changes, **nested}


def test_doctor_without_a_deployment_says_what_mends_it(tmp_path: Path) -> None:
    cloud = EmbeddedCloud.start(tmp_path / "cloud", scenario=FILES / "billing-off.yaml")
    try:
        operator = cloud.operator(tmp_path)
        (problem,) = operator.saxtui("doctor", "--json").of_type("problem")
        assert problem["command"].startswith(f"gcloud billing projects link {PROJECT}")
        (missing,) = operator.saxtui("doctor", "--project", "no-such-project", "--json").of_type("problem")[:1]
        assert missing["target"] == "project no-such-project"
        assert cloud.mutations() == []
    finally:
        cloud.stop()


async def _wizards_rows(cloud: EmbeddedCloud, file: Path) -> list[str]:
    """The bad lines that the wizard's own probe yields for that file."""
    app = ConsoleApp(cloud.env)
    async with app.run_test(size=(120, 40)) as pilot:
        await Road(app, pilot).until(lambda: app.sessions.runtime is not None)
        made = deployment_file.parse(file.read_text())
        return [line.text async for line in probe.of_deployment(app.sessions, made) if line.role == "bad"]


async def _wizard_says(cloud: EmbeddedCloud, words: str) -> None:
    app = ConsoleApp(cloud.env)
    async with app.run_test(size=(120, 40)) as pilot:
        road = Road(app, pilot)
        await road.keys("n")
        setup = await road.arrive(SetupScreen)
        await road.until(lambda: any(words in line.text and line.role == "bad" for line in setup.answered.lines))
