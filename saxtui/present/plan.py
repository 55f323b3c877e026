"""A Plan as rows and sentences: what `saxtui plan` and the review page show."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.model.plan import Action, Plan, PlannedStep
from saxtui.present.times import minutes, usual
from saxtui.present.words import ACTION, Sign, duration, rate


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One step of the plan. `price` is "" where nothing bills, "unknown" where no price is known."""

    id: str
    sign: Sign
    title: str
    resource: str
    usual: str
    price: str
    critical: bool
    needs: tuple[str, ...]
    note: str
    command: str


def rows(plan: Plan) -> tuple[PlanRow, ...]:
    """The steps in the plan's order."""
    critical = frozenset(plan.critical_path)
    return tuple(_row(step, step.id in critical) for step in plan.steps)


def _row(step: PlannedStep, critical: bool) -> PlanRow:
    return PlanRow(
        id=step.id,
        sign=ACTION[step.action],
        title=step.title,
        resource=step.resource,
        usual=usual(step.usual),
        price="" if step.usd_per_hour == 0 else rate(step.usd_per_hour),
        critical=critical,
        needs=step.needs,
        note=f"not ours: {step.foreign}" if step.foreign else step.note,
        command=step.command,
    )


def counts(plan: Plan) -> str:
    """ "13 to create · 0 to keep · 0 to adopt · 0 to change · 0 to destroy", or "nothing to change".

    Nothing is ever destroyed by `up`; what is ours and no longer wanted is told among the consequences.
    """
    wanted = (Action.CREATE, Action.KEEP, Action.ADOPT, Action.CHANGE)
    if unchanged(plan):
        return f"nothing to change · {plan.count(Action.KEEP)} kept as they are"
    return " · ".join([*(f"{plan.count(action)} to {action.value}" for action in wanted), "0 to destroy"])


def unchanged(plan: Plan) -> bool:
    """Whether `up` would change nothing."""
    return all(step.action in (Action.KEEP, Action.CHECK) for step in plan.steps)


def price(plan: Plan) -> str:
    """What the finished deployment costs; an unknown price says so."""
    return f"{rate(plan.usd_per_hour)} from the moment everything runs"


def times(plan: Plan) -> str:
    """How long it takes with everything that can run at once doing so, and one after the other."""
    faster = plan.sequential_seconds / plan.seconds[0] if plan.seconds[0] else 1.0
    return (
        f"about {minutes(plan.seconds)} ({plan.times_from}) · the tutorial's order "
        f"{minutes((plan.sequential_seconds,) * 2)}, {faster:.1f} times as long"
    )


def graph(plan: Plan) -> tuple[str, ...]:
    """The plan as a drawing in ASCII: each step under the need it waits for longest, the other needs after it.

    "*" marks the critical path, and the time at the end of a line is when the step is done at p50 at the earliest.
    """
    ends: dict[str, float] = {}
    under: dict[str, list[PlannedStep]] = {}
    for step in plan.steps:
        last = max(step.needs, key=lambda name: ends[name], default="")
        ends[step.id] = (ends[last] if last else 0.0) + step.usual[0]
        under.setdefault(last, []).append(step)
    lines: list[str] = []

    def draw(step: PlannedStep, lead: str, tail: str) -> None:
        last = max(step.needs, key=lambda name: ends[name], default="")
        others = ", ".join(name for name in step.needs if name != last)
        mark = "*" if step.id in plan.critical_path else " "
        also = f"  (also needs {others})" if others else ""
        lines.append(f"{mark} {lead}{step.id} [{step.action.value}] at {duration(ends[step.id])}{also}")
        children = under.get(step.id, [])
        for number, child in enumerate(children, 1):
            more = number < len(children)
            draw(child, tail + ("|- " if more else "`- "), tail + ("|  " if more else "   "))

    for step in under.get("", []):
        draw(step, "", "")
    return tuple(lines)
