"""A3, what it says of tiles and metrics, and A10 but for the logs (test_logs.py) and the day (test_a_day.py).

The console over a cloud on which two slices of eight hosts are up: seen whole, then through a watch that says nothing
while a pod goes and then expires, then through an API server that is away, beside a deployment nobody can reach.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.slices import SlicesScreen
from saxtui.engine.runtime import Runtime
from saxtui.engine.session import Session
from saxtui.errors import CallError
from saxtui.model.cluster import Freshness
from saxtui.model.deployment import Deployment
from tests.console.serving_fakes import shown, until
from tests.stories.on_slices import WANTED, bring_up, console, streaming
from tests.stories.robot import EmbeddedCloud

pytestmark = pytest.mark.long
FAR = Deployment(
    id="bcdefg", name="far", project="demo-project", bucket="demo-project-far", region="us-east1", zone="us-east1-c"
)
SILENCE = """
title: Silence, then 410
description: The watches say nothing for a minute while a pod goes; then they expire.
faults:
  - {when: {at: 0}, fault: watch-silent, seconds: 60, then: expired}
  - {when: {at: 10}, fault: object-deleted, kind: Pod, name: sax-http-.*, namespace: default}
"""
AWAY = """
title: An outage
description: The API server answers nothing but 503 for twelve seconds of real time.
faults:
  - {when: {request: {service: kubernetes}, for: 3600}, fault: error, status: 503}
"""
UNREACHABLE = """
title: Out of reach
description: Nothing in us-east1 ever answers.
faults:
  - {when: {request: {service: container, path: /locations/us-east1/}, times: 1000000}, fault: drop}
"""
NO_METRICS = """
title: No TPU metrics
description: The device plugins serve none any more.
faults:
  - {when: {at: 0}, fault: chip-metrics}
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A cloud with WANTED up on it; FAR is saved, and never was anything."""
    folder = tmp_path_factory.mktemp("watching")
    started = EmbeddedCloud.start(folder / "cloud", speed=300, seed=7)
    started.env |= {"SAXTUI_STATE": str(folder / "state"), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    try:
        asyncio.run(bring_up(started.env))
        Runtime.open(started.env).library.save(FAR)
        yield started
    finally:
        started.stop()


def play(cloud: EmbeddedCloud, folder: Path, scenario: str) -> asyncio.Future[None]:
    """Let that go wrong from now on."""
    file = folder / "scenario.yaml"
    file.write_text(scenario, encoding="utf-8")
    return asyncio.ensure_future(asyncio.to_thread(cloud.play, file))


async def listed(session: Session) -> set[tuple[str, str]]:
    """Name and uid of each pod as the API server lists them now."""
    kubernetes = await session.connection.kubernetes()
    while True:
        try:
            found = await kubernetes.list("v1", "Pod", WANTED.namespace)
        except CallError:
            await asyncio.sleep(0.2)  # it is still away
            continue
        return {(pod["metadata"]["name"], pod["metadata"]["uid"]) for pod in found}


def tiles(app: ConsoleApp) -> list[list[tuple[str, str]]]:
    """Row by row the hosts that are drawn, each with its star if it has one."""
    rows = [re.findall(r"│ ?(\d+) *(★?)", line) for line in shown(app).split("\n")]
    return [row for row in rows if row]


def pictured(screen: SlicesScreen) -> set[tuple[str, str]]:
    return {(pod.name, pod.uid) for pod in screen.view.pods.values()}


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a3_sixteen_tiles_with_their_logs_and_metrics(
    cloud: EmbeddedCloud, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with console(cloud.env, size) as (app, pilot, screen, _session):
        first = [(str(host), "★" if host == 0 else "") for host in range(4)]
        second = [(str(host), "") for host in range(4, 8)]
        await until(pilot, lambda: tiles(app) == [first * 2, second * 2], "two slices, each two rows of four hosts")
        await until(pilot, lambda: "logs: 0-0" in screen.pane.heading, "the first host's log")
        await pilot.press("right", "down")
        await until(pilot, lambda: "logs: 0-5" in screen.pane.heading, "the log of the tile chosen")
        await until(pilot, lambda: len(screen.pane.view.store) > 0 and "0-5  " in shown(app), "its lines with its tag")
        await until(pilot, lambda: "TPU duty 0%  HBM 0.2 of 15.8 GiB a chip  read" in shown(app), "metrics with age")
        await pilot.press("a")
        await until(pilot, lambda: streaming(screen) == 16, "sixteen streams")

        if size == (80, 24):  # the last of these tests: from here on the cloud offers no metrics
            await play(cloud, tmp_path, NO_METRICS)
            await pilot.press("right_square_bracket")
            await until(
                pilot, lambda: "TPU no metric: the node's device plugin serves none" in shown(app), "said, not zero"
            )
            await pilot.press("left_square_bracket")
            await until(pilot, lambda: "not since: the" in shown(app), "the last reading, and why it is old")


async def test_a10_silence_then_410_then_503_and_another_deployment_out_of_reach(
    cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    async with console(cloud.env) as (app, pilot, screen, session):
        await until(pilot, lambda: "live" in shown(app).split("\n")[0], "live")
        before = pictured(screen)
        await play(cloud, tmp_path, SILENCE)
        await until(pilot, lambda: not before <= pictured(screen), "what went unseen is seen after the 410")
        await until(pilot, lambda: len(pictured(screen)) == len(before), "and what came in its place")
        assert pictured(screen) == await listed(session)

        await play(cloud, tmp_path, AWAY)
        await until(pilot, lambda: "stale " in shown(app).split("\n")[0], "the badge")
        assert "▲ stale: the cluster is silent. Last heard " in shown(app)
        assert screen._upper.has_class("-stale"), "the grid dims"
        assert shown(app).count("8/8") == 2, "and shows the last good picture"
        assert (session.store.state.cluster.value or screen.view).freshness is not Freshness.LIVE

        await play(cloud, tmp_path, UNREACHABLE)
        far = await app.sessions.open("far")
        await until(pilot, lambda: "far" in shown(app).split("\n")[0], "the other deployment, at once")
        await until(pilot, lambda: "Cannot see the cluster" in shown(app), "it says that it cannot be reached")
        assert far.state.cluster.value is None
        await app.sessions.open("spmd")
        await until(pilot, lambda: shown(app).count("8/8") == 2, "back, at once")

        await until(pilot, lambda: "live" in shown(app).split("\n")[0], "healed by itself")
        assert pictured(screen) == await listed(session)
        assert not screen._upper.has_class("-stale")
        assert app.is_running
