"""Taking away only what could not be made, with proof; what is up stays up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from saxtui.engine.protocol.attempt import attempt
from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.removal import remove
from saxtui.engine.protocol.step import Step
from saxtui.engine.runs.provisioning import exit_code
from saxtui.engine.runs.result import RunResult
from saxtui.engine.steps import ContextMaker
from saxtui.errors import ExitCode, Problem

KIND = "rollback"


async def roll_back(steps: Mapping[str, Step], make: ContextMaker, recorder: Recorder) -> RunResult:
    """Remove these steps' resources. Never raises for a failed one; raises Paused, CannotRecord.

    The deployment is half there afterwards, so the run is journaled as paused, whatever came before.
    """
    started = recorder.now()
    await recorder.run_started(KIND, tuple(steps))
    done = await asyncio.gather(*(_one(step, make, recorder) for step in steps.values()))
    problems = tuple(problem for problem in done if problem is not None)
    said = problems[0].one_line() if problems else f"rolled back: {', '.join(steps)}"
    outcome = "failed" if problems else "paused"
    await recorder.run_finished(KIND, outcome, said)
    seconds = recorder.now() - started
    if not problems:
        return RunResult(KIND, "done", ExitCode.DONE, seconds)
    return RunResult(KIND, outcome, exit_code(outcome, recorder.progress), seconds, problems)


async def _one(step: Step, make: ContextMaker, recorder: Recorder) -> Problem | None:
    problem = await attempt(step, remove(step, make(step.id)))
    if problem is not None:
        await recorder.failed(step.id, problem)
    return problem
