"""What the engine needs of the world, as protocols. The adapters fulfil them; tests use the real adapters too.

Reads return None where the API answers 404. Every failure is a `saxtui.errors.CallError`: its class says what kind,
`may_have_acted` whether a mutation must be reconciled before it is repeated. All text in returned values is sanitized.
Bodies are JSON data in the API's REST shape (camelCase, enum names).
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from saxtui.errors import Problem
from saxtui.model.chips import NodeChips
from saxtui.model.cluster import ClusterView, LogLine
from saxtui.model.events import Event
from saxtui.model.log_batch import LogLines
from saxtui.model.log_batch import LogRequest as LogRequest
from saxtui.ports.serving import Json as Json
from saxtui.ports.serving import LastBeat as LastBeat
from saxtui.ports.serving import ModelServer as ModelServer
from saxtui.ports.serving import Talker as Talker


class Clock(Protocol):
    """Time as the deployment lives it: wall time, or the embedded cloud's own faster time."""

    @property
    def speed(self) -> float:
        """How many seconds pass here in one real second: 1.0 on the real cloud."""

    def now(self) -> float:
        """Epoch seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A GKE operation. `status`: PENDING, RUNNING, DONE, ABORTING; `error` "" unless it failed."""

    name: str
    kind: str
    status: str
    target: str
    error: str = ""
    reason: str = ""
    said: str = ""
    fraction: float | None = None
    started: float = 0.0

    @property
    def done(self) -> bool:
        """Whether it ended, well or badly."""
        return self.status == "DONE"


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """A GKE cluster. `endpoint` and `ca_pem` are empty while it is PROVISIONING; `uid` is GKE's id.

    `channel` is a release channel in lower case, "none" without one; `private_nodes` None where it was not told.
    """

    name: str
    location: str
    status: str
    endpoint: str = ""
    ca_pem: str = ""
    version: str = ""
    uid: str = ""
    link: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    node_count: int = 0
    workload_pool: str = ""
    said: str = ""
    channel: str = ""
    private_nodes: bool | None = None
    network: str = ""
    subnetwork: str = ""


@dataclass(frozen=True, slots=True)
class NodePoolInfo:
    """A node pool. `labels` are the GCE resource labels of its nodes; `node_count` is per zone."""

    name: str
    status: str
    machine_type: str = ""
    topology: str = ""
    node_count: int = 0
    zones: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    uid: str = ""
    link: str = ""
    said: str = ""


class Gke(Protocol):
    """Google Kubernetes Engine v1. `location` is a region or a zone; `labels` are put beside those that are there."""

    async def get_cluster(self, location: str, name: str) -> ClusterInfo | None: ...
    async def list_clusters(self, location: str) -> list[ClusterInfo]: ...
    async def create_cluster(self, location: str, body: Json) -> Operation: ...
    async def delete_cluster(self, location: str, name: str) -> Operation: ...
    async def get_node_pool(self, location: str, cluster: str, name: str) -> NodePoolInfo | None: ...
    async def list_node_pools(self, location: str, cluster: str) -> list[NodePoolInfo]: ...
    async def create_node_pool(self, location: str, cluster: str, body: Json) -> Operation: ...
    async def delete_node_pool(self, location: str, cluster: str, name: str) -> Operation: ...
    async def set_node_pool_size(self, location: str, cluster: str, name: str, hosts: int) -> Operation: ...
    async def label_cluster(self, location: str, name: str, labels: Mapping[str, str]) -> Operation: ...
    async def label_node_pool(self, location: str, cluster: str, name: str, labels: Mapping[str, str]) -> Operation: ...
    async def get_operation(self, location: str, name: str) -> Operation | None: ...
    async def list_operations(self, location: str) -> list[Operation]: ...
    async def versions(self, location: str) -> tuple[str, tuple[str, ...]]:
        """The default cluster version and all valid ones."""


@dataclass(frozen=True, slots=True)
class BucketInfo:
    """A bucket. `uid` is its metageneration-independent identity: creation time plus project number."""

    name: str
    location: str
    labels: Mapping[str, str] = field(default_factory=dict)
    project_number: str = ""
    metageneration: int = 0
    uid: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object in a bucket. `size` in bytes.

    `updated` (when it was written) and `answered` (when the server said so) are epoch seconds on the server's clock;
    0.0 from calls that do not tell.
    """

    name: str
    generation: int
    size: int
    updated: float = 0.0
    answered: float = 0.0


class Buckets(Protocol):
    """Cloud Storage."""

    async def get(self, name: str) -> BucketInfo | None: ...
    async def list(self) -> list[BucketInfo]: ...
    async def create(self, body: Json) -> BucketInfo: ...
    async def delete(self, name: str, metageneration: int) -> None: ...
    async def objects(self, name: str, prefix: str = "", limit: int = 1000) -> builtins.list[ObjectInfo]: ...
    async def delete_object(self, name: str, item: ObjectInfo) -> None: ...
    async def find_object(self, name: str, key: str) -> ObjectInfo | None:
        """One object with the server's times; None when there is no such object or bucket."""

    async def read_object(self, name: str, key: str, generation: int = 0, limit: int = 8_388_608) -> bytes | None:
        """Its content (that generation, or the newest); None when it is not there. Raises Invalid beyond `limit`."""

    async def put_object(self, name: str, key: str, data: bytes, generation_match: int | None = None) -> ObjectInfo:
        """Write it whole. `generation_match`: only over that generation, 0 = only when there is none; else Conflict."""


