"""Slices to zero and back: what goes and stays, what bills meanwhile, what a late or lost request must not do."""

from __future__ import annotations

import pytest

from saxtui.engine.runs.result import RunResult
from saxtui.engine.runs.summary import standing
from saxtui.errors import ExitCode, Invalid, Refused
from saxtui.model import cost
from saxtui.model import events as ev
from saxtui.model.plan import Action
from saxtui.model.progress import Ownership, fold
from saxtui.ports import Ref
from tests.engine.fake_world import Killed, World, lose_answer, problem
from tests.engine.harness import Process, tutorial, was_killed
from tests.engine.oracle import Oracle, watch_order

CHIPS, FEE = 64 * 1.2, 0.1
POOLS = {"pool/tpu1", "pool/tpu2"}


async def up() -> tuple[World, Oracle]:
    world = World()
    oracle = Oracle(world, tutorial())
    watch_order(world)
    assert (await Process(world).up()).outcome == "done"
    return world, oracle


def hosts(world: World) -> set[int]:
    return {row["spec"]["initialNodeCount"] for row in world.pools.values()}


def rate(world: World) -> float | None:
    return cost.running(tutorial(), world.progress).usd


async def test_what_goes_and_what_stays() -> None:
    world, oracle = await up()
    stays = {name for name in world.snapshot()["kube"] if not name.startswith("jobset/")}
    result = await Process(world).pause()
    assert (result.outcome, result.exit_code) == ("done", ExitCode.DONE)
    oracle.after(result)
    assert hosts(world) == {0} and world.snapshot()["pods"] == 0
    assert set(world.snapshot()["kube"]) == stays, "servers on CPU nodes, accounts and the JobSet controller stay"
    assert {step.id for step in world.progress.steps.values() if step.at_zero} == POOLS
    assert standing(world.progress, None)[0] == "paused"
    assert await Process(world).runs.drift() == (), "a pause is no drift"
    mutations = list(world.mutations)
    assert (await Process(world).pause()).outcome == "done"
    new = [call for call in world.mutations[len(mutations) :] if not call.startswith(("put", "delete object"))]
    assert new == [], "a second pause sends nothing"


async def test_up_shows_the_pause_and_ends_it() -> None:
    world, oracle = await up()
    await Process(world).pause()
    plan = await Process(world).runs.plan()
    assert plan.consequences[0].startswith("PAUSED: tpu1, tpu2")
    changed = {step.id for step in plan.steps if step.action is Action.CHANGE}
    assert changed == POOLS and plan.step("model-servers").action is Action.CREATE
    result = await Process(world).resume()
    oracle.after(result)
    assert (result.kind, result.outcome) == ("resume", "done")
    assert hosts(world) == {8} and world.snapshot()["pods"] == 16
    assert standing(world.progress, None)[0] == "up"
    assert await Process(world).runs.drift() == ()


async def test_down_from_a_pause_leaves_nothing() -> None:
    world, oracle = await up()
    await Process(world).pause()
    result = await Process(world).down()
    assert result.outcome == "done", result.problems
    oracle.after(result)
    oracle.all_gone()


async def test_every_second_with_hosts_is_billed_once_and_none_without() -> None:
    """Two pauses: the sum is each slice's own time with hosts, as the journal saw it, at the list price."""
    world, _ = await up()
    for _ in range(2):
        await world.sleep(3600)
        assert rate(world) == pytest.approx(CHIPS + FEE)
        await Process(world).pause()
        at_zero = cost.spent(tutorial(), world.progress, world.now()).usd
        assert rate(world) == pytest.approx(FEE) and at_zero is not None
        await world.sleep(7200)
        idle = cost.spent(tutorial(), world.progress, world.now()).usd
        assert idle == pytest.approx(at_zero + 2 * FEE), "two hours at zero cost the cluster's fee and nothing more"
        await Process(world).resume()
    await world.sleep(1800)
    running = 0.0
    for name in POOLS:
        since = None
        for event in world.journal:
            if event.step != name:
                continue
            if isinstance(event, ev.Owned) or (isinstance(event, ev.Resized) and event.hosts):
                since = event.at if since is None else since
            elif isinstance(event, ev.Resized) and since is not None:
                running, since = running + event.at - since, None
        assert since is not None
        running += world.now() - since
    cluster = world.now() - next(
        event.at for event in world.journal if isinstance(event, ev.Owned) and event.step == "cluster"
    )
    wanted = running / 3600 * CHIPS / 2 + cluster / 3600 * FEE
    assert cost.spent(tutorial(), world.progress, world.now()).usd == pytest.approx(wanted)
    assert fold(world.journal).steps == world.progress.steps, "replayed, the meter says the same"


