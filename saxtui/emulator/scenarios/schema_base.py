"""When a fault strikes, as types, and the four sorts of faults. Unknown keys are refused.

Four sorts of faults, by what decides that they strike: a request on the wire, something the emulator is about to do
(a pool or a bucket is being made, a model loaded), a state that holds for a while, or an act at one moment.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

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


class RequestFault(Fault):
    """Strikes matching requests, by default of every service."""

    sort = "request"
    not_of: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.when.request is not None and self.when.request.service in self.not_of:
            raise ValueError(f"this fault does not strike requests of {self.when.request.service}")


class SeamFault(Fault):
    """Strikes what the emulator is about to do."""

    sort = "seam"


class StateFault(Fault):
    """Holds from its moment on, for ever or `for` so many seconds."""

    sort = "state"


class ActFault(Fault):
    """Does something at its moment."""

    sort = "act"
