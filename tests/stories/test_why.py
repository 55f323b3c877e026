"""Story A8b: a pod is deleted, all pods look green, the slice hangs; `why` finds it, `mend` heals it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from saxtui.emulator import scenarios
from tests.stories.robot import Answer, EmbeddedCloud, Operator


def why(operator: Operator, spmd: str, code: int, limit: float = 90) -> Answer:
    """Ask again and again until it exits with that code."""
    until = time.monotonic() + limit
    while True:
        said = operator.saxtui("why", "-d", spmd, "--json")
        if said.code == code:
            return said
        assert time.monotonic() < until, f"exited {said.code}, not {code}:\n{said.out}\n{said.err}"


@pytest.mark.long
def test_a_slice_that_looks_green_and_hangs_is_found_and_mended(tmp_path: Path) -> None:
    cloud = EmbeddedCloud.start(tmp_path / "cloud", scenario=scenarios.find("pod-deleted"))
    try:
        folder = tmp_path / "desk"
        folder.mkdir()
        operator = cloud.operator(folder)
        spmd = operator.deployment()
        operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
        operator.saxtui("publish", "-d", spmd, "--wait", "--json").ok()

        said = why(operator, spmd, 3)
        (found,) = (record for record in said.of_type("why") if record["rule"] == "mesh-hung")
        assert (found["slices"], found["gravity"]) == ([1], "broken")
        root = found["chain"][-1]
        assert "host 1-5 came back alone" in root["said"]
        assert root["certainty"] == "proved by"
        assert any("restarts 0" in clue["text"] for clue in root["clues"])
        assert found["action"]["command"].startswith("saxtui mend")
        assert "an hour meanwhile" in found["billing"]
        pods = operator.saxtui("pods", "-d", spmd, "--json").ok().of_type("pod")
        hosts = [pod for pod in pods if pod["slice"] >= 0]
        assert {pod["state"] for pod in hosts} == {"running"}, "every pod looks green"
        told = operator.saxtui("events", "-d", spmd, "--json").ok().of_type("event")
        assert any(event["reason"] == "Killing" and "-1-5-" in event["name"] for event in told)
        narrow = operator.saxtui("why", "-d", spmd, "--slice", "0", "--json")
        assert [record["rule"] for record in narrow.of_type("why")] == []

        operator.saxtui("mend", "-d", spmd, stdin="no\n").refused(1)
        uids = {pod["uid"] for pod in hosts}
        operator.saxtui("mend", "-d", spmd, "--yes", "--json").ok()
        after = operator.saxtui("pods", "-d", spmd, "--json").ok().of_type("pod")
        assert not uids & {pod["uid"] for pod in after}, "every host is another"
        assert len([pod for pod in after if pod["slice"] >= 0]) == 16
        # The model was never unpublished: it loads again by itself.
        operator.saxtui("models", "-d", spmd, "--wait", "--json").ok()
        why(operator, spmd, 0)
        operator.saxtui("generate", "-d", spmd, "How many days are in a week?", "--json").ok()
    finally:
        cloud.stop()
