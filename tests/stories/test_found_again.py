"""A deployment from a file anywhere: found by name and on Home, metered, told truthfully, and gone with a receipt."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from saxtui.engine.runtime import Runtime, Summary
from saxtui.model.receipt import digest
from tests.stories.robot import EmbeddedCloud, Operator, wait_until

NAME = "spmd-175b"


async def _home(operator: Operator) -> list[Summary]:
    """What the console's Home would list."""
    runtime = Runtime.open(operator.env)
    try:
        return await runtime.summaries()
    finally:
        await runtime.close()


def _state(operator: Operator, named: str) -> dict[str, Any]:
    (status,) = operator.saxtui("status", "-d", named, "--json").of_type("status")
    return status


@pytest.mark.long
async def test_up_from_a_file_then_by_name(cloud: EmbeddedCloud, operator: Operator) -> None:
    spmd = operator.deployment()
    assert await _home(operator) == []
    started = operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    assert started.err.rstrip().splitlines()[-1].startswith("bills now: $")
    (line,) = await _home(operator)
    assert (line.name, line.state) == (NAME, "up")
    assert line.usd_per_hour and line.spent

    status = operator.saxtui("status", "-d", NAME, "--json").ok()
    assert status.of_type("status")[0]["state"] == "up"
    first, *_, last = status.err.splitlines()
    assert first.startswith("bills now: $") and last.startswith("bills now: $")
    assert "bills now" not in status.out

    other = operator.deployment(name="second.yaml")
    (operator.folder / "copy.yaml").write_text((operator.folder / spmd).read_text())
    operator.saxtui("up", "-d", "copy.yaml", "--yes", "--json").ok()
    assert [line.name for line in await _home(operator)] == [NAME]
    assert _state(operator, other)["state"] == "new"

    ended = operator.saxtui("down", "-d", NAME, "--yes", "--json").ok()
    assert "bills now: nothing, about $" in ended.err
    (line,) = await _home(operator)
    assert (line.name, line.state, line.said, line.usd_per_hour) == (NAME, "down", "taken down, proved", 0.0)
    assert _state(operator, spmd)["state"] == "down"
    _check_receipt(operator, ended.of_type("result")[0])


def _check_receipt(operator: Operator, result: dict[str, Any]) -> None:
    path = Path(result["receipt"])
    record = json.loads(path.read_text())
    assert os.stat(path).st_mode & 0o777 == 0o600 == os.stat(path.with_suffix(".txt")).st_mode & 0o777
    assert record["sha256"] == digest(record["body"])
    assert result["clean"] is True and record["body"]["clean"] is True
    assert len(record["body"]["resources"]) >= 12
    assert all(row["state"] == "gone" and row["proof"] and row["intents"] for row in record["body"]["resources"])
    shown = operator.saxtui("receipt", "-d", NAME).ok()
    assert str(path.with_suffix(".txt")) in shown.out and record["sha256"] in shown.out
    assert "bills now" not in shown.err
    (found,) = operator.saxtui("receipt", "-d", NAME, "--json").ok().of_type("receipt-file")
    assert found["json_path"] == str(path)
    path.write_text(path.read_text().replace("absent twice", "surely absent"))
    operator.saxtui("receipt", "-d", NAME).refused(4, "SHA-256", str(path))


@pytest.mark.long
def test_status_tells_a_run_at_work_from_one_that_died(cloud: EmbeddedCloud, operator: Operator) -> None:
    spmd = operator.deployment()
    operator.saxtui("receipt", "-d", spmd).refused(1, "taken down")
    run = operator.start("up", "-d", spmd, "--yes", "--json")
    wait_until(lambda: any(r["path"].split("?")[0].endswith("/clusters") for r in cloud.mutations()), "a cluster")
    os.kill(run.pid, signal.SIGSTOP)  # so that it cannot end while we look
    status = _state(operator, spmd)
    assert (status["state"], status["holder"]) == ("running", run.pid)
    assert f"process {run.pid} since" in operator.saxtui("status", "-d", NAME).out
    run.kill()
    run.communicate()
    status = _state(operator, spmd)
    assert (status["state"], status["holder"]) == ("interrupted", None)


def test_a_pause_does_not_wait_for_a_cloud_that_is_silent(cloud: EmbeddedCloud, operator: Operator) -> None:
    """Without the means to give up a read, the run would sit through its 30 s time-outs, several times over."""
    spmd = operator.deployment()
    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    run = operator.start("down", "-d", spmd, "--yes", "--json")
    wait_until(lambda: any(r["method"] == "DELETE" for r in cloud.requests()), "a delete request")
    cloud.process.send_signal(signal.SIGSTOP)
    try:
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=25)
    finally:
        cloud.process.send_signal(signal.SIGCONT)
    assert run.returncode in (3, 4), err
    assert "pausing" in err and "Traceback" not in err
    for line in out.splitlines():
        json.loads(line)
    operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
