"""One line of Home: a saved deployment as its journal tells it, with no request sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saxtui.errors import Problem
from saxtui.model.progress import Ownership, RunProgress, StepState, fold

if TYPE_CHECKING:
    from saxtui.model.cost import Cost
    from saxtui.model.deployment import Deployment
    from saxtui.model.events import Event


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of Home: a saved deployment as its journal tells it, with no request sent.

    `state`: new, running, up, failed, paused, doubt, down or unreadable; `usd_per_hour` None when no price is known.
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


def summarise(deployment: Deployment, path: str, events: Sequence[Event], now: float) -> Summary:
    """The line for a deployment with this journal. `now` in epoch seconds on its clock."""
    from saxtui.model import cost

    progress = fold(events)
    state, said = _state(progress)
    return Summary(
        name=deployment.name,
        path=path,
        project=deployment.project,
        zone=deployment.zone,
        state=state,
        said=said,
        usd_per_hour=_known(cost.running(deployment, progress)),
        spent=_known(cost.spent(deployment, progress, now)),
        since=events[-1].at if events else None,
    )


def unreadable(name: str, path: str, problem: Problem) -> Summary:
    """The line for a deployment whose file or journal cannot be read: what it costs is unknown, not nothing."""
    return Summary(name, path, "", "", "unreadable", problem.one_line(), None, None, None)


def _known(found: Cost) -> float | None:
    return None if found.unknown else found.usd


def _state(progress: RunProgress) -> tuple[str, str]:
    steps = progress.steps.values()
    if not progress.run:
        return "new", ""
    if any(step.state is StepState.DOUBT or step.ownership is Ownership.UNKNOWN for step in steps):
        doubted = sum(1 for step in steps if step.state is StepState.DOUBT or step.ownership is Ownership.UNKNOWN)
        return "doubt", f"{doubted} of {len(progress.steps)} steps in doubt"
    if progress.running:
        settled = sum(1 for step in steps if step.state in (StepState.DONE, StepState.GONE))
        return "running", f"{progress.kind}: {settled} of {len(progress.steps)} steps"
    if progress.outcome == "done":
        return ("down" if progress.kind == "down" else "up"), ""
    return {"failed": "failed", "paused": "paused"}.get(progress.outcome, "doubt"), progress.said
