"""What is wanted: one Deployment, saved as YAML, from which everything else is derived.

Every field has a default that reproduces the Saxml tutorial's shape reached privately.
Imported lazily: pydantic costs about 80 ms and the first frame must not wait for it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from saxtui.catalog import sax_models, tpus
from saxtui.model import term

Label = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$")]
CloudName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9/_.:-]*$", max_length=200)]
"""A name of something made elsewhere, or a path such as projects/P/global/networks/N; "" = none."""
LabelKey = Annotated[str, Field(pattern=r"^[a-z]([-_a-z0-9]{0,61}[a-z0-9])?$")]
LabelValue = Annotated[str, Field(pattern=r"^([a-z0-9]([-_a-z0-9]{0,61}[a-z0-9])?)?$")]
"""Legal as a label of Google Cloud and of Kubernetes alike, so narrower than either."""
PoolPrefix = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,33}[a-z0-9])?$")]
MARK = "saxtui-deployment"
"""The label of what is ours; its value is the deployment's id."""
TUTORIAL_MODEL = f"{sax_models.PREFIX}.lm_cloud.LmCloudSpmd175B32Test"


class Exposure(StrEnum):
    """How the HTTP server is reached: through the Kubernetes API server, or by a load balancer."""

    PRIVATE = "private"
    INTERNAL = "internal"
    EXTERNAL = "external"


class RoleScope(StrEnum):
    """Where the storage role is bound: on the one bucket, or on the project as the tutorial does."""

    BUCKET = "bucket"
    PROJECT = "project"


class Channel(StrEnum):
    """GKE's release channels. DEFAULT leaves the choice to GKE; NONE enrols the cluster in no channel."""

    DEFAULT = ""
    RAPID = "rapid"
    REGULAR = "regular"
    STABLE = "stable"
    EXTENDED = "extended"
    NONE = "none"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Model(_Part):
    """The model to serve. `id` is /sax/<cell>/<name>; `path` a Sax model class; checkpoint "None" = random weights."""

    id: str = Field(
        default="/sax/test/spmd",
        pattern=r"^/sax/[a-z]+[a-z0-9_-]*/[a-z]+[a-z0-9_-]*$",
        description="/sax/CELL/NAME: what clients ask for",
    )
    path: str = Field(
        default=TUTORIAL_MODEL,
        pattern=r"^[a-zA-Z]+[a-zA-Z0-9_.-]*$",
        description="Sax model class; its device mesh must be as big as one slice, in chips",
    )
    checkpoint: str = Field(
        default="None", pattern=r"^[/\w.%:=|+-]+$", description="gs:// directory of a step, or None = random weights"
    )
    replicas: int = Field(default=0, ge=0, description="replicas to publish; 0 means one for each slice")

    @property
    def cell(self) -> str:
        """The Sax cell, e.g. /sax/test."""
        return self.id.rsplit("/", 1)[0]


class Capacity(StrEnum):
    """How the chips are had: derived from a Slices' `spot`, `reservation` and `flex_start`."""

    ON_DEMAND = "on demand"
    SPOT = "spot"
    RESERVATION = "reservation"
    FLEX_START = "flex-start"


class Slices(_Part):
    """The TPU slices: `count` node pools of one multi-host slice each."""

    generation: str = Field(default="v5e", description="v3, v4, v5e, v5p, v6e or tpu7x")
    topology: str = Field(default="4x8", description="the slice's shape in chips; its machine type and hosts follow")
    count: int = Field(default=2, ge=1, le=64, description="slices, one node pool each")
    spot: bool = Field(default=False, description="cheaper, and may be taken away at any time")
    reservation: CloudName = Field(default="", description="name of a reservation to use")
    flex_start: bool = Field(
        default=False, description="wait for capacity, up to seven days of use; neither spot nor reservation"
    )
    placement_policy: CloudName = Field(
        default="", description="TPU7x only: the workload policy (a Compute Engine resource policy) to place slices by"
    )
    pool_prefix: PoolPrefix = Field(default="tpu", description="node pools are called PREFIX1, PREFIX2, ...")

    @field_validator("generation")
    @classmethod
    def _known_generation(cls, value: str) -> str:
        if value not in tpus.generations():
            raise ValueError(f"unknown TPU generation {value!r}; known: {', '.join(tpus.generations())}")
        return value

    @model_validator(mode="after")
    def _legal_topology(self) -> Slices:
        try:
            shape = tpus.shape(self.generation, self.topology)
        except KeyError as error:
            raise ValueError(error.args[0]) from None
        chosen = [
            word
            for word, given in (
                ("spot", self.spot), ("reservation", self.reservation), ("flex_start", self.flex_start),
            )
            if given
        ]  # fmt: skip
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude each other")
        if self.placement_policy and shape.placement != tpus.WORKLOAD_POLICY:
            raise ValueError(f"placement_policy is for TPU7x slices of several hosts, not for {self.generation}")
        return self

    @property
    def shape(self) -> tpus.SliceShape:
        """The catalogue row: machine type, hosts, chips, HBM."""
        return tpus.shape(self.generation, self.topology)

    @property
    def capacity(self) -> Capacity:
        """Which of the four ways to have chips is chosen."""
        if self.flex_start:
            return Capacity.FLEX_START
        if self.reservation:
            return Capacity.RESERVATION
        return Capacity.SPOT if self.spot else Capacity.ON_DEMAND

    @property
    def pools(self) -> tuple[str, ...]:
        """Node pool names: tpu1, tpu2, …"""
        return tuple(f"{self.pool_prefix}{number}" for number in range(1, self.count + 1))


