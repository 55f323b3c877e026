"""What is served: the truth ladder of a published model, and one generate request. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Rung(IntEnum):
    """How far one replica is known to be. Each rung needs its own evidence."""

    NONE = 0
    PUBLISHED = 1
    ASSIGNED = 2
    LOADING = 3
    LOADED = 4
    ANSWERED = 5
    FAILED = -1


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a rung is lit: where it was read, the line itself, and when (epoch seconds)."""

    rung: Rung
    source: str
    line: str
    at: float


@dataclass(frozen=True, slots=True)
class ReplicaTruth:
    """One slice's replica of one model. `broken`: why it cannot answer although its log says loaded, "" if it can."""

    slice: int
    rung: Rung
    evidence: tuple[Evidence, ...] = ()
    since: float = 0.0
    broken: str = ""

    @property
    def able(self) -> bool:
        """Whether it can answer: proved loaded, and its slice is whole."""
        return self.rung >= Rung.LOADED and not self.broken

    @property
    def failed(self) -> bool:
        """Whether the load failed; Sax never tries again by itself."""
        return self.rung is Rung.FAILED


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One published model as /listcell tells it (`active_replicas` = assigned, not loaded) and as the logs prove it.

    `usual` is (p50, p90) seconds of a load of this class, as `usual_from` says. `ours` is False where this deployment's
    journal knows of nobody who published it: it came back from a re-used bucket, or a colleague published it.
    `offered`: the classes the slices' own logs say they can serve, when no slice took it and its class is not one.
    """

    id: str
    path: str
    checkpoint: str
    max_replicas: int
    active_replicas: int
    replicas: tuple[ReplicaTruth, ...] = ()
    as_of: float = 0.0
    usual: tuple[float, float] | None = None
    usual_from: str = ""
    ours: bool = True
    offered: tuple[str, ...] = ()

    @property
    def loaded(self) -> int:
        """Replicas proved loaded."""
        return sum(1 for replica in self.replicas if replica.rung >= Rung.LOADED)

    @property
    def able(self) -> int:
        """Replicas that can answer: loaded, on slices that are whole."""
        return sum(1 for replica in self.replicas if replica.able)

    @property
    def failed(self) -> int:
        """Replicas whose load failed."""
        return sum(1 for replica in self.replicas if replica.failed)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Parameters of one generate; None leaves the server's default. Only the new dialect takes them."""

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    max_steps: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sampled continuation with its score (log-probability-like, higher is better; None where none is told)."""

    text: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one prompt. `seconds` is the wall time of the request on the product's clock."""

    model: str
    prompt: str
    candidates: tuple[Candidate, ...]
    seconds: float

    @property
    def text(self) -> str:
        """The best candidate's text."""
        return self.candidates[0].text if self.candidates else ""

    @property
    def tokens_per_second(self) -> float:
        """An estimate: four characters a token."""
        return len(self.text) / 4 / self.seconds if self.seconds > 0 else 0.0


class Dialect(IntEnum):
    """Which HTTP server answers: v1.0.0's or v1.2.0's."""

    UNKNOWN = 0
    OLD = 1
    NEW = 2


@dataclass(frozen=True, slots=True)
class Reached:
    """How the HTTP server is reached: "API server", or the load balancer's address when `straight`.

    `blocked`: it answers one request at a time, and one that was given up is still being worked on.
    """

    way: str
    straight: bool
    dialect: Dialect
    blocked: bool
    since: float


class Pulse(StrEnum):
    """How one beat of the canary went. BLOCKED: not sent, the server still works on a request that was given up."""

    OK = "ok"
    SLOW = "slow"
    TIMEOUT = "timeout"
    ERROR = "error"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Beat:
    """One tiny bounded prompt of the canary: when, to which model, how long it took, what was said if it failed."""

    at: float
    pulse: Pulse
    seconds: float
    model: str
    said: str = ""

    @property
    def good(self) -> bool:
        """Whether it was answered."""
        return self.pulse in (Pulse.OK, Pulse.SLOW)
