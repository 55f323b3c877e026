"""The live picture of a cluster: pods as hosts of slices, folded from list+watch. Pure and frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from saxtui.model.workloads import Condition, Container, DeploymentStatus, Job, Node


class HostState(StrEnum):
    """What one pod shows, worst first; glyphs in present/words.py."""

    FAILED = "failed"
    ATTENTION = "attention"
    STARTING = "starting"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    LEAVING = "leaving"
    ABSENT = "absent"

    # Enum hashes in Python; states are looked up for tens of thousands of hosts.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod as saxtui sees it. `slice` and `host` are -1 for pods that are no host of a slice.

    `status` is kubectl's STATUS word; times are epoch seconds; all text is sanitized. `containers` names them,
    `states` tells each one's state; `selector` is the node selector, `chips` the TPU chips asked for.
    """

    uid: str
    name: str
    namespace: str
    phase: str = "Pending"
    status: str = "Pending"
    state: HostState = HostState.WAITING
    message: str = ""
    ready: int = 0
    containers: tuple[str, ...] = ()
    restarts: int = 0
    slice: int = -1
    host: int = -1
    jobset: str = ""
    job: str = ""
    app: str = ""
    node: str = ""
    node_ip: str = ""
    pod_ip: str = ""
    created: float = 0.0
    deleting: bool = False
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    states: tuple[Container, ...] = ()
    conditions: tuple[Condition, ...] = ()
    selector: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    chips: int = 0

    @property
    def primary(self) -> bool:
        """Whether this is the slice's primary: completion index 0."""
        return self.host == 0


@dataclass(frozen=True, slots=True)
class SlicePods:
    """The pods of one slice. `hosts` by completion index, None where no pod is; `others` lost their place to a younger.

    An unchanged slice keeps its identity from picture to picture, so that views need look at changed ones only.
    """

    index: int
    hosts: tuple[Pod | None, ...] = ()
    others: tuple[Pod, ...] = ()
    tally: Mapping[HostState, int] | None = field(default=None, repr=False, compare=False)
    """How many hosts are in each state, once that is known; read `states`."""

    @property
    def present(self) -> tuple[Pod, ...]:
        """The hosts that are there, in completion-index order."""
        return tuple([pod for pod in self.hosts if pod is not None])

    def news(self, before: SlicePods | None) -> list[Pod]:
        """The pods that are not the same objects as in `before`: new ones, and those whose state changed."""
        if before is None:
            return [*self.present, *self.others]
        old = before.hosts + (None,) * len(self.hosts)
        found = [pod for was, pod in zip(old, self.hosts, strict=False) if pod is not None and pod is not was]
        return found + [pod for pod in self.others if not any(pod is was for was in before.others)]

    @property
    def states(self) -> Mapping[HostState, int]:
        """How many hosts are in each state that occurs; a place without a pod is absent."""
        known = self.tally
        if known is None:
            known = Counter([HostState.ABSENT if pod is None else pod.state for pod in self.hosts])
            object.__setattr__(self, "tally", known)
        return known

    @property
    def running(self) -> int:
        """How many hosts run."""
        return self.states.get(HostState.RUNNING, 0)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Pods sorted into slices, and those that belong to none."""

    pods: Mapping[str, Pod]
    slices: Mapping[int, SlicePods]
    loose: tuple[Pod, ...] = ()


def gather(pods: Iterable[Pod]) -> dict[int, SlicePods]:
    """Pods as slices, by slice index in rising order; pods that are no host of a slice are left out."""
    members: dict[int, list[Pod]] = {}
    for pod in pods:
        if pod.slice >= 0 and pod.host >= 0:
            members.setdefault(pod.slice, []).append(pod)
    return {index: slice_of(index, members[index]) for index in sorted(members)}


def slice_of(index: int, pods: Iterable[Pod]) -> SlicePods:
    """One slice of these pods; of several for one host the youngest that is not leaving has the place."""
    found: dict[int, Pod] = {}
    others: list[Pod] = []
    for pod in pods:
        other = found.setdefault(pod.host, pod)
        if other is pod:
            continue
        if (other.deleting, -other.created) > (pod.deleting, -pod.created):
            found[pod.host], pod = pod, other
        others.append(pod)
    return SlicePods(index, tuple(found.get(host) for host in range(max(found, default=-1) + 1)), tuple(others))


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One Kubernetes Event. `at` is its last timestamp and `first` its first, in epoch seconds."""

    uid: str
    at: float
    kind: str
    name: str
    reason: str
    message: str
    warning: bool = False
    count: int = 1
    namespace: str = ""
    source: str = ""
    first: float = 0.0


