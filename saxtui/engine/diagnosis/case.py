"""The picture that the rules judge: frozen, with the questions that most rules ask of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from saxtui.model.cluster import ClusterEvent, ClusterView, HostState, LogLine, Pod
from saxtui.model.deployment import Deployment
from saxtui.model.diagnosis import Clue
from saxtui.model.phases import Phase, Phases
from saxtui.model.progress import Ownership, RunProgress
from saxtui.model.serving import ModelStatus, Rung
from saxtui.model.workloads import Ending, Node

JOBSET = "sax-model-server-set"
ADMIN, HTTP, SERVICE, CONTROLLER = "sax-admin-server", "sax-http", "sax-http-lb", "jobset-controller-manager"
SYSTEM = "jobset-system"
GRACE = 20.0
"""Seconds a pod may be pending, and a condition new, before it is worth a word."""


@dataclass(frozen=True, slots=True)
class Fallen:
    """A container that ended badly and may be gone by now, with its last lines as far as they could be read."""

    pod: str
    uid: str
    slice: int
    host: int
    ending: Ending
    lines: tuple[LogLine, ...] = ()
    evicted: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, or its absence, of the HTTP server. `waited` is how long it has been asked, in seconds."""

    what: str
    said: str
    at: float
    ok: bool = False
    waited: float = 0.0
    slice: int = -1


@dataclass(frozen=True)
class Case:
    """Everything a rule may look at. `logs` holds recent lines by pod uid; a pod that is not in it was not read.

    `heard` are answers of the HTTP server, oldest first; `usd_per_hour` what bills now, None unknown; `at_work`
    whether a run of `up` or `down` is under way in a live process.
    """

    now: float
    deployment: Deployment
    view: ClusterView = field(default_factory=ClusterView)
    progress: RunProgress = field(default_factory=RunProgress)
    models: tuple[ModelStatus, ...] = ()
    logs: Mapping[str, tuple[LogLine, ...]] = field(default_factory=lambda: MappingProxyType({}))
    phases: Phases = field(default_factory=lambda: MappingProxyType({}))
    fallen: tuple[Fallen, ...] = ()
    heard: tuple[Heard, ...] = ()
    usd_per_hour: float | None = None
    at_work: bool = False

    # -- pods
    @cached_property
    def hosts(self) -> tuple[Pod, ...]:
        """Pods of slices, in order, without those that leave. Found once: every rule asks for them."""
        return tuple(
            pod
            for pods in self.view.slices.values()
            for pod in sorted((*pods.present, *pods.others), key=lambda pod: (pod.host, pod.created))
            if not pod.deleting and self._ours(pod)
        )

    def _ours(self, pod: Pod) -> bool:
        return pod.jobset in ("", self.view.jobset.name or pod.jobset)

    def slice(self, index: int) -> list[Pod]:
        """The slice's pods in host order, one for each host."""
        found = self.view.hosts(index)
        return [found[host] for host in sorted(found) if not found[host].deleting and self._ours(found[host])]

    @property
    def size(self) -> int:
        """Hosts in one slice."""
        return self.deployment.slices.shape.hosts

    def apps(self, *names: str) -> list[Pod]:
        """Pods of our Deployments by their label `app`, all of them without names."""
        wanted = names or (ADMIN, HTTP)
        return [pod for pod in self.view.loose if pod.app in wanted and not pod.deleting]

    @cached_property
    def everyone(self) -> tuple[Pod, ...]:
        """Hosts, our servers, and the JobSet controller's pods."""
        return (*self.hosts, *self.apps(), *(pod for pod in self.view.system.values() if not pod.deleting))

    @cached_property
    def ended(self) -> tuple[Fallen, ...]:
        """What ended badly among the hosts that are there."""
        return tuple(endings(pod for pod in self.view.pods.values() if pod.slice >= 0))

    @cached_property
    def held(self) -> tuple[Pod, ...]:
        """Pods with a container that waits for something."""
        return tuple(pod for pod in self.everyone if any(item.waiting for item in pod.states))

    def pending(self) -> Iterator[tuple[Pod, str]]:
        """Pods that the scheduler refuses, with its words."""
        for pod in self.everyone:
            refused = next((item for item in pod.conditions if item.type == "PodScheduled" and not item.true), None)
            if pod.phase == "Pending" and not pod.node and refused and self.now - pod.created >= GRACE:
                yield pod, refused.message or refused.reason

    # -- nodes
    def node(self, name: str) -> Node | None:
        """The node of that name."""
        return next((node for node in self.view.nodes.values() if node.name == name), None)

    @property
    def tpu_nodes(self) -> list[Node]:
        """Nodes with TPU chips."""
        return [node for node in self.view.nodes.values() if node.topology or node.chips]

    @property
    def sees_nodes(self) -> bool:
        """Whether nodes can be seen: without leave their absence says nothing."""
        return "Node" not in self.view.hidden and bool(self.view.nodes)

    # -- events and logs
    def events(self, *reasons: str, name: str = "", kind: str = "", after: float = 0.0) -> list[ClusterEvent]:
        """Events of these reasons, oldest first; `name` is a prefix of the object's."""
        return [
            event
            for event in self.view.events
            if event.reason in reasons
            and event.name.startswith(name)
            and kind in ("", event.kind)
            and event.at >= after
        ]

    def log(self, pod: Pod) -> tuple[LogLine, ...]:
        """What was read of the pod's log."""
        return self.logs.get(pod.uid, ())

    def lines(self, pattern: str, pods: Iterable[Pod]) -> Iterator[tuple[Pod, LogLine, re.Match[str]]]:
        """The last line of each pod that matches."""
        search = re.compile(pattern).search
        for pod in pods:
            for line in reversed(self.log(pod)):
                match = search(line.text)
                if match:
                    yield pod, line, match
                    break

    def read(self, pod: Pod) -> bool:
        """Whether its log was read: only then its silence says something."""
        phase = self.phases.get(pod.uid)
        return bool(self.log(pod)) or (phase is not None and phase.read)

    def formed(self, pod: Pod) -> bool:
        """Whether its log shows that it found its slice."""
        phase = self.phases.get(pod.uid)
        if phase is not None and phase.phase not in (Phase.UNHEARD, Phase.WAITING):
            return True
        return any("JAX process:" in line.text or "Starting runner" in line.text for line in self.log(pod))

    # -- the whole
    def step_done(self, step_id: str) -> float | None:
        """When the step ended well, None when it has not (or by nobody who keeps this journal)."""
        step = self.progress.step(step_id)
        return step.ended if step.state.value == "done" else None

    @property
    def up(self) -> bool:
        """Whether the deployment is meant to stand: its model servers were made and are not being taken away."""
        step = self.progress.step("model-servers")
        if self.progress.kind == "down" or self.paused:
            return False
        return step.ownership in (Ownership.OWNED, Ownership.ADOPTED) or bool(self.view.jobset.name)

    @property
    def paused(self) -> bool:
        """Whether its slices are at zero hosts on purpose, or on their way there or back."""
        return bool(self.progress.paused) or (self.progress.kind in ("pause", "mend") and self.progress.running)

    def settled(self, index: int) -> bool:
        """Whether the slice is as it should be: every host runs and, if a model is meant for it, has it loaded."""
        pods = self.slice(index)
        if len(pods) < self.size or any(pod.state is not HostState.RUNNING for pod in pods):
            return False
        if any(truth.slice == index and truth.rung >= Rung.LOADED for model in self.models for truth in model.replicas):
            return True
        published = any(model.max_replicas > 0 and model.active_replicas > 0 for model in self.models)
        return not published and (not self.read(pods[0]) or self.formed(pods[0]))

    @property
    def billing(self) -> str:
        """What it costs while this lasts."""
        if self.usd_per_hour is None:
            return "bills meanwhile, at a price that is not known"
        return f"${self.usd_per_hour:,.2f} an hour meanwhile" if self.usd_per_hour else ""

    @property
    def name(self) -> str:
        """The deployment's name, for commands."""
        return self.deployment.name


