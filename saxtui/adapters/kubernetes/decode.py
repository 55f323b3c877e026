"""Wire structs to the model's records: kubectl's STATUS word, the state of a host, and clean text. Pure."""

from __future__ import annotations

from types import MappingProxyType

from saxtui.adapters.kubernetes import decode_workloads as around
from saxtui.adapters.kubernetes import wire
from saxtui.adapters.kubernetes.times import epoch
from saxtui.model.cluster import ClusterEvent, HostState, JobSetStatus, Pod, Service
from saxtui.model.text import safe, shared

_JOBSET = "jobset.sigs.k8s.io/jobset-name"
_JOB_INDEX = "jobset.sigs.k8s.io/job-index"
_JOB = "batch.kubernetes.io/job-name"
_COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
_RETRYING = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "ErrImageNeverPull", "RegistryUnavailable",
     "CreateContainerError", "CreateContainerConfigError", "RunContainerError", "Unknown", "NodeLost"}
)  # fmt: skip
_BROKEN = frozenset(
    {"CrashLoopBackOff", "OOMKilled", "Error", "Evicted", "InvalidImageName", "ContainerCannotRun", "DeadlineExceeded"}
)
_PREPARING = frozenset({"ContainerCreating", "PodInitializing"})


def pod(found: wire.Pod, before: Pod | None = None) -> Pod:
    """A Pod as saxtui sees it. `before`, the same pod as it was, lends what has not changed since."""
    meta, status = found.metadata, found.status
    labels = meta.labels or {}
    if before is None or before.name != meta.name or before.labels != labels:
        before = _for_life(found, labels)
    word = status_word(found)
    ready, total = readiness(found)
    return Pod(
        uid=before.uid,
        name=before.name,
        namespace=before.namespace,
        phase=shared(status.phase),
        status=shared(word),
        state=host_state(word, status.phase, ready, total, deleting=bool(meta.deletion_timestamp)),
        message=safe(_message(found), 1000),
        ready=ready,
        containers=before.containers,
        restarts=sum(item.restart_count for item in status.container_statuses or ()),
        slice=before.slice,
        host=before.host,
        jobset=before.jobset,
        job=before.job,
        app=before.app,
        node=before.node if before.node == found.spec.node_name else safe(found.spec.node_name),
        node_ip=before.node_ip if before.node_ip == status.host_ip else safe(status.host_ip),
        pod_ip=before.pod_ip if before.pod_ip == status.pod_ip else safe(status.pod_ip),
        created=before.created,
        deleting=bool(meta.deletion_timestamp),
        labels=before.labels,
        states=around.containers(status.container_statuses),
        conditions=around.conditions(status.conditions),
        selector=before.selector,
        chips=before.chips,
    )


def _for_life(found: wire.Pod, labels: dict[str, str]) -> Pod:
    """What stays the same for a pod's whole life, or as long as its labels do."""
    meta = found.metadata
    jobset = labels.get(_JOBSET, "")
    # The completion index is a label since Kubernetes 1.28, and an annotation always.
    index = labels.get(_COMPLETION_INDEX) or (meta.annotations or {}).get(_COMPLETION_INDEX, "")
    return Pod(
        uid=safe(meta.uid),
        name=safe(meta.name),
        namespace=shared(meta.namespace),
        containers=tuple(shared(item.name) for item in found.spec.containers or ()),
        slice=around.number(labels.get(_JOB_INDEX)) if jobset else -1,
        host=around.number(index) if jobset else -1,
        jobset=shared(jobset),
        job=shared(labels.get(_JOB) or labels.get("job-name", "")),
        app=shared(labels.get("app", "")),
        created=epoch(meta.creation_timestamp),
        labels=MappingProxyType({shared(key): shared(value) for key, value in labels.items()}),
        selector=around.selector(found.spec.node_selector),
        chips=around.chips(found.spec),
    )


def host_state(word: str, phase: str, ready: int, total: int, *, deleting: bool = False) -> HostState:
    """What one pod shows, from kubectl's STATUS word, its phase and how many of its containers are ready."""
    if deleting and phase not in ("Failed", "Succeeded"):
        return HostState.LEAVING
    core = word.removeprefix("Init:")
    if phase == "Failed" or core in _BROKEN or core.startswith(("ExitCode:", "Signal:")):
        return HostState.FAILED
    if phase == "Succeeded" or word == "Completed":
        return HostState.DONE
    if core in _RETRYING or phase == "Unknown":
        return HostState.ATTENTION
    if word == "Running":
        return HostState.RUNNING if ready == total else HostState.STARTING
    if word.startswith("Init:") or word in _PREPARING or phase == "Running":
        return HostState.STARTING
    return HostState.WAITING


def readiness(found: wire.Pod) -> tuple[int, int]:
    """Ready containers and all containers, as in kubectl's READY column."""
    statuses = found.status.container_statuses or ()
    ready = sum(1 for item in statuses if item.ready and item.state is not None and item.state.running is not None)
    return ready, len(found.spec.containers or statuses)


