"""Starts runs against the fake world, the way Session does, and starts anew after a kill."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from saxtui.engine.kit import Kit
from saxtui.engine.runs.lease import Holder
from saxtui.engine.runs.result import RunResult
from saxtui.engine.runs.running import Runs
from saxtui.engine.store import Store
from saxtui.engine.watching.connection import Connection
from saxtui.model.deployment import Deployment
from saxtui.model.presets import preset
from saxtui.model.progress import fold
from tests.engine.fake_world import SHA256, FakeCloud, FakeJournal, Killed, World

JOBSET_SOURCE = ("http://127.0.0.1/manifests.yaml", SHA256)
MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"


@functools.cache
def manifest(name: str) -> str:
    return (MANIFESTS / name).read_text(encoding="utf-8")


def tutorial(**changes: Any) -> Deployment:
    made = preset("tutorial", "demo-project", deployment_id="abc234")
    return Deployment.model_validate({**made.model_dump(mode="json"), **changes})


class Process:
    """One life of saxtui: a store folded from the journal, and its runs."""

    def __init__(self, world: World, deployment: Deployment | None = None) -> None:
        world.dead = False
        self.world = world
        self.deployment = deployment or tutorial()
        self.cloud = FakeCloud(world)
        self.store = Store()
        self.store.restore(fold(world.journal), tuple(world.journal))
        journal, holder = FakeJournal(world), Holder("cloud-shell", 1, "here")
        kit = Kit(self.deployment, self.store, self.cloud, journal, manifest, JOBSET_SOURCE, holder)
        self.runs = Runs(kit, Connection(self.deployment, self.cloud))

    async def up(self, *adopt: str) -> RunResult:
        return await self.runs.up(await self.runs.plan(adopt), adopt=adopt)

    async def pause(self) -> RunResult:
        return await self.runs.pause_slices()

    async def resume(self) -> RunResult:
        return await self.runs.up(await self.runs.plan(), kind="resume")

    async def down(self, *, keep_bucket: bool = False) -> RunResult:
        return await self.runs.down(keep_bucket=keep_bucket)


def was_killed(error: BaseException) -> bool:
    """Whether a kill, possibly wrapped by task groups, is all there is in `error`."""
    if isinstance(error, BaseExceptionGroup):
        return all(was_killed(inner) for inner in error.exceptions)
    return isinstance(error, Killed)
