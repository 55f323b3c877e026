"""Faults that are acts: somebody, or the machines, do something at one moment."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from saxtui.emulator.scenarios.schema_base import ActFault, Count, Seconds, pattern


class ApiDisabled(ActFault, tag="api-disabled"):
    """Somebody turns an API off, e.g. container.googleapis.com."""

    api: str


class ClusterUpgrade(ActFault, tag="cluster-upgrade"):
    """GKE upgrades the control plane: an operation that keeps the cluster busy."""

    seconds: Seconds = 600.0


class BindingRemoved(ActFault, tag="binding-removed"):
    """Somebody takes the role away from matching members, in every policy."""

    role: str
    member: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.member)


class PodFault(ActFault, kw_only=True):
    """Strikes the first `count` live pods, in order of name, whose name matches."""

    pods: str
    count: Count = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.pods)


class ContainerExits(PodFault, tag="container-exits"):
    """The pod's containers end with that code; "" reason is Error or Completed."""

    code: Annotated[int, Meta(ge=0, le=255)] = 137
    reason: str = ""


class PodDeleted(PodFault, tag="pod-deleted"):
    """Somebody deletes the pod."""


class PodEvicted(PodFault, tag="pod-evicted"):
    """The kubelet evicts the pod for lack of memory on its node."""


class LogFlood(PodFault, tag="log-flood"):
    """The pod's containers write so many lines at once: `text`, and each line's number."""

    lines: Annotated[int, Meta(ge=1, le=100_000)]
    text: str = "flood line"


class LogsBreak(ActFault, tag="logs-break"):
    """Log streams that are open end, as when the API server is replaced; they may be asked for again at once."""


class NodeFault(ActFault):
    """Strikes the first `count` nodes of a node pool."""

    pool: str
    count: Count = 1


class NodeCordoned(NodeFault, tag="node-cordoned"):
    """Somebody makes the node unschedulable."""


class NodeDrained(NodeFault, tag="node-drained"):
    """Somebody makes the node unschedulable and evicts its pods."""


class SliceLost(ActFault, tag="slice-lost"):
    """One host of a slice's node pool is lost: GKE takes the whole slice away and makes it anew."""

    pool: str
    back_after: Seconds = 300.0


class WatchSilent(ActFault, tag="watch-silent"):
    """Open watches say nothing for so many seconds; then they go on, end, or end with 410 Expired."""

    seconds: Seconds
    then: Literal["resume", "close", "expired"] = "expired"


class ObjectFault(ActFault, kw_only=True):
    """Strikes objects of a kind in a namespace ("" for kinds without one) whose whole name matches."""

    kind: str
    name: str
    namespace: str = "default"
    count: Count = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.name)


class ObjectCreated(ActFault, tag="object-created"):
    """Somebody applies an object of their own."""

    object: dict[str, Any]


class ObjectChanged(ObjectFault, tag="object-changed", kw_only=True):
    """Somebody changes the objects: `patch` is a JSON merge patch."""

    patch: dict[str, Any]


class ObjectDeleted(ObjectFault, tag="object-deleted"):
    """Somebody deletes the objects."""


class NodeTainted(NodeFault, tag="node-tainted", kw_only=True):
    """The nodes get a taint, from somebody or from Google's own controllers."""

    key: str
    value: str = ""
    effect: Literal["NoSchedule", "NoExecute", "PreferNoSchedule"] = "NoSchedule"


class NodePressure(NodeFault, tag="node-pressure"):
    """The kubelet tells of too little memory, disk or process ids."""

    condition: Literal["MemoryPressure", "DiskPressure", "PIDPressure"] = "MemoryPressure"


class PoolDeleted(ActFault, tag="pool-deleted"):
    """Somebody deletes the node pool: its nodes go, and what ran on them."""

    pool: str


class BucketDeleted(ActFault, tag="bucket-deleted"):
    """Somebody deletes the buckets whose name matches, by default those cells are kept in, with all that is in them."""

    bucket: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.bucket)


class ModelPublished(ActFault, tag="model-published"):
    """Somebody else publishes a model in every cell."""

    model: str
    path: str
    checkpoint: str = "None"
    replicas: Annotated[int, Meta(ge=0)] = 1
