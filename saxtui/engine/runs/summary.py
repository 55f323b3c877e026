"""One line of Home: a saved deployment as its journal tells it, with no request sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saxtui.errors import Problem
from saxtui.model import term
from saxtui.model.progress import Ownership, RunProgress, StepState, fold

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment
    from saxtui.model.events import Event
    from saxtui.ports import LockHolder


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of Home: a saved deployment as its journal tells it, with no request sent.

    `state`: attached, new, running, interrupted, up, failed, stopped, paused (slices at zero), doubt, down or
    unreadable. `usd_per_hour` and `spent` are without what `unpriced` names, None when nothing in them has a known
    price. `name` is what it is saved under.
    """

    name: str
    path: str
    project: str
    zone: str
    state: str
    said: str
    usd_per_hour: float | None
    spent: float | None
    since: float | None
    unpriced: tuple[str, ...] = ()
    id: str = ""
    until: float | None = None
    """The end of its time to live, in epoch seconds."""
    ttl: float = 0.0
    """The whole of it, in seconds; 0.0 without one."""


def summarise(
    deployment: Deployment, name: str, path: str, events: Sequence[Event], now: float, holder: LockHolder | None = None
) -> Summary:
    """The line for a deployment with this journal. `now` in epoch seconds on its clock; `holder` has its lock."""
    from saxtui.model import cost

    progress = fold(events)
    state, said = ("attached", "attached: others made it") if deployment.attached else standing(progress, holder)
    usd, spent = cost.running(deployment, progress), cost.spent(deployment, progress, now)
    return Summary(
        name=name,
        path=path,
        project=deployment.project,
        zone=deployment.zone,
        state=state,
        said=said,
        usd_per_hour=usd.usd,
        spent=spent.usd,
        since=events[-1].at if events else None,
        unpriced=tuple(dict.fromkeys((*usd.unknown, *spent.unknown))),
        id=deployment.id,
        until=progress.until,
        ttl=term.seconds(deployment.ttl),
    )


def unreadable(name: str, path: str, problem: Problem) -> Summary:
    """The line for a deployment whose file or journal cannot be read: what it costs is unknown, not nothing."""
    return Summary(name, path, "", "", "unreadable", problem.one_line(), None, None, None)


def standing(progress: RunProgress, holder: LockHolder | None) -> tuple[str, str]:
    """State and sentence. A run that has not ended is running only while its own process holds the journal."""
    steps = progress.steps.values()
    if not progress.run:
        return "new", ""
    settled = sum(1 for step in steps if step.state in (StepState.DONE, StepState.GONE))
    so_far = f"{progress.kind}: {settled} of {len(progress.steps)} steps"
    if progress.running and holder is not None and holder.run == progress.run:
        return "running", so_far
    doubted = sum(1 for step in steps if step.state is StepState.DOUBT or step.ownership is Ownership.UNKNOWN)
    if doubted:
        return "doubt", f"{doubted} of {len(progress.steps)} steps in doubt"
    if progress.running:
        return "interrupted", so_far
    if progress.outcome == "done" and progress.kind == "pause":
        return "paused", _paused(progress)
    if progress.outcome == "done":
        return ("down", _taken_down(progress)) if progress.kind == "down" else ("up", "")
    return {"failed": "failed", "paused": "stopped"}.get(progress.outcome, "doubt"), progress.said


def _paused(progress: RunProgress) -> str:
    """What is at zero, since when."""
    slices = sum(step.at_zero for step in progress.steps.values())
    return f"paused: {slices} slices at zero hosts; the cluster stays and bills"


def _taken_down(progress: RunProgress) -> str:
    kept = [step.kind for step in progress.steps.values() if step.ownership is Ownership.OWNED]
    return "taken down, proved" + (f"; kept: {', '.join(kept)}" if kept else "")
