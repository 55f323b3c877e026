"""Pods as rows, and slices as grids laid out as the hardware is: host by host in completion-index order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from saxtui.model.cluster import ClusterView, HostState, Pod, SlicePods
from saxtui.model.phases import HostPhase, Phase, Phases, PhasesBySlice, of
from saxtui.present.mesh import HostMesh, host_mesh
from saxtui.present.words import HOST, PHASE, Sign, age

_SIGNS = (
    HOST[HostState.FAILED], PHASE[Phase.FAILED], HOST[HostState.ATTENTION], HOST[HostState.LEAVING],
    HOST[HostState.ABSENT], HOST[HostState.STARTING], HOST[HostState.WAITING], PHASE[Phase.WAITING],
    PHASE[Phase.LOADING], HOST[HostState.DONE], HOST[HostState.RUNNING], PHASE[Phase.JOINED], PHASE[Phase.LOADED],
    PHASE[Phase.SERVING],
)  # fmt: skip
"""Worst first: what leads a slice's heading."""
_RANK = {id(sign): rank for rank, sign in enumerate(_SIGNS)}
"""By identity: a sign is a constant, and hashing its texts for every host would cost more than all the rest."""
_WELL = frozenset({HOST[HostState.RUNNING].word, *(PHASE[p].word for p in (Phase.JOINED, Phase.LOADED, Phase.SERVING))})
_RUNS = frozenset({id(HOST[HostState.RUNNING]), *(id(sign) for sign in PHASE.values())})
_ABSENT = HOST[HostState.ABSENT]
_NO_PHASES: Phases = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PodRow:
    """One pod as a line. `slice` and `host` are -1 for pods that are no host of a slice; `age` is kubectl's.

    `doing` is the process's phase in words, "" where none is known; `zone` its node's, "" where the node is not seen.
    """

    uid: str
    name: str
    namespace: str
    slice: int
    host: int
    primary: bool
    sign: Sign
    status: str
    ready: str
    restarts: int
    age: str
    node: str
    message: str
    doing: str = ""
    zone: str = ""

    @property
    def tag(self) -> str:
        """ "1-5": slice and host, or "" for other pods."""
        return f"{self.slice}-{self.host}" if self.slice >= 0 else ""


class HostCell(NamedTuple):
    """One place in a slice's grid; `pod` is None where no pod is: a hole in the mesh."""

    host: int
    primary: bool
    state: HostState
    sign: Sign
    pod: Pod | None = None


@dataclass(frozen=True, slots=True)
class SliceGrid:
    """A slice: `cells` in host order, to be drawn as `mesh`; the headline says how many hosts are how."""

    index: int
    mesh: HostMesh
    cells: tuple[HostCell, ...]
    running: int
    sign: Sign
    headline: str


def pod_rows(view: ClusterView, now: float, phases: Phases | None = None) -> tuple[PodRow, ...]:
    """Hosts first, by slice and host; then the other pods by name."""
    ordered = sorted(view.pods.values(), key=lambda pod: (pod.slice < 0, pod.slice, pod.host, pod.name))
    zones = zones_of(view)
    return tuple(pod_row(pod, now, phases, zones) for pod in ordered)


def zones_of(view: ClusterView) -> dict[str, str]:
    """Zones by node name."""
    return {node.name: node.zone for node in view.nodes.values()}


def pod_row(
    pod: Pod, now: float, phases: Phases | None = None, zones: Mapping[str, str] = MappingProxyType({})
) -> PodRow:
    """One pod's row. `now` in epoch seconds on the product's clock."""
    return PodRow(
        uid=pod.uid,
        name=pod.name,
        namespace=pod.namespace,
        slice=pod.slice,
        host=pod.host,
        primary=pod.slice >= 0 and pod.primary,
        sign=sign_of(pod, phases or _NO_PHASES),
        status=pod.status,
        ready=f"{pod.ready}/{max(1, len(pod.containers))}",
        restarts=pod.restarts,
        age=age(now - pod.created) if pod.created else "-",
        node=pod.node,
        message=pod.message,
        doing=of(pod, phases).words if pod.state is HostState.RUNNING else "",
        zone=zones.get(pod.node, ""),
    )


