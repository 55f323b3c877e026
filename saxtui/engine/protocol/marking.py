"""Writing the end of a deployment's time to live onto what is ours: journaled before it is sent, believed when seen."""

from __future__ import annotations

from collections.abc import Mapping

from saxtui.engine.protocol.sending import SENDS, Request, send
from saxtui.engine.protocol.step import Step, StepContext, backoff, patiently
from saxtui.engine.steps import operations
from saxtui.errors import Problem, StepFailed
from saxtui.model import events as ev


class Markable(Step):
    """A step whose resource carries labels that can be changed while it stands. `until`: the end its labels tell."""

    async def marks(self, ctx: StepContext) -> Mapping[str, str] | None:
        """Its labels; None when it is not there. Reads only."""
        raise NotImplementedError

    async def mark(self, ctx: StepContext, labels: Mapping[str, str]) -> str:
        """Put these labels beside those it has; returns the operation's name. Raises CallError."""
        raise NotImplementedError


async def label(step: Markable, ctx: StepContext, wanted: Mapping[str, str]) -> None:
    """Until it carries these labels; what is not there or not ours is left. Raises SaxtuiError, Paused."""
    for sends in range(SENDS + 1):
        found = await patiently(ctx, lambda: step.marks(ctx))
        ours = step.deployment.owns(found)
        if found is None or not ours or all(found.get(key) == value for key, value in wanted.items()):
            return
        if sends == SENDS:
            break
        before = ctx.now.operation
        await send(ctx, _request(step, ctx, wanted), backoff(sends + 1))
        if ctx.now.operation != before:
            await operations.finish(ctx, ctx.now.operation, "label", step.resource, "")
    said = f"asked {SENDS} times, and it does not carry {', '.join(wanted)}"
    raise StepFailed(Problem(tried="label", target=step.resource, said=said, reason="NOT_LABELLED"))


def _request(step: Markable, ctx: StepContext, wanted: Mapping[str, str]) -> Request:
    recorder, said = ctx.recorder, ", ".join(f"{key}={value}" for key, value in wanted.items())

    def intent() -> ev.Event:
        return ev.Note(at=recorder.now(), run=recorder.run, step=step.id, said=f"label {step.resource} {said}")

    return Request(intent, "POST", f"labels of {step.resource}", "", lambda: step.mark(ctx, wanted))
