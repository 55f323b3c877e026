"""What a run is refused for before anything is looked at or sent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from saxtui.engine.protocol.step import Step
from saxtui.errors import Problem, Refused
from saxtui.model.plan import Plan, StepKind
from saxtui.model.progress import MAY_BE_OURS, Ownership, RunProgress

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

_NAMED = frozenset(
    {StepKind.BUCKET, StepKind.CLUSTER, StepKind.NODE_POOL, StepKind.SERVICE_ACCOUNT, StepKind.KUBERNETES_ACCOUNT}
)


def refused(deployment: Deployment, said: str, next_step: str, reason: str = "") -> Refused:
    """The refusal, to be raised."""
    target = f"deployment {deployment.name}"
    return Refused(Problem(tried="run", target=target, said=said, next_step=next_step, reason=reason))


def check_ours(deployment: Deployment) -> None:
    """What others made is watched and asked, never planned, made or taken down. Raises Refused."""
    if deployment.attached:
        raise refused(
            deployment,
            "it is attached: others made it, so saxtui makes, changes and deletes nothing of it",
            f"look at it: saxtui pods -d {deployment.name}; or forget it: saxtui attach --forget {deployment.name}",
            "ATTACHED",
        )


def check_plan(deployment: Deployment, plan: Plan, steps: Mapping[str, Step]) -> None:
    """Consent was given to another deployment's plan, or to one of another shape. Raises Refused."""
    if plan.project != deployment.project or any(planned.id not in steps for planned in plan.steps):
        raise refused(deployment, "the plan is not this deployment's", "plan again")


def check_names(deployment: Deployment, steps: Mapping[str, Step], progress: RunProgress) -> None:
    """The file may not rename what exists: the old one would be forgotten while it bills. Raises Refused."""
    for name, step in steps.items():
        known = progress.step(name)
        if step.kind in _NAMED and known.ownership in MAY_BE_OURS and known.resource != step.resource:
            said = f"the file says {step.resource}, but {known.resource} exists and is ours"
            raise refused(deployment, said, f"put the old name back, or take it down first: it is step {name}")


def check_adopted(
    deployment: Deployment, steps: Mapping[str, Step], progress: RunProgress, also: Collection[str]
) -> None:
    """Deleting our cluster would take along what was adopted in it, unless `also` names it. Raises Refused."""
    if progress.step("cluster").ownership is not Ownership.OWNED:
        return
    for name, step in steps.items():
        if step.within and progress.step(name).ownership is Ownership.ADOPTED and name not in also:
            said = f"{step.resource} was adopted, and would be deleted with the cluster"
            way_out = f"name it if it may go: saxtui down --also {name}; or move it away first"
            raise refused(deployment, said, way_out)


def named(deployment: Deployment, steps: Mapping[str, Step], names: Collection[str]) -> frozenset[str]:
    """The ids of steps named by id, by resource, or by the first word of it. Raises Refused for no such thing."""
    known = {text: name for name, step in steps.items() for text in (name, step.resource, step.resource.split()[0])}
    for text in names:
        if text not in known:
            raise refused(deployment, f"there is no {text} in it", f"name a step: {', '.join(steps)}")
    return frozenset(known[text] for text in names)