def sign_of(pod: Pod, phases: Mapping[str, HostPhase]) -> Sign:
    """A host's sign: its process's phase where that is known, its pod's state otherwise."""
    found = phases.get(pod.uid)
    if found is not None and pod.state is HostState.RUNNING and found.phase is not Phase.UNHEARD:
        return PHASE[found.phase]
    return HOST[pod.state]


def slice_grids(
    view: ClusterView, *, count: int, hosts: int, topology: str, phases: Phases | None = None
) -> tuple[SliceGrid, ...]:
    """The wanted `count` slices of `hosts` each, and any further slice that has pods."""
    mesh = host_mesh(topology, hosts)
    indexes = sorted({*range(count), *view.slice_indexes})
    return tuple(slice_grid(view.slices.get(index, SlicePods(index)), hosts, mesh, phases) for index in indexes)


def slice_grid(
    pods: SlicePods, hosts: int, mesh: HostMesh, phases: Phases | None = None, before: SliceGrid | None = None
) -> SliceGrid:
    """One slice of `hosts` wanted hosts. `before`, the same slice as it was, lends the cells that did not change."""
    known = phases or _NO_PHASES
    old = before.cells if before is not None else ()
    cells: list[HostCell] = []
    for host, pod in enumerate(pods.hosts):
        sign = _ABSENT if pod is None else sign_of(pod, known)
        if host < len(old) and old[host].pod is pod and old[host].sign is sign:
            cells.append(old[host])
        else:
            cells.append(HostCell(host, host == 0, pod.state if pod else HostState.ABSENT, sign, pod))
    for host in range(len(pods.hosts), hosts):
        cells.append(HostCell(host, host == 0, HostState.ABSENT, _ABSENT))
    groups: dict[int, list[int]] = {}
    for cell in cells:
        groups.setdefault(id(cell.sign), []).append(cell.host)
    running = sum(len(which) for sign, which in groups.items() if sign in _RUNS)
    return SliceGrid(
        pods.index,
        mesh.grown(len(cells)),
        tuple(cells),
        running,
        _worst(groups),
        _headline(groups, running, len(cells)),
    )


def worst_sign(pods: SlicePods, hosts: int, phases: Phases | None = None) -> Sign:
    """What leads the slice: a hole among its pods asks for attention, no pod at all is absence."""
    # Asked for hundreds of slices with every frame: what the slice counts already, and no more hosts than were heard.
    found = {id(HOST[state]) for state in pods.states}
    if len(pods.hosts) < hosts:
        found.add(id(_ABSENT))
    known = phases or _NO_PHASES
    if isinstance(known, PhasesBySlice):
        known = known.slices.get(pods.index, _NO_PHASES)
    left, told = len(known), 0
    for pod in pods.hosts:
        if not left:
            break
        if pod is not None and (item := known.get(pod.uid)) is not None:
            left -= 1
            if pod.state is HostState.RUNNING and item.phase is not Phase.UNHEARD:
                told += 1
                found.add(id(PHASE[item.phase]))
    if told and told == pods.running:
        found.discard(id(HOST[HostState.RUNNING]))
    return _worst(found)


def _worst(found: Collection[int]) -> Sign:
    """The worst of these signs, given by identity."""
    if id(_ABSENT) in found and len(found) > 1:
        found = {id(HOST[HostState.ATTENTION]) if sign == id(_ABSENT) else sign for sign in found}
    return _SIGNS[min((_RANK[sign] for sign in found), default=_RANK[id(_ABSENT)])]


def _headline(groups: Mapping[int, Sequence[int]], running: int, hosts: int) -> str:
    """ "8/8 serving"; "7/8 running · failed: host 5"; the word all running hosts share, or running."""
    words = [_SIGNS[_RANK[sign]].word for sign in groups if sign in _RUNS]
    shared = words[0] if len(words) == 1 else "running"
    parts = [f"{running}/{hosts} {shared}"]
    for sign in sorted(groups, key=_RANK.__getitem__):
        word, which = _SIGNS[_RANK[sign]].word, groups[sign]
        if word != shared and word not in _WELL:
            names = ", ".join(str(host) for host in which)
            parts.append(f"{word}: host {names}" if len(which) <= 3 else f"{word}: {len(which)} hosts")
    return " · ".join(parts)
