"""Why pods stay Pending: what they select, what is taken, what is forbidden."""

from __future__ import annotations

import re
from collections.abc import Iterator

from saxtui.engine.diagnosis.case import GRACE, Case, grouped, several, slices_of, told_by
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.cluster import Pod
from saxtui.model.diagnosis import Action, Clue, Deed, Gravity

_ACCELERATOR = "cloud.google.com/gke-tpu-accelerator"
_TOPOLOGY = "cloud.google.com/gke-tpu-topology"


def _found(
    case: Case, pods: list[tuple[Pod, str]], said: str, action: Action, *clues: Clue, gravity: Gravity = Gravity.BROKEN
) -> Finding:
    """One finding about pending pods: the scheduler's words of the first stand for all."""
    who = [pod for pod, _ in pods]
    words = Clue(f"scheduler on {who[0].name}", pods[0][1], _since(who[0]))
    return Finding(
        f"{several(who)} cannot be placed: {said}",
        (*clues, words),
        action,
        gravity,
        slices=slices_of(who),
        pods=tuple(pod.name for pod in who),
        since=min(pod.created for pod in who),
    )


def _since(pod: Pod) -> float:
    return next((item.since for item in pod.conditions if item.type == "PodScheduled"), 0.0) or pod.created


def _recreate(case: Case, said: str) -> Action:
    return Action(said, f"saxtui mend -d {case.name}", Deed.MEND, outage="every slice restarts; models reload")


def selector(case: Case) -> Iterator[Finding]:
    """The pods select an accelerator or topology that no node has."""
    if not case.sees_nodes:
        return

    def wrong(pod: Pod, _: str) -> str:
        for key, values in ((_ACCELERATOR, {node.accelerator for node in case.tpu_nodes}),
                            (_TOPOLOGY, {node.topology for node in case.tpu_nodes})):  # fmt: skip
            wanted = pod.selector.get(key, "")
            if wanted and case.tpu_nodes and wanted not in values:
                return key
        return ""

    for key, pods in grouped(case.pending(), wrong).items():
        word = key.rpartition("-")[2]
        wanted = pods[0][0].selector[key]
        nodes = case.tpu_nodes
        have = sorted({getattr(node, word) for node in nodes} - {""})
        pools = sorted({node.pool for node in nodes})
        yield _found(
            case,
            pods,
            f"selector {wanted}, pools have {', '.join(have)}",
            _recreate(case, "make the JobSet anew as the deployment file says it"),
            Clue(f"selector of {pods[0][0].name}", f"{key}: {wanted}"),
            Clue(f"nodes of {', '.join(pools)}", f"{key}: {', '.join(have)}"),
        )


def too_few_pools(case: Case) -> Iterator[Finding]:
    """A slice needs a node pool of its own, and there is none left for it."""
    if not case.sees_nodes:
        return
    topology = case.view.jobset.topology
    # A pool that is there, whatever its nodes are like, is not missing.
    pools = sorted({node.pool for node in case.tpu_nodes if node.topology == topology})
    wanted = case.view.jobset.wanted_jobs
    pending = [
        (pod, text) for pod, text in case.pending() if pod.slice >= 0 and pod.selector.get(_TOPOLOGY) == topology
    ]
    if not pending or len(pools) >= wanted:
        return
    lost = sorted(set(case.deployment.slices.pools) - {node.pool for node in case.tpu_nodes})
    missing = f"; {', '.join(lost)} has no nodes" if lost else ""
    yield _found(
        case,
        pending,
        f"{wanted} slices need {wanted} node pools, {len(pools)} are there{missing}",
        Action("look at the pool; GKE may be making its nodes anew", _describe(case, lost[0] if lost else "")),
        Clue("jobset", f"{wanted} slices of topology {topology}, each with a node pool to itself"),
        Clue("nodes", f"TPU node pools with nodes: {', '.join(pools) or 'none'}"),
        gravity=Gravity.WAITING,
    )


def _describe(case: Case, pool: str) -> str:
    where = f"--cluster={case.deployment.cluster.name} --region={case.deployment.region}"
    if not pool:
        return f"gcloud container node-pools list {where} --project={case.deployment.project}"
    return f"gcloud container node-pools describe {pool} {where} --project={case.deployment.project}"


def cordoned(case: Case) -> Iterator[Finding]:
    """The only node left for the pod is marked unschedulable."""
    pods = [(pod, text) for pod, text in case.pending() if "were unschedulable" in text and pod.slice >= 0]
    nodes = [node for node in case.tpu_nodes if node.cordoned]
    if pods and nodes:
        names = ", ".join(node.name for node in nodes[:2])
        yield _found(
            case,
            pods,
            f"node {names} is cordoned",
            Action("let pods on it again, if whoever cordoned it is through", f"kubectl uncordon {nodes[0].name}"),
            Clue(f"node {nodes[0].name}", f"spec.unschedulable: true, pool {nodes[0].pool}"),
        )


def tainted(case: Case) -> Iterator[Finding]:
    """A taint that the pods do not tolerate."""
    pattern = re.compile(r"untolerated taint \{([^:}]+)(?:: ?([^}]*))?\}")
    usual = ("google.com/tpu", "node.kubernetes.io/", "node.cloudprovider.kubernetes.io/",
             "cloud.google.com/impending-node-termination")  # fmt: skip

    def taint(pod: Pod, text: str) -> str:
        keys = [found[1] for found in pattern.finditer(text)]
        return next((key for key in keys if not key.startswith(usual)), "")

    for key, pods in grouped(case.pending(), taint).items():
        bearing = [node for node in case.view.nodes.values() if any(item.startswith(f"{key}=") for item in node.taints)]
        clues = [
            Clue(f"node {node.name}", f"taint {item}") for node in bearing[:2] for item in node.taints if key in item
        ]
        where = bearing[0].name if bearing else "NODE"
        yield _found(
            case,
            pods,
            f"{len(bearing) or 'some'} nodes carry taint {key}",
            Action("take the taint away if it is not meant", f"kubectl taint node {where} {key}-"),
            *clues,
        )