def eviction(pod: Pod) -> str:
    """The kubelet's words when it evicted the pod, else ""."""
    ended = (item for item in pod.conditions if item.type == "DisruptionTarget" and item.true)
    told = next((item.message or item.reason for item in ended if item.reason == "TerminationByKubelet"), "")
    return told or (pod.message or "evicted" if pod.status == "Evicted" else "")


def endings(pods: Iterable[Pod]) -> Iterator[Fallen]:
    """What ended badly among these pods, also in the run before the present one; and what was evicted."""
    for pod in pods:
        evicted = eviction(pod)
        for state in pod.states:
            for ending in (state.ended, state.last):
                if ending is not None and (ending.code or ending.signal):
                    yield Fallen(pod.name, pod.uid, pod.slice, pod.host, ending, evicted=evicted)
        if evicted and not any(state.ended for state in pod.states):
            yield Fallen(pod.name, pod.uid, pod.slice, pod.host, Ending(-1, "Evicted", evicted), evicted=evicted)


# -- words
def host(pod: Pod) -> str:
    """ "host 1-5", or the pod's name when it is no host."""
    return f"host {pod.slice}-{pod.host}" if pod.slice >= 0 else pod.name


def several(pods: Iterable[Pod]) -> str:
    """ "host 1-5", "slice 1 (8 pods)", "3 hosts (0-1, 1-5, 1-6)"."""
    found = list(pods)
    if len(found) == 1:
        return host(found[0])
    hosts = [pod for pod in found if pod.slice >= 0]
    if len(hosts) != len(found):
        return ", ".join(pod.app or pod.name for pod in found[:3]) + (", ..." if len(found) > 3 else "")
    where = sorted({pod.slice for pod in hosts})
    if len(hosts) > 4:
        slices = f"slice {where[0]}" if len(where) == 1 else f"{len(where)} slices"
        return f"{len(hosts)} hosts of {slices}"
    return f"hosts {', '.join(f'{pod.slice}-{pod.host}' for pod in hosts)}"


def said_by(line: LogLine, pod: Pod | None = None) -> Clue:
    """A log line as evidence."""
    where = f"{line.slice}-{line.host}" if line.slice >= 0 else line.pod
    if pod is not None and pod.slice >= 0:
        where = f"{pod.slice}-{pod.host}"
    return Clue(f"log of {where}", line.text[:400], line.at)


def told_by(event: ClusterEvent) -> Clue:
    """An event as evidence."""
    times = f" ({event.count} times)" if event.count > 1 else ""
    return Clue(f"event of {event.kind.lower()}/{event.name}", f"{event.reason}: {event.message}{times}", event.at)


def slices_of(pods: Iterable[Pod]) -> frozenset[int]:
    """The slices these pods are hosts of."""
    return frozenset(pod.slice for pod in pods if pod.slice >= 0)


def grouped(found: Iterable[tuple[Pod, str]], key: Callable[[Pod, str], str]) -> dict[str, list[tuple[Pod, str]]]:
    """Pods that suffer from the same, together: sixteen with one cause are one finding. "" keys are left out."""
    groups: dict[str, list[tuple[Pod, str]]] = {}
    for pod, text in found:
        name = key(pod, text)
        if name:
            groups.setdefault(name, []).append((pod, text))
    return groups
