"""Known-bad engines, put in the place of the real one: the crash and fault checks must catch each of them."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from saxtui.engine.protocol import achieve, removal
from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.step import ABSENT, Observation, Presence, Step, StepContext
from saxtui.engine.runs import provisioning, teardown
from saxtui.engine.steps import binding, bucket, objects
from saxtui.engine.steps.bucket import Bucket
from saxtui.engine.steps.cluster import Cluster
from saxtui.engine.steps.http_server import HttpServer
from saxtui.engine.steps.node_pool import NodePool
from saxtui.engine.steps.service_account import ServiceAccount
from saxtui.errors import Ambiguous, Denied
from saxtui.model import events as ev
from saxtui.ports import AccountInfo, PolicyTarget, Ref
from tests.engine import directed
from tests.engine.fake_world import DEFAULT, World
from tests.engine.harness import Process, tutorial
from tests.engine.oracle import Oracle
from tests.engine.schedules import check
from tests.engine.test_crash_points import double, in_order, single

SEEDS = 120
Patch = Callable[[pytest.MonkeyPatch], None]


# -- the bugs
def record_after_send(patch: pytest.MonkeyPatch) -> None:
    """The intent is written once the answer is there (Terraform's way)."""
    emit = Recorder.emit

    async def later(self: Recorder, event: ev.Event) -> None:
        if isinstance(event, ev.Intent):
            self._store.apply(event)
            return
        await emit(self, event)

    patch.setattr(Recorder, "emit", later)


def deleting_unwritten(patch: pytest.MonkeyPatch) -> None:
    """Deletes are sent without a word in the journal."""

    async def nothing(step: Step, ctx: StepContext, seen: Observation) -> None:
        return

    patch.setattr(removal, "_record_deleting", nothing)


def absent_is_gone(patch: pytest.MonkeyPatch) -> None:
    """One 404 is proof enough."""

    async def at_once(step: Step, ctx: StepContext, landed: float) -> bool:
        await ctx.recorder.gone(step, "404")
        return True

    patch.setattr(removal, "_proved", at_once)


def no_settling(patch: pytest.MonkeyPatch) -> None:
    """What was sent and is not there a moment later never will be (SkyPilot's race)."""

    async def never(step: Step, ctx: StepContext) -> bool:
        return False

    real = removal._proved

    async def proved(step: Step, ctx: StepContext, landed: float) -> bool:
        return await real(step, ctx, 0.0)

    patch.setattr(removal, "appears", never)
    patch.setattr(removal, "_proved", proved)


def accepted_is_done(patch: pytest.MonkeyPatch) -> None:
    """The delete request was accepted, so it is gone."""

    async def sent(step: Step, ctx: StepContext, landed: float) -> None:
        await ctx.recorder.gone(step, "accepted")

    patch.setattr(removal, "_until_left", sent)


def teardown_errors_ignored(patch: pytest.MonkeyPatch) -> None:
    """A refused delete is taken for a done one."""
    real = removal._remove

    async def swallow(step: Step, ctx: StepContext) -> None:
        try:
            await real(step, ctx)
        except Denied:
            await ctx.recorder.gone(step, "refused")

    patch.setattr(removal, "_remove", swallow)


def doubt_dropped(patch: pytest.MonkeyPatch) -> None:
    """What could not be looked at is taken off the list."""

    real = Recorder.doubt

    async def drop(self: Recorder, step: str, said: str) -> None:
        if said.startswith("the answer was lost"):  # of a send, not of a look
            await real(self, step, said)
        else:
            await self.gone(self.progress.step(step), said)

    patch.setattr(Recorder, "doubt", drop)


class _Nothing(Observation):
    """Absent to a GET, and not in a LIST."""

    def __bool__(self) -> bool:
        return False


def failure_is_absence(patch: pytest.MonkeyPatch) -> None:
    """A read that fails says that nothing is there."""

    async def read(ctx: StepContext, look: Callable[[], Awaitable[Any]], attempts: int = 5) -> Any:
        try:
            return await look()
        except Ambiguous:
            return _Nothing(Presence.ABSENT)

    patch.setattr(removal, "patiently", read)


def cluster_absent_at_first_404(patch: pytest.MonkeyPatch) -> None:
    """One 404 of the cluster, and everything in it is struck off."""

    async def yes(step: Step, ctx: StepContext) -> bool:
        return True

    patch.setattr(teardown, "absent", yes)


def name_is_ownership(*kinds: type[Step]) -> Patch:
    """What has our name is ours (terraform-provider-google#9402)."""

    def bug(patch: pytest.MonkeyPatch) -> None:
        for kind in kinds:
            real = kind.observe

            async def observe(self: Any, ctx: StepContext, real: Any = real) -> Observation:
                seen = await real(self, ctx)
                return replace(seen, presence=Presence.OURS) if seen.presence is Presence.FOREIGN else seen

            patch.setattr(kind, "observe", observe)
        patch.setattr(provisioning, "_refuse_foreign", _none_foreign)

    return bug


async def _none_foreign(*_args: object) -> dict[str, Any]:
    return {}


def every_object_is_ours(patch: pytest.MonkeyPatch) -> None:
    """Kubernetes objects are taken by name, too."""
    patch.setattr(objects, "is_ours", lambda item, mark: True)


def etag_dropped(patch: pytest.MonkeyPatch) -> None:
    """The policy is written back whatever happened to it meanwhile."""
    real = binding.Binding.create

    async def create(self: binding.Binding, ctx: StepContext) -> str:
        get = ctx.cloud.identity.get_policy
        stale = copy.deepcopy(await get(self.where))

        async def newest_etag(target: PolicyTarget) -> Any:
            return {**stale, "etag": (await get(target))["etag"]}

        ctx.cloud.identity.get_policy = newest_etag  # type: ignore[method-assign]
        try:
            return await real(self, ctx)
        finally:
            ctx.cloud.identity.get_policy = get  # type: ignore[method-assign]

    patch.setattr(binding.Binding, "create", create)


def whole_role_removed(patch: pytest.MonkeyPatch) -> None:
    """The binding goes with everybody who is in it."""

    def removed(policy: Any, roles: tuple[str, ...], member: str) -> Any:
        return {**policy, "bindings": [item for item in policy["bindings"] if item["role"] not in roles]}

    patch.setattr(binding, "removed", removed)


def kept_bindings_taken(patch: pytest.MonkeyPatch) -> None:
    """A binding that was there before us is ours."""

    async def yes(self: binding.Binding, ctx: StepContext) -> bool:
        return True

    patch.setattr(binding.Binding, "_is_ours", yes)


def bucket_emptied(patch: pytest.MonkeyPatch) -> None:
    """Everything in the bucket goes, whoever wrote it."""
    patch.setattr(bucket, "OURS", ("",))


def address_not_awaited(patch: pytest.MonkeyPatch) -> None:
    """The cluster goes first, and its load balancer is left to it."""

    def first(name: str, needs: Any, down: Any) -> dict[str, bool]:
        return {"cluster": True} if name == "http-server" else {}

    patch.setattr(teardown, "_first", first)

    async def gone(self: HttpServer, ctx: StepContext) -> Observation:
        return ABSENT

    patch.setattr(HttpServer, "observe", gone)


def failed_create_forgotten(patch: pytest.MonkeyPatch) -> None:
    """An operation that ended badly made nothing."""
    real = achieve._finish

    async def finish(step: Step, ctx: StepContext, seen: Observation) -> str:
        try:
            return await real(step, ctx, seen)
        except Exception:
            await ctx.recorder.gone(step, "its operation failed")
            raise

    patch.setattr(achieve, "_finish", finish)


def late_delete_not_awaited(patch: pytest.MonkeyPatch) -> None:
    """Gone is gone, though an earlier request to delete is still on its way and hits what is made next."""
    real = removal._proved

    async def proved(step: Step, ctx: StepContext, landed: float) -> bool:
        return await real(step, ctx, 0.0)

    async def no_wait(step: Step, ctx: StepContext) -> None:
        return

    patch.setattr(removal, "_proved", proved)
    patch.setattr(achieve, "_outlast", no_wait)


def journal_not_flushed(patch: pytest.MonkeyPatch) -> None:
    """Records sit in a buffer when the process dies."""
    from tests.engine import fake_world

    real = fake_world.FakeJournal.append

    async def append(self: Any, event: ev.Event) -> None:
        held = self.__dict__.setdefault("held", [])
        held.append(event)
        if len(held) >= 6 or isinstance(event, ev.RunFinished):
            for item in held:
                await real(self, item)
            held.clear()

    patch.setattr(fake_world.FakeJournal, "append", append)


# -- the checks
async def histories() -> None:
    for seed in range(SEEDS):
        await check(seed)


async def doubles() -> None:
    in_order()
    for seed in range(SEEDS):
        await double(seed)


async def singles() -> None:
    in_order()
    for point in range(1, 400, 5):
        await single("up", point, {})
        await single("down", point, {})


async def among_strangers() -> None:
    """Every name we want is taken by somebody else: up refuses, down leaves it all as it is."""
    in_order()
    wanted = tutorial(cluster={"adopt": True}, identity={"role_scope": "project"})
    theirs = [
        lambda world: world.buckets.update({wanted.bucket: {"labels": {}, "uid": "theirs"}}),
        lambda world: world.accounts.update(
            {wanted.service_account_email: AccountInfo(wanted.service_account_email, "theirs", "theirs")}
        ),
        lambda world: world.pools.update(
            tpu1={"status": "RUNNING", "uid": "theirs", "spec": {"config": {}, "initialNodeCount": 1}}
        ),
        lambda world: world.kube.update(
            {
                Ref("apps/v1", "Deployment", "sax-http", "default"): {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": "sax-http", "namespace": "default", "uid": "theirs"},
                    "spec": {"replicas": 9},
                }
            }
        ),
        lambda world: world.policies.update(
            {
                PolicyTarget("project", wanted.project): {
                    "etag": "3", "version": 3, "bindings": [
                        {"role": "roles/storage.admin", "members": [f"serviceAccount:{wanted.service_account_email}"]}
                    ],
                }
            }
        ),
    ]  # fmt: skip
    for plant in theirs:
        world = World()
        spec = {"workloadIdentityConfig": {"workloadPool": wanted.workload_pool}}
        world.clusters["saxml"] = {"status": "RUNNING", "labels": {}, "uid": "theirs", "spec": spec}
        world.kube[DEFAULT] = {"metadata": {"name": "default"}}
        plant(world)
        before = copy.deepcopy((world.buckets, world.accounts, world.pools, world.kube, world.policies))
        await Process(world, wanted).up()
        oracle = Oracle(world, wanted)
        result = await Process(world, wanted).down()
        assert result.outcome == "done", result.problems
        after = (world.buckets, world.accounts, world.pools, world.kube, world.policies)
        assert [_strip(item) for item in after] == [_strip(item) for item in before]
        assert oracle.world.clusters["saxml"]["uid"] == "theirs"


def _strip(rows: Any) -> Any:
    """Without etags and empty policies, which a change and its undoing leave different."""
    return {
        key: list(row["bindings"]) if isinstance(key, PolicyTarget) else row
        for key, row in rows.items()
        if not isinstance(key, PolicyTarget) or row["bindings"]
    }


BUGS: list[tuple[Patch, Callable[[], Awaitable[None]]]] = [
    (record_after_send, singles),
    (deleting_unwritten, singles),
    (absent_is_gone, directed.false_404s),
    (no_settling, directed.late_creates),
    (accepted_is_done, singles),
    (teardown_errors_ignored, directed.refusals),
    (doubt_dropped, directed.outages),
    (failure_is_absence, directed.outages),
    (cluster_absent_at_first_404, directed.false_404s),
    (name_is_ownership(Bucket, ServiceAccount), among_strangers),
    (name_is_ownership(Cluster, NodePool), among_strangers),
    (every_object_is_ours, among_strangers),
    (etag_dropped, histories),
    (whole_role_removed, histories),
    (kept_bindings_taken, among_strangers),
    (bucket_emptied, directed.guests),
    (address_not_awaited, histories),
    (failed_create_forgotten, directed.failed_creates),
    (late_delete_not_awaited, directed.late_deletes),
    (journal_not_flushed, singles),
]
IDS = [
    "record-after-send", "deleting-unwritten", "absent-is-gone", "no-settling", "accepted-is-done",
    "teardown-errors-ignored", "doubt-dropped", "failure-is-absence", "cluster-absent-at-first-404",
    "bucket-by-name", "pool-by-name", "objects-by-name", "etag-dropped", "whole-role-removed", "kept-bindings-taken",
    "bucket-emptied", "address-not-awaited", "failed-create-forgotten", "late-delete-not-awaited",
    "journal-not-flushed",
]  # fmt: skip


@pytest.mark.parametrize(("bug", "checks"), BUGS, ids=IDS)
async def test_a_known_bad_engine_is_caught(
    bug: Patch, checks: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    try:
        await checks()
    except AssertionError:
        return
    except BaseExceptionGroup as error:
        assert error.subgroup(AssertionError), error
        return
    pytest.fail("nothing noticed")


async def test_the_real_engine_passes_among_strangers() -> None:
    await among_strangers()