@pytest.mark.parametrize("acted", [True, False])
async def test_a_lost_answer_is_reconciled_by_looking(*, acted: bool) -> None:
    world, oracle = await up()
    world.rules.append(lose_answer("size pool tpu1 0", acted=acted))
    result = await Process(world).pause()
    assert result.outcome == "done", result.problems
    oracle.after(result)
    sent = [call for call in world.mutations if call == "size pool tpu1 0"]
    assert (hosts(world), len(sent)) == ({0}, 1)


@pytest.mark.parametrize(("first", "second", "late", "left"), [("pause", "resume", 0, 8), ("resume", "pause", 8, 0)])
async def test_a_request_that_acts_late_does_not_undo_the_opposite(
    first: str, second: str, late: int, left: int
) -> None:
    """Killed while the first is on its way; it acts 80 s later, when the second has long been asked for."""
    world, _ = await up()
    if first == "resume":
        await Process(world).pause()
    call = f"size pool tpu1 {late}"
    world.landing = lambda sent: 80.0 if sent == call else None

    def rule(when: str, sent: str) -> None:
        if (when, sent) == ("sent", call):
            world.dead = True
            raise Killed(call)

    world.rules.append(rule)
    with pytest.raises(BaseException) as killed:
        await getattr(Process(world), first)()
    assert was_killed(killed.value)
    world.rules.remove(rule)
    assert (await getattr(Process(world), second)()).outcome == "done"
    await world.sleep(600)
    world.settle_operations()
    assert hosts(world) == {left}


async def test_no_room_on_the_way_back_is_told_and_nothing_hangs() -> None:
    world, oracle = await up()
    await Process(world).pause()

    def rule(when: str, call: str) -> None:
        if (when, call) == ("after", "size pool tpu2 8"):
            next(reversed(world.operations.values()))["error"] = "GCE_STOCKOUT: the zone has no capacity"

    world.rules.append(rule)
    result = await Process(world).resume()
    oracle.after(result)
    assert (result.outcome, result.exit_code) == ("failed", ExitCode.BILLABLE)
    assert world.progress.step("pool/tpu2").at_zero and not world.progress.step("pool/tpu1").at_zero
    assert rate(world) == pytest.approx(CHIPS / 2 + FEE), "the slice that came back bills, the other does not"
    assert "jobset/sax-model-server-set" not in world.snapshot()["kube"], (
        "no server waits for a slice that is not there"
    )
    assert {"wait:60", "pause", "down"} <= {choice.key for choice in result.choices}
    world.rules.remove(rule)
    assert (await Process(world).resume()).outcome == "done"


async def test_what_was_scaled_by_hand_is_drift_until_somebody_orders() -> None:
    world, _ = await up()
    await Process(world).pause()
    world.pools["tpu1"]["spec"]["initialNodeCount"] = 8
    (found,) = await Process(world).runs.drift()
    assert (found.step, found.field, found.ours, found.theirs) == ("pool/tpu1", "size", "0 hosts", "8 hosts")
    assert (await Process(world).resume()).outcome == "done"
    assert not world.progress.step("pool/tpu1").at_zero, "seen with hosts, it bills"


async def test_a_refusal_of_zero_leaves_everything_known() -> None:
    world, oracle = await up()

    def rule(when: str, call: str) -> None:
        if when == "before" and call.startswith("size pool"):
            raise Invalid(problem("Should be equal to the gang size."))

    world.rules.append(rule)
    result: RunResult = await Process(world).pause()
    oracle.after(result)
    assert result.outcome == "failed" and hosts(world) == {8}
    assert all("saxtui down" in found.next_step and found.may_bill for found in result.problems)
    assert rate(world) == pytest.approx(CHIPS + FEE)


async def test_flex_start_has_no_size_of_its_own() -> None:
    world, wanted = World(), tutorial(slices={"flex_start": True})
    with pytest.raises(Refused, match="flex-start"):
        await Process(world, wanted).pause()


async def test_a_node_that_stays_is_waited_for_and_the_meter_knows() -> None:
    """The pool says 0 and a machine is still listed: the pause is not done."""
    world, _ = await up()
    node = Ref("v1", "Node", "gke-saxml-tpu1-0")
    world.kube[node] = {"metadata": {"name": node.name, "labels": {"cloud.google.com/gke-nodepool": "tpu1"}}}
    result = await Process(world).pause()
    assert result.outcome == "failed"
    assert [found.reason for found in result.problems] == ["TIME_LIMIT"]
    del world.kube[node]
    assert (await Process(world).pause()).outcome == "done"
    assert all(world.progress.step(name).ownership is Ownership.OWNED for name in POOLS)