class Cluster(_Part):
    """The GKE Standard cluster. `cpu_nodes` is the total, all in the slices' zone, unless `every_zone`.

    With `adopt` a cluster of that name that is not ours is used, and never deleted.
    """

    name: Label = Field(default="saxml", description="the cluster's name")
    version: str = Field(
        default="",
        pattern=r"^(\d+\.\d+(\.\d+(-gke\.\d+)?)?)?$",
        description='GKE version such as 1.32; "" = GKE\'s default',
    )
    release_channel: Channel = Field(
        default=Channel.DEFAULT, description='rapid, regular, stable, extended, none; "" = GKE\'s default'
    )
    cpu_nodes: int = Field(default=4, ge=1, le=100, description="CPU nodes in all, for the servers that need no TPU")
    every_zone: bool = Field(
        default=False, description="cpu_nodes in EACH zone of the region, usually three, as gcloud --num-nodes does"
    )
    cpu_machine_type: CloudName = Field(default="e2-standard-4", description="machine type of the CPU nodes")
    network: CloudName = Field(default="", description='VPC network; "" = default')
    subnetwork: CloudName = Field(default="", description='subnet; "" = the network\'s own in the region')
    private_nodes: bool = Field(
        default=False, description="no external addresses for the nodes: the network then needs Cloud NAT"
    )
    adopt: bool = Field(default=False, description="use a cluster of that name that is not ours, and never delete it")


class Identity(_Part):
    """The Google service account the pods act as, and the Kubernetes account bound to it."""

    service_account: str = Field(
        default="sax-iam-sa", pattern=r"^[a-z]([-a-z0-9]{4,28}[a-z0-9])$", description="Google service account to make"
    )
    kubernetes_account: Label = Field(default="sax-sa", description="Kubernetes service account of the pods")
    role_scope: RoleScope = Field(
        default=RoleScope.BUCKET, description="bucket: only this bucket; project: storage.admin on all of the project's"
    )


Image = Annotated[str, Field(description="container image with its tag, the Sax release")]


class Images(_Part):
    """Container images. The HTTP server's tag decides its dialect."""

    admin: Image = "us-docker.pkg.dev/cloud-tpu-images/inference/sax-admin-server:v1.1.0"
    model: Image = "us-docker.pkg.dev/cloud-tpu-images/inference/sax-model-server:v1.1.0"
    http: Image = "us-docker.pkg.dev/cloud-tpu-images/inference/sax-http:v1.0.0"


class JobSet(_Part):
    """The JobSet release. `manifest`: a URL or a file, "" = the release's; `sha256` "" = pin what is seen first."""

    version: str = Field(default="v0.8.2", pattern=r"^v\d+\.\d+\.\d+$", description="JobSet release")
    manifest: str = Field(default="", description='URL or file to apply; "" = the release\'s own')
    sha256: str = Field(
        default="", pattern=r"^([0-9a-f]{64})?$", description='what the manifest must hash to; "" = not pinned'
    )


