"""A cluster on which somebody did the tutorial by hand: seen, asked, audited; never planned, changed or taken down."""

from __future__ import annotations

from pathlib import Path

import pytest

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.home import HomeScreen
from saxtui.console.screens.slices import SlicesScreen
from saxtui.engine.runtime import Runtime
from saxtui.errors import Refused
from tests.stories.by_hand import PROJECT, REGION, done_by_hand
from tests.stories.road import Road
from tests.stories.robot import EmbeddedCloud, Operator

RISKS = {
    "exposure": "open to anybody on the Internet",
    "role": "roles/storage.admin, so on every bucket of demo-project",
    "privileged": "sax-admin-server, sax-model-server",
}
ATTENTION = {
    "CPU nodes": "12 CPU nodes where 4 are enough (default-pool: 4 in each of 3 zones)",
    "bucket": "gs://demo-project-gke-bucket is the tutorial's own name",
    "model image": "model servers of v1.1.0; v1.2.0 is newer",
    "HTTP image": "one request at a time",
}


async def _home_attaches(cloud: EmbeddedCloud) -> None:
    """By keys alone, from Home to the hosts of its slices."""
    app = ConsoleApp(cloud.env)
    async with app.run_test(size=(120, 40)) as pilot:
        road = Road(app, pilot)
        await road.sees("attached", "saxml")
        await road.keys("a")
        await road.sees("Attach to a cluster", "us-west4", "running", "others")
        await road.keys("enter")
        await road.sees("what is risky there", "PROJECT-WIDE", "12 CPU nodes")
        await road.keys("enter")
        await road.arrive(SlicesScreen)
        await road.until(lambda: road.state.cluster.value is not None)
        await road.until(lambda: [found.running for found in road.state.cluster.value.slices.values()] == [8, 8])
        await road.keys("1")
        home = await road.arrive(HomeScreen)
        await road.until(lambda: home.selected == "saxml")
        assert "nothing of it is ours to delete" in home.no_down()
        await app.sessions.close()


@pytest.mark.long
async def test_a_tutorial_done_by_hand_is_attached_asked_and_audited(
    cloud: EmbeddedCloud, operator: Operator, tmp_path: Path
) -> None:
    runtime = Runtime.open(cloud.env)
    try:
        await done_by_hand(runtime.cloud(PROJECT))
    finally:
        await runtime.close()
    before = cloud.mutations()

    attached = operator.saxtui("attach", "saxml", "--location", REGION, "--json").ok()
    (row,) = attached.of_type("attached")
    assert (row["deployment"], row["slices"], row["topology"]) == ("saxml", 2, "4x8")
    found = {item["name"]: item for item in attached.of_type("audit")}
    for level, expected in (("risk", RISKS), ("attention", ATTENTION)):
        for name, said in expected.items():
            assert (found[name]["level"], said in found[name]["said"]) == (level, True), found[name]
        assert {item["name"] for item in found.values() if item["level"] == level} == set(expected)
    assert "remove-iam-policy-binding demo-project" in found["role"]["mend"]

    runtime = Runtime.open(cloud.env)
    try:
        session = await runtime.session(runtime.library.load("saxml"))
        view = await session.look()
        assert [entry.running for entry in view.slices.values()] == [8, 8]
        assert [item.name for item in await session.audit()] == [*found]
        assert [line.state for line in await runtime.summaries()] == ["attached"]
        assert cloud.mutations() == before
        await session.publish()
        status = await session.wait_loaded()
        assert status.loaded == 2
        assert (await session.generate("How many days are in a week?")).text
        for refused in (session.plan, session.down, session.recover, session.roll_back):
            with pytest.raises(Refused, match="others made it"):
                await refused()
    finally:
        await runtime.close()
    standing = cloud.resources()
    await _home_attaches(cloud)
    operator.saxtui("down", "-d", "saxml", "--yes").refused(1, "others made it", "attach --forget saxml")
    operator.saxtui("attach", "--forget", "saxml").ok()
    operator.saxtui("pods", "-d", "saxml").refused(2)
    assert cloud.resources() == standing
