"""Where the cloud no longer is what we made: reported field by field, never put right without an order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from saxtui.engine.protocol.step import Presence, Step, patiently
from saxtui.engine.steps import ContextMaker
from saxtui.model.progress import Ownership, RunProgress


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: the step, the field, what we made it, and what it is now."""

    step: str
    resource: str
    field: str
    ours: str
    theirs: str

    def one_line(self) -> str:
        """As a line for the operator."""
        return f"{self.resource}: {self.field} is {self.theirs}, we made it {self.ours}"


async def drift(steps: Mapping[str, Step], make: ContextMaker, progress: RunProgress) -> tuple[Drift, ...]:
    """Every owned resource compared with what the deployment says. Reads only. Raises CallError."""
    owned = [step for name, step in steps.items() if step.owns and progress.step(name).ownership is Ownership.OWNED]
    found = await asyncio.gather(*(_of(step, make) for step in owned if not step.within))
    gone = any(item.step == "cluster" and item.field == "existence" for items in found for item in items)
    if not gone:
        found += await asyncio.gather(*(_of(step, make) for step in owned if step.within))
    return tuple(item for items in found for item in items)


async def _of(step: Step, make: ContextMaker) -> list[Drift]:
    ctx = make(step.id)
    seen = await patiently(ctx, lambda: step.observe(ctx), attempts=3)
    match seen.presence:
        case Presence.ABSENT | Presence.LEAVING:
            return [Drift(step.id, step.resource, "existence", "there", seen.presence.value)]
        case Presence.FOREIGN | Presence.KEPT:
            return [Drift(step.id, step.resource, "mark of ownership", step.deployment.mark, "missing")]
    known = make(step.id).now.uid
    rows = [("identity", known, seen.uid)] if known and seen.uid and known != seen.uid else []
    rows += await patiently(ctx, lambda: step.drifts(ctx), attempts=3)
    return [Drift(step.id, step.resource, name, ours, theirs) for name, ours, theirs in rows]
