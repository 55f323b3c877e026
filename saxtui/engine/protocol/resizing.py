"""Giving a slice that is ours another size: intent, send, follow the operation, believe only what is seen afterwards.

Several lives may have sent several sizes. A request whose answer nobody read may act as late as the settle window, so
a size is believed only once no earlier request can still be on its way.
"""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.engine.protocol.marking import Markable
from saxtui.engine.protocol.sending import SENDS, Request, linger, send
from saxtui.engine.protocol.step import StepContext, backoff, patiently
from saxtui.errors import Problem, StepFailed
from saxtui.model import events as ev


@dataclass(frozen=True, slots=True)
class Size:
    """How many hosts there are, whether they are ours, and the operation that is changing it, "" for none."""

    hosts: int
    ours: bool = True
    operation: str = ""


class Resizable(Markable):
    """A step whose resource can be let go down to nothing and come back, and stays ours meanwhile."""

    @property
    def full(self) -> int:
        """Hosts it is made with."""
        raise NotImplementedError

    async def measure(self, ctx: StepContext) -> Size | None:
        """Its size now; None when it is absent. Reads only."""
        raise NotImplementedError

    def size_request(self, hosts: int) -> tuple[str, str, str]:
        """Method, target and equivalent command of the request for that size."""
        raise NotImplementedError

    async def resize(self, ctx: StepContext, hosts: int) -> str:
        """Send the request; returns the operation's name. Raises CallError."""
        raise NotImplementedError

    async def followed(self, ctx: StepContext, operation: str) -> None:
        """Wait for the operation. Raises StepFailed when it ended badly."""
        raise NotImplementedError


async def bring_to(step: Resizable, ctx: StepContext, hosts: int) -> None:
    """Until it is seen to have so many hosts. Raises SaxtuiError with the step's Problem, Paused, CannotRecord."""
    # An answer that was read names the operation, whose end tells; only a lost one may still act unseen.
    settled = ctx.now.resizing is None or bool(ctx.now.operation)
    for sends in range(SENDS + 1):
        seen = await _at_rest(step, ctx, sent=sends > 0)
        if not settled:
            settled = True
            await _outlast(step, ctx, hosts)
            continue
        if seen.hosts == hosts:
            await _record(step, ctx, hosts)
            return
        if sends == SENDS:
            break
        settled = await send(ctx, _request(step, ctx, hosts), backoff(sends + 1))
    raise StepFailed(
        Problem(
            tried="resize",
            target=step.resource,
            said=f"asked {SENDS} times for {hosts} hosts, and it still has {seen.hosts}",
            next_step="look at it with the console or gcloud, then give the same command again",
            reason="NOT_RESIZED",
            may_bill=True,
            command=step.size_request(hosts)[2],
        )
    )


async def _at_rest(step: Resizable, ctx: StepContext, *, sent: bool) -> Size:
    """Its size once no operation changes it. `sent`: by this run, so that a failed operation is this run's failure."""
    known = ctx.now.operation if ctx.now.resizing is not None else ""
    while True:
        seen = await _seen(step, ctx)
        operation, known = seen.operation or known, ""
        if not operation:
            return seen
        try:
            await step.followed(ctx, operation)
        except StepFailed:
            # What came of it is the size it left, whatever that is.
            left = await _seen(step, ctx)
            if not left.operation and ctx.now.resizing is not None:
                await _record(step, ctx, left.hosts)
            if sent:
                raise


async def _seen(step: Resizable, ctx: StepContext) -> Size:
    """One look. Raises StepFailed when it is gone or not ours."""
    seen = await patiently(ctx, lambda: step.measure(ctx))
    if seen is None or not seen.ours:
        said = "is not there any more" if seen is None else "is not ours"
        raise StepFailed(Problem(tried="resize", target=step.resource, said=said, reason="GONE", may_bill=None))
    return seen


async def _outlast(step: Resizable, ctx: StepContext, hosts: int) -> None:
    """An earlier request's answer was lost: wait until it has acted as wanted, or can act no more."""
    until = ctx.clock.now() + step.settle
    while ctx.clock.now() < until:
        seen = await _seen(step, ctx)
        if seen.operation or ctx.now.resizing == hosts == seen.hosts:
            return
        await linger(ctx, step.settle, "to resize it may still act")


async def _record(step: Resizable, ctx: StepContext, hosts: int) -> None:
    known = ctx.now
    if known.hosts == hosts and known.resizing is None:
        return
    recorder = ctx.recorder
    at, run, kind = recorder.now(), recorder.run, step.kind.value
    said = f"{step.resource}: {hosts} hosts"
    await recorder.emit(
        ev.Resized(at=at, run=run, step=step.id, kind=kind, resource=step.resource, hosts=hosts, said=said)
    )


def _request(step: Resizable, ctx: StepContext, hosts: int) -> Request:
    recorder = ctx.recorder

    def intent() -> ev.Event:
        at, run, kind = recorder.now(), recorder.run, step.kind.value
        return ev.Resizing(at=at, run=run, step=step.id, kind=kind, resource=step.resource, hosts=hosts)

    return Request(intent, *step.size_request(hosts), lambda: step.resize(ctx, hosts))
