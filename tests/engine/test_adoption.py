"""Somebody else's resources under our names: used only on order, deleted only when named."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.errors import Refused
from saxtui.model.plan import Action
from saxtui.model.progress import Ownership
from saxtui.ports import AccountInfo
from tests.engine.fake_world import World
from tests.engine.harness import Process, tutorial

EMAIL = tutorial().service_account_email


def with_account() -> World:
    world = World()
    world.accounts[EMAIL] = AccountInfo(EMAIL, "theirs", "somebody's")
    return world


async def test_without_an_order_it_is_refused_and_the_way_is_named() -> None:
    world = with_account()
    result = await Process(world).up()
    assert result.problems[0].reason == "FOREIGN"
    assert not world.mutations


@pytest.mark.parametrize("name", ["service-account", EMAIL])
async def test_on_order_it_is_used_said_and_kept_by_down(name: str) -> None:
    world = with_account()
    process = Process(world)
    assert (await process.runs.plan([name])).step("service-account").action is Action.ADOPT
    result = await process.up(name)
    assert result.outcome == "done", result.problems
    assert process.store.state.progress.step("service-account").ownership is Ownership.ADOPTED
    before = list(world.mutations)
    assert (await Process(world).up()).outcome == "done", "the order holds for later runs"
    assert world.mutations == before
    result = await Process(world).down()
    assert result.outcome == "done", result.problems
    assert world.accounts[EMAIL].uid == "theirs"
    assert not world.policies.get("service-account")
    assert "service-account" not in {proof.step for proof in result.proofs}


async def test_it_is_deleted_when_named() -> None:
    world = with_account()
    await Process(world).up("service-account")
    result = await Process(world).runs.down(also=["service-account"])
    assert result.outcome == "done", result.problems
    assert EMAIL not in world.accounts
    assert "service-account" in {proof.step for proof in result.proofs if proof.proof}


async def test_naming_what_was_never_adopted_deletes_nothing_foreign() -> None:
    world = with_account()
    await Process(world).up()
    await Process(world).runs.down(also=["service-account"])
    assert EMAIL in world.accounts


async def test_an_adopted_pool_in_our_cluster_holds_the_cluster_until_it_is_named() -> None:
    world = World()
    process = Process(world)
    await process.up()
    body: dict[str, Any] = world.pools["tpu2"]["spec"]
    body["config"] = {**body["config"], "resourceLabels": {"team": "x"}}
    assert (await Process(world).up("pool/tpu2")).outcome == "done"
    mutations = list(world.mutations)
    with pytest.raises(Refused, match="adopted"):
        await Process(world).down()
    assert world.mutations == mutations
    assert (await Process(world).runs.down(also=["pool/tpu2"])).outcome == "done"
    assert not world.pools


async def test_a_name_that_is_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="no nonsense"):
        await Process(World()).up("nonsense")
