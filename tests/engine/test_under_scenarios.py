"""`up` and `down` under one shipped scenario each: what passes by itself is outlived, what does not is said by name.

The real adapters and client libraries against the embedded cloud in virtual time. In each, `down` ends with proofs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from saxtui.emulator.assembly import Cloud
from saxtui.engine.runs.result import RunResult
from saxtui.errors import ExitCode, SaxtuiError
from tests.engine import virtual_cloud
from tests.engine.scenario_schedules import small

PRIVATE, PUBLIC = small(), small(exposure="external")
OUTLIVED = (
    "rate-limited", "slow-cluster", "cluster-upgrade", "iam-delay", "policy-conflicts", "webhook-slow", "late-create",
    "lost-responses", "list-lag", "api-server-down", "flaky-network", "token-expired",
)  # fmt: skip
SAID = (
    ("webhook-never-ready", PRIVATE, "waiting for the controller"),
    ("image-pull-fails", PRIVATE, "ImagePullBackOff"),
    ("load-balancer-pending", PUBLIC, "address"),
    ("cluster-fails", PRIVATE, "private IP space"),
    ("ssd-quota", PRIVATE, "SSD_TOTAL_GB"),
    ("captive-portal", PRIVATE, ""),
)
IN_THE_GATE = ("cluster-upgrade", "cluster-fails")


def cases(names: tuple[str, ...]) -> list[object]:
    return [pytest.param(name, marks=() if name in IN_THE_GATE else (pytest.mark.long,)) for name in names]


def lived(tmp_path: Path, scenario: str, deployment: virtual_cloud.Deployment) -> tuple[RunResult | str, RunResult]:
    """How `up` and then `down` ended; words when `up` could not even be planned."""
    wire = virtual_cloud.Wire(Cloud(start=virtual_cloud.START, seed=1, scenario=scenario))

    async def lives() -> tuple[RunResult | str, RunResult]:
        up: RunResult | str | None
        try:
            up = await virtual_cloud.life(wire, tmp_path, deployment, "up")
        except SaxtuiError as error:
            up = error.problem.one_line()
        down = await virtual_cloud.life(wire, tmp_path, deployment, "down")
        await wire.close()
        assert up is not None
        assert down is not None
        return up, down

    return virtual_cloud.run(wire, lives())


@pytest.mark.parametrize("scenario", cases(OUTLIVED))
def test_what_passes_is_outlived(tmp_path: Path, scenario: str) -> None:
    up, down = lived(tmp_path, scenario, PRIVATE)
    assert isinstance(up, RunResult)
    assert up.outcome == "done", up.problems
    assert down.exit_code is ExitCode.DONE, down.problems


@pytest.mark.parametrize("scenario", cases(tuple(name for name, _, _ in SAID)))
def test_what_does_not_pass_is_said(tmp_path: Path, scenario: str) -> None:
    deployment, word = next((shape, word) for name, shape, word in SAID if name == scenario)
    up, down = lived(tmp_path, scenario, deployment)
    said = up if isinstance(up, str) else " ".join(problem.one_line() for problem in up.problems)
    assert isinstance(up, str) or up.outcome == "failed"
    assert word in said
    assert down.exit_code is ExitCode.DONE or scenario == "captive-portal", down.problems
