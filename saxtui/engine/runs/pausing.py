"""Pausing: the model servers go, then every slice down to zero hosts; cluster, bucket, identity and servers stay.

The JobSet goes first and comes back whole. Left in place it would see its hosts vanish one after the other, restart
every slice each time, and after its last restart start nothing any more; a host that comes back alone hangs its slice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from saxtui.engine.protocol.attempt import attempt
from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import CannotRecord, Recorder
from saxtui.engine.protocol.removal import remove
from saxtui.engine.protocol.resizing import Resizable, bring_to
from saxtui.engine.protocol.step import Look, Step, StepContext
from saxtui.engine.runs.provisioning import exit_code
from saxtui.engine.runs.result import RunResult
from saxtui.engine.steps import ContextMaker
from saxtui.errors import Problem
from saxtui.model import events as ev
from saxtui.model.progress import Ownership, RunProgress

KIND = "pause"
FIRST = "model-servers"
_NODES_LEAVE = 900.0
_POOL_LABEL = "cloud.google.com/gke-nodepool"
_OURS = frozenset({Ownership.INTENT, Ownership.OPERATION, Ownership.OWNED, Ownership.UNKNOWN, Ownership.DELETING})


@dataclass(slots=True)
class _Pausing:
    """What the tasks of one pause share."""

    make: ContextMaker
    recorder: Recorder
    problems: list[Problem] = field(default_factory=list)
    stopped: bool = False
    unrecorded: CannotRecord | None = None


async def pause(steps: Mapping[str, Step], make: ContextMaker, recorder: Recorder) -> RunResult:
    """Remove the model servers, then bring each slice of ours to zero. Never raises for a failed step.

    A pause that was killed is gone on with by another, or undone by `up`: each step looks before it acts.
    """
    started = recorder.now()
    run = _Pausing(make, recorder)
    slices = [step for step in steps.values() if isinstance(step, Resizable) and _is_ours(step, recorder.progress)]
    names = (FIRST, *(step.id for step in slices))
    try:
        await recorder.emit(ev.RunStarted(at=started, run=recorder.run, kind=KIND, steps=names))
        await _each([steps[FIRST]], _let_go, run)
        if not run.problems and not run.stopped and run.unrecorded is None:
            await _each(slices, _to_zero, run)
        if run.unrecorded is not None:
            raise run.unrecorded
        outcome = _outcome(run)
        said = run.problems[0].one_line() if run.problems else ""
        await recorder.emit(ev.RunFinished(at=recorder.now(), run=recorder.run, kind=KIND, outcome=outcome, said=said))
    except CannotRecord as error:
        run.problems.insert(0, error.problem)
        outcome = "failed"
    seconds = recorder.now() - started
    return RunResult(KIND, outcome, exit_code(outcome, recorder.progress), seconds, tuple(run.problems))


def _is_ours(step: Step, progress: RunProgress) -> bool:
    return progress.step(step.id).ownership in _OURS


def _outcome(run: _Pausing) -> str:
    if any(step.ownership is Ownership.UNKNOWN for step in run.recorder.progress.steps.values()):
        return "doubt"
    if run.problems:
        return "failed"
    return "paused" if run.stopped else "done"


Work = Callable[[Step, StepContext], Awaitable[None]]


async def _each(steps: Iterable[Step], work: Work, run: _Pausing) -> None:
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(_one(step, work, run))


async def _one(step: Step, work: Work, run: _Pausing) -> None:
    ctx, recorder = run.make(step.id), run.recorder
    try:
        ctx.control.check()
        problem = await attempt(step, work(step, ctx))
        if problem is not None:
            run.problems.append(problem)
            await recorder.emit(ev.StepFailed(at=recorder.now(), run=recorder.run, step=step.id, problem=problem))
    except Paused:
        run.stopped = True
    except CannotRecord as error:
        run.unrecorded = error
        ctx.control.pause()


async def _let_go(step: Step, ctx: StepContext) -> None:
    recorder = ctx.recorder
    await recorder.emit(ev.StepStarted(at=recorder.now(), run=recorder.run, step=step.id))
    await remove(step, ctx)
    if ctx.now.ownership is not Ownership.GONE:
        said = "nothing of ours is there"
        await recorder.emit(ev.StepDone(at=recorder.now(), run=recorder.run, step=step.id, said=said))


async def _to_zero(step: Step, ctx: StepContext) -> None:
    assert isinstance(step, Resizable)
    recorder = ctx.recorder
    await recorder.emit(ev.StepStarted(at=recorder.now(), run=recorder.run, step=step.id))
    await bring_to(step, ctx, 0)
    await _nodes_gone(step, ctx)
    said = f"{step.resource}: 0 hosts, by its size and by the list of nodes"
    await recorder.emit(ev.StepDone(at=recorder.now(), run=recorder.run, step=step.id, said=said))


async def _nodes_gone(step: Resizable, ctx: StepContext) -> None:
    """Until the cluster lists no node of it either: a machine that still runs still bills."""
    kubernetes = await ctx.connect()
    pool = step.resource.partition(" ")[0]

    async def look() -> Look:
        left = await kubernetes.list("v1", "Node", labels=f"{_POOL_LABEL}={pool}")
        return Look(not left, f"{len(left)} nodes still listed" if left else "")

    await ctx.poll(look, limit=_NODES_LEAVE, tried="see the last node go of", target=step.resource)
