"""Orphans of each kind in an embedded cloud: all found by the sweep; ours deleted, others' only listed; all told."""

from __future__ import annotations

import json
from pathlib import Path

from saxtui.emulator.assembly import Cloud
from saxtui.engine.session import Session
from saxtui.errors import ExitCode
from saxtui.model import receipt
from tests.engine import virtual_cloud
from tests.engine.orphans import Ask, Json, Planted, left, plant, told
from tests.engine.scenario_schedules import small

WANTED = small(identity={"role_scope": "project"}, slices={"count": 1})


def asks(cloud: Cloud) -> Ask:
    """Straight to the cloud in this process."""

    def ask(method: str, path: str, body: Json | None) -> Json:
        data = b"" if body is None else json.dumps(body).encode()
        answer = cloud.google.answer(virtual_cloud.Request(method, path, body=data), authorized=True).answer
        assert answer.status == 200, answer.body
        found: Json = json.loads(answer.body)
        return found

    return ask


def test_all_are_found_and_only_ours_are_deleted(tmp_path: Path) -> None:
    cloud = Cloud(start=virtual_cloud.START, seed=1)
    wire, ask = virtual_cloud.Wire(cloud), asks(cloud)

    async def life() -> Json:
        process = virtual_cloud.runtime(wire, tmp_path)
        session: Session = await process.session(WANTED)
        assert (await session.up(await session.plan())).outcome == "done"
        planted.append(plant(ask, WANTED))
        result = await session.down()
        assert result.exit_code is ExitCode.DONE, result.problems
        found = receipt.of(WANTED, await session.journal.events()).body()
        await process.close()
        await wire.close()
        return found

    planted: list[Planted] = []
    found = virtual_cloud.run(wire, life())
    told(planted[0], found)
    assert left(ask, WANTED) == {*planted[0].like, *planted[0].theirs}
