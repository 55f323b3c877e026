"""The provisioning protocol for one step: intent, observe, send, follow, own.

INTENT is durable before anything is sent. What the send came to is only believed from an observation afterwards, so a
kill, a timeout or a lost answer leads back to the same place: look, and send the same again only when nothing is there.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

from saxtui.engine.recorder import Recorder
from saxtui.engine.step import Observation, Presence, Step, StepContext, backoff, patiently
from saxtui.errors import (
    Ambiguous,
    Busy,
    CallError,
    Conflict,
    Problem,
    SaxtuiError,
    StepFailed,
    Throttled,
    Unauthenticated,
    Unreachable,
)
from saxtui.model import events as ev
from saxtui.model.plan import StepKind
from saxtui.model.progress import Ownership

_SENDS = 8
"""How often one step sends its creating request at most, each time after a look that found nothing."""
_BUSY_LIMIT = 3600.0
_LEAVING_LIMIT = 1800.0
_OPERATION = re.compile(r"operation-[0-9a-z-]+")


class ForeignResource(StepFailed):
    """The name is taken by something that is not ours. It was not touched."""


async def achieve(step: Step, ctx: StepContext) -> None:
    """Bring one step to its goal and journal it. Raises SaxtuiError with the step's Problem, Paused, CannotRecord."""
    recorder = ctx.recorder
    await recorder.emit(ev.StepStarted(at=recorder.now(), run=recorder.run, step=step.id))
    if not step.owns:
        said = await step.wait(ctx)
        await recorder.emit(ev.StepDone(at=recorder.now(), run=recorder.run, step=step.id, said=said))
        return
    seen = await _reach(step, ctx)
    said = ""
    if seen.presence is Presence.KEPT and ctx.adopts:
        await _adopt(step, ctx, seen)
        said = f"adopted: {seen.said}"
    elif seen.presence is Presence.KEPT:
        await _foreign(step, recorder, seen)
        said = seen.said
    else:
        if not seen.ready and (seen.operation or ctx.now.operation):
            said, seen = await _follow(step, ctx, seen)
        await _own(step, ctx, seen)
    if not seen.ready:
        said = await step.wait(ctx)
    await recorder.emit(ev.StepDone(at=recorder.now(), run=recorder.run, step=step.id, said=said or seen.said))


async def _reach(step: Step, ctx: StepContext) -> Observation:
    """Look and send until the resource is there as wanted. Raises when it is foreign or does not come."""
    settled = not ctx.may_exist
    stays = ctx.now.ownership is not Ownership.DELETING
    for sends in range(_SENDS + 1):
        seen = await _look(step, ctx)
        if seen.presence is Presence.FOREIGN:
            await _foreign(step, ctx.recorder, seen)
            raise ForeignResource(_foreign_problem(step, seen))
        if not stays and seen.presence is Presence.OURS:
            stays = True
            await _outlast(step, ctx)
            continue
        if seen.presence is Presence.KEPT or (seen.presence is Presence.OURS and not seen.differs):
            return seen
        if seen.presence is Presence.ABSENT and (seen.operation or ctx.now.operation):
            await _finish(step, ctx, seen)
            seen = await _look(step, ctx)
            if seen.presence is not Presence.ABSENT:
                continue
        if seen.presence is Presence.ABSENT and not settled:
            settled = True
            if await appears(step, ctx):
                continue
        if sends == _SENDS:
            break
        settled = await _send(step, ctx, backoff(sends + 1))
    raise StepFailed(
        Problem(
            tried="create",
            target=step.resource,
            said=f"sent {_SENDS} times, and " + (f"still {seen.differs}" if seen.differs else "it is absent"),
            next_step=f"look at it with the console or gcloud, then: saxtui up -d {ctx.deployment.name}",
            reason="NOT_THERE",
            command=step.command,
        )
    )


async def _outlast(step: Step, ctx: StepContext) -> None:
    """A take-down was cut short: its request to delete may still be on its way, so what stands now may yet go."""
    until = ctx.clock.now() + step.settle
    while ctx.clock.now() < until:
        ctx.report("in doubt: an earlier request to delete it may still act")
        await ctx.sleep(max(1.0, step.settle / 4))


async def _look(step: Step, ctx: StepContext) -> Observation:
    """Observe; while it is being deleted, wait for it to go."""
    started = ctx.clock.now()
    while True:
        seen = await patiently(ctx, lambda: step.observe(ctx))
        if seen.presence is Presence.FOREIGN and ctx.adopts:
            return replace(seen, presence=Presence.KEPT)
        if seen.presence is not Presence.LEAVING:
            return seen
        if ctx.clock.now() - started > _LEAVING_LIMIT:
            said = f"is still being deleted after {_LEAVING_LIMIT / 60:.0f} min"
            raise StepFailed(Problem(tried="create", target=step.resource, said=said, reason="LEAVING"))
        ctx.report(f"waiting: {seen.said or 'it is being deleted'}")
        await ctx.sleep(10.0)


async def appears(step: Step, ctx: StepContext) -> bool:
    """Whether an earlier send whose answer is lost takes effect within the settle window."""
    until = ctx.clock.now() + step.settle
    while ctx.clock.now() < until:
        ctx.report("in doubt: an earlier request may still take effect")
        await ctx.sleep(max(1.0, step.settle / 4))
        seen = await _look(step, ctx)
        if seen.presence is not Presence.ABSENT or seen.operation:
            return True
    return False


