"""`down` against the fake world."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.errors import Ambiguous, Denied, ExitCode, Unreachable
from saxtui.model import events as ev
from saxtui.model.progress import Ownership, StepState
from saxtui.ports import BucketInfo, ObjectInfo, Ref
from tests.engine.fake_world import DEFAULT, Killed, World, lose_answer, problem
from tests.engine.harness import Process, tutorial

EMPTY = World().snapshot()


async def finished(**changes: Any) -> World:
    world = World()
    assert (await Process(world, tutorial(**changes)).up()).outcome == "done"
    return world


async def test_everything_of_ours_is_proved_gone() -> None:
    world = await finished()
    world.objects["demo-project-sax-abc234"] = {
        name: ObjectInfo(name, 1, 10) for name in ("sax-root/sax/test/location.proto", "sax-fs-root/sax/test/METADATA")
    }
    process = Process(world)
    result = await process.down()
    assert (result.outcome, result.exit_code, result.problems) == ("done", ExitCode.DONE, ())
    assert world.snapshot() == EMPTY
    assert {proof.step for proof in result.proofs} == {
        name for name in process.store.state.progress.steps if name not in ("check", "readiness")
    }
    assert all(proof.proof for proof in result.proofs)
    went = {proof.step for proof in result.proofs if proof.proof == "went with cluster saxml"}
    assert went == {"kubernetes-account", "jobset-controller", "admin-server", "model-servers"}


async def test_deleting_is_durable_before_the_request() -> None:
    world = await finished()

    def rule(when: str, call: str) -> None:
        if when == "before" and call.startswith("delete ") and "object" not in call:
            assert any(isinstance(event, ev.Deleting) for event in world.journal), call

    world.rules.append(rule)
    await Process(world).down()
    order = [call for call in world.mutations if call.startswith("delete ")]
    assert order.index("delete service/sax-http-lb") < order.index("delete pool tpu1")
    assert order.index("delete pool tpu2") < order.index("delete cluster saxml")
    assert order.index("delete cluster saxml") < order.index("delete bucket demo-project-sax-abc234")


async def test_a_second_down_sends_nothing() -> None:
    world = await finished()
    await Process(world).down()
    before = list(world.mutations)
    result = await Process(world).down()
    assert result.outcome == "done"
    assert world.mutations == before
    assert all(proof.proof for proof in result.proofs)


async def test_up_again_after_down() -> None:
    world = await finished()
    await Process(world).down()
    process = Process(world)
    assert (await process.up()).outcome == "done"
    assert world.snapshot()["pods"] == 16


async def test_the_load_balancer_is_released_before_the_cluster_goes() -> None:
    world = await finished(exposure="external")
    assert world.addresses == {"sax-http-lb": "34.1.2.3"}

    def rule(when: str, call: str) -> None:
        if when == "before" and call == "delete cluster saxml":
            assert world.addresses == {}

    world.rules.append(rule)
    assert (await Process(world, tutorial(exposure="external")).down()).outcome == "done"


async def test_a_bucket_with_other_objects_is_kept_and_said() -> None:
    world = await finished()
    name = "demo-project-sax-abc234"
    world.objects[name] = {key: ObjectInfo(key, 1, 10) for key in ("sax-root/a", "thesis.pdf")}
    result = await Process(world).down()
    assert (result.outcome, result.exit_code) == ("failed", ExitCode.BILLABLE)
    (found,) = result.problems
    assert "1 objects that are not ours, such as thesis.pdf" in found.said
    assert set(world.objects[name]) == {"thesis.pdf"}
    assert name in world.buckets
    assert [proof.step for proof in result.proofs if not proof.proof] == ["bucket"]


async def test_a_bucket_is_kept_when_asked() -> None:
    world = await finished()
    result = await Process(world).down(keep_bucket=True)
    assert (result.outcome, result.exit_code) == ("done", ExitCode.DONE)
    assert list(world.buckets) == ["demo-project-sax-abc234"]
    assert world.snapshot()["clusters"] == []


async def test_a_lost_journal_is_made_up_for_by_labels() -> None:
    world = await finished()
    world.journal.clear()
    result = await Process(world).down()
    assert result.outcome == "done", result.problems
    assert world.snapshot() == EMPTY


async def test_an_adopted_cluster_stays_and_what_is_ours_in_it_goes() -> None:
    world = World()
    spec = {"workloadIdentityConfig": {"workloadPool": "demo-project.svc.id.goog"}}
    world.clusters["saxml"] = {"status": "RUNNING", "labels": {"team": "x"}, "uid": "theirs", "spec": spec}
    theirs = Ref("apps/v1", "Deployment", "web", "default")
    world.kube[DEFAULT] = {"metadata": {"name": "default"}}
    world.kube[theirs] = {"metadata": {"name": "web", "namespace": "default"}}
    before = world.snapshot()
    deployment = tutorial(cluster={"adopt": True})
    up = await Process(world, deployment).up()
    assert up.outcome == "done", up.problems
    result = await Process(world, deployment).down()
    assert result.outcome == "done", result.problems
    assert world.snapshot() == before
    assert "delete cluster saxml" not in world.mutations
    assert "cluster" not in {proof.step for proof in result.proofs}


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("call", ["delete cluster saxml", "delete pool tpu1", "delete bucket demo-project-sax-abc234"])
async def test_a_lost_answer_of_a_deletion_is_looked_after(call: str, acted: bool) -> None:
    world = await finished()
    world.rules.append(lose_answer(call, acted=acted))
    result = await Process(world).down()
    assert result.outcome == "done", result.problems
    assert world.snapshot() == EMPTY


async def test_what_cannot_be_looked_at_is_in_doubt_and_a_later_down_resolves_it() -> None:
    world = await finished()

    def rule(when: str, call: str) -> None:
        gone = any(isinstance(event, ev.Gone) and event.step == "cluster" for event in world.journal)
        if call.startswith("get bucket") and gone:
            raise Ambiguous(problem("503"))

    world.rules.append(rule)
    process = Process(world)
    result = await process.down()
    assert (result.outcome, result.exit_code) == ("doubt", ExitCode.DOUBT)
    assert process.store.state.progress.step("bucket").state is StepState.DOUBT
    assert [proof.step for proof in result.proofs if not proof.proof] == ["bucket"]
    world.rules.clear()
    assert (await Process(world).down()).outcome == "done"
    assert world.snapshot() == EMPTY


async def test_a_refused_deletion_keeps_the_record() -> None:
    world = await finished()

    def rule(when: str, call: str) -> None:
        if when == "before" and call == "delete cluster saxml":
            raise Denied(problem("Required container.clusters.delete"))

    world.rules.append(rule)
    process = Process(world)
    result = await process.down()
    assert (result.outcome, result.exit_code) == ("failed", ExitCode.BILLABLE)
    assert process.store.state.progress.step("cluster").ownership is Ownership.DELETING
    assert "demo-project-sax-abc234" in world.buckets, "what the cluster's pods use waits for the cluster"
    world.rules.clear()
    assert (await Process(world).down()).outcome == "done"
    assert world.snapshot() == EMPTY


async def test_down_while_the_cluster_is_still_being_made() -> None:
    world = World()
    process = Process(world)

    def rule(when: str, call: str) -> None:
        if when == "after" and call == "create cluster saxml":
            process.runs.pause()

    world.rules.append(rule)
    await process.up()
    world.rules.clear()
    assert world.clusters["saxml"]["status"] == "PROVISIONING"
    result = await Process(world).down()
    assert result.outcome == "done", result.problems
    assert world.snapshot() == EMPTY


async def test_a_pool_the_file_no_longer_names_goes_too() -> None:
    world = await finished()
    smaller = tutorial(slices={"count": 1}, model={"replicas": 1})
    result = await Process(world, smaller).down()
    assert result.outcome == "done"
    assert {"pool/tpu1", "pool/tpu2"} <= {proof.step for proof in result.proofs if proof.proof}


async def test_a_replaced_bucket_is_not_touched() -> None:
    world = await finished()
    world.buckets["demo-project-sax-abc234"] = {"labels": {}, "uid": "theirs"}
    result = await Process(world).down()
    assert result.outcome == "done"
    assert list(world.buckets) == ["demo-project-sax-abc234"]
    proof = next(proof for proof in result.proofs if proof.step == "bucket")
    assert "not ours" in proof.proof


async def test_a_create_that_lands_during_down_is_found_and_deleted() -> None:
    """Killed right after the cluster was asked for, with the request still on its way."""
    world = World()
    process = Process(world)

    async def sent_and_killed(location: str, body: dict[str, Any]) -> Any:
        def land() -> None:
            spec = body["cluster"]
            world.clusters["saxml"] = {
                "status": "RUNNING", "labels": spec["resourceLabels"], "uid": world.uid(), "spec": spec
            }  # fmt: skip

        world.late.append((world.time + 40, land))
        raise Killed("after send")

    process.cloud.gke.create_cluster = sent_and_killed  # type: ignore[method-assign]
    with pytest.raises(BaseExceptionGroup):
        await process.up()
    assert world.clusters == {}
    result = await Process(world).down()
    assert result.outcome == "done", result.problems
    await world.sleep(600)
    world.settle_operations()
    assert world.clusters == {}


@pytest.mark.parametrize(("lag", "ends"), [(30.0, "done"), (400.0, "done"), (4000.0, "doubt")])
async def test_gone_needs_the_list_too(lag: float, ends: str) -> None:
    world = await finished()
    process = Process(world)
    listed = process.cloud.buckets.list
    cleared: list[float] = []

    async def lagging() -> Any:
        found = await listed()
        if not found and not cleared:
            cleared.append(world.time + lag)
        if cleared and world.time < cleared[0]:
            return [BucketInfo(process.deployment.bucket, "US-WEST4")]
        return found

    process.cloud.buckets.list = lagging  # type: ignore[method-assign]
    result = await process.down()
    assert result.outcome == ends, result.problems
    if ends == "doubt":
        assert result.exit_code is ExitCode.DOUBT
        assert process.store.state.progress.step("bucket").ownership is not Ownership.GONE
        await world.sleep(lag)
        assert (await process.down()).outcome == "done"
    assert world.mutations.count("delete bucket demo-project-sax-abc234") == 1
    gone = next(event for event in world.journal if isinstance(event, ev.Gone) and event.step == "bucket")
    assert gone.at >= cleared[0]


@pytest.mark.parametrize(
    "call", ["create bucket", "create cluster", "create pool", "apply deployment", "get pool", "list accounts"]
)
async def test_an_outage_of_some_minutes_is_outlived(call: str) -> None:
    """From that call on nothing answers for five minutes, once in `up` and once in `down`."""
    world = World()
    since: list[float] = []

    def rule(when: str, sent: str) -> None:
        if sent.startswith(call) or (call.startswith("create") and sent.startswith(call.replace("create", "delete"))):
            since.append(world.time)
        if since and world.time < since[0] + 300.0 and not sent.startswith("append"):
            raise Unreachable(problem("no route")) if when == "before" else Ambiguous(problem("reset"))

    for verb in ("up", "down"):
        since.clear()
        process = Process(world)
        world.rules[:] = [rule]
        result = await (process.up() if verb == "up" else process.down())
        assert result.outcome == "done", (verb, result.problems)
    assert world.snapshot() == EMPTY
