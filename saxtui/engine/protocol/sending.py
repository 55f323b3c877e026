"""Sending one mutating request: journaled before it goes out, over busy and throttled answers, its operation after."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from saxtui.engine.protocol.step import PATIENCE, SIGN_IN_LIMIT, StepContext, backoff, patiently
from saxtui.errors import Ambiguous, Busy, Conflict, Throttled, Unauthenticated, Unreachable
from saxtui.model import events as ev

SENDS = 8
"""How often one step sends the same request at most, each time after a look that found it without effect."""
_BUSY_LIMIT = 3600.0
_OPERATION = re.compile(r"operation-[0-9a-z-]+")


@dataclass(frozen=True, slots=True)
class Request:
    """`intent` makes the event that is durable before anything leaves; `call` sends and returns an operation or ""."""

    intent: Callable[[], ev.Event]
    method: str
    target: str
    command: str
    call: Callable[[], Awaitable[str]]
    makes_bucket: bool = False


async def send(ctx: StepContext, request: Request, pause: float) -> bool:
    """Send once, over busy and throttled answers. Returns whether the next look may be believed at once.

    `pause`: seconds to wait after an answer that was lost or says the name is taken.
    """
    recorder = ctx.recorder
    started = ctx.clock.now()
    attempt = 0
    while True:
        ctx.control.check()
        await patiently(ctx, lambda: ctx.lease.permit(makes_bucket=request.makes_bucket))
        await recorder.emit(request.intent())
        at, run = recorder.now(), recorder.run
        await recorder.emit(
            ev.Sent(
                at=at, run=run, step=ctx.step, method=request.method, target=request.target, command=request.command
            )
        )
        attempt += 1
        ctx.lease.still()
        try:
            operation = await request.call()
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
            waited = ctx.clock.now() - started
            if waited > (SIGN_IN_LIMIT if isinstance(error, Unauthenticated) else PATIENCE):
                raise
            ctx.report(f"not taken for {waited:.0f} s: {error.problem.said}")
            await ctx.sleep(backoff(attempt, error))
        except Ambiguous as error:
            await recorder.doubt(ctx.step, f"the answer was lost: {error.problem.said}")
            await ctx.sleep(pause)
            return False
        else:
            await record_operation(ctx, operation)
            return True


async def record_operation(ctx: StepContext, operation: str) -> None:
    """Journal the operation's name, once."""
    if operation and operation != ctx.now.operation:
        recorder = ctx.recorder
        await recorder.emit(ev.OperationSeen(at=recorder.now(), run=recorder.run, step=ctx.step, operation=operation))


async def linger(ctx: StepContext, settle: float, what: str) -> None:
    """One of the waits of a settle window. `what`: the earlier request whose answer is lost, and what it may do."""
    ctx.report(f"in doubt: an earlier request {what}")
    await ctx.sleep(max(1.0, settle / 4))


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
