"""Histories under the emulator's own scenarios: nothing leaked, nothing foreign touched, nothing unknown dropped.

`long` takes 1,000 of them, SCHEDULES=20000 as many as it says. SCENARIO_SEEDS=12,99 runs those instead in the gate;
tests/engine/scenario_schedules.py replays one alone. A scenario that is added to those shipped changes every draw.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from saxtui.emulator import scenarios
from saxtui.emulator.assembly import Cloud
from saxtui.emulator.google.leftovers import TABLE
from saxtui.errors import ExitCode
from tests.engine import virtual_cloud
from tests.engine.scenario_schedules import SHAPES, check, names, small

CHOSEN = [int(text) for text in os.environ.get("SCENARIO_SEEDS", "").split(",") if text]
SEEDS = (27, 47, 61, 62, 69, 71)


@pytest.mark.parametrize("seed", CHOSEN or SEEDS)
def test_seeded_schedules(seed: int) -> None:
    check(seed)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_thousand_schedules() -> None:
    failed = []
    for seed in range(1000, 1000 + int(os.environ.get("SCHEDULES", "1000"))):
        try:
            check(seed)
        except AssertionError as error:
            failed.append(str(error))
    assert not failed, "\n\n".join(failed)


def test_every_shipped_scenario_is_drawn() -> None:
    drawn = {name for seed in range(400) for name in names(Random(seed))}
    assert drawn == set(scenarios.shipped())


def test_the_same_seed_gives_the_same_history() -> None:
    assert check(27) == check(27)


def test_somebody_elses_bucket_does_not_keep_down_from_being_done(tmp_path: Path) -> None:
    cloud = Cloud(start=virtual_cloud.START, seed=1, scenario="bucket-taken")
    wire = virtual_cloud.Wire(cloud)

    async def lives() -> None:
        up = await virtual_cloud.life(wire, tmp_path, SHAPES[0], "up")
        assert up is not None
        assert up.outcome == "failed"
        down = await virtual_cloud.life(wire, tmp_path, SHAPES[0], "down")
        assert down is not None
        assert down.exit_code is ExitCode.DONE, down.problems
        await wire.close()

    virtual_cloud.run(wire, lives())
    assert small().bucket in cloud.world.table("storage.buckets"), "theirs stays"


def test_orphans_of_a_cluster_whose_creation_nobody_recorded_are_found(tmp_path: Path) -> None:
    """Killed before the answer to its creation was read: only the look before its deletion tells its id."""
    cloud = Cloud(start=virtual_cloud.START, seed=1)
    world, wire = cloud.world, virtual_cloud.Wire(cloud)
    orphans = world.table(TABLE)

    def kill(request: virtual_cloud.Request, _: virtual_cloud.Answer) -> None:
        if request.method == "POST" and request.path.endswith("/clusters"):
            wire.kill_at = wire.points + 1

    def left_behind(payload: dict[str, str]) -> None:
        name = f"gke-{SHAPES[0].cluster.name}-{uid[0][:8]}-node"
        orphans[f"demo-project/global/firewalls/{name}"] = {"name": name}

    uid: list[str] = []
    world.hook("cluster.creating", lambda payload: uid.append(world.table("gke.clusters")[payload["cluster"]]["id"]))
    world.hook("cluster.deleted", left_behind)
    wire.answered = kill

    async def lives() -> None:
        assert await virtual_cloud.life(wire, tmp_path, SHAPES[0], "up") is None
        down = await virtual_cloud.life(wire, tmp_path, SHAPES[0], "down")
        assert down is not None
        assert down.exit_code is ExitCode.DONE, down.problems
        await wire.close()

    virtual_cloud.run(wire, lives())
    assert uid
    assert not orphans
