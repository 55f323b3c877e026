"""What a scenario file may say a fault is, as types; `when` it strikes is in schema_base. Unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from saxtui.emulator.scenarios.schema_acts import (
    ApiDisabled,
    BindingRemoved,
    BucketDeleted,
    ClusterUpgrade,
    ContainerExits,
    LogFlood,
    LogsBreak,
    ModelPublished,
    NodeCordoned,
    NodeDrained,
    NodePressure,
    NodeTainted,
    ObjectChanged,
    ObjectCreated,
    ObjectDeleted,
    PodDeleted,
    PodEvicted,
    PoolDeleted,
    SliceLost,
    WatchSilent,
)
from saxtui.emulator.scenarios.schema_base import (
    Fault,
    RequestFault,
    SeamFault,
    Seconds,
    StateFault,
    Status,
    pattern,
)


# -- on the wire
class Error(RequestFault, tag="error"):
    """The request is refused and has no effect; "" words are the service's own."""

    status: Status
    message: str = ""
    reason: str = ""
    retry_after: Annotated[int, Meta(ge=0)] | None = None


class Html(RequestFault, tag="html"):
    """A page of a proxy or a captive portal instead of an answer."""

    status: Annotated[int, Meta(ge=200, le=599)] = 502


class Garbage(RequestFault, tag="garbage"):
    """200 with bytes that are neither JSON nor text."""


class Huge(RequestFault, tag="huge"):
    """200 with a JSON string of so many megabytes."""

    megabytes: Annotated[int, Meta(ge=1, le=100)] = 10


class Drop(RequestFault, tag="drop"):
    """The connection closes without an answer; nothing took effect."""


class LostResponse(RequestFault, tag="lost-response"):
    """The request takes effect, then the connection closes without an answer."""


class Late(RequestFault, tag="late"):
    """An error now; the request takes effect so many seconds later."""

    not_of = ("kubernetes", "sax")
    seconds: Seconds
    status: Status = 503


class Hang(RequestFault, tag="hang"):
    """The answer comes so many seconds late."""

    seconds: Seconds


class ListLag(RequestFault, tag="list-lag"):
    """Lists show what was written through the same API only so many seconds later."""

    not_of = ("kubernetes", "sax")
    seconds: Seconds


class PolicyConflict(RequestFault, tag="policy-conflict"):
    """Somebody else changes the policy between the caller's read and its write."""

    not_of = ("kubernetes", "sax", "container", "compute", "serviceusage")
    member: str = "user:colleague@example.com"
    role: str = "roles/viewer"


# -- before something is done
class Stockout(SeamFault, tag="stockout"):
    """The pool fails with GCE_STOCKOUT after so many seconds, with `running` of its machines there till then."""

    seams = ("pool.create", "pool.resize")
    after: Seconds = 300.0
    running: Annotated[int, Meta(ge=0)] = 0


class QuotaExceeded(SeamFault, tag="quota-exceeded"):
    """The pool fails with GCE_QUOTA_EXCEEDED after so many seconds."""

    seams = ("pool.create", "pool.resize")
    after: Seconds = 38.0
    metric: str = "SSD_TOTAL_GB"
    limit: Seconds = 250.0


class SlowOperation(SeamFault, tag="slow-operation"):
    """The operation takes that many times as long."""

    seams = ("cluster.create", "cluster.delete", "pool.create", "pool.resize", "pool.delete")
    factor: Annotated[float, Meta(gt=0, le=1000)]


class ClusterFails(SeamFault, tag="cluster-fails"):
    """The operation ends in an error, and the cluster stays with status ERROR."""

    seams = ("cluster.create",)
    message: str


class BucketTaken(SeamFault, tag="bucket-taken"):
    """Somebody else made a bucket of that name a moment ago."""

    seams = ("bucket.create",)


