"""`up` against the fake world."""

from __future__ import annotations

import pytest

from saxtui.errors import ExitCode
from saxtui.model import events as ev
from saxtui.model.progress import Ownership, StepState
from saxtui.ports import AccountInfo, BucketInfo, PolicyTarget
from tests.engine.fake_world import DEFAULT, World, lose_answer, problem
from tests.engine.harness import Process, tutorial


async def test_up_reaches_every_goal() -> None:
    world = World()
    process = Process(world)
    result = await process.up()
    assert (result.outcome, result.exit_code, result.problems) == ("done", ExitCode.DONE, ())
    progress = process.store.state.progress
    assert {step.state for step in progress.steps.values()} == {StepState.DONE}
    assert world.snapshot()["pods"] == 16
    assert world.snapshot()["pools"] == ["tpu1", "tpu2"]
    assert progress.outcome == "done"


async def test_intent_is_durable_before_anything_is_sent() -> None:
    world = World()
    seen: list[tuple[str, list[str]]] = []

    def rule(when: str, call: str) -> None:
        if when == "before" and call.startswith(("create", "apply", "set policy")):
            seen.append((call, [event.type for event in world.journal]))
            steps = [event.step for event in world.journal if isinstance(event, ev.Intent)]
            assert steps, f"{call} was sent before any intent"

    world.rules.append(rule)
    await Process(world).up()
    owned = [event for event in world.journal if isinstance(event, ev.Owned)]
    for event in owned:
        before = world.journal[: world.journal.index(event)]
        assert any(isinstance(item, ev.Intent) and item.step == event.step for item in before)
    assert len(seen) > 10


async def test_time_is_the_critical_path_and_pools_run_at_once() -> None:
    world = World()
    process = Process(world)
    plan = await process.runs.plan()
    result = await process.runs.up(plan)
    assert result.seconds < plan.sequential_seconds
    started = {event.step: event.at for event in world.journal if isinstance(event, ev.Intent)}
    assert started["pool/tpu1"] == pytest.approx(started["pool/tpu2"], abs=15)


async def test_a_second_up_sends_nothing_that_changes_anything() -> None:
    world = World()
    await Process(world).up()
    before = list(world.mutations)
    process = Process(world)
    result = await process.up()
    assert result.outcome == "done"
    assert world.mutations == before


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize(
    "call",
    [
        "create bucket demo-project-sax-abc234",
        "create cluster saxml",
        "create pool tpu1",
        "create account sax-iam-sa@demo-project.iam.gserviceaccount.com",
        "set policy bucket",
        "apply deployment/sax-http",
        "apply jobset/sax-model-server-set",
    ],
)
async def test_a_lost_answer_is_reconciled_without_a_duplicate(call: str, acted: bool) -> None:
    world = World()
    world.rules.append(lose_answer(call, acted=acted))
    process = Process(world)
    result = await process.up()
    assert result.outcome == "done", result.problems
    assert max(world.created.values()) == 1
    assert any(isinstance(event, ev.Doubt) for event in world.journal)
    clean = World()
    await Process(clean).up()
    assert world.snapshot() == clean.snapshot()


async def test_a_create_that_lands_late_is_adopted_not_repeated() -> None:
    """The answer is lost and the cluster shows up only later: within the settle window nothing is sent again."""
    world = World()
    process = Process(world)
    create = process.cloud.gke.create_cluster
    sent: list[float] = []

    async def late(location: str, body: dict[str, object]) -> object:
        sent.append(world.time)

        def land() -> None:
            spec = body["cluster"]
            assert isinstance(spec, dict)
            row = {"status": "PROVISIONING", "labels": spec["resourceLabels"], "uid": world.uid(), "spec": spec}
            world.clusters["saxml"] = row
            world.kube[DEFAULT] = {"metadata": {"name": "default"}}
            world.created["cluster saxml"] += 1
            world.operation("CREATE_CLUSTER", "x/clusters/saxml", 300, lambda: row.update(status="RUNNING"))

        world.late.append((world.time + 40, land))
        raise lose_error()

    process.cloud.gke.create_cluster = late  # type: ignore[assignment,method-assign]
    result = await process.up()
    assert result.outcome == "done", result.problems
    assert len(sent) == 1
    assert create is not late


