"""What a cluster may leave behind: ours is found and deleted, others' is only listed, and nothing else is touched."""

from __future__ import annotations

import pytest

from saxtui.errors import Denied, ExitCode
from saxtui.model.progress import Ownership
from saxtui.ports import Leftover
from tests.engine.fake_world import World, problem
from tests.engine.harness import Process

WHERE = {
    "forwarding-rule": "regions/us-west4/forwardingRules",
    "address": "regions/us-west4/addresses",
    "disk": "zones/us-west4-a/disks",
    "network-endpoint-group": "zones/us-west4-a/networkEndpointGroups",
    "firewall-rule": "global/firewalls",
    "placement-policy": "regions/us-west4/resourcePolicies",
}
UID = "1a2b3c4d5e6f7890"


async def up() -> World:
    world = World()
    world.uid = lambda: UID  # type: ignore[method-assign]
    assert (await Process(world).up()).outcome == "done"
    return world


def plant(world: World, kind: str, name: str, **marks: object) -> str:
    row = Leftover(kind, name, f"{WHERE[kind]}/{name}", **marks)  # type: ignore[arg-type]
    world.leftovers[row.path] = row
    return row.path


@pytest.mark.parametrize("kind", WHERE)
@pytest.mark.parametrize("mark", ["label", "name", "description", "tag"])
async def test_an_orphan_of_ours_is_deleted_and_proved(kind: str, mark: str) -> None:
    world = await up()
    marks: dict[str, object] = {
        "label": {"labels": {"saxtui-deployment": "abc234"}},
        "name": {},
        "description": {"description": f'{{"cluster-uid":"{UID}","namespace":"default"}}'},
        "tag": {"tags": (f"gke-saxml-{UID[:8]}-node",)},
    }[mark]
    name = f"gke-saxml-{UID[:8]}-x" if mark == "name" else "k8s-fw-a1b2"
    path = plant(world, kind, name, **marks)
    theirs = plant(world, kind, "somebody-elses")
    process = Process(world)
    result = await process.down()
    assert (result.outcome, result.exit_code) == ("done", ExitCode.DONE), result.problems
    assert list(world.leftovers) == [theirs]
    proof = next(proof for proof in result.proofs if proof.step == f"orphan/{path}")
    assert "LIST" in proof.proof


@pytest.mark.parametrize("kind", WHERE)
async def test_what_only_looks_like_ours_is_listed_and_left(kind: str) -> None:
    world = await up()
    path = plant(world, kind, "gke-saxml-ffffffff-node")
    marked = plant(world, kind, f"gke-saxml-{UID[:8]}-x", labels={"saxtui-deployment": "other9"})
    process = Process(world)
    result = await process.down()
    assert result.outcome == "done", result.problems
    assert set(world.leftovers) == {path, marked}
    assert process.store.state.progress.step(f"orphan/{path}").ownership is Ownership.FOREIGN


async def test_nothing_is_swept_before_the_cluster_is_gone_or_when_it_was_never_ours() -> None:
    world = World()
    path = plant(world, "disk", "d", labels={"saxtui-deployment": "abc234"})
    assert (await Process(world).down()).outcome == "done"
    assert path in world.leftovers


async def test_an_orphan_that_may_not_be_looked_for_is_said_and_found_by_the_next_down() -> None:
    world = await up()
    path = plant(world, "disk", "d", labels={"saxtui-deployment": "abc234"})

    def rule(when: str, call: str) -> None:
        if call == "list leftovers":
            raise Denied(problem("compute.disks.list"))

    world.rules.append(rule)
    result = await Process(world).down()
    assert (result.outcome, [found.reason for found in result.problems]) == ("failed", ["ORPHANS"])
    world.rules.clear()
    assert (await Process(world).down()).outcome == "done"
    assert path not in world.leftovers


async def test_a_sweep_cut_short_goes_on() -> None:
    world = await up()
    for number in range(3):
        plant(world, "disk", f"d{number}", labels={"saxtui-deployment": "abc234"})
    process = Process(world)

    def rule(when: str, call: str) -> None:
        if when == "after" and call.startswith("delete leftover"):
            process.runs.pause()

    world.rules.append(rule)
    assert (await process.down()).outcome == "paused"
    world.rules.clear()
    result = await Process(world).down()
    assert result.outcome == "done"
    assert not world.leftovers
    assert all(proof.proof for proof in result.proofs)
