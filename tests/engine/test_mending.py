"""Mending: our JobSet goes and comes back as another; what is not ours is left alone; a kill between is no end."""

from __future__ import annotations

import pytest

from saxtui.errors import ExitCode, Refused
from saxtui.model.progress import Ownership
from saxtui.ports import Ref
from tests.engine import virtual_time
from tests.engine.fake_world import World
from tests.engine.harness import Process


def uid(world: World) -> str:
    return next(str(body["metadata"]["uid"]) for ref, body in world.kube.items() if ref.kind == "JobSet")


def uids(world: World) -> dict[Ref, str]:
    return {ref: str(body["metadata"].get("uid", "")) for ref, body in world.kube.items() if ref.kind != "Pod"}


def test_the_jobset_is_another_and_everything_else_is_as_it_was() -> None:
    async def work() -> None:
        world = World()
        process = Process(world)
        assert (await process.up()).exit_code is ExitCode.DONE
        before, others = uid(world), uids(world)
        result = await process.runs.mend()
        assert (result.kind, result.outcome, result.exit_code) == ("mend", "done", ExitCode.DONE)
        assert uid(world) != before
        after = uids(world)
        assert {ref.kind for ref in others if others[ref] != after.get(ref)} == {"JobSet"}
        step = process.store.state.progress.step("model-servers")
        assert step.ownership is Ownership.OWNED
        assert step.uid == uid(world)

    virtual_time.run(work())


@pytest.mark.parametrize("how", ["mend", "pause", "down"])
def test_a_jobset_that_failed_for_good_can_still_be_taken_away(how: str) -> None:
    async def work() -> None:
        world = World()
        process = Process(world)
        await process.up()
        dead = uid(world)
        jobset = next(body for ref, body in world.kube.items() if ref.kind == "JobSet")
        jobset["status"] = {"conditions": [{"type": "Failed", "status": "True", "reason": "ReachedMaxRestarts"}]}
        runs = {"mend": process.runs.mend, "pause": process.pause, "down": process.down}
        assert (await runs[how]()).exit_code is ExitCode.DONE
        assert dead not in uids(world).values()

    virtual_time.run(work())


def test_killed_between_the_two_up_makes_it_again() -> None:
    async def work() -> None:
        world = World()
        process = Process(world)
        await process.up()
        runs = process.runs

        async def die() -> None:
            raise KeyboardInterrupt

        runs.plan = die  # type: ignore[method-assign, assignment]
        with pytest.raises(KeyboardInterrupt):
            await runs.mend()
        assert not any(ref.kind == "JobSet" for ref in world.kube)
        later = Process(world)
        progress = later.store.state.progress
        assert (progress.kind, progress.outcome) == ("mend", "paused")
        assert (await later.up()).exit_code is ExitCode.DONE
        assert any(ref.kind == "JobSet" for ref in world.kube)

    virtual_time.run(work())


def test_without_model_servers_of_ours_it_is_refused_and_nothing_is_sent() -> None:
    async def work() -> None:
        world = World()
        process = Process(world)
        with pytest.raises(Refused, match="not ours"):
            await process.runs.mend()
        assert world.journal == []

    virtual_time.run(work())
