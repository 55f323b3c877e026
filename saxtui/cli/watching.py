"""`status`, `pods` and `logs`: what is there now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from saxtui.cli import choosing, render
from saxtui.cli.front import Front, label
from saxtui.cli.options import deployment_option, json_option
from saxtui.errors import CallError, ExitCode, SaxtuiError
from saxtui.model.progress import MAY_BE_OURS, Ownership, RunProgress, StepState
from saxtui.present import canary
from saxtui.present import pods as present_pods
from saxtui.present.spend import meter
from saxtui.present.times import moment
from saxtui.present.words import duration, money

if TYPE_CHECKING:
    from saxtui.engine.session import Drift, Session
    from saxtui.model.plan import Plan
    from saxtui.ports import LockHolder

_STOPPED = ("failed", "stopped", "interrupted", "doubt")
_OPEN = frozenset({Ownership.INTENT, Ownership.UNKNOWN})


@click.command("status")
@deployment_option
@json_option
@click.pass_obj
def status(front: Front, named: str | None) -> int:
    """Show the journal's steps, what the cloud says now, and what bills."""

    async def work(session: Session) -> int:
        return await show_status(front, session, label(named, session.deployment))

    return front.with_session(named, work)


async def show_status(front: Front, session: Session, named: str) -> int:
    """Print the status; returns 0, or 4 where something is in doubt or ours could not be looked at."""
    from saxtui.model.choices import choices, troubles

    deployment = session.deployment
    progress, failure, plan = session.store.state.progress, None, None
    try:
        plan = await session.plan() if not deployment.attached else None
    except SaxtuiError as error:
        failure = error
    now = session.cloud.clock.now()
    cost = meter(deployment, progress, now)
    holder = await session.journal.holder()
    word = "attached" if deployment.attached else state_word(progress, holder)
    front.out.line((deployment.name, "head"), f"  {word}  {deployment.project} / {deployment.zone}  id {deployment.id}")
    if holder is not None:
        front.out.line((f"{'at work' if word == 'running' else 'open'} in ", "dim"), str(holder))
    if progress.run:
        ended = f", ended {moment(progress.ended)}" if progress.ended else ""
        front.out.line(
            f"last run: {progress.kind} {progress.outcome or 'not ended'}, began {moment(progress.started)}{ended}"
        )
        for line in render.step_lines(front.out, plan, progress, now):
            front.out.line(*line)
    render.step_records(front.out, plan, progress, now)
    _say_paused(front, session, progress, named)
    if failure is None and (deployment.attached or progress.step("cluster").ownership is Ownership.OWNED):
        failure = await _look(front, session, now)
    changed = await _drift(front, session) if failure is None else ()
    render.bills(front.out, cost)
    beat, first = await _answers(front, session, now)
    if word in _STOPPED:
        choosing.show(front, choices(deployment, progress, troubles(progress)), named)
    front.out.record(
        "status", deployment=deployment.name, id=deployment.id, project=deployment.project, region=deployment.region,
        zone=deployment.zone, state=word, holder=holder.pid if holder else None, run=progress.kind,
        outcome=progress.outcome, started=progress.started, ended=progress.ended,
        usd_per_hour=cost.usd_per_hour, spent=cost.spent, unpriced=cost.unpriced,
        doubtful=cost.doubtful, under_way=cost.under_way, observed=failure is None, changes=_pending(plan),
        drift=len(changed), paused=progress.paused, until=progress.until, ttl=deployment.ttl,
        canary=deployment.canary, beat=beat, first_answer=first,
    )  # fmt: skip
    if failure is not None:
        return front.failed(failure.problem, ExitCode.DOUBT if holds(progress) else failure.exit_code)
    return int(ExitCode.DOUBT if word != "running" and in_doubt(progress) else ExitCode.DONE)


def _say_paused(front: Front, session: Session, progress: RunProgress, named: str) -> None:
    """That slices are at zero, what goes on billing all the same, and the way back."""
    from saxtui.model import cost

    if not progress.paused:
        return
    names = ", ".join(name.removeprefix("pool/") for name in progress.paused)
    stays = ", ".join(line.name for line in cost.lines(session.deployment) if not line.main)
    front.out.line(("paused: ", "warn"), f"{names} at zero hosts, or on the way; what goes on billing: {stays}")
    front.out.line((f"        back: saxtui resume -d {named}", "dim"))


async def _answers(front: Front, session: Session, now: float) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """How long the first answer took and cost, and how the canary does; both as data too. Nothing is sent."""
    served = session.store.state.progress.step("http-server").ownership in (Ownership.OWNED, Ownership.ADOPTED)
    if not served and not session.deployment.attached:
        return None, None
    beat, first = await session.last_beat(), await session.first_answer()
    if first is not None:
        seconds, spent = first
        front.out.line("first answer: ", f"{duration(seconds)} after up began, {money(spent.usd)} spent before it")
    said, role = canary.beat_words(beat, session.deployment.canary, now)
    front.out.line("canary: ", (said, role))
    return render.beat_data(beat, now), {"seconds": first[0], "spent": first[1].usd} if first else None


async def _drift(front: Front, session: Session) -> tuple[Drift, ...]:
    """What changed under us, a line and a record each; the journal and the cloud stay as they are."""
    try:
        found = await session.drift()
    except CallError as error:
        front.diagnostics.note(f"not compared with what we made: {error.problem.one_line()}")
        return ()
    for item in found:
        front.out.line(("changed under us: ", "warn"), item.one_line())
        front.out.record(
            "drift", step=item.step, resource=item.resource, field=item.field, ours=item.ours, theirs=item.theirs
        )
    return found