def lose_error() -> Exception:
    from saxtui.errors import Ambiguous

    return Ambiguous(problem("timeout"))


@pytest.mark.parametrize("what", ["bucket", "cluster", "account"])
async def test_what_is_not_ours_stops_the_run_before_anything_is_made(what: str) -> None:
    world = World()
    email = "sax-iam-sa@demo-project.iam.gserviceaccount.com"
    if what == "bucket":
        world.buckets["demo-project-sax-abc234"] = {"labels": {}, "uid": "theirs"}
    elif what == "cluster":
        world.clusters["saxml"] = {"status": "RUNNING", "labels": {}, "uid": "theirs", "spec": {}}
    else:
        world.accounts[email] = AccountInfo(email, "theirs", "somebody's")
    before = world.snapshot()
    process = Process(world)
    result = await process.up()
    assert (result.outcome, result.exit_code) == ("failed", ExitCode.REFUSED)
    assert result.problems[0].reason == "FOREIGN"
    assert world.mutations == []
    down = await Process(world).down()
    assert down.outcome == "done"
    assert world.mutations == []
    assert world.snapshot() == before


async def test_a_foreign_resource_that_appears_after_the_plan_is_not_touched() -> None:
    world = World()
    process = Process(world)
    plan = await process.runs.plan()
    world.buckets["demo-project-sax-abc234"] = {"labels": {"owner": "them"}, "uid": "theirs"}
    result = await process.runs.up(plan)
    assert (result.outcome, result.exit_code) == ("failed", ExitCode.REFUSED)
    assert world.clusters == {}, "the cluster waits for the bucket"
    assert process.store.state.progress.step("bucket").ownership is Ownership.FOREIGN
    assert process.store.state.progress.step("bucket").state is StepState.FOREIGN
    assert not any(call.endswith("bucket demo-project-sax-abc234") for call in world.mutations)


async def test_a_stockout_fails_one_pool_and_the_rest_goes_on() -> None:
    world = World()

    def rule(when: str, call: str) -> None:
        if when == "after" and call == "create pool tpu2":
            row = next(row for row in world.operations.values() if row["target"].endswith("/tpu2"))
            row["error"] = "GCE_STOCKOUT: the zone does not have enough resources"
            world.pools["tpu2"]["status"] = "ERROR"

    world.rules.append(rule)
    process = Process(world)
    result = await process.up()
    assert (result.outcome, result.exit_code) == ("failed", ExitCode.BILLABLE)
    progress = process.store.state.progress
    assert progress.step("pool/tpu1").state is StepState.DONE
    assert progress.step("http-server").state is StepState.DONE
    assert progress.step("pool/tpu2").state is StepState.FAILED
    assert progress.step("pool/tpu2").ownership is Ownership.OWNED, "what is left of it is ours to delete"
    assert progress.step("model-servers").state is StepState.WAITING
    down = await Process(world).down()
    assert down.outcome == "done"
    assert world.snapshot()["pools"] == []


async def test_pausing_keeps_what_runs_and_up_goes_on_from_there() -> None:
    world = World()
    process = Process(world)

    def rule(when: str, call: str) -> None:
        if when == "after" and call == "create cluster saxml":
            process.runs.pause()

    world.rules.append(rule)
    result = await process.up()
    assert (result.outcome, result.exit_code) == ("paused", ExitCode.BILLABLE)
    world.rules.clear()
    again = await Process(world).up()
    assert again.outcome == "done"
    assert max(world.created.values()) == 1


async def test_a_quota_too_small_is_refused_before_anything_is_made() -> None:
    world = World()
    process = Process(world)
    process.cloud.projects.limit = 32.0
    result = await process.up()
    assert (result.outcome, result.exit_code) == ("failed", ExitCode.REFUSED)
    assert "needed 64" in result.problems[0].said
    assert world.mutations == []


