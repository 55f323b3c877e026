"""The progress of a run as timeline rows: each step's state, times, and where its bar begins and ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saxtui.errors import Problem
from saxtui.model.plan import Action, Plan, PlannedStep
from saxtui.model.progress import RunProgress, StepProgress, StepState
from saxtui.present.times import usual
from saxtui.present.words import STEP, Sign, duration

_ENDED = frozenset({StepState.DONE, StepState.GONE, StepState.FAILED, StepState.FOREIGN})
_GOING = frozenset({StepState.RUNNING, StepState.DELETING})
_TOLD = (StepState.RUNNING, StepState.DELETING, StepState.FAILED, StepState.DOUBT, StepState.FOREIGN)
STOPPED = Sign("◌", "-", "stopped", "warn")
"""A step whose run ended before it did: saxtui stopped waiting, the cloud may go on."""
_SETTLED = frozenset({StepState.DONE, StepState.GONE})


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a run.

    `begin` and `length` place its bar on the time axis, in seconds since the run started (None before it starts);
    `expected` is the length the bar will probably have; `late` marks a step slower than its usual p90.
    """

    id: str
    title: str
    resource: str
    state: StepState
    sign: Sign
    elapsed: str
    usual: str
    critical: bool
    message: str
    begin: float | None = None
    length: float = 0.0
    expected: float = 0.0
    fraction: float | None = None
    late: bool = False
    problem: Problem | None = None


def rows(plan: Plan | None, progress: RunProgress, now: float) -> tuple[StepRow, ...]:
    """The plan's steps in order, then those only the journal knows. `now` in epoch seconds on the product's clock."""
    planned = {step.id: step for step in plan.steps} if plan else {}
    critical = frozenset(plan.critical_path) if plan else frozenset()
    ids = [*planned, *(step_id for step_id in progress.steps if step_id not in planned)]
    stopped = bool(progress.outcome)
    if stopped and progress.ended is not None:
        now = progress.ended
    return tuple(_row(planned.get(i), progress.step(i), progress.started, now, i in critical, stopped) for i in ids)


def _row(
    planned: PlannedStep | None,
    step: StepProgress,
    run_started: float | None,
    now: float,
    critical: bool,
    stopped: bool,
) -> StepRow:
    length = spent(step, now)
    p50, p90 = planned.usual if planned else (0.0, 0.0)
    begin = None
    if step.started is not None:
        begin = max(0.0, step.started - (run_started if run_started is not None else step.started))
    going = step.state in _GOING and not stopped
    return StepRow(
        id=step.id,
        title=planned.title if planned else step.id,
        resource=step.resource or (planned.resource if planned else ""),
        state=step.state,
        sign=STOPPED if stopped and step.state in _GOING else STEP[step.state],
        elapsed=duration(length) if length is not None else "",
        # What is kept as it is takes a look; beside the time its creation took, that would read as a comparison.
        usual=usual(planned.usual) if planned and planned.action is not Action.KEEP else "",
        critical=critical,
        message=step.said or (planned.note if planned and step.state is StepState.WAITING else ""),
        begin=begin,
        length=length or 0.0,
        expected=max(p50, length or 0.0) if going else (length if length is not None else p50),
        fraction=step.fraction,
        late=bool(planned and going and step.state is StepState.RUNNING and length is not None and length > p90),
        problem=step.problem,
    )


def spent(step: StepProgress, now: float) -> float | None:
    """Seconds the step has taken, None before it starts."""
    if step.started is None:
        return None
    end = step.ended if step.state in _ENDED and step.ended is not None else now
    return max(0.0, end - step.started)


def remaining(plan: Plan, progress: RunProgress, now: float) -> tuple[float, float]:
    """Seconds until the last step usually ends, as (p50, p90): the longest path through what is not done."""
    low = _longest(plan.steps, progress, now, 0)
    return low, max(low, _longest(plan.steps, progress, now, 1))


def _longest(steps: Iterable[PlannedStep], progress: RunProgress, now: float, which: int) -> float:
    ends: dict[str, float] = {}
    for step in steps:
        done = progress.step(step.id)
        left = 0.0
        if done.state not in _SETTLED:
            left = max(0.0, step.usual[which] - (spent(done, now) or 0.0))
        ends[step.id] = left + max((ends.get(need, 0.0) for need in step.needs), default=0.0)
    return max(ends.values(), default=0.0)


def tally(found: Iterable[StepRow]) -> str:
    """ "5 of 13 done · 2 running · 1 failed": only what is there, in order of interest."""
    listed = tuple(found)
    settled = sum(1 for row in listed if row.state in _SETTLED)
    parts = [f"{settled} of {len(listed)} done"]
    for sign in (*(STEP[state] for state in _TOLD), STOPPED):
        count = sum(1 for row in listed if row.sign == sign)
        if count:
            parts.append(f"{count} {sign.word}")
    return " · ".join(parts)
