"""The teardown protocol for one step: deleting, delete with precondition, absent twice by GET and by LIST, gone."""

from __future__ import annotations

from saxtui.engine.protocol.achieve import appears
from saxtui.engine.protocol.sending import wait_for_other
from saxtui.engine.protocol.step import Look, Observation, Presence, Step, StepContext, backoff, is_passing, patiently
from saxtui.errors import Busy, CallError, Conflict, InDoubt, NotFound, Problem
from saxtui.model.plan import StepKind
from saxtui.model.progress import MAY_BE_OURS, Ownership

_SENDS = 6
"""How often one step sends its delete at most, each time after a look that found it there."""
_GONE_LIMIT = 3600.0
_BETWEEN_PROOFS = 3.0
AT_ODDS = "a GET does not find it, a LIST still shows it"
LISTS_LAG = 600.0
"""Seconds in which a LIST may go on showing what a GET does not find: Google names a minute or more for accounts."""
_WAS_OURS = frozenset({Ownership.OWNED, Ownership.DELETING})


async def remove(step: Step, ctx: StepContext) -> None:
    """Delete what is ours of one step and journal the proof. Nothing foreign is touched.

    Raises SaxtuiError with the step's Problem (InDoubt when absence could not be proved), Paused, CannotRecord.
    """
    try:
        await _remove(step, ctx)
    except CallError as error:
        if not is_passing(error) or ctx.now.ownership not in MAY_BE_OURS:
            raise
        await ctx.recorder.doubt(step.id, f"nobody could say whether it is gone: {error.problem.said}")
        raise InDoubt(error.problem) from error


async def _remove(step: Step, ctx: StepContext) -> None:
    settled = not ctx.may_exist
    # Until then an earlier request may still act: one to delete would hit what `up` makes next under that name, one to
    # create would complete what was half made (one object of two) after its other half is gone.
    in_flight = ctx.may_exist or ctx.now.ownership is Ownership.DELETING or ctx.now.resizing is not None
    landed = ctx.clock.now() + step.settle if in_flight else 0.0
    sends = looks = 0
    until = 0.0
    while sends < _SENDS:
        seen = await patiently(ctx, lambda: step.observe(ctx))
        if seen.presence in (Presence.FOREIGN, Presence.KEPT) and not ctx.takes:
            await _not_ours(step, ctx, seen)
            return
        if seen.presence is Presence.ABSENT:
            if ctx.now.ownership not in MAY_BE_OURS and await _unlisted(step, ctx):
                return
            if not settled:
                settled = True
                if await appears(step, ctx):
                    continue
            if await _proved(step, ctx, landed):
                return
            # One of the two is behind. Time tells which; sending more would not.
            looks += 1
            until = until or ctx.clock.now() + LISTS_LAG
            if ctx.clock.now() > until:
                break
            ctx.report(AT_ODDS)
            await ctx.sleep(backoff(looks))
            continue
        sends, looks, until = sends + 1, 0, 0.0
        await _record_deleting(step, ctx, seen)
        settled = True
        if seen.presence is Presence.LEAVING or await _send(step, ctx, seen, backoff(sends)):
            await _until_left(step, ctx, landed)
        else:
            landed = ctx.clock.now() + step.settle
    said = f"a LIST still shows it after {LISTS_LAG / 60:.0f} min" if until else "still there after every attempt"
    await ctx.recorder.doubt(step.id, said)
    raise InDoubt(
        Problem(
            tried="delete",
            target=step.resource,
            said=said,
            next_step=f"look at it with gcloud, then: saxtui down -d {ctx.deployment.name}",
            may_bill=None,
        )
    )


async def _record_deleting(step: Step, ctx: StepContext, seen: Observation) -> None:
    """With its uid: of what was never recorded as made, this is the last moment to learn it."""
    if ctx.now.ownership is not Ownership.DELETING:
        await ctx.recorder.deleting(step, seen.uid)


async def _send(step: Step, ctx: StepContext, seen: Observation, pause: float) -> bool:
    """Ask for the deletion once. False when it may not have been taken: then the next look decides."""
    ctx.control.check()
    await patiently(ctx, lambda: ctx.lease.permit(ends_bucket=step.kind is StepKind.BUCKET))
    ctx.lease.still()
    try:
        await step.delete(ctx, seen)
    except NotFound:
        return True
    except Busy as error:
        await wait_for_other(ctx, error)
    except Conflict as error:
        ctx.report(f"changed meanwhile: {error.problem.said}")
        await ctx.sleep(pause)
    except CallError as error:
        if not is_passing(error):
            raise
        ctx.report(f"the answer was lost: {error.problem.said}")
        await ctx.sleep(pause)
    else:
        return True
    return False


async def _until_left(step: Step, ctx: StepContext, landed: float) -> None:
    """Until a GET finds nothing, or finds what an earlier request made after the delete had passed: that stays."""

    async def look() -> Look:
        said = await step.left(ctx)
        if said and 0 < landed < ctx.clock.now() and (await step.observe(ctx)).presence is Presence.OURS:
            return Look(True, said)
        return Look(not said, f"deleting: {said}" if said else "")

    await ctx.poll(look, limit=_GONE_LIMIT, tried="delete", target=step.resource)


async def _proved(step: Step, ctx: StepContext, landed: float) -> bool:
    """Absent for certain, and not before `landed`: then GONE is journaled, of what was ever ours."""
    if ctx.clock.now() < landed:
        ctx.report("gone; an earlier request of the same kind may still be on its way")
        await ctx.sleep(landed - ctx.clock.now())
    if not await absent(step, ctx):
        return False
    if ctx.now.ownership not in MAY_BE_OURS:
        return True
    await ctx.recorder.gone(step, "absent twice by GET and by LIST")
    return True


async def absent(step: Step, ctx: StepContext) -> bool:
    """Absent twice by GET and by LIST, some seconds apart: one 404 proves nothing. Reads only."""
    for round_ in (1, 2):
        seen = await patiently(ctx, lambda: step.observe(ctx))
        if seen.presence is not Presence.ABSENT or await patiently(ctx, lambda: step.listed(ctx)):
            return False
        if round_ == 1:
            await ctx.sleep(_BETWEEN_PROOFS)
    return True


async def _unlisted(step: Step, ctx: StepContext) -> bool:
    """Whether a LIST agrees that what the journal never knew, or knows to be gone, is not there."""
    return ctx.now.ownership is Ownership.FOREIGN or not await patiently(ctx, lambda: step.listed(ctx))


async def _not_ours(step: Step, ctx: StepContext, seen: Observation) -> None:
    if ctx.now.ownership is Ownership.ADOPTED:
        return
    if ctx.now.ownership in _WAS_OURS:
        await ctx.recorder.gone(step, f"what stands there now is not ours: {seen.said}")
    elif ctx.now.ownership is not Ownership.FOREIGN:
        await ctx.recorder.foreign(step, seen.not_ours)
