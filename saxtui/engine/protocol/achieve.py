"""The provisioning protocol for one step: intent, observe, send, follow, own.

INTENT is durable before anything is sent. What the send came to is only believed from an observation afterwards, so a
kill, a timeout or a lost answer leads back to the same place: look, and send the same again only when nothing is there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from saxtui.engine.protocol.recorder import Named
from saxtui.engine.protocol.resizing import Resizable, bring_to
from saxtui.engine.protocol.sending import SENDS, Request, linger, record_operation, send
from saxtui.engine.protocol.step import Observation, Presence, Step, StepContext, backoff, patiently
from saxtui.errors import CallError, Problem, SaxtuiError, StepFailed
from saxtui.model import events as ev
from saxtui.model.plan import StepKind
from saxtui.model.progress import Ownership

_LEAVING_LIMIT = 1800.0


class ForeignResource(StepFailed):
    """The name is taken by something that is not ours. It was not touched."""


def foreign_problem(what: Named, said: str, command: str) -> Problem:
    """The one that stops an `up`, before or in the middle of it. `command`: what would have made it."""
    return Problem(
        tried="create",
        target=what.resource,
        said=said,
        next_step=f"choose another name in the file, remove it yourself, or use it as it is: up --adopt {what.id}",
        reason="FOREIGN",
        command=command,
    )


async def achieve(step: Step, ctx: StepContext) -> None:
    """Bring one step to its goal and journal it. Raises SaxtuiError with the step's Problem, Paused, CannotRecord."""
    recorder = ctx.recorder
    await recorder.started(step.id)
    if not step.owns:
        await recorder.done(step.id, await step.wait(ctx))
        return
    seen = await _reach(step, ctx)
    said = ""
    if seen.presence is Presence.KEPT and ctx.adopts:
        await _adopt(step, ctx, seen)
        said = f"adopted: {seen.said}"
    elif seen.presence is Presence.KEPT:
        if ctx.now.ownership is not Ownership.FOREIGN:
            await recorder.foreign(step, seen.not_ours)
        said = seen.said
    else:
        if not seen.ready and (seen.operation or ctx.now.operation):
            said, seen = await _follow(step, ctx, seen)
        await _own(step, ctx, seen)
    if not seen.ready:
        said = await step.wait(ctx)
    await recorder.done(step.id, said or seen.said)


async def _reach(step: Step, ctx: StepContext) -> Observation:
    """Look and send until the resource is there as wanted. Raises when it is foreign or does not come."""
    settled = not ctx.may_exist
    stays = ctx.now.ownership is not Ownership.DELETING
    for sends in range(SENDS + 1):
        seen = await _look(step, ctx)
        if seen.presence is Presence.FOREIGN:
            await ctx.recorder.foreign(step, seen.not_ours)
            raise ForeignResource(foreign_problem(step, seen.not_ours, step.command))
        if seen.presence is Presence.OURS and isinstance(step, Resizable) and _resizes(step, ctx, seen):
            await bring_to(step, ctx, step.full)
            continue
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
        if sends == SENDS:
            break
        settled = await send(ctx, _creation(step, ctx), backoff(sends + 1))
    raise StepFailed(
        Problem(
            tried="create",
            target=step.resource,
            said=f"sent {SENDS} times, and " + (f"still {seen.differs}" if seen.differs else "it is absent"),
            next_step=f"look at it with the console or gcloud, then: saxtui up -d {ctx.deployment.name}",
            reason="NOT_THERE",
            command=step.command,
        )
    )


def _resizes(step: Resizable, ctx: StepContext, seen: Observation) -> bool:
    """Whether a slice was let go, or may be: then it is brought back, or seen to be back."""
    known = ctx.now
    return known.resizing is not None or seen.hosts == 0 or known.hosts not in (None, step.full)


async def _outlast(step: Step, ctx: StepContext) -> None:
    """A take-down was cut short: its request to delete may still be on its way, so what stands now may yet go."""
    until = ctx.clock.now() + step.settle
    while ctx.clock.now() < until:
        await linger(ctx, step.settle, "to delete it may still act")


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
        await linger(ctx, step.settle, "may still take effect")
        seen = await _look(step, ctx)
        if seen.presence is not Presence.ABSENT or seen.operation:
            return True
    return False


async def _follow(step: Step, ctx: StepContext, seen: Observation) -> tuple[str, Observation]:
    """Wait for the operation that makes the resource; what it leaves behind when it fails is owned first."""
    said = await _finish(step, ctx, seen)
    after = await _look(step, ctx)
    if after.presence is Presence.OURS:
        return said, after
    problem = Problem(tried="create", target=step.resource, said="its operation ended well, but it is not there")
    raise StepFailed(problem)


async def _finish(step: Step, ctx: StepContext, seen: Observation) -> str:
    await record_operation(ctx, seen.operation)
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


def _creation(step: Step, ctx: StepContext) -> Request:
    """The request that makes the step's resource, journaled as INTENT before it goes out."""
    recorder, kind = ctx.recorder, step.kind.value

    def intent() -> ev.Event:
        at, digest = recorder.now(), body_digest(step.body())
        return ev.Intent(at=at, run=recorder.run, step=step.id, kind=kind, resource=step.resource, body=digest)

    return Request(
        intent, *step.target, step.command, lambda: step.create(ctx), makes_bucket=step.kind is StepKind.BUCKET
    )


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


async def _adopt(step: Step, ctx: StepContext, seen: Observation) -> None:
    if ctx.now.ownership is Ownership.ADOPTED and ctx.now.uid == seen.uid:
        return
    at, run, kind = ctx.recorder.now(), ctx.recorder.run, step.kind.value
    await ctx.recorder.emit(
        ev.Adopted(at=at, run=run, step=step.id, kind=kind, resource=step.resource, uid=seen.uid, said=seen.said)
    )


def body_digest(body: Any) -> str:
    """SHA-256 of a body's canonical JSON."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