@dataclass(frozen=True, slots=True)
class PolicyTarget:
    """What an IAM policy hangs on. `kind`: project, bucket or service-account; `name`: id, bucket name or e-mail."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """A Google service account."""

    email: str
    uid: str
    description: str = ""
    display_name: str = ""


class Identity(Protocol):
    """IAM: service accounts, and policies of projects, buckets and service accounts."""

    async def get_account(self, email: str) -> AccountInfo | None: ...
    async def list_accounts(self) -> list[AccountInfo]: ...
    async def create_account(self, account_id: str, display_name: str, description: str) -> AccountInfo: ...
    async def delete_account(self, email: str) -> None: ...
    async def get_policy(self, target: PolicyTarget) -> Json:
        """The policy with its etag, version 3, untouched."""

    async def set_policy(self, target: PolicyTarget, policy: Json) -> Json:
        """Write it back; raises Conflict when the etag is stale."""


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """A project. `number` is what never changes."""

    id: str
    number: str
    name: str = ""
    state: str = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Quota:
    """One regional quota. `limit` and `usage` in the metric's unit (chips for TPU metrics)."""

    metric: str
    limit: float
    usage: float


@dataclass(frozen=True, slots=True)
class Leftover:
    """A Compute Engine resource of a kind that clusters leave behind. `path` is its own under projects/P.

    `kind`: forwarding-rule, address, disk, network-endpoint-group, firewall-rule or placement-policy.
    """

    kind: str
    name: str
    path: str
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Machines set aside in a zone: how many, of which type, and how many of them are used."""

    machine_type: str
    count: int
    used: int


class Projects(Protocol):
    """Projects, APIs and what Compute Engine offers."""

    async def account(self) -> str:
        """Who we are, as an e-mail address or "unknown". Raises Unauthenticated."""

    async def get(self, project: str) -> ProjectInfo | None: ...
    async def list(self) -> list[ProjectInfo]: ...
    async def granted(self, project: str, permissions: Sequence[str]) -> frozenset[str]: ...
    async def enabled(self, project: str, services: Sequence[str]) -> frozenset[str]: ...
    async def billing(self, project: str) -> bool | None:
        """Whether the project has a billing account; None where that cannot be read."""

    async def zones(self, project: str, region: str) -> builtins.list[str]: ...
    async def regions(self, project: str) -> builtins.list[str]: ...
    async def zones_offering(self, project: str, machine_type: str) -> frozenset[str]: ...
    async def quotas(self, project: str, region: str) -> builtins.list[Quota]: ...
    async def cloud_quota(self, project: str, region: str, quota: str, family: str) -> float | None:
        """Cloud Quotas' limit of a Compute Engine quota id in the region; None where it cannot be read.

        With a `family` (a TPU family such as CT6E) that has no row there it is 0.
        """

    async def reservation(self, project: str, zone: str, name: str) -> Reservation | None:
        """A reservation by its name, or projects/OWNER/reservations/NAME; None where there is none."""

    async def forwarding_rules(self, project: str, region: str) -> builtins.list[Json]: ...
    async def leftovers(self, project: str, region: str, zone: str) -> builtins.list[Leftover]:
        """Everything of these kinds in the region and zone, whoever made it."""

    async def delete_leftover(self, project: str, row: Leftover) -> None: ...


@dataclass(frozen=True, slots=True)
class Ref:
    """Names one Kubernetes object. `namespace` "" for cluster-scoped kinds."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


class Turns(Protocol):
    """Shares the event loop among streams: bulk work asks before each piece of about a millisecond."""

    async def turn(self) -> None:
        """Wait for a turn; what follows until the next await is the piece of work."""


