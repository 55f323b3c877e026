"""The environment, and the clock it may name."""

from __future__ import annotations

import time

import pytest

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.disk.surroundings import read
from saxtui.errors import UsageProblem


def test_real_surroundings() -> None:
    found = read({"HOME": "/home/me", "XDG_STATE_HOME": "/home/me/.state", "DEVSHELL_PROJECT_ID": "mine"})
    assert found.state_dir == "/home/me/.state/saxtui"
    assert found.emulated == ""
    assert found.default_project == "mine"
    assert found.jobset_source == ("", "")


def test_emulated_surroundings() -> None:
    found = read(
        {
            "SAXTUI_STATE": "/tmp/x",
            "SAXTUI_EMULATED_CLOCK": "100:5000:60",
            "CLOUDSDK_CORE_PROJECT": "demo-project",
            "GOOGLE_CLOUD_PROJECT": "other",
            "SAXTUI_JOBSET_MANIFEST": "http://127.0.0.1/m",
            "SAXTUI_JOBSET_SHA256": "a",
        }
    )
    assert (found.state_dir, found.emulated, found.default_project) == ("/tmp/x", "x60", "demo-project")
    assert found.jobset_source == ("http://127.0.0.1/m", "a")


def test_clock_runs_at_its_speed() -> None:
    real0 = time.time()
    clock = SystemClock.parse(f"{real0}:1000000:60")
    assert clock.speed == 60
    before, now, after = time.time(), clock.now(), time.time()
    assert 1_000_000 + (before - real0) * 60 <= now <= 1_000_000 + (after - real0) * 60


def test_plain_clock_is_wall_time() -> None:
    clock = SystemClock.parse("")
    assert time.time() <= clock.now() <= time.time()
    assert clock.speed == 1.0


async def test_sleep_is_divided_by_the_speed() -> None:
    clock = SystemClock.parse("0:0:1000000")
    started = clock.now()
    await clock.sleep(3600)
    assert clock.now() - started >= 3600


@pytest.mark.parametrize("text", ["1:2", "a:b:c", "0:0:0", "0:0:-1", "0:0:nan", "0:0:inf"])
def test_malformed_clock_names_the_variable(text: str) -> None:
    with pytest.raises(UsageProblem, match="SAXTUI_EMULATED_CLOCK"):
        SystemClock.parse(text)
