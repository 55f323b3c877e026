"""`up`: every step as soon as what it needs is done, all that can run at once at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from saxtui.engine.protocol.achieve import achieve
from saxtui.engine.protocol.attempt import attempt
from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import CannotRecord, Recorder
from saxtui.engine.protocol.step import Step, StepContext
from saxtui.engine.runs.result import RunResult
from saxtui.engine.steps import ContextMaker
from saxtui.errors import ExitCode, Problem
from saxtui.model import events as ev
from saxtui.model.plan import Plan
from saxtui.model.progress import Ownership, RunProgress, StepState

_HELD = frozenset({Ownership.OWNED, Ownership.OPERATION, Ownership.DELETING, Ownership.UNKNOWN})


@dataclass(slots=True)
class _Run:
    """What the tasks of one run share."""

    done: dict[str, asyncio.Future[bool]]
    problems: list[Problem] = field(default_factory=list)
    paused: bool = False
    unrecorded: CannotRecord | None = None


async def provision(
    plan: Plan, steps: Mapping[str, Step], make: ContextMaker, recorder: Recorder, kind: str = "up"
) -> RunResult:
    """Run the plan's steps. Never raises for a failed step; a kill leaves what the next run needs in the journal.

    `kind`: what the run is journaled as, "up" or "resume".
    """
    started = recorder.now()
    names = tuple(step.id for step in plan.steps)
    loop = asyncio.get_running_loop()
    run = _Run({name: loop.create_future() for name in names})
    try:
        await recorder.emit(
            ev.RunStarted(at=recorder.now(), run=recorder.run, kind=kind, plan=plan.digest, steps=names)
        )
        blocked = await _refuse_foreign(plan, steps, make, recorder)
        if blocked:
            run.problems.extend(blocked)
        else:
            async with asyncio.TaskGroup() as group:
                for planned in plan.steps:
                    group.create_task(_one(planned.id, planned.needs, steps[planned.id], make, recorder, run))
        if run.unrecorded is not None:
            raise run.unrecorded
        outcome = _outcome(run, recorder.progress)
        said = run.problems[0].one_line() if run.problems else ""
        await recorder.emit(ev.RunFinished(at=recorder.now(), run=recorder.run, kind=kind, outcome=outcome, said=said))
    except CannotRecord as error:
        run.problems.insert(0, error.problem)
        outcome = "failed"
    finally:
        for future in run.done.values():
            future.cancel()
    return RunResult(
        kind=kind,
        outcome=outcome,
        exit_code=exit_code(outcome, recorder.progress),
        seconds=recorder.now() - started,
        problems=tuple(run.problems),
    )


def exit_code(outcome: str, progress: RunProgress) -> ExitCode:
    """The documented exit code of a run that ended so: what exists decides, not how it felt."""
    if outcome == "done":
        return ExitCode.DONE
    if outcome == "doubt":
        return ExitCode.DOUBT
    held = any(step.ownership in _HELD or _in_flight(step.ownership, step.state) for step in progress.steps.values())
    return ExitCode.BILLABLE if held else ExitCode.REFUSED


def _in_flight(ownership: Ownership, state: StepState) -> bool:
    """An intent that did not end in a clear refusal may have become something."""
    return ownership is Ownership.INTENT and state is not StepState.FAILED


def _outcome(run: _Run, progress: RunProgress) -> str:
    if any(step.ownership is Ownership.UNKNOWN for step in progress.steps.values()):
        return "doubt"
    if run.problems:
        return "failed"
    return "paused" if run.paused else "done"


async def _refuse_foreign(
    plan: Plan, steps: Mapping[str, Step], make: ContextMaker, recorder: Recorder
) -> list[Problem]:
    """What the plan already knew to be somebody else's stops the run before anything is made."""
    problems = []
    for planned in plan.steps:
        if not planned.foreign or make(planned.id).adopts:
            continue
        problem = Problem(
            tried="create",
            target=planned.resource,
            said=planned.foreign,
            next_step="choose another name in the deployment file, or remove it yourself; saxtui never touches it",
            reason="FOREIGN",
            command=planned.command,
        )
        problems.append(problem)
        at, run, kind = recorder.now(), recorder.run, steps[planned.id].kind.value
        await recorder.emit(
            ev.Foreign(at=at, run=run, step=planned.id, kind=kind, resource=planned.resource, said=planned.foreign)
        )
        await recorder.emit(ev.StepFailed(at=at, run=run, step=planned.id, problem=problem))
    return problems


async def _one(
    name: str, needs: tuple[str, ...], step: Step, make: ContextMaker, recorder: Recorder, run: _Run
) -> None:
    """One step: wait for its needs, then achieve it; tell those who wait for it how it went."""
    ready = [await run.done[need] for need in needs]
    good = False
    # After a failure elsewhere nothing new that costs money is begun; what exists already is still brought to its goal.
    held_back = step.bills and bool(run.problems) and recorder.progress.step(name).ownership not in _HELD
    if all(ready) and not run.paused and not held_back and run.unrecorded is None:
        good = await _achieved(step, make(name), recorder, run)
    run.done[name].set_result(good)


async def _achieved(step: Step, ctx: StepContext, recorder: Recorder, run: _Run) -> bool:
    try:
        ctx.control.check()
        problem = await attempt(step, achieve(step, ctx))
        if problem is None:
            return True
        run.problems.append(problem)
        await recorder.emit(ev.StepFailed(at=recorder.now(), run=recorder.run, step=step.id, problem=problem))
    except Paused:
        run.paused = True
    except CannotRecord as error:
        run.unrecorded = error
        ctx.control.pause()
    return False