async def _look(front: Front, session: Session, now: float) -> SaxtuiError | None:
    try:
        view = await session.look()
    except SaxtuiError as error:
        return error
    wanted = session.deployment.slices
    for grid in present_pods.slice_grids(view, count=wanted.count, hosts=wanted.shape.hosts, topology=wanted.topology):
        front.out.line(front.out.style.sign(grid.sign, word=False), f" slice {grid.index}: {grid.headline}")
        front.out.record("slice", index=grid.index, hosts=len(grid.cells), running=grid.running, state=grid.sign.word)
    return None


def _pending(plan: Plan | None) -> list[str] | None:
    """The steps `up` would still change; None when nobody could look."""
    return [step.id for step in plan.steps if step.action in ("create", "adopt", "change")] if plan else None


def holds(progress: RunProgress) -> bool:
    """Whether the journal knows of anything that is or may be ours in the cloud."""
    return any(step.ownership in MAY_BE_OURS for step in progress.steps.values())


def in_doubt(progress: RunProgress) -> bool:
    """Whether anybody would have to look before saying what exists, as long as nobody is at work on it."""
    return any(step.ownership in _OPEN or step.state is StepState.DOUBT for step in progress.steps.values())


def state_word(progress: RunProgress, holder: LockHolder | None) -> str:
    """The deployment in a word: new, running, interrupted, up, failed, stopped, paused, doubt, down."""
    from saxtui.engine.runs.summary import standing

    word = standing(progress, holder)[0]
    return word if word in ("new", "running", "interrupted") or not in_doubt(progress) else "doubt"


@click.command("pods")
@deployment_option
@click.argument("pod", required=False, default="")
@click.option("--watch", is_flag=True, help="Go on and print what changes, until Ctrl-C.")
@click.option("--metrics", is_flag=True, help="Duty cycle and HBM of every host's chips too; read once.")
@click.option("--yaml", "as_yaml", is_flag=True, help="The one POD as the API server holds it.")
@json_option
@click.pass_obj
def pods(front: Front, named: str | None, pod: str, watch: bool, metrics: bool, as_yaml: bool) -> int:
    """List the pods, slice by slice and host by host; * or a star marks each slice's primary.

    With POD (or a prefix of its name) everything about that one: containers, conditions, events, node, TPU metrics.
    """
    if as_yaml and not pod:
        raise click.UsageError("--yaml needs a POD")
    if pod and watch:
        raise click.UsageError("--watch is for the list, without a POD")

    async def work(session: Session) -> int:
        if pod:
            await show_pod(front, session, pod, as_yaml=as_yaml)
            return int(ExitCode.DONE)
        await show_pods(front, session, metrics=metrics)
        if watch:
            front.endless = True
            await _watch_pods(front, session)
        return int(ExitCode.DONE)

    return front.with_session(named, work)


async def show_pods(front: Front, session: Session, *, metrics: bool = False) -> None:
    """Look once, read the hosts' logs for what their processes are at, and with `metrics` their chips; print."""
    view = await session.look()
    phases = await session.phases(view)
    asked = [pod for pod in view.pods.values() if pod.chips]
    chips = await session.chips(asked) if metrics else None
    render.pods(front.out, view, session.deployment, session.cloud.clock.now(), phases, chips)


async def show_pod(front: Front, session: Session, name: str, *, as_yaml: bool) -> None:
    """One pod whole, or its YAML. Raises UsageProblem when the name fits none or several."""
    from saxtui.engine.watching.logs import LogSelection, select

    view = await session.look()
    found = select(view.pods, LogSelection(pod=name))[0]
    if as_yaml:
        text = await session.pod_yaml(found.namespace, found.name)
        front.out.record("pod-yaml", name=found.name, namespace=found.namespace, yaml=text)
        for line in text.splitlines():
            front.out.line(line)
        return
    phases = await session.phases(view)
    chips = await session.chips([found]) if found.chips else None
    render.pod(front.out, view, found, session.cloud.clock.now(), phases, chips)


async def _watch_pods(front: Front, session: Session) -> None:
    """Print each pod whose row changed, until cancelled."""
    watching = asyncio.create_task(session.watch())
    hearing = asyncio.create_task(session.hear(lambda: ()))
    changed: asyncio.Task[int] | None = None
    shown: dict[str, tuple[object, ...]] = {}
    revision = -1
    try:
        while True:
            changed = asyncio.create_task(session.store.changed(revision))
            await asyncio.wait({changed, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
                return
            revision = changed.result()
            view, phases = session.store.state.cluster.value, session.store.state.phases.value
            if view is None:
                continue
            for row in present_pods.pod_rows(view, session.cloud.clock.now(), phases):
                key = (row.sign.word, row.status, row.ready, row.restarts, row.node, row.doing)
                if shown.get(row.uid, key) != key:
                    front.out.line(
                        f"{row.tag or '-':<5}",
                        row.name,
                        "  ",
                        front.out.style.sign(row.sign),
                        f"  {row.doing}  {row.message}",
                    )
                    render.pod_record(front.out, view, row, phases)
                shown[row.uid] = key
    finally:
        watching.cancel()
        hearing.cancel()
        if changed is not None:
            changed.cancel()
