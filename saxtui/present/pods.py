"""Pods as rows, and slices as grids laid out as the hardware is: host by host in completion-index order."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from saxtui.model.cluster import ClusterView, HostState, Pod
from saxtui.present.words import HOST, Sign, age

_WORST_FIRST = (
    HostState.FAILED, HostState.ATTENTION, HostState.LEAVING, HostState.ABSENT, HostState.STARTING, HostState.WAITING,
    HostState.DONE, HostState.RUNNING,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PodRow:
    """One pod as a line. `slice` and `host` are -1 for pods that are no host of a slice; `age` is kubectl's."""

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

    @property
    def tag(self) -> str:
        """ "1-5": slice and host, or "" for other pods."""
        return f"{self.slice}-{self.host}" if self.slice >= 0 else ""


@dataclass(frozen=True, slots=True)
class HostCell:
    """One place in a slice's grid; `pod` is None where no pod is: a hole in the mesh."""

    host: int
    primary: bool
    state: HostState
    sign: Sign
    pod: PodRow | None = None


@dataclass(frozen=True, slots=True)
class SliceGrid:
    """A slice: `cells` in host order, to be drawn in `rows` x `columns`."""

    index: int
    rows: int
    columns: int
    cells: tuple[HostCell, ...]
    running: int
    sign: Sign
    headline: str


def pod_rows(view: ClusterView, now: float) -> tuple[PodRow, ...]:
    """Hosts first, by slice and host; then the other pods by name."""
    ordered = sorted(view.pods.values(), key=lambda pod: (pod.slice < 0, pod.slice, pod.host, pod.name))
    return tuple(pod_row(pod, now) for pod in ordered)


def host_rows(view: ClusterView, now: float) -> tuple[PodRow, ...]:
    """Only the hosts of slices."""
    return tuple(row for row in pod_rows(view, now) if row.slice >= 0)


def pod_row(pod: Pod, now: float) -> PodRow:
    """One pod's row. `now` in epoch seconds on the product's clock."""
    return PodRow(
        uid=pod.uid,
        name=pod.name,
        namespace=pod.namespace,
        slice=pod.slice,
        host=pod.host,
        primary=pod.slice >= 0 and pod.primary,
        sign=HOST[pod.state],
        status=pod.status,
        ready=f"{pod.ready}/{max(1, len(pod.containers))}",
        restarts=pod.restarts,
        age=age(now - pod.created) if pod.created else "-",
        node=pod.node,
        message=pod.message,
    )


def host_mesh(topology: str, hosts: int) -> tuple[int, int]:
    """Rows and columns of hosts in a slice.

    A host of four chips holds 2x2 of the chip mesh, one of eight 2x4 (Cloud TPU documentation, system architecture).
    The planes of a 3D topology stand side by side. Where the chips do not divide so, hosts fill rows of eight.
    """
    axes = [int(part) for part in topology.split("x") if part.isdigit()]
    if len(axes) >= 2 and hosts > 0:
        chips = prod(axes) // hosts
        block = (2, 4) if chips == 8 else (2, 2)
        rows, columns = axes[0] // block[0], axes[1] // block[1] * prod(axes[2:])
        if rows * columns == hosts:
            return rows, columns
    columns = max(1, min(8, hosts))
    return -(-max(1, hosts) // columns), columns


def slice_grids(view: ClusterView, now: float, *, count: int, hosts: int, topology: str) -> tuple[SliceGrid, ...]:
    """The wanted `count` slices of `hosts` each, and any further slice that has pods."""
    rows, columns = host_mesh(topology, hosts)
    indexes = sorted({*range(count), *view.slice_indexes})
    return tuple(_grid(view, now, index, hosts, rows, columns) for index in indexes)


def _grid(view: ClusterView, now: float, index: int, hosts: int, rows: int, columns: int) -> SliceGrid:
    found = view.hosts(index)
    cells = tuple(_cell(host, found.get(host), now) for host in range(max(hosts, max(found, default=-1) + 1)))
    running = sum(1 for cell in cells if cell.state is HostState.RUNNING)
    worst = min((cell.state for cell in cells), key=_WORST_FIRST.index)
    if not found:
        worst = HostState.ABSENT
    rows = max(rows, -(-len(cells) // columns))
    return SliceGrid(index, rows, columns, cells, running, HOST[worst], _headline(cells, running))


def _cell(host: int, pod: Pod | None, now: float) -> HostCell:
    state = pod.state if pod else HostState.ABSENT
    return HostCell(host, host == 0, state, HOST[state], pod_row(pod, now) if pod else None)


def _headline(cells: tuple[HostCell, ...], running: int) -> str:
    parts = [f"{running}/{len(cells)} running"]
    for state in _WORST_FIRST:
        which = [cell.host for cell in cells if cell.state is state]
        if which and state is not HostState.RUNNING:
            names = ", ".join(str(host) for host in which) if len(which) <= 3 else f"{len(which)} hosts"
            parts.append(f"{HOST[state].word}: {names}" if len(which) > 3 else f"{HOST[state].word}: host {names}")
    return " · ".join(parts)