async def _send(step: Step, ctx: StepContext, pause: float) -> bool:
    """Send once, over busy and throttled answers. Returns whether the next look may be believed at once.

    `pause`: seconds to wait after an answer that was lost or says the name is taken.
    """
    recorder = ctx.recorder
    kind, method_target = step.kind.value, step.target
    started = ctx.clock.now()
    attempt = 0
    while True:
        ctx.control.check()
        await ctx.lease.permit(makes_bucket=step.kind is StepKind.BUCKET)
        digest = body_digest(step.body())
        await recorder.emit(
            ev.Intent(at=recorder.now(), run=recorder.run, step=step.id, kind=kind, resource=step.resource, body=digest)
        )
        method, target = method_target
        await recorder.emit(
            ev.Sent(
                at=recorder.now(), run=recorder.run, step=step.id, method=method, target=target, command=step.command
            )
        )
        attempt += 1
        ctx.lease.still()
        try:
            operation = await step.create(ctx)
        except Conflict as error:
            # Ours from a request whose answer was lost, or somebody else's: the next look tells.
            ctx.report(f"already there: {error.problem.said}")
            await ctx.sleep(pause)
            return True
        except Busy as error:
            if ctx.clock.now() - started > _BUSY_LIMIT:
                raise
            await wait_for_other(ctx, error)
        except (Throttled, Unauthenticated, Unreachable) as error:
            if attempt >= _SENDS:
                raise
            ctx.report(f"try {attempt} of {_SENDS}: {error.problem.said}")
            await ctx.sleep(backoff(attempt, error))
        except Ambiguous as error:
            said = f"the answer was lost: {error.problem.said}"
            await recorder.emit(ev.Doubt(at=recorder.now(), run=recorder.run, step=step.id, said=said))
            await ctx.sleep(pause)
            return False
        else:
            await _record_operation(ctx, operation)
            return True


async def wait_for_other(ctx: StepContext, error: Busy) -> None:
    """The cluster runs another operation: follow it if it is named, then try again."""
    found = _OPERATION.search(" ".join((error.problem.said, *error.problem.details)))
    ctx.report(f"waiting for {found.group()}" if found else f"waiting: {error.problem.said}")
    if not found:
        await ctx.sleep(10.0)
        return
    started = ctx.clock.now()
    while ctx.clock.now() - started < _BUSY_LIMIT:
        other = await patiently(ctx, lambda: ctx.cloud.gke.get_operation(ctx.deployment.region, found.group()))
        if other is None or other.done:
            break
        await ctx.sleep(5.0)
    await ctx.sleep(2.0)


async def _follow(step: Step, ctx: StepContext, seen: Observation) -> tuple[str, Observation]:
    """Wait for the operation that makes the resource; what it leaves behind when it fails is owned first."""
    said = await _finish(step, ctx, seen)
    after = await _look(step, ctx)
    if after.presence is Presence.OURS:
        return said, after
    problem = Problem(tried="create", target=step.resource, said="its operation ended well, but it is not there")
    raise StepFailed(problem)


async def _finish(step: Step, ctx: StepContext, seen: Observation) -> str:
    await _record_operation(ctx, seen.operation)
    try:
        return await step.wait(ctx)
    except SaxtuiError:
        try:
            left = await step.observe(ctx)
        except CallError:
            left = seen
        if left.presence is Presence.OURS:
            await _own(step, ctx, left)
        raise


async def _record_operation(ctx: StepContext, operation: str) -> None:
    if operation and operation != ctx.now.operation:
        recorder = ctx.recorder
        await recorder.emit(ev.OperationSeen(at=recorder.now(), run=recorder.run, step=ctx.step, operation=operation))


async def _own(step: Step, ctx: StepContext, seen: Observation) -> None:
    known = ctx.now
    if known.ownership is Ownership.OWNED and known.uid == seen.uid:
        return
    recorder = ctx.recorder
    await recorder.emit(
        ev.Owned(
            at=recorder.now(),
            run=recorder.run,
            step=step.id,
            kind=step.kind.value,
            resource=step.resource,
            link=seen.link,
            uid=seen.uid,
            created=ctx.may_exist,
        )
    )


async def _foreign(step: Step, recorder: Recorder, seen: Observation) -> None:
    known = recorder.progress.step(step.id)
    if known.ownership is Ownership.FOREIGN and seen.presence is Presence.KEPT:
        return
    await recorder.emit(
        ev.Foreign(
            at=recorder.now(),
            run=recorder.run,
            step=step.id,
            kind=step.kind.value,
            resource=step.resource,
            said=seen.said or "exists and is not ours",
        )
    )


async def _adopt(step: Step, ctx: StepContext, seen: Observation) -> None:
    if ctx.now.ownership is Ownership.ADOPTED and ctx.now.uid == seen.uid:
        return
    at, run, kind = ctx.recorder.now(), ctx.recorder.run, step.kind.value
    await ctx.recorder.emit(
        ev.Adopted(at=at, run=run, step=step.id, kind=kind, resource=step.resource, uid=seen.uid, said=seen.said)
    )


def _foreign_problem(step: Step, seen: Observation) -> Problem:
    return Problem(
        tried="create",
        target=step.resource,
        said=seen.said or "exists already and is not ours",
        next_step=f"choose another name in the file, remove it yourself, or use it as it is: up --adopt {step.id}",
        reason="FOREIGN",
        command=step.command,
    )


def body_digest(body: Any) -> str:
    """SHA-256 of a body's canonical JSON."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
