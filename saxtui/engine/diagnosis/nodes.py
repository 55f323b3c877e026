"""What is the matter with nodes: gone silent, going away, under pressure, closed."""

from __future__ import annotations

from collections.abc import Iterator

from saxtui.engine.diagnosis.case import GRACE, Case, told_by
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.diagnosis import Action, Clue, Gravity
from saxtui.model.progress import StepState
from saxtui.model.workloads import Node

_TERMINATING = "cloud.google.com/impending-node-termination"
_PRESSURE = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "process ids"}
_SPELL = 600.0
"""Seconds for which the loss of a node is news."""


def _slices(case: Case, pools: set[str], nodes: set[str]) -> frozenset[int]:
    on = {pod.slice for pod in case.hosts if pod.node in nodes}
    return frozenset(on | {index for index, pool in enumerate(case.deployment.slices.pools) if pool in pools})


def _pods(case: Case, nodes: set[str]) -> tuple[str, ...]:
    return tuple(pod.name for pod in case.everyone if pod.node in nodes)


def _ours(case: Case) -> list[Node]:
    """Nodes of our slices, and those our pods are on."""
    pools, on = set(case.deployment.slices.pools), {pod.node for pod in case.everyone}
    return [node for node in case.view.nodes.values() if node.pool in pools or node.name in on]


def silent(case: Case) -> Iterator[Finding]:
    """Nodes whose kubelet was ready once and no longer says so."""
    lost = []
    for node in _ours(case):
        state = next((item for item in node.conditions if item.type == "Ready" and not item.true), None)
        # A node that has just been made is not ready yet, and nobody misses it.
        if state is not None and case.now - node.created > 300 and not node.deleting:
            lost.append((node, state))
    if not lost:
        return
    names, pools = {node.name for node, _ in lost}, {node.pool for node, _ in lost}
    node, state = lost[0]
    spot = " (spot: Google may have taken it back)" if node.spot else ""
    what = f"node {node.name}" if len(lost) == 1 else f"{len(lost)} nodes of {', '.join(sorted(pools))}"
    yield Finding(
        f"{what} no longer answer{'s' if len(lost) == 1 else ''}{spot}",
        (Clue(f"node {node.name}", f"Ready: {state.reason}: {state.message}", state.since),
         *(told_by(event) for event in case.events("NodeNotReady", kind="Node")[-1:] if event.name in names)),
        Action("wait: GKE makes a slice's nodes anew, all of them together",
               f"kubectl get nodes -l cloud.google.com/gke-nodepool={node.pool}"),
        Gravity.WAITING,
        slices=_slices(case, set(), names),
        pods=_pods(case, names),
        since=state.since,
    )  # fmt: skip


def _tenant(case: Case, pool: str, planned: int) -> int:
    """The slice that was on the pool: after a restart slices may have changed places. The planned one where unknown."""
    pools = {node.name: node.pool for node in case.view.nodes.values()}
    on = {pod.slice: pools[pod.node] for pod in case.hosts if pod.node in pools}
    here = [index for index, where in on.items() if where == pool]
    homeless = [index for index in range(len(case.deployment.slices.pools)) if index not in on]
    if len(here) == 1:
        return here[0]
    return homeless[0] if on.get(planned, pool) != pool and len(homeless) == 1 else planned


def gone(case: Case) -> Iterator[Finding]:
    """A slice's pool that had nodes has none, or fewer than hosts."""
    if not case.sees_nodes or not case.up:
        return
    for index, pool in enumerate(case.deployment.slices.pools):
        have = [node for node in case.tpu_nodes if node.pool == pool]
        if len(have) >= case.size or case.progress.step(f"pool/{pool}").state in (
            StepState.RUNNING,
            StepState.DELETING,
        ):
            continue
        events = [event for event in case.events("NodeNotReady", "RemovingNode", "DeletingNode", kind="Node")
                  if f"-{pool}-" in event.name]  # fmt: skip
        at = _tenant(case, pool, index)
        yield Finding(
            f"node pool {pool} has {len(have)} of its {case.size} nodes",
            (Clue("nodes", f"pool {pool}: {len(have)} nodes; a {case.deployment.slices.topology} slice is {case.size}"),
             *(told_by(event) for event in events[-1:])),
            Action("wait: GKE makes a slice's nodes anew; else look at the pool",
                   f"gcloud container node-pools describe {pool} --cluster={case.deployment.cluster.name} "
                   f"--region={case.deployment.region} --project={case.deployment.project}"),
            Gravity.WAITING,
            slices=frozenset({at}),
            pods=tuple(pod.name for pod in case.slice(at)),
            since=events[-1].at if events else 0.0,
        )  # fmt: skip


def _taint(node: Node) -> str:
    return next((item for item in node.taints if item.startswith(_TERMINATING)), "")


def terminating(case: Case) -> Iterator[Finding]:
    """Google has announced that it takes the machine: maintenance, or spot."""
    marked = [node for node in _ours(case) if _taint(node)]
    if marked:
        node = marked[0]
        why = "spot capacity is taken back" if node.spot else "host maintenance: TPU machines cannot be moved alive"
        names = {item.name for item in marked}
        yield Finding(
            f"Google takes node {node.name} away ({why})",
            (Clue(f"node {node.name}", f"taint {_taint(node)}"),),
            Action("wait: the slice's nodes are made anew and JobSet restarts; leave restarts in hand",
                   f"kubectl describe node {node.name}"),
            Gravity.WAITING,
            slices=_slices(case, set(), names),
            pods=_pods(case, names),
        )  # fmt: skip


def pressure(case: Case) -> Iterator[Finding]:
    """A node short of memory, disk or process ids."""
    for node in _ours(case):
        for state in node.conditions:
            if state.type in _PRESSURE and state.true and case.now - state.since >= GRACE:
                yield Finding(
                    f"node {node.name} is short of {_PRESSURE[state.type]}: the kubelet evicts pods",
                    (Clue(f"node {node.name}", f"{state.type}: {state.reason}: {state.message}", state.since),),
                    Action("see what fills it", f"kubectl describe node {node.name}"),
                    Gravity.WARNING,
                    slices=_slices(case, set(), {node.name}),
                    pods=_pods(case, {node.name}),
                    since=state.since,
                )


def closed(case: Case) -> Iterator[Finding]:
    """A cordoned node with one of our pods: it runs on, and could not come back."""
    for node in _ours(case):
        on = _pods(case, {node.name})
        if node.cordoned and on and not _taint(node):
            yield Finding(
                f"node {node.name} is cordoned: what runs on it runs on, and could not start there again",
                (Clue(f"node {node.name}", "spec.unschedulable: true"),
                 *(told_by(event) for event in case.events("NodeNotSchedulable", name=node.name)[-1:])),
                Action("let pods on it again, if whoever cordoned it is through", f"kubectl uncordon {node.name}"),
                Gravity.WARNING,
                slices=_slices(case, set(), {node.name}),
                pods=on,
            )  # fmt: skip


RULES = (
    Rule("node-terminating", "Google takes a machine away", terminating),
    Rule("node-silent", "A node no longer answers", silent, ("node-terminating",)),
    Rule("node-lost", "A slice's nodes are gone", gone, ("node-terminating", "node-silent")),
    Rule("node-pressure", "A node runs short", pressure),
    Rule("node-cordoned", "A node in use is cordoned", closed, ("pending-cordoned",)),
)
