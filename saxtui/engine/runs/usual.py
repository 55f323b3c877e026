"""How long steps usually take: published figures first, this operator's own runs once there are three of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from saxtui.model import events as ev
from saxtui.model.plan import StepKind

PUBLISHED = "published figures"
ENOUGH = 3
"""Runs of this operator's own from which times are learned."""

# Seconds, (p50, p90). Cluster and pools: GKE operations as reported in public logs, 2026 (a regional cluster 6:17 to
# 6:19, big TPU pools 8:26); the rest is what image pulls, IAM and the servers' own start need, estimated.
SEEDED: Mapping[StepKind, tuple[float, float]] = {
    StepKind.CHECK: (4.0, 10.0),
    StepKind.BUCKET: (3.0, 6.0),
    StepKind.CLUSTER: (378.0, 450.0),
    StepKind.NODE_POOL: (240.0, 540.0),
    StepKind.SERVICE_ACCOUNT: (3.0, 10.0),
    StepKind.BINDING: (4.0, 60.0),
    StepKind.KUBERNETES_ACCOUNT: (2.0, 5.0),
    StepKind.JOBSET_CONTROLLER: (60.0, 120.0),
    StepKind.ADMIN_SERVER: (45.0, 120.0),
    StepKind.MODEL_SERVERS: (120.0, 300.0),
    StepKind.HTTP_SERVER: (45.0, 90.0),
    StepKind.READINESS: (5.0, 30.0),
}


LOADS: Mapping[str, tuple[float, float]] = {
    "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B32Test": (540.0, 600.0),
}
"""Seconds a load takes, by model class. Published for this one alone: the Saxml tutorial says up to ten minutes."""


@dataclass(frozen=True, slots=True)
class Times:
    """(p50, p90) seconds of each kind of step. `runs`: how many of the operator's own they were learned from, or 0.

    `loads`: of a load of each model class that was seen often enough here.
    """

    learned: Mapping[StepKind, tuple[float, float]] = field(default_factory=dict)
    runs: int = 0
    loads: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def load(self, path: str) -> tuple[tuple[float, float] | None, str]:
        """Of a load of that class, and where it comes from; (None, "") where nobody knows."""
        if path in self.loads:
            return self.loads[path], "your own loads"
        return (LOADS[path], "the tutorial") if path in LOADS else (None, "")

    def of(self, kind: StepKind) -> tuple[float, float]:
        """The learned time where there is one, else the published one."""
        return self.learned.get(kind, SEEDED[kind])

    @property
    def source(self) -> str:
        """Where they come from, in words."""
        if not self.runs:
            return PUBLISHED
        return f"your own {self.runs} runs" + ("" if len(self.learned) == len(SEEDED) else f" and {PUBLISHED}")


def learn(journals: Iterable[Sequence[ev.Event]]) -> Times:
    """Times from whole journals: only runs of `up` that ended well, only steps that truly made something.

    A run that a pause or a failure broke off says little of the usual time, so it teaches nothing; a step of which
    fewer than ENOUGH runs are known keeps its published time.
    """
    samples: dict[StepKind, list[float]] = {}
    loads: dict[str, list[float]] = {}
    runs = 0
    for events in journals:
        for event in events:
            if isinstance(event, ev.ModelLoaded):
                loads.setdefault(event.path, []).append(event.seconds)
        for run in _good_runs(events):
            runs += 1
            for kind, seconds in _made(run):
                samples.setdefault(kind, []).append(seconds)
    known = {path: _spread(found) for path, found in loads.items() if len(found) >= ENOUGH}
    if runs < ENOUGH:
        return Times(loads=known)
    learned = {kind: _spread(found) for kind, found in samples.items() if len(found) >= ENOUGH}
    return Times(learned, runs if learned else 0, known)


def _good_runs(events: Sequence[ev.Event]) -> Iterable[list[ev.Event]]:
    runs: dict[str, list[ev.Event]] = {}
    for event in events:
        runs.setdefault(event.run, []).append(event)
    for run in runs.values():
        ended = [event for event in run if isinstance(event, ev.RunFinished)]
        made = any(isinstance(event, ev.Owned) and event.step == "cluster" and event.created for event in run)
        if made and ended and (ended[-1].kind, ended[-1].outcome) == ("up", "done"):
            yield run


def _made(run: list[ev.Event]) -> Iterable[tuple[StepKind, float]]:
    began: dict[str, float] = {}
    created: set[str] = set()
    for event in run:
        match event:
            case ev.StepStarted():
                began.setdefault(event.step, event.at)
            case ev.Owned():
                created |= {event.step} if event.created else set()
            case ev.StepDone() if event.step in began:
                kind = kind_of(event.step)
                # A load balancer's address makes the HTTP server's time another one; the journal does not tell which.
                owns = kind not in (StepKind.CHECK, StepKind.READINESS)
                if kind is not StepKind.HTTP_SERVER and (event.step in created or not owns):
                    yield kind, event.at - began[event.step]


def kind_of(step: str) -> StepKind:
    """The kind of the step of that id. Raises ValueError for an id no step has."""
    if step.startswith("pool/"):
        return StepKind.NODE_POOL
    if step.startswith("binding/"):
        return StepKind.BINDING
    return StepKind(step)


def _spread(seconds: list[float]) -> tuple[float, float]:
    """(p50, p90) of three samples or more."""
    tenths = quantiles(seconds, n=10, method="inclusive")
    return tenths[4], tenths[8]
