"""Ctrl-C during `up`, on a real embedded cloud: once pauses, twice leaves; both say what may bill."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.robot import EmbeddedCloud, Operator, wait_until


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    """Slow enough that the cluster is still being made when the signal comes."""
    started = EmbeddedCloud.start(tmp_path / "cloud", speed=30)
    try:
        yield started
    finally:
        started.stop()


def _cluster_was_asked_for(cloud: EmbeddedCloud) -> bool:
    return any(request["path"].split("?")[0].endswith("/clusters") for request in cloud.mutations())


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_during_up(cloud: EmbeddedCloud, tmp_path: Path, times: int) -> None:
    operator = Operator(tmp_path, cloud.env)
    spmd = operator.deployment()
    run = operator.start("up", "-d", spmd, "--yes", "--json")
    assert run.stderr is not None
    wait_until(lambda: run.poll() is not None or _cluster_was_asked_for(cloud), "the cluster's create request")
    assert run.poll() is None, run.communicate()
    run.send_signal(signal.SIGINT)
    if times == 2:
        said = ""
        while "pausing" not in said:
            said = run.stderr.readline()
            assert said, "ended without a word"
        run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 3, err
    assert "Traceback" not in out + err
    for line in out.splitlines():
        json.loads(line)
    if times == 1:
        assert f"saxtui up -d {spmd}" in err and f"saxtui down -d {spmd}" in err
        records = [json.loads(line) for line in out.splitlines()]
        assert [record["outcome"] for record in records if "outcome" in record][-1] == "paused", out
    status = operator.saxtui("status", "-d", spmd, "--json").of_type("status")[0]
    assert status["run"] == "up" and status["outcome"] in ("paused", "")