@dataclass(frozen=True, slots=True)
class Service:
    """A Service: `address` is the load balancer's, "" while pending."""

    name: str
    namespace: str
    type: str = "ClusterIP"
    cluster_ip: str = ""
    address: str = ""
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class JobSetStatus:
    """The JobSet's own word: restarts so far, allowed, and its terminal state if any."""

    name: str = ""
    restarts: int = 0
    max_restarts: int = 0
    terminal: str = ""
    ready_jobs: int = 0
    uid: str = ""
    namespace: str = ""
    created: float = 0.0
    deleting: bool = False
    wanted_jobs: int = 0
    accelerator: str = ""
    topology: str = ""
    conditions: tuple[Condition, ...] = ()


class Freshness(StrEnum):
    """How fresh the picture is: the header's last word."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Everything the watch knows. `seen` is when the server was last heard, epoch seconds on the product's clock.

    `pods`, `nodes`, `jobs` and `system` are keyed by uid, `services` and `deployments` by name. `system` holds the pods
    of the JobSet controller's namespace, `deployments` its Deployments too; `events` are of all these. `hidden` says
    of which kinds nothing can be seen, and why (403): what is absent there is unknown.
    """

    pods: Mapping[str, Pod] = field(default_factory=lambda: MappingProxyType({}))
    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    jobs: Mapping[str, Job] = field(default_factory=lambda: MappingProxyType({}))
    deployments: Mapping[str, DeploymentStatus] = field(default_factory=lambda: MappingProxyType({}))
    system: Mapping[str, Pod] = field(default_factory=lambda: MappingProxyType({}))
    hidden: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    services: Mapping[str, Service] = field(default_factory=lambda: MappingProxyType({}))
    events: tuple[ClusterEvent, ...] = ()
    jobset: JobSetStatus = field(default_factory=JobSetStatus)
    freshness: Freshness = Freshness.CONNECTING
    seen: float = 0.0
    error: str = ""
    gone: tuple[Pod, ...] = ()
    """Pods deleted since the picture before this one that had ended: their last state, which no picture shows."""
    gathered: Gathered | None = field(default=None, repr=False, compare=False)
    """What follows from the pods; read `slices` and `loose`."""

    @property
    def slices(self) -> Mapping[int, SlicePods]:
        """The slices that have pods, by job index in rising order."""
        return self._gathered.slices

    @property
    def loose(self) -> tuple[Pod, ...]:
        """The pods that are no host of a slice."""
        return self._gathered.loose

    @property
    def _gathered(self) -> Gathered:
        """Gathered once where the watch did not."""
        known = self.gathered
        if known is None or known.pods is not self.pods:
            loose = tuple(pod for pod in self.pods.values() if pod.slice < 0 or pod.host < 0)
            known = Gathered(self.pods, MappingProxyType(gather(self.pods.values())), loose)
            object.__setattr__(self, "gathered", known)
        return known

    def hosts(self, slice_index: int) -> dict[int, Pod]:
        """The slice's pods by completion index; of several for one index the youngest that is not leaving."""
        found = self.slices.get(slice_index)
        return {pod.host: pod for pod in found.present} if found else {}

    @property
    def slice_indexes(self) -> tuple[int, ...]:
        """The job indexes that have at least one pod, sorted."""
        return tuple(self.slices)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's log. `at` is the server's timestamp (epoch seconds), `text` sanitized.

    `gap` marks a hole in the stream before this line: text says why.
    """

    pod: str
    at: float
    text: str
    slice: int = -1
    host: int = -1
    gap: bool = False
