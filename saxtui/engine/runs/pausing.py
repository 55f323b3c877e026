"""Pausing: the model servers go, then every slice down to zero hosts; cluster, bucket, identity and servers stay.

The JobSet goes first and comes back whole. Left in place it would see its hosts vanish one after the other, restart
every slice each time, and after its last restart start nothing any more; a host that comes back alone hangs its slice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from saxtui.engine.protocol.recorder import CannotRecord, Recorder
from saxtui.engine.protocol.removal import remove
from saxtui.engine.protocol.resizing import Resizable, bring_to
from saxtui.engine.protocol.step import Look, Step, StepContext
from saxtui.engine.runs.provisioning import exit_code
from saxtui.engine.runs.result import RunResult
from saxtui.engine.runs.tally import Tally, Work
from saxtui.engine.steps import ContextMaker
from saxtui.model.progress import MAY_BE_OURS, Ownership, RunProgress

KIND = "pause"
FIRST = "model-servers"
_NODES_LEAVE = 900.0
_POOL_LABEL = "cloud.google.com/gke-nodepool"


async def pause(steps: Mapping[str, Step], make: ContextMaker, recorder: Recorder) -> RunResult:
    """Remove the model servers, then bring each slice of ours to zero. Never raises for a failed step.

    A pause that was killed is gone on with by another, or undone by `up`: each step looks before it acts.
    """
    started = recorder.now()
    run = Tally()
    slices = [step for step in steps.values() if isinstance(step, Resizable) and _is_ours(step, recorder.progress)]
    names = (FIRST, *(step.id for step in slices))
    try:
        await recorder.run_started(KIND, names)
        await _each([steps[FIRST]], _let_go, make, run)
        if not run.problems and not run.paused and run.unrecorded is None:
            await _each(slices, _to_zero, make, run)
        if run.unrecorded is not None:
            raise run.unrecorded
        outcome = run.outcome(recorder.progress)
        await recorder.run_finished(KIND, outcome, run.said)
    except CannotRecord as error:
        run.problems = {"journal": error.problem, **run.problems}
        outcome = "failed"
    seconds = recorder.now() - started
    return RunResult(KIND, outcome, exit_code(outcome, recorder.progress), seconds, tuple(run.problems.values()))


def _is_ours(step: Step, progress: RunProgress) -> bool:
    return progress.step(step.id).ownership in MAY_BE_OURS


async def _each(steps: Iterable[Step], work: Work, make: ContextMaker, run: Tally) -> None:
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(run.attempt(step, make(step.id), work))


async def _let_go(step: Step, ctx: StepContext) -> None:
    await ctx.recorder.started(step.id)
    await remove(step, ctx)
    if ctx.now.ownership is not Ownership.GONE:
        await ctx.recorder.done(step.id, "nothing of ours is there")


async def _to_zero(step: Step, ctx: StepContext) -> None:
    assert isinstance(step, Resizable)
    await ctx.recorder.started(step.id)
    await bring_to(step, ctx, 0)
    await _nodes_gone(step, ctx)
    await ctx.recorder.done(step.id, f"{step.resource}: 0 hosts, by its size and by the list of nodes")


async def _nodes_gone(step: Resizable, ctx: StepContext) -> None:
    """Until the cluster lists no node of it either: a machine that still runs still bills."""
    kubernetes = await ctx.connect()
    pool = step.resource.partition(" ")[0]

    async def look() -> Look:
        left = await kubernetes.list("v1", "Node", labels=f"{_POOL_LABEL}={pool}")
        return Look(not left, f"{len(left)} nodes still listed" if left else "")

    await ctx.poll(look, limit=_NODES_LEAVE, tried="see the last node go of", target=step.resource)
