"""Mending a slice that hangs: the JobSet goes, only ours and with proof, and `up` makes it again with all its hosts."""

from __future__ import annotations

from saxtui.engine.protocol.attempt import attempt
from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.removal import remove
from saxtui.engine.protocol.step import Step
from saxtui.engine.runs.provisioning import exit_code
from saxtui.engine.runs.result import RunResult
from saxtui.engine.steps import ContextMaker

KIND = "mend"
STEP = "model-servers"


async def take_away(step: Step, make: ContextMaker, recorder: Recorder) -> RunResult:
    """Remove the model servers. Never raises for a failure; raises Paused, CannotRecord.

    Half-way by its nature, so it is journaled as paused: whoever is killed here is told to go on with `up`.
    """
    started = recorder.now()
    await recorder.run_started(KIND, (step.id,))
    await recorder.started(step.id)
    stopped = False
    try:
        problem = await attempt(step, remove(step, make(step.id)))
    except Paused:
        problem, stopped = None, True
    if problem is not None:
        await recorder.failed(step.id, problem)
    outcome = "failed" if problem is not None else "paused"
    said = problem.one_line() if problem is not None else "the model servers are taken away; up makes them again"
    await recorder.run_finished(KIND, outcome, said)
    problems = () if problem is None else (problem,)
    done = problem is None and not stopped
    return RunResult(
        KIND, "done" if done else outcome, exit_code("done" if done else outcome, recorder.progress),
        recorder.now() - started, problems,
    )  # fmt: skip
