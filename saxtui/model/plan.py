"""The plan: what a Deployment comes to, as steps with edges. Pure values; engine/runs/planning.py makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What `up` would do with one step's resource."""

    CREATE = "create"
    KEEP = "keep"
    ADOPT = "adopt"
    CHANGE = "change"
    CHECK = "check"


class StepKind(StrEnum):
    """One kind a file in engine/steps/."""

    CHECK = "check"
    BUCKET = "bucket"
    CLUSTER = "cluster"
    NODE_POOL = "node-pool"
    SERVICE_ACCOUNT = "service-account"
    BINDING = "iam-binding"
    KUBERNETES_ACCOUNT = "kubernetes-account"
    JOBSET_CONTROLLER = "jobset-controller"
    ADMIN_SERVER = "admin-server"
    MODEL_SERVERS = "model-servers"
    HTTP_SERVER = "http-server"
    READINESS = "readiness"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One resource of the plan.

    `usual` is (p50, p90) seconds; `usd_per_hour` is None where no price is known and 0.0 where nothing bills;
    `within` names the step whose deletion takes this one along (a Deployment inside our own cluster).
    """

    id: str
    kind: StepKind
    title: str
    resource: str
    needs: tuple[str, ...] = ()
    action: Action = Action.CREATE
    usual: tuple[float, float] = (5.0, 15.0)
    usd_per_hour: float | None = 0.0
    command: str = ""
    within: str = ""
    note: str = ""
    foreign: str = ""
    """What was found in this place that is not ours, or ""; `up` refuses to start while it is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in topological order. `digest` is the SHA-256 of everything consent is given to."""

    deployment: str
    project: str
    steps: tuple[PlannedStep, ...]
    digest: str
    usd_per_hour: float | None
    critical_path: tuple[str, ...]
    seconds: tuple[float, float]
    sequential_seconds: float
    consequences: tuple[str, ...] = field(default=())
    times_from: str = "published figures"

    @property
    def risks(self) -> tuple[str, ...]:
        """The consequences marked as a risk: consent names each of them."""
        return tuple(sentence for sentence in self.consequences if sentence.startswith("RISK: "))

    def step(self, step_id: str) -> PlannedStep:
        """The step of that id. Raises KeyError."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def count(self, action: Action) -> int:
        """How many steps take this action."""
        return sum(1 for step in self.steps if step.action is action)