def status_word(found: wire.Pod) -> str:
    """The word kubectl prints in the STATUS column, by the rules of its own pod printer."""
    status = found.status
    word = status.reason or status.phase
    if any(item.type == "PodScheduled" and item.reason == "SchedulingGated" for item in status.conditions or ()):
        word = "SchedulingGated"
    initialising = _init_word(found)
    if initialising:
        word = initialising
    else:
        word = _container_word(found, word)
    if found.metadata.deletion_timestamp:
        if status.reason == "NodeLost":
            return "Unknown"
        if status.phase not in ("Failed", "Succeeded"):
            return "Terminating"
    return word


def _init_word(found: wire.Pod) -> str:
    """ "Init:…" while init containers run, "" once they are through."""
    specs = {item.name: item for item in found.spec.init_containers or ()}
    statuses = found.status.init_container_statuses or ()
    for number, item in enumerate(statuses):
        state = item.state or wire.ContainerState()
        spec = specs.get(item.name)
        if state.terminated is not None and state.terminated.exit_code == 0:
            continue
        if spec is not None and spec.restart_policy == "Always" and item.started:
            continue
        if state.terminated is not None:
            return "Init:" + (state.terminated.reason or _exit_word(state.terminated))
        if state.waiting is not None and state.waiting.reason and state.waiting.reason != "PodInitializing":
            return "Init:" + state.waiting.reason
        return f"Init:{number}/{len(specs) or len(statuses)}"
    return ""


def _container_word(found: wire.Pod, word: str) -> str:
    running = False
    for item in reversed(found.status.container_statuses or ()):
        state = item.state or wire.ContainerState()
        if state.waiting is not None and state.waiting.reason:
            word = state.waiting.reason
        elif state.terminated is not None:
            word = state.terminated.reason or _exit_word(state.terminated)
        elif item.ready and state.running is not None:
            running = True
    if word == "Completed" and running:
        ready = any(cond.type == "Ready" and cond.status == "True" for cond in found.status.conditions or ())
        return "Running" if ready else "NotReady"
    return word


def _exit_word(ended: wire.Terminated) -> str:
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _message(found: wire.Pod) -> str:
    """Why it is as it is: the container's own words, else the scheduler's, else the pod's."""
    for item in (*(found.status.container_statuses or ()), *(found.status.init_container_statuses or ())):
        state = item.state or wire.ContainerState()
        if state.waiting is not None and state.waiting.message:
            return state.waiting.message
        if state.terminated is not None and (state.terminated.exit_code or state.terminated.message):
            return state.terminated.message or f"exit code {state.terminated.exit_code}"
    for condition in found.status.conditions or ():
        if condition.type == "PodScheduled" and condition.status == "False":
            return condition.message or condition.reason or ""
    return found.status.message


def service(found: wire.Service) -> Service:
    """A Service with the address of its load balancer, "" while that is pending."""
    balancer = found.status.load_balancer or wire.LoadBalancer()
    first = next(iter(balancer.ingress or ()), wire.Ingress())
    return Service(
        name=safe(found.metadata.name),
        namespace=safe(found.metadata.namespace),
        type=safe(found.spec.type),
        cluster_ip=safe(found.spec.cluster_ip),
        address=safe(first.ip or first.hostname),
        ports=tuple(item.port for item in found.spec.ports or ()),
    )


def event(found: wire.Event) -> ClusterEvent:
    """An Event; repeats of the events.k8s.io kind are counted in its series."""
    series = found.series or wire.Series()
    times = (series.last_observed_time, found.last_timestamp, found.event_time, found.first_timestamp,
             found.metadata.creation_timestamp)  # fmt: skip
    return ClusterEvent(
        uid=safe(found.metadata.uid),
        at=epoch(next((text for text in times if text), None)),
        kind=safe(found.involved_object.kind),
        name=safe(found.involved_object.name),
        reason=safe(found.reason or ""),
        message=safe(found.message or "", 1000),
        warning=found.type == "Warning",
        count=series.count or found.count or 1,
        namespace=safe(found.metadata.namespace),
        source=safe((found.source.component if found.source else "") or found.reporting_component or ""),
        first=epoch(next((text for text in reversed(times) if text), None)),
    )


def jobset(found: wire.JobSet) -> JobSetStatus:
    """The JobSet's own word. Versions before v0.6 tell the terminal state only as a condition."""
    status = found.status
    ended = next(
        (
            item.type
            for item in status.conditions or ()
            if item.type in ("Failed", "Completed") and item.status == "True"
        ),
        "",
    )
    jobs = status.replicated_jobs_status or status.old_replicated_jobs_status or ()
    wanted, accelerator, topology = around.shape(found)
    return JobSetStatus(
        name=safe(found.metadata.name),
        restarts=status.restarts,
        max_restarts=found.spec.failure_policy.max_restarts if found.spec.failure_policy else 0,
        terminal=safe(status.terminal_state or ended),
        ready_jobs=sum(item.ready for item in jobs),
        uid=safe(found.metadata.uid),
        namespace=safe(found.metadata.namespace),
        created=epoch(found.metadata.creation_timestamp),
        deleting=bool(found.metadata.deletion_timestamp),
        wanted_jobs=wanted,
        accelerator=accelerator,
        topology=topology,
        conditions=around.conditions(status.conditions),
    )
