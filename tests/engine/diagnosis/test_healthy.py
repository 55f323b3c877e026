"""No rule fires on a deployment that is well, at any moment of its life."""

from __future__ import annotations

import pytest

from saxtui.engine.diagnosis import fired
from tests.emulator.scenarios.rehearsal import Rehearsal
from tests.engine.diagnosis.picture import Witness, stood


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
async def test_nothing_is_wrong_from_the_first_pod_to_the_last(seed: int) -> None:
    cloud = Rehearsal(seed=seed)
    witness = Witness(cloud)
    wrong: list[str] = []

    def look() -> bool:
        for rule, finding in fired(witness.case()):
            wrong.append(f"{cloud.world.now - start:.0f} s {rule.id}: {finding.said}")
        return bool(wrong)

    def through(seconds: float, step: float = 15.0) -> None:
        until = cloud.world.now + seconds
        while cloud.world.now < until and not look():
            cloud.advance(step)

    start = cloud.world.now
    cloud.serving()
    witness.progress = stood(cloud.world.now)
    while not cloud.joined() and not look():
        cloud.advance(5.0)
    through(60.0)
    await cloud.publish()
    while not cloud.loaded() and not look():
        cloud.advance(30.0)
    await witness.prompt()
    through(120.0, 30.0)
    await cloud.call("POST", "/unpublish", {"model": "/sax/test/spmd"})
    through(60.0)
    witness.progress, witness.more = stood(cloud.world.now, down=True), {"at_work": True}
    cloud.store.delete("JobSet", "default", "sax-model-server-set", propagation="Background")
    cloud.store.delete("Deployment", "default", "sax-http", propagation="Background")
    through(60.0)
    cloud.store.delete("Deployment", "default", "sax-admin-server", propagation="Background")
    through(60.0)
    assert wrong == []
    assert not any(cloud.hosts())
