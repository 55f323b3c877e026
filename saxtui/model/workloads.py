"""Parts of the live picture beside pods: nodes, Jobs, Deployments, containers and conditions. Pure and frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of an object's status.conditions. `since` is its last transition in epoch seconds, 0.0 unknown."""

    type: str
    true: bool
    reason: str = ""
    message: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a container ended. `at` in epoch seconds, 0.0 unknown; `signal` 0 when it exited by itself."""

    code: int
    reason: str = ""
    message: str = ""
    signal: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Container:
    """One container's state: exactly one of `waiting` (a reason), `running` and `ended` tells, or none yet.

    `last` is how the run before the present one ended, None when there was none. `since` is when the present run
    began, epoch seconds.
    """

    name: str
    image: str = ""
    ready: bool = False
    restarts: int = 0
    waiting: str = ""
    message: str = ""
    running: bool = False
    since: float = 0.0
    ended: Ending | None = None
    last: Ending | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `pool`, `accelerator`, `topology` and `zone` come from GKE's labels; `chips` is allocatable TPU chips.

    `taints` are "key=value:effect". `cpu` is allocatable CPUs, `created` epoch seconds.
    """

    uid: str
    name: str
    pool: str = ""
    zone: str = ""
    machine: str = ""
    accelerator: str = ""
    topology: str = ""
    chips: int = 0
    cpu: float = 0.0
    spot: bool = False
    cordoned: bool = False
    deleting: bool = False
    created: float = 0.0
    address: str = ""
    version: str = ""
    conditions: tuple[Condition, ...] = ()
    taints: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether the kubelet says so."""
        return any(item.type == "Ready" and item.true for item in self.conditions)


@dataclass(frozen=True, slots=True)
class Job:
    """One Job of the JobSet: a slice's. `attempt` is the JobSet's restart it belongs to; `slice` -1 for other Jobs."""

    uid: str
    name: str
    namespace: str
    slice: int = -1
    jobset: str = ""
    attempt: int = 0
    wanted: int = 0
    active: int = 0
    ready: int = 0
    failed: int = 0
    succeeded: int = 0
    created: float = 0.0
    deleting: bool = False
    accelerator: str = ""
    topology: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def failure(self) -> Condition | None:
        """The condition Failed, when it is true."""
        return next((item for item in self.conditions if item.type == "Failed" and item.true), None)


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """One Kubernetes Deployment's own word."""

    uid: str
    name: str
    namespace: str
    wanted: int = 1
    ready: int = 0
    available: int = 0
    created: float = 0.0
    image: str = ""
    conditions: tuple[Condition, ...] = ()