class LoadFails(SeamFault, tag="load-fails"):
    """A model server cannot load the model: too little HBM, no such checkpoint, no such class, or something else.

    `secondary`: only a secondary fails, and its primary does not notice.
    """

    seams = ("model.load",)
    problem: Literal["hbm", "checkpoint", "class", "internal", "secondary"] = "hbm"


class LoadSlow(SeamFault, tag="load-slow"):
    """The load takes that many times as long."""

    seams = ("model.load",)
    factor: Annotated[float, Meta(gt=0, le=1000)]


# -- for a while
class QuotaLimit(StateFault, tag="quota-limit"):
    """The region's quota of a metric is that low."""

    metric: str
    limit: Seconds


class BillingOff(StateFault, tag="billing-off"):
    """The project has no billing account."""


class Reserved(StateFault, tag="reservation"):
    """A reservation of so many machines in a zone, some of them used."""

    name: str
    zone: str
    machine: str
    count: Annotated[int, Meta(ge=0)]
    used: Annotated[int, Meta(ge=0)] = 0


class PermissionMissing(StateFault, tag="permission-missing"):
    """The caller lacks these permissions: testIamPermissions says so, and the calls are refused."""

    permissions: Annotated[list[str], Meta(min_length=1)]


class IamDelay(StateFault, tag="iam-delay"):
    """A new binding counts only after `bindings` seconds; a new service account is unknown for `accounts` seconds."""

    bindings: Seconds = 0.0
    accounts: Seconds = 0.0


class ImagePullFails(StateFault, tag="image-pull-fails"):
    """Images that match cannot be pulled."""

    image: str
    message: str = "not found"

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.image)


class SlowReadiness(StateFault, tag="slow-readiness"):
    """Containers of matching images that have a readiness probe pass it so much later."""

    image: str
    seconds: Seconds

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.image)


class SelectorInjected(StateFault, tag="selector-injected"):
    """Somebody's admission webhook gives new pods of matching names other node selectors."""

    pods: str
    selector: dict[str, str]

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.pods)


class MeshBlocked(StateFault, tag="mesh-blocked"):
    """Hosts of matching Jobs cannot reach each other, so their slice never forms."""

    jobs: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern(self.jobs)


class ChipMetrics(StateFault, tag="chip-metrics"):
    """The TPU nodes' device plugins serve no metrics at all, or none of the containers' TPU runtime."""

    missing: Literal["all", "runtime"] = "all"


class LoadBalancerPending(StateFault, tag="load-balancer-pending"):
    """Services of type LoadBalancer get no address."""

    message: str = "Quota 'IN_USE_ADDRESSES' exceeded. Limit: 8.0 in region us-west4., quotaExceeded"


AnyFault = (
    Error
    | Html
    | Garbage
    | Huge
    | Drop
    | LostResponse
    | Late
    | Hang
    | ListLag
    | PolicyConflict
    | Stockout
    | QuotaExceeded
    | SlowOperation
    | ClusterFails
    | BucketTaken
    | LoadFails
    | QuotaLimit
    | BillingOff
    | Reserved
    | PermissionMissing
    | IamDelay
    | ImagePullFails
    | SlowReadiness
    | LoadBalancerPending
    | ApiDisabled
    | ClusterUpgrade
    | BindingRemoved
    | ContainerExits
    | PodDeleted
    | PodEvicted
    | NodeCordoned
    | NodeDrained
    | SliceLost
    | WatchSilent
    | LogFlood
    | LogsBreak
    | ObjectCreated
    | ObjectChanged
    | ObjectDeleted
    | NodeTainted
    | NodePressure
    | PoolDeleted
    | BucketDeleted
    | ModelPublished
    | SelectorInjected
    | MeshBlocked
    | ChipMetrics
    | LoadSlow
)

KINDS = tuple(sorted(str(kind.__struct_config__.tag) for kind in get_args(AnyFault)))


def parse(entry: object) -> Fault:
    """One entry of `faults`. Raises msgspec.ValidationError."""
    found: Fault = msgspec.convert(entry, type=AnyFault)
    return found
