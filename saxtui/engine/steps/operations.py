"""Following GKE operations."""

from __future__ import annotations

from saxtui.engine.protocol.step import Look, StepContext
from saxtui.errors import Problem, StepFailed

LIMIT = 7200.0
"""Seconds an operation is followed: a stockout alone can take 35 minutes to be told."""
_CAPACITY = ("GCE_STOCKOUT", "GCE_QUOTA_EXCEEDED", "ZONE_RESOURCE_POOL_EXHAUSTED")


async def finish(ctx: StepContext, name: str, tried: str, target: str, command: str) -> None:
    """Wait until the operation ended. Raises StepFailed with its own words when it ended badly."""
    failed: list[Problem] = []

    async def look() -> Look:
        found = await ctx.cloud.gke.get_operation(ctx.deployment.region, name)
        # An operation the API no longer knows ended long ago: what it made tells how.
        if found is None:
            return Look(True, "its operation is over")
        if found.done and found.error:
            failed.append(_problem(tried, target, command, found.error, found.reason))
        return Look(found.done, found.said or f"operation {found.status.lower()}", found.fraction)

    await ctx.poll(look, limit=LIMIT, tried=tried, target=target)
    if failed:
        raise StepFailed(failed[0])


async def running(ctx: StepContext, target: str, kind: str) -> str:
    """The name of the running operation of that kind whose target ends so, or ""."""
    for found in await ctx.cloud.gke.list_operations(ctx.deployment.region):
        if not found.done and found.kind == kind and found.target.endswith(target):
            return found.name
    return ""


def _problem(tried: str, target: str, command: str, said: str, reason: str) -> Problem:
    capacity = any(word in reason or word in said for word in _CAPACITY)
    return Problem(
        tried=tried,
        target=target,
        said=said,
        next_step=(
            "the zone has no capacity or quota for it now: try another zone or fewer slices, or run up again later; "
            "down takes away what is left"
            if capacity
            else "run up again to go on from here, or down to take everything away"
        ),
        reason=reason,
        may_bill=None,
        command=command,
    )
