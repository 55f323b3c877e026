"""After the cluster is gone: what its load balancers, disks and nodes may have left behind in Compute Engine.

GKE does not promise that deleting a cluster deletes its load balancers and disks (gcloud's reference of `container
clusters delete`), and a placement policy left behind breaks the next pool. Only what proves itself ours is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.step import StepContext, backoff, patiently
from saxtui.errors import Ambiguous, Busy, CallError, Conflict, NotFound, Problem, Throttled, Unreachable
from saxtui.model.deployment import MARK, Deployment
from saxtui.model.progress import Ownership, StepProgress
from saxtui.ports import Leftover

PREFIX = "orphan/"
_ROUNDS = 5
_BETWEEN = 3.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ours`: proved by a mark only our cluster makes; `like`: it looks like ours, and nothing proves it."""

    ours: bool
    like: bool


def judge(row: Leftover, deployment: Deployment, cluster_uid: str) -> Verdict:
    """Whose it is. Pure.

    GKE copies a cluster's resource labels to disks and load balancers, names what it makes gke-CLUSTER-HASH… with the
    first eight digits of the cluster's id, and writes the id into descriptions.
    """
    name = deployment.cluster.name
    marked = deployment.owns(row.labels)
    stem = f"gke-{name}-{cluster_uid[:8]}"
    hashed = len(cluster_uid) >= 8 and any(
        text == stem or text.startswith(stem + "-") for text in (row.name, *row.tags)
    )
    told = len(cluster_uid) >= 8 and cluster_uid in row.description
    other = MARK in row.labels and not marked
    like = row.name.startswith(f"gke-{name}-") or f'"{deployment.namespace}/sax-http-lb"' in row.description
    return Verdict((marked or hashed or told) and not other, like)


async def sweep(ctx: StepContext, recorder: Recorder) -> tuple[Problem, ...]:
    """List, delete what is ours, list again until it is gone. Returns what could not be done. Raises Paused.

    Each orphan of ours is journaled like any resource (DELETING before the request, GONE with its proof); what only
    looks like ours is journaled as FOREIGN. A cluster that was never ours is not swept for; of one that was deleted
    before its id was known, only what bears our label is.
    """
    known = ctx.run.step("cluster")
    if known.ownership is not Ownership.GONE:
        return ()
    try:
        for attempt in range(1, _ROUNDS + 1):
            rows = await _rows(ctx)
            ours = [row for row in rows if judge(row, ctx.deployment, known.uid).ours]
            await _note_others(ctx, recorder, rows, known.uid)
            if not ours:
                return await _prove(ctx, recorder, known.uid)
            for row in ours:
                await _delete(ctx, recorder, row)
            await ctx.sleep(backoff(attempt))
    except CallError as error:
        return (_problem("look for", "what the cluster may have left behind", error.problem.said, error.problem.code),)
    return tuple(_problem("delete", f"{row.kind} {row.name}", "it keeps being there", "") for row in ours)


async def _rows(ctx: StepContext) -> list[Leftover]:
    wanted = ctx.deployment
    return await patiently(ctx, lambda: ctx.cloud.projects.leftovers(wanted.project, wanted.region, wanted.zone))


async def _delete(ctx: StepContext, recorder: Recorder, row: Leftover) -> None:
    orphan = _orphan(row)
    if recorder.progress.step(orphan.id).ownership is not Ownership.DELETING:
        await recorder.deleting(orphan)
    ctx.control.check()
    await patiently(ctx, ctx.lease.permit)
    ctx.lease.still()
    try:
        await ctx.cloud.projects.delete_leftover(ctx.deployment.project, row)
    except (NotFound, Ambiguous, Throttled, Unreachable, Busy, Conflict) as error:
        # Gone, or in use by another that goes first: the next list tells.
        ctx.report(f"{row.name}: {error.problem.said}")


async def _prove(ctx: StepContext, recorder: Recorder, uid: str) -> tuple[Problem, ...]:
    """Nothing of ours listed: listed once more some seconds later, then what was being deleted is GONE."""
    deleting = [
        step
        for step in recorder.progress.steps.values()
        if step.id.startswith(PREFIX) and step.ownership is Ownership.DELETING
    ]
    if not deleting:
        return ()
    await ctx.sleep(_BETWEEN)
    again = {PREFIX + row.path for row in await _rows(ctx) if judge(row, ctx.deployment, uid).ours}
    for step in deleting:
        if step.id not in again:
            await recorder.gone(step, "absent twice by LIST")
    return tuple(_problem("delete", name.removeprefix(PREFIX), "it is listed again", "") for name in sorted(again))


async def _note_others(ctx: StepContext, recorder: Recorder, rows: list[Leftover], uid: str) -> None:
    for row in rows:
        verdict, orphan = judge(row, ctx.deployment, uid), _orphan(row)
        if verdict.ours or not verdict.like or recorder.progress.step(orphan.id).ownership is Ownership.FOREIGN:
            continue
        said = "looks like what our cluster makes, but nothing proves it is ours: left as it is"
        await recorder.foreign(orphan, said)


def _orphan(row: Leftover) -> StepProgress:
    """As the journal names it."""
    return StepProgress(PREFIX + row.path, kind=row.kind, resource=f"{row.kind} {row.name}")


def _problem(tried: str, target: str, said: str, code: str) -> Problem:
    next_step = "look with: gcloud compute forwarding-rules list, disks list, firewall-rules list; then run down again"
    return Problem(
        tried=tried, target=target, said=said, next_step=next_step, code=code, reason="ORPHANS", may_bill=None
    )