class Kubernetes(Protocol):
    """One cluster's API server."""

    async def version(self) -> str: ...
    async def get(self, ref: Ref) -> Json | None: ...
    async def list(
        self, api_version: str, kind: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> builtins.list[Json]: ...
    async def create(self, body: Json, *, dry_run: bool = False) -> Json: ...
    async def apply(self, body: Json, *, force: bool = False, dry_run: bool = False) -> Json:
        """Server-side apply as field manager "saxtui". Raises Conflict naming the fields and their owner."""

    async def patch(self, ref: Ref, body: Json) -> Json:
        """JSON merge patch."""

    async def delete(self, ref: Ref, *, uid: str = "", propagation: str = "Background") -> bool:
        """False when it was absent already. `uid` is a precondition; raises Conflict when it differs."""

    async def read_log(self, request: LogRequest) -> builtins.list[LogLine]: ...
    def stream_log(self, request: LogRequest, turns: Turns) -> AsyncGenerator[LogLines, None]:
        """Lines in bulk until the container ends, first an empty one; resumes without repeats, and marks gaps."""

    def watch(self, namespaces: Sequence[str], labels: str = "") -> AsyncGenerator[ClusterView, None]:
        """The live picture: a new view after every batch of changes, for ever, through 410s and breaks."""

    async def look(self, namespaces: Sequence[str], labels: str = "") -> ClusterView:
        """One picture, read now: the lists that `watch` starts with."""

    async def page(self, namespace: str, pod: str, port: int, path: str = "/", timeout: float = 5.0) -> str:
        """A page that a program in the pod serves on its own localhost, by port-forward. Raises CallError."""

    async def read_chips(self, nodes: Collection[str]) -> Mapping[str, NodeChips]:
        """What the TPU metrics exporter of each of these nodes tells, or why not; never raises CallError."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds a journal's lock: process id, since when (local time), and the run it is at work on, "" for none."""

    pid: int
    since: str
    run: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} since {self.since}"


class Journal(Protocol):
    """A deployment's append-only record. An event is durable when `append` returns.

    `damage` says what is wrong with it: then it is read-only, and only the events before the damage are told.
    """

    read_only: bool
    damage: Problem | None

    async def append(self, event: Event) -> None:
        """Raises Refused when it cannot be recorded: then nothing may be sent."""

    async def events(self) -> list[Event]: ...
    async def holder(self) -> LockHolder | None:
        """Who writes it now, us included; None when nobody does. Takes no lock."""

    async def close(self) -> None: ...


class Fetch(Protocol):
    """Reads one file by URL or path, whole. Raises CallError."""

    async def __call__(self, source: str, limit: int = 8_388_608) -> bytes: ...


class Cloud(Protocol):
    """Everything outside, for one project."""

    project: str
    clock: Clock
    gke: Gke
    buckets: Buckets
    identity: Identity
    projects: Projects
    fetch: Fetch

    async def kubernetes(self, cluster: ClusterInfo) -> Kubernetes:
        """Connect to that cluster: TLS by its own CA, our own token; kubeconfig is read for the way, never written."""

    def model_server(
        self, kubernetes: Kubernetes, namespace: str, service: str, port: int, address: str = ""
    ) -> ModelServer:
        """The Sax client, through the API server's service proxy, or straight to `address` when given."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine asks the operator. `typed` is the word that must be typed, "" for yes/no."""

    title: str
    text: str
    typed: str = ""
    choices: tuple[str, ...] = ()


class Operator(Protocol):
    """Answers questions: a modal, a prompt, `--yes`, or a test's script."""

    async def ask(self, question: Question) -> str | None:
        """The chosen choice, "yes", the typed word; None for no."""


@dataclass(frozen=True, slots=True)
class SavedReceipt:
    """A receipt on disk: where, its text, its JSON body and that body's SHA-256; `intact` while they still agree."""

    path: str
    json_path: str
    text: str
    body: Json
    sha256: str
    intact: bool = True


class Library(Protocol):
    """The saved deployments of this user (YAML files) and their journals."""

    def names(self) -> list[str]: ...
    def load(self, name_or_path: str) -> Any:
        """A Deployment. Raises UsageProblem that names file, line and field."""

    def save(self, deployment: Any, path: str = "") -> str:
        """Writes it atomically, mode 0600, and returns the path."""

    def keep(self, deployment: Any, source: str) -> str:
        """Keep a copy of what was loaded from `source` under its name (NAME-ID when that is another's); the path."""

    def open_journal(self, deployment: Any, *, write: bool = True) -> AbstractAsyncContextManager[Journal]:
        """The journal; with `write` under an exclusive lock. Raises Refused naming the holder when it is held."""

    def save_receipt(self, deployment: Any, at: float, text: str, body: Json) -> SavedReceipt:
        """Keep a teardown's receipt, made at epoch seconds `at`. Blocking. Raises Refused."""

    def last_receipt(self, deployment: Any) -> SavedReceipt | None:
        """The newest receipt of the deployment. Blocking. Raises Refused when it cannot be read."""

    def forget(self, name: str) -> None:
        """Take a saved deployment's file away; its journal stays. Blocking. Raises Refused."""

    def read_draft(self) -> str:
        """The setup that was broken off, as it was written; "" when there is none. Blocking. Raises Refused."""

    def write_draft(self, text: str) -> None:
        """Keep it, mode 0600; "" takes it away. Blocking. Raises Refused."""

    def repair_journal(self, deployment: Any) -> tuple[str, ...]:
        """Set a damaged journal aside and begin a new one from the best copy; what was done, a line each. Blocking."""