async def test_other_peoples_bindings_stay_as_they_are() -> None:
    world = World()
    deployment = tutorial(identity={"role_scope": "project"})
    target = PolicyTarget("project", "demo-project")
    theirs = {
        "etag": "5",
        "version": 3,
        "bindings": [
            {"role": "roles/storage.admin", "members": ["user:a@example.com"]},
            {"role": "roles/storage.admin", "members": ["user:b@example.com"], "condition": {"title": "t"}},
        ],
    }
    world.policies[target] = theirs
    before = [dict(item) for item in theirs["bindings"]]  # type: ignore[union-attr]
    conflicts = iter([True, True])

    def rule(when: str, call: str) -> None:
        if when == "before" and call == "set policy project" and next(conflicts, False):
            world.policies[target]["etag"] = str(int(world.policies[target]["etag"]) + 1)

    world.rules.append(rule)
    assert (await Process(world, deployment).up()).outcome == "done"
    members = world.policies[target]["bindings"][0]["members"]
    assert members == ["user:a@example.com", f"serviceAccount:{deployment.service_account_email}"]
    assert (await Process(world, deployment).down()).outcome == "done"
    assert world.policies[target]["bindings"] == before


async def test_a_binding_that_was_there_before_us_is_never_removed() -> None:
    world = World()
    deployment = tutorial(identity={"role_scope": "project"})
    target = PolicyTarget("project", "demo-project")
    member = f"serviceAccount:{deployment.service_account_email}"
    bindings = [{"role": "roles/storage.admin", "members": [member]}]
    world.policies[target] = {"etag": "5", "version": 3, "bindings": bindings}
    process = Process(world, deployment)
    assert (await process.up()).outcome == "done"
    assert process.store.state.progress.step("binding/project").ownership is Ownership.FOREIGN
    assert (await Process(world, deployment).down()).outcome == "done"
    assert world.policies[target]["bindings"] == bindings


async def test_a_wrong_manifest_is_not_applied() -> None:
    world = World()
    deployment = tutorial(jobset={"manifest": "http://127.0.0.1/x.yaml", "sha256": "0" * 64})
    process = Process(world, deployment)
    result = await process.up()
    assert result.outcome == "failed"
    assert any(found.reason == "HASH_MISMATCH" for found in result.problems)
    assert not any("jobset-controller-manager" in call for call in world.mutations)


async def test_a_name_changed_under_what_exists_is_refused() -> None:
    world = World()
    await Process(world).up()
    from saxtui.errors import Refused

    with pytest.raises(Refused, match="saxml in us-west4"):
        await Process(world, tutorial(cluster={"name": "other"})).up()


async def test_an_object_changed_by_hand_is_put_right() -> None:
    world = World()
    await Process(world).up()
    ref = next(ref for ref in world.kube if ref.name == "sax-http" and ref.kind == "Deployment")
    world.kube[ref]["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    before = len(world.mutations)
    process = Process(world)
    plan = await process.runs.plan()
    assert plan.step("http-server").action.value == "change"
    assert (await process.runs.up(plan)).outcome == "done"
    sent = [call for call in world.mutations[before:] if not call.startswith("put object saxtui/")]
    assert sent == ["apply deployment/sax-http", "apply service/sax-http-lb"]


async def test_nothing_more_that_bills_is_begun_after_a_failure() -> None:
    world = World()
    process = Process(world)
    plan = await process.runs.plan()
    email = process.deployment.service_account_email
    world.accounts[email] = AccountInfo(email, "theirs", "somebody's")
    result = await process.runs.up(plan)
    assert result.outcome == "failed"
    assert not any(call.startswith("create pool") for call in world.mutations)
    assert world.accounts[email].uid == "theirs"


async def test_a_name_taken_by_our_own_lost_request_is_ours() -> None:
    """The create's answer is lost, reads lag behind, so it is sent again and answered with 409."""
    world = World()
    name = "demo-project-sax-abc234"
    world.rules.append(lose_answer(f"create bucket {name}"))
    process = Process(world)
    get = process.cloud.buckets.get
    started: list[float] = []

    async def lagging(wanted: str) -> BucketInfo | None:
        found = await get(wanted)
        if found is not None and not started:
            started.append(world.time)
        return None if found is not None and world.time < started[0] + 60 else found

    process.cloud.buckets.get = lagging  # type: ignore[method-assign]
    result = await process.up()
    assert result.outcome == "done", result.problems
    assert world.mutations.count(f"create bucket {name}") >= 2
    assert world.created[f"bucket {name}"] == 1
    assert process.store.state.progress.step("bucket").created
