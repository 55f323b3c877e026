"""`up`: every step as soon as what it needs is done, all that can run at once at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from saxtui.engine.protocol.achieve import achieve, foreign_problem
from saxtui.engine.protocol.recorder import CannotRecord, Recorder
from saxtui.engine.protocol.step import Step
from saxtui.engine.runs.result import RunResult
from saxtui.engine.runs.tally import Tally
from saxtui.engine.steps import ContextMaker
from saxtui.errors import ExitCode, Problem
from saxtui.model.plan import Plan
from saxtui.model.progress import EXISTS, Ownership, RunProgress, StepState


@dataclass(slots=True, kw_only=True)
class _Run(Tally):
    """`done`: whether each step went well, once it is over."""

    done: dict[str, asyncio.Future[bool]]


async def provision(
    plan: Plan, steps: Mapping[str, Step], make: ContextMaker, recorder: Recorder, kind: str = "up"
) -> RunResult:
    """Run the plan's steps. Never raises for a failed step; a kill leaves what the next run needs in the journal.

    `kind`: what the run is journaled as, "up" or "resume".
    """
    started = recorder.now()
    names = tuple(step.id for step in plan.steps)
    loop = asyncio.get_running_loop()
    run = _Run(done={name: loop.create_future() for name in names})
    try:
        await recorder.run_started(kind, names, plan.digest)
        run.problems |= await _refuse_foreign(plan, make, recorder)
        if not run.problems:
            async with asyncio.TaskGroup() as group:
                for planned in plan.steps:
                    group.create_task(_one(planned.id, planned.needs, steps[planned.id], make, recorder, run))
        if run.unrecorded is not None:
            raise run.unrecorded
        outcome = run.outcome(recorder.progress)
        await recorder.run_finished(kind, outcome, run.said)
    except CannotRecord as error:
        run.problems = {"journal": error.problem, **run.problems}
        outcome = "failed"
    finally:
        for future in run.done.values():
            future.cancel()
    return RunResult(
        kind=kind,
        outcome=outcome,
        exit_code=exit_code(outcome, recorder.progress),
        seconds=recorder.now() - started,
        problems=tuple(run.problems.values()),
    )


def exit_code(outcome: str, progress: RunProgress) -> ExitCode:
    """The documented exit code of a run that ended so: what exists decides, not how it felt."""
    if outcome == "done":
        return ExitCode.DONE
    if outcome == "doubt":
        return ExitCode.DOUBT
    held = any(step.ownership in EXISTS or _in_flight(step.ownership, step.state) for step in progress.steps.values())
    return ExitCode.BILLABLE if held else ExitCode.REFUSED


def _in_flight(ownership: Ownership, state: StepState) -> bool:
    """An intent that did not end in a clear refusal may have become something."""
    return ownership is Ownership.INTENT and state is not StepState.FAILED


async def _refuse_foreign(plan: Plan, make: ContextMaker, recorder: Recorder) -> dict[str, Problem]:
    """What the plan already knew to be somebody else's stops the run before anything is made."""
    problems = {}
    for planned in plan.steps:
        if not planned.foreign or make(planned.id).adopts:
            continue
        problems[planned.id] = foreign_problem(planned, planned.foreign, planned.command)
        await recorder.foreign(planned, planned.foreign)
        await recorder.failed(planned.id, problems[planned.id])
    return problems


async def _one(
    name: str, needs: tuple[str, ...], step: Step, make: ContextMaker, recorder: Recorder, run: _Run
) -> None:
    """One step: wait for its needs, then achieve it; tell those who wait for it how it went."""
    ready = [await run.done[need] for need in needs]
    good = False
    # After a failure elsewhere nothing new that costs money is begun; what exists already is still brought to its goal.
    held_back = step.bills and bool(run.problems) and recorder.progress.step(name).ownership not in EXISTS
    if all(ready) and not run.paused and not held_back and run.unrecorded is None:
        good = await run.attempt(step, make(name), achieve)
    run.done[name].set_result(good)