def chips_taken(case: Case) -> Iterator[Finding]:
    """Another pod holds the chips."""
    pods = [(pod, text) for pod, text in case.pending() if "Insufficient google.com/tpu" in text and pod.slice >= 0]
    if pods:
        ours = {pod.node for pod in case.hosts}
        free = [node.name for node in case.tpu_nodes if node.name not in ours]
        yield _found(
            case,
            pods,
            "the TPU chips of the node left for it are taken by another pod",
            Action(
                "find that pod", f"kubectl get pods -A --field-selector spec.nodeName={free[0] if free else 'NODE'}"
            ),
            *(Clue(f"node {name}", "no pod of this deployment is on it") for name in free[:2]),
        )


def ports_taken(case: Case) -> Iterator[Finding]:
    """Another pod on the node holds port 10001 or 8471."""
    pods = [(pod, text) for pod, text in case.pending() if "didn't have free ports" in text]
    if pods:
        yield _found(
            case,
            pods,
            "a port it needs (10001, 8471) is taken on the node: another model server is there",
            Action("find the other pod with these host ports", "kubectl get pods -A -o wide | grep -i sax"),
        )


def exclusive(case: Case) -> Iterator[Finding]:
    """The pools are there, and each is held by a Job of another JobSet."""
    words = ("anti-affinity rules",)
    topology = case.view.jobset.topology
    pools = {node.pool for node in case.tpu_nodes if node.topology == topology}
    pods = [
        (pod, text) for pod, text in case.pending() if pod.slice >= 0 and any(word in text for word in words)
    ]  # fmt: skip
    others = sorted({job.jobset for job in case.view.jobs.values()} - {case.view.jobset.name, ""})
    if pods and len(pools) >= case.view.jobset.wanted_jobs:
        who = f"JobSet {others[0]}" if others else "another JobSet"
        yield _found(
            case,
            pods,
            f"{who} has a node pool to itself (exclusive-topology)",
            Action("see which JobSets there are", "kubectl get jobsets,jobs -A"),
            *(Clue("jobs", f"JobSet {name} is in this namespace too") for name in others[:2]),
        )


def cpu_full(case: Case) -> Iterator[Finding]:
    """The CPU nodes have no room for the servers."""
    short = re.compile(r"Insufficient (cpu|memory)")
    pods = [(pod, text) for pod, text in case.pending() if pod.slice < 0 and short.search(text)]
    if pods:
        nodes = [node for node in case.view.nodes.values() if not node.topology and not node.chips]
        cpus = sum(node.cpu for node in nodes)
        match = short.search(pods[0][1])
        yield _found(
            case,
            pods,
            f"the CPU node pool is full (no {match[1] if match else 'cpu'} left)",
            Action("see what fills it, or add CPU nodes", "kubectl describe nodes | grep -A8 'Allocated resources'"),
            Clue("nodes", f"{len(nodes)} CPU nodes with {cpus:.1f} CPUs to give in all"),
        )


def leader(case: Case) -> Iterator[Finding]:
    """Followers are refused until host 0 of their slice has a node."""
    recent = [
        event
        for event in case.events("FailedCreate", kind="Job")
        if "leader pod not yet scheduled" in event.message or "follower pod node selector not set" in event.message
    ]
    waiting = [pod for pod in case.hosts if pod.host == 0 and not pod.node and case.now - pod.created >= GRACE]
    for pod in waiting:
        job = [event for event in recent if event.name == pod.job]
        if job and len(case.slice(pod.slice)) < case.size:
            yield Finding(
                f"slice {pod.slice} has no followers yet: its leader, host {pod.slice}-0, has no node",
                (told_by(job[-1]),),
                Action("look at the leader", f"kubectl -n {pod.namespace} describe pod {pod.name}"),
                Gravity.WAITING,
                slices=frozenset({pod.slice}),
                pods=(pod.name,),
                since=pod.created,
            )


_DEEPER = (
    "pending-selector",
    "pending-no-pool",
    "pending-cordoned",
    "pending-taint",
    "pending-chips-taken",
    "pending-ports-taken",
    "pending-exclusive",
)
RULES = (
    Rule("pending-selector", "Pods select a TPU that no node has", selector),
    Rule("pending-no-pool", "A slice has no node pool", too_few_pools, ("node-lost", "node-terminating")),
    Rule("pending-taint", "Nodes carry a taint the pods do not tolerate", tainted),
    Rule("pending-cordoned", "The node is cordoned", cordoned),
    Rule("pending-chips-taken", "Another pod holds the chips", chips_taken, ("pending-no-pool",)),
    Rule("pending-ports-taken", "A host port is taken", ports_taken),
    Rule(
        "pending-exclusive", "Another JobSet holds the node pool", exclusive, ("pending-no-pool", "pending-chips-taken")
    ),
    Rule("pending-cpu-full", "The CPU nodes are full", cpu_full),
    Rule("pending-leader", "Followers wait for their leader", leader, _DEEPER),
)
