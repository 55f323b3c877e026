"""Plan, up and down of one deployment: puts steps, journal and store together for a run."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saxtui.engine.protocol import marking
from saxtui.engine.protocol.control import Control, Paused
from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.step import Observation, Presence, Step, StepContext, patiently
from saxtui.engine.runs import mending, mirror, pausing, planning, provisioning, recovery, rollback, teardown
from saxtui.engine.runs.checks import problems, survey
from saxtui.engine.runs.drift import Drift, drift
from saxtui.engine.runs.lease import Holder, Lease
from saxtui.engine.runs.manifests import Manifest
from saxtui.engine.runs.result import RunResult
from saxtui.engine.runs.usual import Times
from saxtui.engine.steps import ContextMaker, catalog
from saxtui.engine.steps.check import no_project
from saxtui.engine.store import Part, Store
from saxtui.engine.watching.connection import Connection
from saxtui.errors import CallError, ExitCode, Problem, Refused
from saxtui.model import choices as choosing
from saxtui.model import events as ev
from saxtui.model import term
from saxtui.model.checks import CheckRow
from saxtui.model.plan import Action, Plan, StepKind
from saxtui.model.progress import Ownership
from saxtui.ports import Cloud, Journal

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

_STANDS = frozenset({Ownership.INTENT, Ownership.OPERATION, Ownership.OWNED, Ownership.UNKNOWN, Ownership.DELETING})
_NAMED = frozenset(
    {StepKind.BUCKET, StepKind.CLUSTER, StepKind.NODE_POOL, StepKind.SERVICE_ACCOUNT, StepKind.KUBERNETES_ACCOUNT}
)
_PARTING = 3.0
"""Real seconds in which a paused run may still write its journal's copy and give its lease back."""
_FIRST = ("bucket", "service-account", "cluster")


class _Silent(Recorder):
    """For looking without a run: nothing is journaled or shown."""

    async def emit(self, event: ev.Event) -> None:
        """Looking records nothing."""

    def report(self, step: str, said: str, fraction: float | None) -> None:
        """Looking reports nothing."""


