"""The parts of Kubernetes objects saxtui reads, as msgspec structs: every other field is skipped while decoding."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Wire(msgspec.Struct, rename="camel", gc=False):
    """Fields are named as in the API, in snake case here. JSON holds no cycles: the collector need not look here."""


class Meta(Wire):
    """metadata."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Waiting(Wire):
    """state.waiting."""

    reason: str = ""
    message: str = ""


class Terminated(Wire):
    """state.terminated."""

    reason: str = ""
    message: str = ""
    exit_code: int = 0
    signal: int = 0
    finished_at: str | None = None


class Running(Wire):
    """state.running."""

    started_at: str | None = None


class ContainerState(Wire):
    """Exactly one is set, or none yet."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire):
    """status.containerStatuses[]."""

    name: str = ""
    image: str = ""
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class Condition(Wire):
    """status.conditions[]."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class Amounts(Wire):
    """Requests, capacity or allocatable: the parts that matter here, as Kubernetes quantities."""

    chips: str | int | None = msgspec.field(name="google.com/tpu", default=None)
    cpu: str | int | float | None = None


class Resources(Wire):
    """spec.containers[].resources."""

    limits: Amounts | None = None


class Named(Wire):
    """spec.containers[]: its name, and for init containers whether it stays on as a sidecar."""

    name: str = ""
    image: str = ""
    restart_policy: str | None = None
    resources: Resources | None = None


class PodSpec(Wire):
    """spec of a Pod."""

    node_name: str = ""
    node_selector: dict[str, str] | None = None
    containers: list[Named] | None = None
    init_containers: list[Named] | None = None


class PodStatus(Wire):
    """status of a Pod."""

    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    host_ip: str = msgspec.field(name="hostIP", default="")
    pod_ip: str = msgspec.field(name="podIP", default="")
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(Wire):
    """A Pod."""

    metadata: Meta
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


class ServicePort(Wire):
    """spec.ports[]."""

    port: int = 0


class ServiceSpec(Wire):
    """spec of a Service."""

    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    ports: list[ServicePort] | None = None


class Ingress(Wire):
    """status.loadBalancer.ingress[]."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(Wire):
    """status.loadBalancer."""

    ingress: list[Ingress] | None = None


class ServiceStatus(Wire):
    """status of a Service."""

    load_balancer: LoadBalancer | None = None


class Service(Wire):
    """A Service."""

    metadata: Meta
    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)
    status: ServiceStatus = msgspec.field(default_factory=ServiceStatus)


class Involved(Wire):
    """involvedObject."""

    kind: str = ""
    name: str = ""


class EventSource(Wire):
    """source."""

    component: str = ""


class Series(Wire):
    """series of an events.k8s.io event."""

    count: int = 0
    last_observed_time: str | None = None


class Event(Wire):
    """A core/v1 Event."""

    metadata: Meta
    involved_object: Involved = msgspec.field(default_factory=Involved)
    reason: str | None = None
    message: str | None = None
    type: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None
    source: EventSource | None = None
    reporting_component: str | None = None


class Template(Wire):
    """template of a Deployment's or a Job's pods."""

    spec: PodSpec = msgspec.field(default_factory=PodSpec)


class JobSpec(Wire):
    """spec of a Job."""

    parallelism: int | None = None
    template: Template = msgspec.field(default_factory=Template)


class JobState(Wire):
    """status of a Job."""

    active: int | None = None
    ready: int | None = None
    failed: int | None = None
    succeeded: int | None = None
    conditions: list[Condition] | None = None


class Job(Wire):
    """A Job."""

    metadata: Meta
    spec: JobSpec = msgspec.field(default_factory=JobSpec)
    status: JobState = msgspec.field(default_factory=JobState)


class DeploymentSpec(Wire):
    """spec of a Deployment."""

    replicas: int | None = None
    template: Template = msgspec.field(default_factory=Template)


class DeploymentState(Wire):
    """status of a Deployment."""

    ready_replicas: int | None = None
    available_replicas: int | None = None
    conditions: list[Condition] | None = None


class Deployment(Wire):
    """A Deployment."""

    metadata: Meta
    spec: DeploymentSpec = msgspec.field(default_factory=DeploymentSpec)
    status: DeploymentState = msgspec.field(default_factory=DeploymentState)


class Taint(Wire):
    """spec.taints[] of a Node."""

    key: str = ""
    value: str | None = None
    effect: str = ""


class NodeSpec(Wire):
    """spec of a Node."""

    unschedulable: bool | None = None
    taints: list[Taint] | None = None


class Address(Wire):
    """status.addresses[] of a Node."""

    type: str = ""
    address: str = ""


class NodeInfo(Wire):
    """status.nodeInfo."""

    kubelet_version: str = ""


class NodeStatus(Wire):
    """status of a Node."""

    allocatable: Amounts | None = None
    addresses: list[Address] | None = None
    conditions: list[Condition] | None = None
    node_info: NodeInfo | None = None


class Node(Wire):
    """A Node."""

    metadata: Meta
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


class FailurePolicy(Wire):
    """spec.failurePolicy."""

    max_restarts: int = 0


class JobTemplate(Wire):
    """spec.replicatedJobs[].template."""

    spec: JobSpec = msgspec.field(default_factory=JobSpec)


class ReplicatedJob(Wire):
    """spec.replicatedJobs[]."""

    name: str = ""
    replicas: int | None = None
    template: JobTemplate = msgspec.field(default_factory=JobTemplate)


class JobSetSpec(Wire):
    """spec of a JobSet."""

    failure_policy: FailurePolicy | None = None
    replicated_jobs: list[ReplicatedJob] | None = None


class ReplicatedJobStatus(Wire):
    """status.replicatedJobsStatus[]."""

    ready: int = 0


class JobSetState(Wire):
    """status of a JobSet. v0.2 spells the list with a capital R."""

    restarts: int = 0
    terminal_state: str = ""
    conditions: list[Condition] | None = None
    replicated_jobs_status: list[ReplicatedJobStatus] | None = None
    old_replicated_jobs_status: list[ReplicatedJobStatus] | None = msgspec.field(
        name="ReplicatedJobsStatus", default=None
    )


class JobSet(Wire):
    """A JobSet."""

    metadata: Meta
    spec: JobSetSpec = msgspec.field(default_factory=JobSetSpec)
    status: JobSetState = msgspec.field(default_factory=JobSetState)


class ListMeta(msgspec.Struct):
    """metadata of a list."""

    resourceVersion: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct):
    """One page of a list; items are decoded by kind."""

    metadata: ListMeta
    items: list[msgspec.Raw] | None = None


class Change(msgspec.Struct):
    """One line of a watch. `object` is decoded by `type` and kind."""

    type: str
    object: msgspec.Raw


class Changed(msgspec.Struct, Generic[T]):
    """One line of a watch read in one go; not for ERROR, whose object is another."""

    type: str
    object: T


class Bookmark(msgspec.Struct):
    """The object of a BOOKMARK."""

    metadata: Meta


class Failure(msgspec.Struct):
    """The object of an ERROR: a metav1.Status."""

    code: int = 0
    reason: str = ""
    message: str = ""
