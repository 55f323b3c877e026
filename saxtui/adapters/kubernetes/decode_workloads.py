"""Wire structs to the model's records for what stands around pods: nodes, Jobs, Deployments, containers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from saxtui.adapters.kubernetes import wire
from saxtui.adapters.kubernetes.times import epoch
from saxtui.model.text import safe, shared
from saxtui.model.workloads import Condition, Container, DeploymentStatus, Ending, Job, Node

_JOBSET = "jobset.sigs.k8s.io/jobset-name"
_JOB_INDEX = "jobset.sigs.k8s.io/job-index"
_ATTEMPT = "jobset.sigs.k8s.io/restart-attempt"
_ACCELERATOR = "cloud.google.com/gke-tpu-accelerator"
_TOPOLOGY = "cloud.google.com/gke-tpu-topology"
_SHARED = 4096
"""Equal conditions and selectors are one object: thousands of pods hold the same few."""


def conditions(found: Iterable[wire.Condition] | None) -> tuple[Condition, ...]:
    """status.conditions, in the server's order."""
    return _conditions(
        tuple(
            (item.type, item.status, item.reason or "", item.message or "", item.last_transition_time or "")
            for item in found or ()
        )
    )


@lru_cache(_SHARED)
def _conditions(found: tuple[tuple[str, str, str, str, str], ...]) -> tuple[Condition, ...]:
    return tuple(_condition(*item) for item in found)


@lru_cache(_SHARED)
def _condition(kind: str, status: str, reason: str, message: str, since: str) -> Condition:
    return Condition(safe(kind), status == "True", safe(reason), safe(message, 1000), epoch(since))


def selector(found: Mapping[str, str] | None) -> Mapping[str, str]:
    """spec.nodeSelector."""
    return _selector(tuple((found or {}).items()))


@lru_cache(_SHARED)
def _selector(items: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return MappingProxyType({safe(key): safe(value) for key, value in items})


def containers(found: Iterable[wire.ContainerStatus] | None) -> tuple[Container, ...]:
    """status.containerStatuses."""
    return tuple(_container(item) for item in found or ())


def _container(found: wire.ContainerStatus) -> Container:
    state = found.state or wire.ContainerState()
    waiting = state.waiting or wire.Waiting()
    return Container(
        name=shared(found.name),
        image=shared(found.image),
        ready=found.ready,
        restarts=found.restart_count,
        waiting=shared(waiting.reason),
        message=safe(waiting.message, 1000),
        running=state.running is not None,
        since=epoch(state.running.started_at) if state.running is not None else 0.0,
        ended=_ending(state.terminated),
        last=_ending((found.last_state or wire.ContainerState()).terminated),
    )


def _ending(found: wire.Terminated | None) -> Ending | None:
    if found is None:
        return None
    return Ending(
        found.exit_code, safe(found.reason), safe(found.message, 1000), found.signal, epoch(found.finished_at)
    )


def chips(spec: wire.PodSpec) -> int:
    """TPU chips that the pod's containers ask for."""
    limits = ((item.resources or wire.Resources()).limits for item in spec.containers or ())
    return sum(_whole(limit.chips) for limit in limits if limit is not None)


def node(found: wire.Node) -> Node:
    """A Node as saxtui sees it."""
    meta, status = found.metadata, found.status
    labels = meta.labels or {}
    allocatable = status.allocatable or wire.Amounts()
    addresses = {item.type: item.address for item in status.addresses or ()}
    return Node(
        uid=safe(meta.uid),
        name=safe(meta.name),
        pool=safe(labels.get("cloud.google.com/gke-nodepool", "")),
        zone=safe(labels.get("topology.kubernetes.io/zone", "")),
        machine=safe(labels.get("node.kubernetes.io/instance-type", "")),
        accelerator=safe(labels.get(_ACCELERATOR, "")),
        topology=safe(labels.get(_TOPOLOGY, "")),
        chips=_whole(allocatable.chips),
        cpu=_cpus(allocatable.cpu),
        spot=labels.get("cloud.google.com/gke-spot") == "true",
        cordoned=bool(found.spec.unschedulable),
        deleting=bool(meta.deletion_timestamp),
        created=epoch(meta.creation_timestamp),
        address=safe(addresses.get("InternalIP", "")),
        version=safe((status.node_info or wire.NodeInfo()).kubelet_version),
        conditions=conditions(status.conditions),
        taints=tuple(safe(f"{item.key}={item.value or ''}:{item.effect}") for item in found.spec.taints or ()),
    )


def job(found: wire.Job) -> Job:
    """A Job; of a JobSet's, the slice and the restart it belongs to."""
    meta, status = found.metadata, found.status
    labels = meta.labels or {}
    wanted = selector(found.spec.template.spec.node_selector)
    return Job(
        uid=safe(meta.uid),
        name=safe(meta.name),
        namespace=safe(meta.namespace),
        slice=number(labels.get(_JOB_INDEX)) if _JOBSET in labels else -1,
        jobset=safe(labels.get(_JOBSET, "")),
        attempt=max(number(labels.get(_ATTEMPT)), 0),
        wanted=found.spec.parallelism or 0,
        active=status.active or 0,
        ready=status.ready or 0,
        failed=status.failed or 0,
        succeeded=status.succeeded or 0,
        created=epoch(meta.creation_timestamp),
        deleting=bool(meta.deletion_timestamp),
        accelerator=wanted.get(_ACCELERATOR, ""),
        topology=wanted.get(_TOPOLOGY, ""),
        conditions=conditions(status.conditions),
    )


def deployment(found: wire.Deployment) -> DeploymentStatus:
    """A Deployment's own word."""
    images = [item.image for item in found.spec.template.spec.containers or ()]
    return DeploymentStatus(
        uid=safe(found.metadata.uid),
        name=safe(found.metadata.name),
        namespace=safe(found.metadata.namespace),
        wanted=1 if found.spec.replicas is None else found.spec.replicas,
        ready=found.status.ready_replicas or 0,
        available=found.status.available_replicas or 0,
        created=epoch(found.metadata.creation_timestamp),
        image=safe(images[0]) if images else "",
        conditions=conditions(found.status.conditions),
    )


def shape(found: wire.JobSet) -> tuple[int, str, str]:
    """Of a JobSet: how many Jobs (slices) it wants, and the TPU accelerator and topology it selects."""
    jobs = found.spec.replicated_jobs or ()
    first = selector(jobs[0].template.spec.template.spec.node_selector) if jobs else {}
    wanted = sum(1 if item.replicas is None else item.replicas for item in jobs)
    return wanted, first.get(_ACCELERATOR, ""), first.get(_TOPOLOGY, "")


def number(text: str | None) -> int:
    """A count in a label; -1 for none."""
    return int(text) if text and text.isdecimal() else -1


def _whole(amount: str | int | None) -> int:
    return amount if isinstance(amount, int) else max(number(amount), 0)


def _cpus(amount: str | float | None) -> float:
    """A CPU quantity ("3920m", "4") in CPUs; 0.0 for nonsense."""
    if amount is None or isinstance(amount, (int, float)):
        return float(amount or 0)
    try:
        return float(amount[:-1]) / 1000 if amount.endswith("m") else float(amount)
    except ValueError:
        return 0.0
