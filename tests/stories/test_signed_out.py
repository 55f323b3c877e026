"""Credentials that expire in the middle of a run hold it; they do not end it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.robot import EmbeddedCloud


@pytest.mark.long
def test_a_minute_of_401_holds_the_run(tmp_path: Path) -> None:
    cloud = EmbeddedCloud.start(tmp_path / "cloud", scenario=Path("token-expired"))
    try:
        desk = tmp_path / "desk"
        desk.mkdir()
        operator = cloud.operator(desk)
        spmd = operator.deployment()
        up = operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
        assert any("sign in again" in record.get("said", "") for record in up.records)
        operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
    finally:
        cloud.stop()