class Runs:
    """The runs of one deployment, one at a time."""

    def __init__(
        self,
        deployment: Deployment,
        store: Store,
        cloud: Cloud,
        journal: Journal,
        connection: Connection,
        manifest: Manifest,
        jobset_source: tuple[str, str],
        holder: Holder | None = None,
        times: Callable[[], Awaitable[Times]] | None = None,
    ) -> None:
        self._deployment = deployment
        self._times = times
        self._store = store
        self._cloud = cloud
        self._journal = journal
        self._connection = connection
        self._manifest = manifest
        self._jobset_source = jobset_source
        self._holder = holder or Holder()
        self._control: Control | None = None

    async def plan(self, adopt: Collection[str] = ()) -> Plan:
        """Observe and plan; what `adopt` names is planned as used.

        Raises Refused when the project is not there or names changed under what exists.
        """
        try:
            found = await self._plan(self._named(adopt))
        except (Refused, CallError) as error:
            last = self._store.state.plan
            self._store.change(plan=Part(last.value, error.problem.one_line(), last.as_of))
            raise
        self._store.change(plan=Part(found, as_of=self._cloud.clock.now()))
        return found

    async def drift(self) -> tuple[Drift, ...]:
        """Where what is ours is no longer what we made. Reads only. Raises CallError."""
        progress = self._store.state.progress
        recorder = _Silent("drift", self._journal, self._store, self._cloud.clock)
        return await drift(self._steps(), self._maker(Control(), recorder, self._lease()), progress)

    async def up(
        self, plan: Plan, *, take_over: bool = False, adopt: Collection[str] = (), kind: str = "up"
    ) -> RunResult:
        """Make it so. Raises Refused when a run is in progress, the journal is read-only or the plan is another's.

        Raises Fenced when another operator works on it; `take_over`: go on although one whose lease ran out did.
        `adopt` names steps or resources that are used although they are somebody else's; never deleted by `down`.
        `kind` "resume": the same, journaled as the end of a pause.
        """
        steps = self._steps()
        if plan.project != self._deployment.project or any(planned.id not in steps for planned in plan.steps):
            raise self._refused("the plan is not this deployment's", "plan again")
        self._check_names(steps)
        if plan.step("cluster").action is Action.CREATE:
            await self._connection.forget()

        async def work(control: Control, recorder: Recorder, lease: Lease) -> RunResult:
            new_term = await self._begin_term(recorder)
            steps = self._steps()
            make = self._maker(control, recorder, lease, adopt=self._named(adopt))
            if new_term:
                await self._mark(make)
            result = await self._mirrored(lease, provisioning.provision(plan, steps, make, recorder, kind))
            return await self._with_choices(result)

        return await self._under_lease(kind, take_over, work)

    async def extend(self, seconds: float, *, take_over: bool = False) -> float:
        """Move the end of its time to live, from now where it is over or was never set; returns it in epoch seconds.

        Journaled, then written as a label on what is ours. Raises Refused like `up`, and SaxtuiError when a label
        cannot be written: the journal's end holds all the same.
        """
        control, recorder = self._begin("extend")
        lease = self._lease(take_over)
        try:
            await control.reading(lease.look())
            now = self._cloud.clock.now()
            until = max(now, self._store.state.progress.until or now) + seconds
            await recorder.emit(ev.TermSet(at=now, run=recorder.run, until=until))
            await self._mark(self._maker(control, recorder, lease))
            await lease.release()
            return until
        finally:
            self._control = None

    async def _begin_term(self, recorder: Recorder) -> bool:
        """The first `up` sets the end; another one only after a take-down. Whether this one did."""
        whole, now = term.seconds(self._deployment.ttl), self._cloud.clock.now()
        if not whole or self._store.state.progress.until is not None:
            return False
        await recorder.emit(ev.TermSet(at=now, run=recorder.run, until=now + whole))
        return True

    async def _mark(self, make: ContextMaker) -> None:
        """Write the end onto the cluster first, then the pools: whatever of them is ours."""
        progress = self._store.state.progress
        wanted = term.labels(progress.until)
        steps = [step for step in self._steps().values() if isinstance(step, marking.Markable)]
        for step in steps:
            if wanted and progress.step(step.id).ownership is Ownership.OWNED:
                await marking.label(step, make(step.id), wanted)

    async def pause_slices(self, *, take_over: bool = False) -> RunResult:
        """Every slice of ours to zero hosts; cluster, bucket and identity stay. Raises Refused like `up`."""
        wanted = self._deployment
        if wanted.slices.flex_start:
            said = "flex-start slices have no size of their own: their hosts come and go with the model servers' pods"
            raise self._refused(said, f"take it down: saxtui down -d {wanted.name}")
        steps = self._steps()
        self._check_names(steps)

        async def work(control: Control, recorder: Recorder, lease: Lease) -> RunResult:
            return await self._mirrored(lease, pausing.pause(steps, self._maker(control, recorder, lease), recorder))

        return await self._under_lease(pausing.KIND, take_over, work)

    async def mend(self, *, take_over: bool = False) -> RunResult:
        """Take our JobSet away, with proof, and make it again: every host of every slice starts together.

        Raises Refused like `up`, and when the model servers are not ours to take away.
        """
        standing = self._store.state.progress.step(mending.STEP).ownership
        if standing not in _STANDS:
            said = f"the JobSet is not ours (it is {standing.value}): saxtui does not touch it"
            raise self._refused(said, f"look at it: saxtui status -d {self._deployment.name}")
        steps = self._steps()
        self._check_names(steps)

        async def work(control: Control, recorder: Recorder, lease: Lease) -> RunResult:
            make = self._maker(control, recorder, lease)
            return await self._mirrored(lease, mending.take_away(steps[mending.STEP], make, recorder))

        result = await self._under_lease(mending.KIND, take_over, work)
        if result.exit_code is not ExitCode.DONE:
            return result
        return replace(await self.up(await self.plan(), take_over=take_over), kind=mending.KIND)

    async def down(
        self, *, keep_bucket: bool = False, take_over: bool = False, also: Collection[str] = ()
    ) -> RunResult:
        """Delete what is ours, and what was adopted and `also` names; prove it gone. Raises Refused like `up`."""
        steps = self._steps()
        self._check_names(steps)
        named = self._named(also)
        self._check_adopted(steps, named)

        async def work(control: Control, recorder: Recorder, lease: Lease) -> RunResult:
            steps = self._steps(await control.reading(self._labelled_pools()))
            known = catalog.edges(self._deployment)
            needs = {name: known.get(name, ("cluster",)) for name in steps}
            make = self._maker(control, recorder, lease, keep_bucket=keep_bucket, also=named)
            return await self._mirrored(lease, teardown.tear_down(steps, needs, make, recorder))

        try:
            return await self._under_lease("down", take_over, work)
        finally:
            await self._connection.forget()

    async def roll_back(self, *, take_over: bool = False) -> RunResult:
        """Delete only the pools that could not be made, with proof; the rest stays. Raises Refused like `up`."""
        failed = choosing.failed_pools(self._deployment, self._store.state.progress)
        steps = {name: step for name, step in self._steps().items() if name.removeprefix(choosing.POOL) in failed}

        async def work(control: Control, recorder: Recorder, lease: Lease) -> RunResult:
            return await self._mirrored(
                lease, rollback.roll_back(steps, self._maker(control, recorder, lease), recorder)
            )

        return await self._under_lease(rollback.KIND, take_over, work)

    async def wait_for_room(self, minutes: int, every: float = 300.0) -> RunResult:
        """Roll back and ask again every `every` seconds until it works or the minutes are over. Raises like `up`.

        Neither zone nor size changes; what is up stays up and bills meanwhile.
        """
        clock = self._cloud.clock
        until = clock.now() + minutes * 60.0
        kind = "resume" if self._store.state.progress.kind == "resume" else "up"
        while True:
            # A slice that is at zero hosts is asked for again as it is.
            half = choosing.half_made(self._deployment, self._store.state.progress)
            result = await self.roll_back() if half else None
            if result is None or result.exit_code is ExitCode.DONE:
                result = await self.up(await self.plan(), kind=kind)
            short = choosing.failed_pools(self._deployment, self._store.state.progress)
            if result.outcome != "failed" or not short or clock.now() + every > until:
                return result
            self._control = Control()
            try:
                await self._control.sleep(clock, every)
            except Paused:
                return self._not_begun(kind)
            finally:
                self._control = None

    async def let_go(self) -> RunResult:
        """Delete the pools that are half made, then bring every slice of ours to zero. Raises Refused like `up`."""
        if choosing.half_made(self._deployment, self._store.state.progress):
            result = await self.roll_back()
            if result.exit_code is not ExitCode.DONE:
                return result
        return await self.pause_slices()

    async def _with_choices(self, result: RunResult) -> RunResult:
        """The result with the ways on; other zones are looked up only when room was what was missing."""
        progress, wanted = self._store.state.progress, self._deployment
        found = choosing.choices(wanted, progress, result.problems)
        if any(choice.key.startswith("wait") for choice in found):
            with suppress(CallError):
                zones = await self._cloud.projects.zones_offering(wanted.project, wanted.slices.shape.machine_type)
                found = choosing.choices(wanted, progress, result.problems, zones)
        return replace(result, choices=found)

    async def recover(self) -> tuple[tuple[recovery.Recovered, ...], str]:
        """Find what is ours when the journal was lost; journal it and return it, with a word on the bucket's copy.

        Sends nothing. Raises Refused like `up`, CallError when the cloud cannot be looked at.
        """
        _, recorder = self._begin("recover")
        try:
            copy, said = await mirror.fetch(self._deployment, self._cloud)
            if recovery.newer(copy, await self._journal.events()):
                for event in copy:
                    await recorder.emit(event)
            elif copy:
                said = "the journal tells all that its copy in the bucket tells"
            steps = self._steps(await self._labelled_pools())
            owning = {name: step for name, step in steps.items() if step.owns}
            return await recovery.record(owning, await self._observe(steps, frozenset()), recorder), said
        finally:
            self._control = None

    def pause(self) -> None:
        """Ask the run in progress to stop; harmless when there is none."""
        if self._control is not None:
            self._control.pause()

    async def problems(self) -> tuple[Problem, ...]:
        """What the checks say now, worst first."""
        return problems(await self.checks())

    async def checks(self) -> tuple[CheckRow, ...]:
        """Every check as a row, all asked at the same time."""
        return await survey(self._deployment, self._cloud)

    async def _plan(self, adopt: frozenset[str]) -> Plan:
        wanted = self._deployment
        self._check_ours()
        account = await self._cloud.projects.account()
        if await self._cloud.projects.get(wanted.project) is None:
            raise Refused(no_project(wanted.project, account, ""))
        steps = self._steps()
        self._check_names(steps)
        times = await self._times() if self._times is not None else Times()
        named = catalog.edges(wanted)
        left = [step.resource for name, step in steps.items() if name not in named and step.owns]
        return planning.plan(wanted, await self._observe(steps, adopt), self._manifest, times, left)

    async def _observe(self, steps: Mapping[str, Step], adopt: frozenset[str]) -> dict[str, Observation]:
        """A look at every step that can be looked at now: what is in a cluster only when that cluster answers."""
        recorder = _Silent("plan", self._journal, self._store, self._cloud.clock)
        make = self._maker(Control(), recorder, self._lease(), adopt=adopt)

        async def look(name: str) -> tuple[str, Observation]:
            ctx = make(name)
            seen = await patiently(ctx, lambda: steps[name].observe(ctx), attempts=3)
            used = seen.presence is Presence.FOREIGN and ctx.adopts
            return name, replace(seen, presence=Presence.KEPT) if used else seen

        found = dict(await asyncio.gather(*(look(name) for name in _FIRST)))
        rest = [name for name, step in steps.items() if step.owns and name not in found]
        cluster = found["cluster"]
        if cluster.presence is Presence.ABSENT or cluster.presence is Presence.FOREIGN:
            rest = [name for name in rest if not steps[name].within]
        elif not cluster.ready:
            rest = [name for name in rest if not steps[name].within or steps[name].kind is StepKind.NODE_POOL]
        found.update(await asyncio.gather(*(look(name) for name in rest)))
        return found

    async def _labelled_pools(self) -> list[str]:
        """Pools with our label that neither the file nor the journal names, so that a lost journal loses none."""
        wanted = self._deployment
        try:
            pools = await self._cloud.gke.list_node_pools(wanted.region, wanted.cluster.name)
        except CallError:
            # The teardown's own first look meets the same failure and reports it.
            return []
        ours = [pool for pool in pools if pool.labels.get("saxtui-deployment") == wanted.id]
        return [f"pool/{pool.name}" for pool in ours if pool.topology or pool.name in wanted.slices.pools]

    def _steps(self, more: list[str] | None = None) -> dict[str, Step]:
        progress = self._store.state.progress
        journaled = [name for name, step in progress.steps.items() if step.ownership in _STANDS]
        return catalog.build(self._deployment, self._manifest, [*journaled, *(more or ())], progress.until)

    def _check_ours(self) -> None:
        """What others made is watched and asked, never planned, made or taken down."""
        if self._deployment.attached:
            raise self._refused(
                "it is attached: others made it, so saxtui makes, changes and deletes nothing of it",
                f"look at it: saxtui pods -d {self._deployment.name}; or forget it: "
                f"saxtui attach --forget {self._deployment.name}",
                "ATTACHED",
            )

    def _begin(self, kind: str) -> tuple[Control, Recorder]:
        self._check_ours()
        if self._control is not None:
            raise self._refused("a run is in progress", "wait for it, or pause it")
        if self._journal.damage is not None:
            raise Refused(self._journal.damage)
        if self._journal.read_only:
            raise self._refused("it is open read-only here", "another saxtui holds it: use that one, or close it")
        self._control = Control()
        run = f"{kind}-{int(self._cloud.clock.now())}-{secrets.token_hex(3)}"
        return self._control, Recorder(run, self._journal, self._store, self._cloud.clock)

    async def _under_lease(
        self, kind: str, take_over: bool, work: Callable[[Control, Recorder, Lease], Awaitable[RunResult]]
    ) -> RunResult:
        """One run: nothing is sent before the lease is seen to be free or ours, and no other run begins meanwhile."""
        control, recorder = self._begin(kind)
        lease = self._lease(take_over)
        try:
            await control.reading(lease.look())
            return await work(control, recorder, lease)
        except Paused:
            return self._not_begun(kind)
        finally:
            self._control = None

    def _not_begun(self, kind: str) -> RunResult:
        """Paused before anything was sent or journaled."""
        return RunResult(kind, "paused", provisioning.exit_code("paused", self._store.state.progress), 0.0)

    def _lease(self, take_over: bool = False) -> Lease:
        return Lease(self._deployment, self._cloud, self._holder, take_over=take_over)

    async def _mirrored(self, lease: Lease, work: Coroutine[Any, Any, RunResult]) -> RunResult:
        """The run, with the journal's copy in the bucket kept up beside it, and the lease given back after it."""
        copying = mirror.Mirror(self._deployment, self._cloud, self._journal, lease)
        unlisten = self._store.listen(copying.heard)
        copier = asyncio.create_task(copying.run())
        try:
            result = await work
            copying.stop()
            # Both are best effort; a paused operator does not wait for a cloud that may not answer any more.
            with suppress(TimeoutError):
                async with asyncio.timeout(_PARTING if result.outcome == "paused" else None):
                    await copier
                    await lease.release()
        finally:
            unlisten()
            copier.cancel()
            await asyncio.wait({copier})
        return result

    def _maker(
        self,
        control: Control,
        recorder: Recorder,
        lease: Lease,
        *,
        keep_bucket: bool = False,
        adopt: frozenset[str] = frozenset(),
        also: frozenset[str] = frozenset(),
    ) -> ContextMaker:
        before = self._store.state.progress

        def make(step: str) -> StepContext:
            return StepContext(
                step=step,
                deployment=self._deployment,
                cloud=self._cloud,
                connect=self._connection.kubernetes,
                jobset_source=self._jobset_source,
                control=control,
                recorder=recorder,
                before=before.step(step),
                lease=lease,
                keep_bucket=keep_bucket,
                adopt=adopt,
                also=also,
            )

        return make

    def _named(self, names: Collection[str]) -> frozenset[str]:
        """The ids of steps named by id, by resource, or by the first word of it. Raises Refused for no such thing."""
        steps = self._steps() if names else {}
        known = {text: name for name, step in steps.items() for text in (name, step.resource, step.resource.split()[0])}
        for text in names:
            if text not in known:
                raise self._refused(f"there is no {text} in it", f"name a step: {', '.join(steps)}")
        return frozenset(known[text] for text in names)

    def _check_adopted(self, steps: Mapping[str, Step], also: frozenset[str]) -> None:
        """Deleting our cluster would take along what was adopted in it."""
        progress = self._store.state.progress
        if progress.step("cluster").ownership is not Ownership.OWNED:
            return
        for name, step in steps.items():
            if step.within and progress.step(name).ownership is Ownership.ADOPTED and name not in also:
                said = f"{step.resource} was adopted, and would be deleted with the cluster"
                raise self._refused(said, f"name it if it may go: saxtui down --also {name}; or move it away first")

    def _check_names(self, steps: Mapping[str, Step]) -> None:
        """The file may not rename what exists: the old one would be forgotten while it bills."""
        progress = self._store.state.progress
        for name, step in steps.items():
            known = progress.step(name)
            if step.kind in _NAMED and known.ownership in _STANDS and known.resource != step.resource:
                said = f"the file says {step.resource}, but {known.resource} exists and is ours"
                raise self._refused(said, f"put the old name back, or take it down first: it is step {name}")

    def _refused(self, said: str, next_step: str, reason: str = "") -> Refused:
        target = f"deployment {self._deployment.name}"
        return Refused(Problem(tried="run", target=target, said=said, next_step=next_step, reason=reason))
