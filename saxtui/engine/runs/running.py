"""Up, down and what lies between, for one deployment: what each run does, one at a time."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from saxtui.engine.kit import Kit
from saxtui.engine.protocol import marking
from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.runs import mending, mirror, pausing, provisioning, recovery, rollback, teardown
from saxtui.engine.runs.checks import problems, survey
from saxtui.engine.runs.drift import Drift
from saxtui.engine.runs.looking import Looking
from saxtui.engine.runs.one_writer import OneWriter, Turn
from saxtui.engine.runs.refusing import check_adopted, check_names, check_plan, refused
from saxtui.engine.runs.result import RunResult
from saxtui.engine.steps import ContextMaker, catalog
from saxtui.engine.store import Part
from saxtui.engine.watching.connection import Connection
from saxtui.errors import CallError, ExitCode, Problem, Refused
from saxtui.model import choices as choosing
from saxtui.model import events as ev
from saxtui.model import term
from saxtui.model.checks import CheckRow
from saxtui.model.plan import Action, Plan
from saxtui.model.progress import MAY_BE_OURS, Ownership, RunProgress


class Runs:
    """The runs of one deployment, one at a time."""

    def __init__(self, kit: Kit, connection: Connection) -> None:
        self._kit = kit
        self._deployment = kit.deployment
        self._connection = connection
        self._writer = OneWriter(kit)
        self._looking = Looking(kit, connection)

    @property
    def _progress(self) -> RunProgress:
        return self._kit.store.state.progress

    async def plan(self, adopt: Collection[str] = ()) -> Plan:
        """Observe and plan; what `adopt` names is planned as used.

        Raises Refused when the project is not there or names changed under what exists.
        """
        try:
            found = await self._looking.plan(self._looking.named(adopt))
        except (Refused, CallError) as error:
            last = self._kit.store.state.plan
            self._kit.store.change(plan=Part(last.value, error.problem.one_line(), last.as_of))
            raise
        self._kit.store.change(plan=Part(found, as_of=self._kit.cloud.clock.now()))
        return found

    async def drift(self) -> tuple[Drift, ...]:
        """Where what is ours is no longer what we made. Reads only. Raises CallError."""
        return await self._looking.drift()

    async def up(
        self, plan: Plan, *, take_over: bool = False, adopt: Collection[str] = (), kind: str = "up"
    ) -> RunResult:
        """Make it so. Raises Refused when a run is in progress, the journal is read-only or the plan is another's.

        Raises Fenced when another operator works on it; `take_over`: go on although one whose lease ran out did.
        `adopt` names steps or resources that are used although they are somebody else's; never deleted by `down`.
        `kind` "resume": the same, journaled as the end of a pause.
        """
        steps = self._looking.steps()
        check_plan(self._deployment, plan, steps)
        check_names(self._deployment, steps, self._progress)
        if plan.step("cluster").action is Action.CREATE:
            await self._connection.forget()

        async def work(turn: Turn) -> RunResult:
            new_term = await self._begin_term(turn.recorder)
            steps = self._looking.steps()
            make = self._looking.contexts(turn, adopt=self._looking.named(adopt))
            if new_term:
                await self._mark(make)
            run = provisioning.provision(plan, steps, make, turn.recorder, kind)
            return await self._with_choices(await self._writer.mirrored(turn.lease, run))

        return await self._writer.under_lease(kind, take_over, work)

    async def extend(self, seconds: float, *, take_over: bool = False) -> float:
        """Move the end of its time to live, from now where it is over or was never set; returns it in epoch seconds.

        Journaled, then written as a label on what is ours. Raises Refused like `up`, and SaxtuiError when a label
        cannot be written: the journal's end holds all the same.
        """
        with self._writer.begun("extend", take_over=take_over) as turn:
            await turn.control.reading(turn.lease.look())
            now = self._kit.cloud.clock.now()
            until = max(now, self._progress.until or now) + seconds
            await turn.recorder.emit(ev.TermSet(at=now, run=turn.recorder.run, until=until))
            await self._mark(self._looking.contexts(turn))
            await turn.lease.release()
            return until

    async def _begin_term(self, recorder: Recorder) -> bool:
        """The first `up` sets the end; another one only after a take-down. Whether this one did."""
        whole, now = term.seconds(self._deployment.ttl), self._kit.cloud.clock.now()
        if not whole or self._progress.until is not None:
            return False
        await recorder.emit(ev.TermSet(at=now, run=recorder.run, until=now + whole))
        return True

    async def _mark(self, make: ContextMaker) -> None:
        """Write the end onto the cluster first, then the pools: whatever of them is ours."""
        progress = self._progress
        wanted = term.labels(progress.until)
        steps = [step for step in self._looking.steps().values() if isinstance(step, marking.Markable)]
        for step in steps:
            if wanted and progress.step(step.id).ownership is Ownership.OWNED:
                await marking.label(step, make(step.id), wanted)

    async def pause_slices(self, *, take_over: bool = False) -> RunResult:
        """Every slice of ours to zero hosts; cluster, bucket and identity stay. Raises Refused like `up`."""
        wanted = self._deployment
        if wanted.slices.flex_start:
            said = "flex-start slices have no size of their own: their hosts come and go with the model servers' pods"
            raise refused(wanted, said, f"take it down: saxtui down -d {wanted.name}")
        steps = self._looking.checked_steps()

        async def work(turn: Turn) -> RunResult:
            run = pausing.pause(steps, self._looking.contexts(turn), turn.recorder)
            return await self._writer.mirrored(turn.lease, run)

        return await self._writer.under_lease(pausing.KIND, take_over, work)

    async def mend(self, *, take_over: bool = False) -> RunResult:
        """Take our JobSet away, with proof, and make it again: every host of every slice starts together.

        Raises Refused like `up`, and when the model servers are not ours to take away.
        """
        standing = self._progress.step(mending.STEP).ownership
        if standing not in MAY_BE_OURS:
            said = f"the JobSet is not ours (it is {standing.value}): saxtui does not touch it"
            raise refused(self._deployment, said, f"look at it: saxtui status -d {self._deployment.name}")
        steps = self._looking.checked_steps()

        async def work(turn: Turn) -> RunResult:
            run = mending.take_away(steps[mending.STEP], self._looking.contexts(turn), turn.recorder)
            return await self._writer.mirrored(turn.lease, run)

        result = await self._writer.under_lease(mending.KIND, take_over, work)
        if result.exit_code is not ExitCode.DONE:
            return result
        return replace(await self.up(await self.plan(), take_over=take_over), kind=mending.KIND)

    async def down(
        self, *, keep_bucket: bool = False, take_over: bool = False, also: Collection[str] = ()
    ) -> RunResult:
        """Delete what is ours, and what was adopted and `also` names; prove it gone. Raises Refused like `up`."""
        steps = self._looking.checked_steps()
        named = self._looking.named(also)
        check_adopted(self._deployment, steps, self._progress, named)

        async def work(turn: Turn) -> RunResult:
            steps = self._looking.steps(await turn.control.reading(self._looking.labelled_pools()))
            known = catalog.edges(self._deployment)
            needs = {name: known.get(name, ("cluster",)) for name in steps}
            make = self._looking.contexts(turn, keep_bucket=keep_bucket, also=named)
            return await self._writer.mirrored(turn.lease, teardown.tear_down(steps, needs, make, turn.recorder))

        try:
            return await self._writer.under_lease("down", take_over, work)
        finally:
            await self._connection.forget()

    async def roll_back(self, *, take_over: bool = False) -> RunResult:
        """Delete only the pools that could not be made, with proof; the rest stays. Raises Refused like `up`."""
        failed = choosing.failed_pools(self._deployment, self._progress)
        every = self._looking.steps()
        steps = {name: step for name, step in every.items() if name.removeprefix(choosing.POOL) in failed}

        async def work(turn: Turn) -> RunResult:
            run = rollback.roll_back(steps, self._looking.contexts(turn), turn.recorder)
            return await self._writer.mirrored(turn.lease, run)

        return await self._writer.under_lease(rollback.KIND, take_over, work)

    async def wait_for_room(self, minutes: int, every: float = 300.0) -> RunResult:
        """Roll back and ask again every `every` seconds until it works or the minutes are over. Raises like `up`.

        Neither zone nor size changes; what is up stays up and bills meanwhile.
        """
        clock = self._kit.cloud.clock
        until = clock.now() + minutes * 60.0
        kind = "resume" if self._progress.kind == "resume" else "up"
        while True:
            # A slice that is at zero hosts is asked for again as it is.
            half = choosing.half_made(self._deployment, self._progress)
            result = await self.roll_back() if half else None
            if result is None or result.exit_code is ExitCode.DONE:
                result = await self.up(await self.plan(), kind=kind)
            short = choosing.failed_pools(self._deployment, self._progress)
            if result.outcome != "failed" or not short or clock.now() + every > until:
                return result
            with self._writer.stoppable() as control:
                try:
                    await control.sleep(clock, every)
                except Paused:
                    return self._writer.not_begun(kind)

    async def let_go(self) -> RunResult:
        """Delete the pools that are half made, then bring every slice of ours to zero. Raises Refused like `up`."""
        if choosing.half_made(self._deployment, self._progress):
            result = await self.roll_back()
            if result.exit_code is not ExitCode.DONE:
                return result
        return await self.pause_slices()

    async def _with_choices(self, result: RunResult) -> RunResult:
        """The result with the ways on; other zones are looked up only when room was what was missing."""
        progress, wanted = self._progress, self._deployment
        found = choosing.choices(wanted, progress, result.problems)
        if any(choice.key.startswith("wait") for choice in found):
            with suppress(CallError):
                zones = await self._kit.cloud.projects.zones_offering(wanted.project, wanted.slices.shape.machine_type)
                found = choosing.choices(wanted, progress, result.problems, zones)
        return replace(result, choices=found)

    async def recover(self) -> tuple[tuple[recovery.Recovered, ...], str]:
        """Find what is ours when the journal was lost; journal it and return it, with a word on the bucket's copy.

        Sends nothing. Raises Refused like `up`, CallError when the cloud cannot be looked at.
        """
        with self._writer.begun("recover") as turn:
            recorder = turn.recorder
            copy, said = await mirror.fetch(self._deployment, self._kit.cloud)
            if recovery.newer(copy, await self._kit.journal.events()):
                for event in copy:
                    await recorder.emit(event)
            elif copy:
                said = "the journal tells all that its copy in the bucket tells"
            steps = self._looking.steps(await self._looking.labelled_pools())
            owning = {name: step for name, step in steps.items() if step.owns}
            seen = await self._looking.observe(steps, frozenset())
            return await recovery.record(owning, seen, recorder), said

    def pause(self) -> None:
        """Ask the run in progress to stop; harmless when there is none."""
        self._writer.pause()

    async def problems(self) -> tuple[Problem, ...]:
        """What the checks say now, worst first."""
        return problems(await self.checks())

    async def checks(self) -> tuple[CheckRow, ...]:
        """Every check as a row, all asked at the same time."""
        return await survey(self._deployment, self._kit.cloud)
