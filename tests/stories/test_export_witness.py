"""The exported bash script, run by bash with the real gcloud and kubectl, ends where `saxtui up` ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.robot import Answer, EmbeddedCloud, Operator

MISSING = [tool for tool in ("bash", "gcloud", "kubectl", "curl") if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.witness,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; this runs the real ones"),
]
Row = tuple[str, str, str]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    """A second cloud with nothing in it, for the script."""
    started = EmbeddedCloud.start(tmp_path / "other", speed=600)
    yield started
    started.stop()


def table(cloud: EmbeddedCloud) -> set[Row]:
    """What exists, but for what differs by chance: the project's number, addresses, and saxtui's own notes."""
    return {
        (row["type"], row["name"], row.get("location", ""))
        for row in cloud.resources()
        if not (row["type"] == "object" and row["name"].split("/")[3] == "saxtui")
        if row["type"] not in ("forwarding-rule", "address")
        if "container-engine-robot" not in row["name"] and "-compute@developer" not in row["name"]
    }


def bash(cloud: EmbeddedCloud, script: Path, *words: str) -> Answer:
    folder = script.parent
    someone = Operator(folder, {**cloud.env, "HOME": str(folder)})
    return someone.run(["bash", str(script), *words], limit=300).ok()


@pytest.mark.long
@pytest.mark.parametrize("preset", ["tutorial", "tutorial-exact"])
def test_the_script_makes_what_up_makes(
    preset: str, cloud: EmbeddedCloud, other: EmbeddedCloud, operator: Operator
) -> None:
    file = operator.folder / "spmd.yaml"
    operator.saxtui("init", "--preset", preset, "--project", "demo-project", "-o", str(file)).ok()
    operator.saxtui("up", "-d", str(file), "--yes", "--json").ok()
    operator.saxtui("export", "-d", str(file), "--as", "bash", "-o", str(operator.folder)).ok()
    script = operator.folder / "spmd-175b.sh"

    bash(other, script)
    assert table(other) == table(cloud)
    if preset == "tutorial-exact":
        assert len([row for row in other.resources() if row["type"] == "forwarding-rule"]) == 1

    # saxtui itself finds nothing to change in what the script made, and takes all of it for its own.
    there = Operator(operator.folder, {**other.env, "HOME": str(operator.folder)})
    plan = there.saxtui("plan", "-d", str(file), "--json").ok()
    assert {step["action"] for step in plan.of_type("planned-step")} <= {"keep", "check"}, plan.out


@pytest.mark.long
def test_the_script_publishes_asks_and_takes_down(other: EmbeddedCloud, operator: Operator) -> None:
    file = operator.folder / "small.yaml"
    before = table(other)
    operator.saxtui("init", "--preset", "smoke", "--project", "demo-project", "--name", "small", "-o", str(file)).ok()
    operator.saxtui("export", "-d", str(file), "-o", str(operator.folder)).ok()
    script = operator.folder / "small.sh"
    bash(other, script)
    bash(other, script)  # again: everything is there, and stays as it is
    bash(other, script, "publish")
    there = Operator(operator.folder, {**other.env, "HOME": str(operator.folder)})
    there.saxtui("models", "-d", str(file), "--wait", "--json").ok()
    answer = bash(other, script, "generate", 'Say "seven\\days" at once')
    assert json.loads(answer.out)["generate_response"]
    bash(other, script, "down")
    left = {row for row in table(other) - before if row[0] != "iam-binding"}
    assert left == set()