class Deployment(_Part):
    """Everything wanted. `id` marks what is ours in the cloud (label saxtui-deployment)."""

    version: int = Field(default=1, ge=1, le=1, description="version of this file's format")
    id: str = Field(pattern=r"^[a-z][a-z0-9]{5,11}$", description="marks what is ours in the cloud: do not change it")
    name: Label = Field(description="the deployment's name, here and in labels")
    project: str = Field(
        pattern=r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$", description="project id: everything is made in it and billed to it"
    )
    region: str = Field(
        default="us-west4", pattern=r"^[a-z]+-[a-z]+\d+$", description="region of the cluster and the bucket"
    )
    zone: str = Field(
        default="us-west4-a", pattern=r"^[a-z]+-[a-z]+\d+-[a-z][a-z0-9]*$", description="zone of the slices"
    )
    other_zones: tuple[str, ...] = Field(
        default=(), max_length=8, description="zones of the region to take instead, first choice first"
    )
    namespace: Label = Field(default="default", description="Kubernetes namespace")
    bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]$", description="bucket to make; its name is unique in the world"
    )
    adopt_bucket: bool = Field(
        default=False, description="use a bucket of that name that is not ours, and never delete it"
    )
    ttl: str = Field(
        default="",
        pattern=term.PATTERN,
        description='how long it is meant to live, such as 8h or 2d; then it warns, and deletes nothing; "" = no end',
    )
    canary: int = Field(
        default=30, ge=0, le=3600, description="seconds between two tiny prompts that show the model answers; 0 = none"
    )
    attached: str = Field(
        default="",
        pattern=r"^([a-z]+-[a-z]+\d+(-[a-z][a-z0-9]*)?)?$",
        description="location of a cluster that others made and saxtui only looks at; set by saxtui attach",
    )
    extra_labels: dict[LabelKey, LabelValue] = Field(
        default={}, max_length=32, description="labels of your own for everything made here, such as team: nlp"
    )
    exposure: Exposure = Field(
        default=Exposure.PRIVATE,
        description="private: through the Kubernetes API; internal, external: a load balancer without a password",
    )
    source_ranges: tuple[str, ...] = Field(
        default=(), description="networks such as 203.0.113.0/24 that may reach a load balancer; none = all"
    )
    model: Model = Field(default=Model(), description="the model to serve")
    slices: Slices = Field(default=Slices(), description="the TPU slices")
    cluster: Cluster = Field(default=Cluster(), description="the GKE Standard cluster")
    identity: Identity = Field(default=Identity(), description="whom the pods act as")
    images: Images = Field(default=Images(), description="container images; the HTTP server's tag decides its dialect")
    jobset: JobSet = Field(default=JobSet(), description="the JobSet controller to install")

    @model_validator(mode="after")
    def _agree(self) -> Deployment:
        if not self.zone.startswith(self.region + "-"):
            raise ValueError(f"zone {self.zone} is not in region {self.region}")
        for other in self.other_zones:
            if not other.startswith(self.region + "-") or other == self.zone:
                raise ValueError(f"other_zones: {other} is not another zone of region {self.region}")
        known = sax_models.find(self.model.path)
        shape = self.slices.shape
        if known is not None and shape.chips not in known.chips:
            needs = " or ".join(str(count) for count in known.chips)
            raise ValueError(
                f"model class {known.name} needs a slice of {needs} chips, but {self.slices.generation} "
                f"{self.slices.topology} has {shape.chips}; classes that fit {shape.chips} chips: "
                f"{_names(shape.chips, self.release)}"
            )
        if known is not None and not known.in_release(self.release):
            raise ValueError(
                f"model class {known.name} comes with Sax {known.since}, but images.model is {self.release}; "
                f"classes that fit: {_names(shape.chips, self.release)}"
            )
        if known is not None and (known.gb_per_chip(shape.chips) or 0) > shape.hbm_gb_per_chip:
            raise ValueError(
                f"model class {known.name} has {known.weights_gb:g} GB of weights, but {self.slices.generation} "
                f"{self.slices.topology} has {shape.hbm_gb} GB of HBM"
            )
        if known is not None and not known.test_mode and self.model.checkpoint == "None":
            raise ValueError(f"model class {known.name} needs a checkpoint directory; only test classes take None")
        if self.model.replicas > self.slices.count:
            raise ValueError(
                f"{self.model.replicas} replicas need {self.model.replicas} slices, but there are {self.slices.count}"
            )
        return self

    @field_validator("bucket")
    @classmethod
    def _bucket_name(cls, value: str) -> str:
        if "google" in value or value.startswith("goog") or re.fullmatch(r"\d+\.\d+\.\d+\.\d+", value):
            raise ValueError(f"{value!r} is not a legal bucket name: no 'goog', no 'google', no IP address")
        return value

    @field_validator("extra_labels")
    @classmethod
    def _not_our_labels(cls, value: dict[str, str]) -> dict[str, str]:
        for key in value:
            if key.startswith(("saxtui", "goog", "app")):
                raise ValueError(f"{key!r} is taken: labels that begin with saxtui, goog or app are set elsewhere")
        return value

    @field_validator("source_ranges")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text)
        return value

    @property
    def release(self) -> str:
        """The Sax release of the model-server image: its tag, e.g. v1.1.0."""
        return self.images.model.rpartition(":")[2]

    @property
    def chips(self) -> int:
        """TPU chips of all slices together."""
        return self.slices.shape.chips * self.slices.count

    @property
    def replicas(self) -> int:
        """Replicas to publish: what was asked, or one for each slice."""
        return self.model.replicas or self.slices.count

    @property
    def service_account_email(self) -> str:
        """The Google service account's e-mail address."""
        return f"{self.identity.service_account}@{self.project}.iam.gserviceaccount.com"

    @property
    def workload_pool(self) -> str:
        """The Workload Identity pool of the project."""
        return f"{self.project}.svc.id.goog"

    @property
    def labels(self) -> dict[str, str]:
        """The ownership labels and the operator's own, put on every resource that can carry them."""
        return {**self.extra_labels, MARK: self.id, "saxtui-name": self.name}

    @property
    def mark(self) -> str:
        """The mark of ownership as text, for the description of what carries no labels."""
        return f"{MARK}={self.id}"

    def owns(self, labels: Mapping[str, str] | None) -> bool:
        """Whether something with these labels is ours."""
        return labels is not None and labels.get(MARK) == self.id


def _names(chips: int, release: str) -> str:
    return ", ".join(model.name for model in sax_models.fitting(chips, release)) or "none"
