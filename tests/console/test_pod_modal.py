"""The pod under the cursor whole, in a dialog."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from saxtui.engine.store import Part
from saxtui.engine.watching.logs import LogSelection
from saxtui.model.cluster import ClusterEvent, HostState, LogLine
from saxtui.model.phases import HostPhase, Phase
from saxtui.model.workloads import Condition, Container, Ending, Node
from tests.console.serving_fakes import NOW, FakeSession, deployment, opened, pod, shown, until, view

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])


def killed() -> FakeSession:
    """A session whose host 0-0 runs again after it was killed for memory."""
    session = FakeSession(deployment())
    container = Container(
        "sax-model-server", "example/sax:v1", ready=True, restarts=1, running=True, since=NOW - 60,
        last=Ending(137, "OOMKilled", at=NOW - 90),
    )  # fmt: skip
    bad = pod(0, 0, restarts=1, states=(container,), conditions=(Condition("Ready", True, since=NOW - 60),))
    node = Node("n0", bad.node, "tpu1", "us-west4-a", "ct5lp-hightpu-4t", "tpu-v5-lite-podslice", "4x8", 4)
    event = ClusterEvent("e", NOW - 95, "Pod", bad.name, "BackOff", "back-off restarting", warning=True, count=3)
    session.show(replace(view(bad, events=(event,)), nodes=MappingProxyType({"n0": node})))
    phases = {bad.uid: HostPhase(Phase.LOADING, "/sax/test/spmd", "Loading model for key: /sax/test/spmd", NOW - 5)}
    session.store.change(phases=Part(value=phases))
    return session


@SIZES
async def test_facts_yaml_and_the_log_before(tmp_path: Path, size: tuple[int, int]) -> None:
    session = killed()
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "esc closes" in shown(app), "the dialog")
        seen = shown(app)
        for text in ("loading /sax/test/spmd", "restarts 1 of 4 used, 3 left"):
            assert text in seen, seen
        await pilot.press("end")
        await until(pilot, lambda: "4 chips allocatable" in shown(app), "the node")
        await pilot.press("c")
        assert "before: OOMKilled, exit code 137" in app.clipboard
        assert "BackOff x3: back-off restarting" in app.clipboard and "zone: us-west4-a" in app.clipboard
        await pilot.press("y")
        await until(pilot, lambda: "kind: Pod" in shown(app), "the YAML")
        await pilot.press("c")
        assert app.clipboard.startswith("apiVersion: v1\nkind: Pod")
        await pilot.press("escape")
        await until(pilot, lambda: "esc closes" not in shown(app), "closed")


async def test_the_dialog_follows_the_store(tmp_path: Path) -> None:
    session = killed()
    async with opened(session, tmp_path, "slices") as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "esc closes" in shown(app), "the dialog")
        session.show(view(pod(0, 0, state=HostState.FAILED, status="OOMKilled")))
        await until(pilot, lambda: "OOMKilled" in shown(app), "the new state")
        session.show(view(pod(0, 1)))
        await until(pilot, lambda: "this pod is gone" in shown(app), "that it is gone")


async def test_a_log_before_the_present_one_only_after_a_restart(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.show(view(pod(0, 0)))
    async with opened(session, tmp_path, "slices") as (app, pilot):
        await pilot.press("d", "p")
        await until(pilot, lambda: "there is no log before the present one" in shown(app), "that there is none")
        await pilot.press("escape")
        session.show(view(pod(0, 0, restarts=1)))
        session.lines.put_nowait(LogLine("x", NOW, "of the present container"))
        await pilot.press("d", "p")
        wanted = LogSelection(pod=pod(0, 0).name, previous=True)
        await until(pilot, lambda: wanted in session.asked_logs, "the log before is asked for")
