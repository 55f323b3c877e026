"""What a scenario file may say, as types: `when` a fault strikes and what it is. Unknown keys are refused.

Four sorts of faults, by what decides that they strike: a request on the wire, something the emulator is about to do
(a pool or a bucket is being made, a model loaded), a state that holds for a while, or an act at one moment.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field

Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Status = Annotated[int, Meta(ge=400, le=599)]
Service = Literal[
    "container",
    "storage",
    "iam",
    "cloudresourcemanager",
    "serviceusage",
    "compute",
    "kubernetes",
    "sax",
]
SEAMS = ("cluster.create", "cluster.delete", "pool.create", "pool.resize", "pool.delete", "bucket.create", "model.load")
"""What the emulator asks about before it does it; a name may follow after a slash, with * and ?."""
MOMENTS = ("cluster.running", "pool.nodes", "container.started", "service.address", "model.loaded")
"""What has just happened, likewise with a name: of the cluster, node pool, pod, Service or model."""


def pattern(text: str) -> None:
    """Raises ValueError unless it is a regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {text!r} ({error})") from None


class RequestMatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which requests: of one API, "" any method, and a regular expression searched in the path."""

    service: Service
    method: str = ""
    path: str = ""

    def __post_init__(self) -> None:
        pattern(self.path)


class When(Struct, forbid_unknown_fields=True, kw_only=True):
    """`at` seconds of simulated time since the start; `on` an event, `after` so many seconds; or `request`.

    The `nth` occasion is the first that counts, and `times` of them do (1 unless `for` is given; then all); each with
    this `probability`. `for` seconds: how long a state holds, or how long matching requests fail from the first on.
    `every` repeats an act `times` times, that many seconds apart.
    """

    at: Seconds | None = None
    on: str = ""
    request: RequestMatch | None = None
    after: Seconds = 0.0
    nth: Count = 1
    times: Count | None = None
    every: Seconds = 0.0
    lasting: Seconds | None = field(name="for", default=None)
    probability: Annotated[float, Meta(gt=0, le=1)] = 1.0

    def __post_init__(self) -> None:
        if (self.at is not None) + bool(self.on) + (self.request is not None) != 1 and not (
            self.at is not None and self.request is not None
        ):
            raise ValueError("when needs one of at, on and request (at may go with request)")
        event = self.on.partition("/")[0]
        if self.on and event not in (*SEAMS, *MOMENTS):
            raise ValueError(f"unknown event {event!r}; known: {', '.join((*SEAMS, *MOMENTS))}")


_PLAIN = {"after": 0.0, "times": None, "every": 0.0, "lasting": None, "probability": 1.0}
_MEANINGLESS = {
    "request": ("after", "every"),
    "seam": ("after", "every", "lasting"),
    "state": ("every", "times", "probability"),
    "act": ("lasting", "probability"),
}


class Fault(Struct, forbid_unknown_fields=True, kw_only=True, tag_field="fault"):
    """What every fault has. `sort`: request, seam, state or act."""

    sort: ClassVar[str] = ""
    seams: ClassVar[tuple[str, ...]] = ()
    when: When

    def __post_init__(self) -> None:
        event = self.when.on.partition("/")[0]
        if self.sort == "request" and self.when.request is None:
            raise ValueError("this fault strikes requests: when.request is needed")
        if self.sort != "request" and self.when.request is not None:
            raise ValueError("this fault does not strike requests: when.at or when.on is needed")
        if self.sort == "seam" and event not in self.seams:
            raise ValueError(f"when.on must be one of {', '.join(self.seams)}")
        if self.sort in ("state", "act") and event and event not in MOMENTS:
            raise ValueError(f"when.on must be one of {', '.join(MOMENTS)}")
        for key in _MEANINGLESS[self.sort]:
            if getattr(self.when, key) != _PLAIN[key]:
                raise ValueError(f"when.{'for' if key == 'lasting' else key} means nothing for this fault")
        if self.sort == "act" and self.when.times is not None and not self.when.every:
            raise ValueError("when.times of an act needs when.every")


# -- on the wire
class RequestFault(Fault):
    """Strikes matching requests, by default of every service."""

    sort = "request"
    not_of: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.when.request is not None and self.when.request.service in self.not_of:
            raise ValueError(f"this fault does not strike requests of {self.when.request.service}")


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
class SeamFault(Fault):
    """Strikes what the emulator is about to do."""

    sort = "seam"


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
    """A model server cannot load the model: too little HBM, no such checkpoint, no such class."""

    seams = ("model.load",)
    problem: Literal["hbm", "checkpoint", "class"] = "hbm"


# -- for a while
class StateFault(Fault):
    """Holds from its moment on, for ever or `for` so many seconds."""

    sort = "state"


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


class LoadBalancerPending(StateFault, tag="load-balancer-pending"):
    """Services of type LoadBalancer get no address."""

    message: str = "Quota 'IN_USE_ADDRESSES' exceeded. Limit: 8.0 in region us-west4., quotaExceeded"


# -- at one moment
class ActFault(Fault):
    """Does something at its moment."""

    sort = "act"


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


class PodFault(ActFault):
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
)

KINDS = tuple(sorted(str(kind.__struct_config__.tag) for kind in get_args(AnyFault)))


def parse(entry: object) -> Fault:
    """One entry of `faults`. Raises msgspec.ValidationError."""
    found: Fault = msgspec.convert(entry, type=AnyFault)
    return found
