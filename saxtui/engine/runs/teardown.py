"""`down`: what is ours, in the reverse order of its making, each proved gone. Nothing foreign is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import CannotRecord, Recorder
from saxtui.engine.protocol.removal import AT_ODDS, LISTS_LAG, absent, remove
from saxtui.engine.protocol.step import Presence, Step, StepContext, patiently
from saxtui.engine.runs import stale_bindings
from saxtui.engine.runs.provisioning import exit_code
from saxtui.engine.runs.result import Proof, RunResult
from saxtui.engine.runs.sweep import PREFIX as ORPHAN
from saxtui.engine.runs.sweep import sweep
from saxtui.engine.runs.tally import Tally
from saxtui.engine.steps import ContextMaker
from saxtui.errors import InDoubt, Problem, SaxtuiError
from saxtui.model.deployment import Exposure
from saxtui.model.plan import StepKind
from saxtui.model.progress import MAY_BE_OURS, Ownership, RunProgress, StepState

_TRIES = 5


@dataclass(slots=True, kw_only=True)
class _Down(Tally):
    """`finished`: whether each step went well; `along`: those that need no deletion of their own: the cluster goes."""

    steps: Mapping[str, Step]
    finished: dict[str, asyncio.Future[bool]]
    cluster_goes: bool = False
    along: frozenset[str] = frozenset()


async def tear_down(
    steps: Mapping[str, Step], needs: Mapping[str, tuple[str, ...]], make: ContextMaker, recorder: Recorder
) -> RunResult:
    """Delete and prove. `steps` in order of making, `needs` their edges. Never raises for a failed step."""
    started = recorder.now()
    owned = {name: step for name, step in steps.items() if step.owns}
    loop = asyncio.get_running_loop()
    down = _Down(steps=owned, finished={name: loop.create_future() for name in owned})
    try:
        await recorder.run_started("down", tuple(reversed(owned)))
        await _look_at_cluster(down, make)
        async with asyncio.TaskGroup() as group:
            for name, step in owned.items():
                group.create_task(_one(step, _first(name, needs, down), make, down))
        if down.unrecorded is not None:
            raise down.unrecorded
        if not down.paused:
            await _sweep(down, make, recorder)
        outcome = _outcome(down, recorder.progress)
        await recorder.run_finished("down", outcome, down.said)
    except CannotRecord as error:
        down.problems["journal"] = error.problem
        outcome = "failed"
    except Paused:
        outcome = "paused"
        await recorder.run_finished("down", outcome)
    except SaxtuiError as error:
        # The very first look failed: nothing was deleted, and everything stays as the journal says.
        down.problems["cluster"] = error.problem
        outcome = "failed"
        await recorder.run_finished("down", outcome, error.problem.one_line())
    finally:
        for future in down.finished.values():
            future.cancel()
    return RunResult(
        kind="down",
        outcome=outcome,
        exit_code=exit_code(outcome, recorder.progress),
        seconds=recorder.now() - started,
        problems=tuple(down.problems.values()),
        proofs=proofs((*owned, *_orphans(recorder.progress)), recorder.progress),
    )


def proofs(names: tuple[str, ...], progress: RunProgress) -> tuple[Proof, ...]:
    """Every resource that was ever ours, in order of making; `proof` is "" for what is not proved gone."""
    found = []
    for name in names:
        step = progress.step(name)
        if step.ownership is Ownership.GONE:
            found.append(Proof(name, step.kind, step.resource, step.proof))
        elif step.ownership in MAY_BE_OURS:
            found.append(Proof(name, step.kind, step.resource, ""))
    return tuple(found)


def _orphans(progress: RunProgress) -> tuple[str, ...]:
    return tuple(name for name in progress.steps if name.startswith((ORPHAN, stale_bindings.PREFIX)))


async def _look_at_cluster(down: _Down, make: ContextMaker) -> None:
    """Whether the cluster is ours to delete, or going or gone already: then what is in it goes along.

    The HTTP server goes first while the cluster lives: a load balancer's address is not sure to go with its cluster.
    """
    ctx = make("cluster")
    step = down.steps["cluster"]
    seen = await patiently(ctx, lambda: step.observe(ctx), _TRIES)
    until = ctx.clock.now() + LISTS_LAG
    while seen.presence is Presence.ABSENT and not await absent(step, ctx):
        if ctx.clock.now() > until:
            said = "a GET does not find it and a LIST shows it: what is in it stays as the journal has it"
            what = step.resource
            raise InDoubt(Problem(tried="look for", target=what, said=said, reason="CONTRADICTION", may_bill=None))
        ctx.report(AT_ODDS)
        await ctx.sleep(5.0)
        seen = await patiently(ctx, lambda: step.observe(ctx))
    down.cluster_goes = seen.presence in (Presence.OURS, Presence.LEAVING, Presence.ABSENT)
    if not down.cluster_goes:
        return
    alive = seen.presence is Presence.OURS
    first = {StepKind.HTTP_SERVER, StepKind.NODE_POOL} if alive else set()
    down.along = frozenset(name for name, step in down.steps.items() if step.within and step.kind not in first)


def _first(name: str, needs: Mapping[str, tuple[str, ...]], down: _Down) -> dict[str, bool]:
    """What must have finished before `name` is removed → whether it must have finished well."""
    if name in down.along:
        return {"cluster": True}
    step = down.steps[name]
    if step.kind is StepKind.CLUSTER and down.cluster_goes:
        # Only what is deleted by itself inside it; the bindings outlive it, as the pods in it use them to the end.
        apart = {other: inner for other, inner in down.steps.items() if inner.within and other not in down.along}
        public = step.deployment.exposure is not Exposure.PRIVATE
        return {other: public and inner.kind is StepKind.HTTP_SERVER for other, inner in apart.items()}
    first = {other: True for other in down.steps if name in needs.get(other, ())}
    if step.kind is StepKind.NODE_POOL and "http-server" not in down.along:
        first["http-server"] = False
    if step.kind is StepKind.NODE_POOL and down.cluster_goes:
        first = {other: False for other in first if other not in down.along}
    return first


async def _one(step: Step, first: Mapping[str, bool], make: ContextMaker, down: _Down) -> None:
    ended = {name: await down.finished[name] for name in first}
    good = False
    if not down.paused and all(ended[name] for name, must in first.items() if must):
        work = _gone_along if step.id in down.along else _removed
        good = await down.attempt(step, make(step.id), work)
        if good and step.kind is StepKind.CLUSTER and down.cluster_goes:
            await _took_along(make, down)
    down.finished[step.id].set_result(good)


async def _removed(step: Step, ctx: StepContext) -> None:
    if step.kind is StepKind.BUCKET and ctx.keep_bucket:
        await ctx.recorder.done(step.id, "kept, as you asked")
    else:
        await remove(step, ctx)


async def _took_along(make: ContextMaker, down: _Down) -> None:
    """The cluster is proved gone: whatever in it could not be deleted by itself went with it."""
    for name in [name for name in down.problems if name in down.steps and down.steps[name].within]:
        ctx = make(name)
        await _gone_along(down.steps[name], ctx)
        if ctx.now.ownership is Ownership.GONE:
            del down.problems[name]


async def _sweep(down: _Down, make: ContextMaker, recorder: Recorder) -> None:
    try:
        bindings = await stale_bindings.sweep(make("service-account"), down.steps.values(), recorder)
        for problem in (*await sweep(make("cluster"), recorder), *bindings):
            down.problems[f"orphan {problem.target}"] = problem
    except Paused:
        down.paused = True


async def _gone_along(step: Step, ctx: StepContext) -> None:
    if ctx.now.ownership in MAY_BE_OURS:
        await ctx.recorder.gone(step, f"went with cluster {step.deployment.cluster.name}")


def _outcome(down: _Down, progress: RunProgress) -> str:
    if any(step.state is StepState.DOUBT for step in progress.steps.values()):
        return "doubt"
    return down.outcome(progress)
