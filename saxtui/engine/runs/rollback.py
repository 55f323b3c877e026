"""Taking away only what could not be made, with proof; what is up stays up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import CannotRecord, Recorder
from saxtui.engine.protocol.removal import remove
from saxtui.engine.protocol.step import Step
from saxtui.engine.runs.provisioning import exit_code
from saxtui.engine.runs.result import RunResult
from saxtui.engine.steps import ContextMaker
from saxtui.errors import ExitCode, Problem, SaxtuiError
from saxtui.model import events as ev

KIND = "rollback"


async def roll_back(steps: Mapping[str, Step], make: ContextMaker, recorder: Recorder) -> RunResult:
    """Remove these steps' resources. Never raises for a failed one; raises Paused, CannotRecord.

    The deployment is half there afterwards, so the run is journaled as paused, whatever came before.
    """
    started = recorder.now()
    await recorder.emit(ev.RunStarted(at=started, run=recorder.run, kind=KIND, steps=tuple(steps)))
    done = await asyncio.gather(*(_one(step, make, recorder) for step in steps.values()))
    problems = tuple(problem for problem in done if problem is not None)
    said = problems[0].one_line() if problems else f"rolled back: {', '.join(steps)}"
    outcome = "failed" if problems else "paused"
    await recorder.emit(ev.RunFinished(at=recorder.now(), run=recorder.run, kind=KIND, outcome=outcome, said=said))
    seconds = recorder.now() - started
    if not problems:
        return RunResult(KIND, "done", ExitCode.DONE, seconds)
    return RunResult(KIND, outcome, exit_code(outcome, recorder.progress), seconds, problems)


async def _one(step: Step, make: ContextMaker, recorder: Recorder) -> Problem | None:
    try:
        await remove(step, make(step.id))
    except (Paused, CannotRecord):
        raise
    except SaxtuiError as error:
        at, run = recorder.now(), recorder.run
        await recorder.emit(ev.StepFailed(at=at, run=run, step=step.id, problem=error.problem))
        return error.problem
    return None
