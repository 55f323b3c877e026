"""Which kinds a cluster serves: the built-in ones, and those added by CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KindInfo:
    """One served kind. `columns` and `schema` come from a CRD; `bumps` = metadata.generation follows spec changes."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = False
    bumps: bool = False
    scale: bool = False
    extension: bool = False
    columns: tuple[tuple[str, str, str, int], ...] = ()
    schema: Json | None = None

    @property
    def api_version(self) -> str:
        """ "v1", "apps/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """ "pod"."""
        return self.kind.lower()


ALL = ("all",)
APPS, BATCH, RBAC = "apps", "batch", "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"

BUILTIN: tuple[KindInfo, ...] = (
    KindInfo("", "v1", "Pod", "pods", short=("po",), categories=ALL, has_status=True),
    KindInfo("", "v1", "Service", "services", short=("svc",), categories=ALL, has_status=True),
    KindInfo("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",)),
    KindInfo("", "v1", "Namespace", "namespaces", namespaced=False, short=("ns",), has_status=True),
    KindInfo("", "v1", "Node", "nodes", namespaced=False, short=("no",), has_status=True),
    KindInfo("", "v1", "Event", "events", short=("ev",)),
    KindInfo("", "v1", "ConfigMap", "configmaps", short=("cm",)),
    KindInfo("", "v1", "Secret", "secrets"),
    KindInfo("", "v1", "Endpoints", "endpoints", short=("ep",)),
    KindInfo("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",), has_status=True),
    KindInfo("", "v1", "LimitRange", "limitranges", short=("limits",)),
    KindInfo("", "v1", "ResourceQuota", "resourcequotas", short=("quota",), has_status=True),
    KindInfo(
        "", "v1", "ReplicationController", "replicationcontrollers", short=("rc",), categories=ALL, has_status=True
    ),
    KindInfo(
        APPS,
        "v1",
        "Deployment",
        "deployments",
        short=("deploy",),
        categories=ALL,
        has_status=True,
        bumps=True,
        scale=True,
    ),
    KindInfo(
        APPS, "v1", "ReplicaSet", "replicasets", short=("rs",), categories=ALL, has_status=True, bumps=True, scale=True
    ),
    KindInfo(
        APPS,
        "v1",
        "StatefulSet",
        "statefulsets",
        short=("sts",),
        categories=ALL,
        has_status=True,
        bumps=True,
        scale=True,
    ),
    KindInfo(APPS, "v1", "DaemonSet", "daemonsets", short=("ds",), categories=ALL, has_status=True, bumps=True),
    KindInfo(BATCH, "v1", "Job", "jobs", categories=ALL, has_status=True, bumps=True),
    KindInfo(BATCH, "v1", "CronJob", "cronjobs", short=("cj",), categories=ALL, has_status=True, bumps=True),
    KindInfo(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        short=("hpa",),
        categories=ALL,
        has_status=True,
    ),
    KindInfo(RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False),
    KindInfo(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    KindInfo(RBAC, "v1", "Role", "roles"),
    KindInfo(RBAC, "v1", "RoleBinding", "rolebindings"),
    KindInfo(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        short=("crd", "crds"),
        categories=("api-extensions",),
        has_status=True,
        bumps=True,
    ),
    KindInfo(
        ADMISSION,
        "v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        namespaced=False,
        categories=("api-extensions",),
        bumps=True,
    ),
    KindInfo(
        ADMISSION,
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        namespaced=False,
        categories=("api-extensions",),
        bumps=True,
    ),
    KindInfo("coordination.k8s.io", "v1", "Lease", "leases"),
    KindInfo("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    KindInfo("", "v1", "PersistentVolume", "persistentvolumes", namespaced=False, short=("pv",), has_status=True),
    KindInfo("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",), has_status=True),
    KindInfo("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False, short=("sc",)),
    KindInfo("networking.k8s.io", "v1", "Ingress", "ingresses", short=("ing",), has_status=True),
    KindInfo("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short=("netpol",), bumps=True),
    KindInfo("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", namespaced=False, short=("pc",)),
)

VIEWS: tuple[KindInfo, ...] = (KindInfo("events.k8s.io", "v1", "Event", "events", short=("ev",)),)
"""Second places at which stored kinds can be read."""


def _columns(version: Json) -> tuple[tuple[str, str, str, int], ...]:
    out = []
    for column in version.get("additionalPrinterColumns") or []:
        out.append((column["name"], column["type"], column["jsonPath"], int(column.get("priority") or 0)))
    return tuple(out)


def from_crd(crd: Json) -> list[KindInfo]:
    """The kinds a CustomResourceDefinition serves, storage version first (the store keeps one version a kind)."""
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    versions = [version for version in spec.get("versions") or [] if version.get("served")]
    out = []
    for version in sorted(versions, key=lambda each: not each.get("storage")):
        status = "status" in (version.get("subresources") or {})
        out.append(
            KindInfo(
                group=str(spec.get("group") or ""),
                version=str(version.get("name") or ""),
                kind=str(names.get("kind") or ""),
                plural=str(names.get("plural") or ""),
                namespaced=spec.get("scope") == "Namespaced",
                short=tuple(names.get("shortNames") or ()),
                categories=tuple(names.get("categories") or ()),
                has_status=status,
                bumps=status,
                extension=True,
                columns=_columns(version),
                schema=(version.get("schema") or {}).get("openAPIV3Schema"),
            )
        )
    return out


class Registry:
    """The kinds one cluster serves now."""

    def __init__(self) -> None:
        self._by_kind = {info.kind: info for info in BUILTIN}
        self._by_path = {(info.group, info.version, info.plural): info for info in (*BUILTIN, *VIEWS)}
        self.edition = 0
        """Counts up whenever a CRD comes or goes (discovery and OpenAPI answers depend on it)."""

    def __iter__(self) -> Iterator[KindInfo]:
        return iter(self._by_kind.values())

    def kind(self, kind: str) -> KindInfo | None:
        """By Kind name."""
        return self._by_kind.get(kind)

    def path(self, group: str, version: str, plural: str) -> KindInfo | None:
        """By place in the URL."""
        return self._by_path.get((group, version, plural))

    def group_versions(self) -> list[tuple[str, str]]:
        """In order of first mention; the core group is ("", "v1")."""
        return list(dict.fromkeys((info.group, info.version) for info in self._by_kind.values()))

    def add(self, crd: Json) -> KindInfo | None:
        """Serve what a CRD describes. A built-in kind cannot be taken over (None)."""
        infos = from_crd(crd)
        if not infos:
            return None
        old = self._by_kind.get(infos[0].kind)
        if old is not None and not old.extension:
            return None
        info = infos[0]
        self._by_kind[info.kind] = info
        self._by_path[(info.group, info.version, info.plural)] = info
        self.edition += 1
        return info

    def remove(self, crd: Json) -> list[KindInfo]:
        """Stop serving what a CRD described."""
        gone = []
        for info in from_crd(crd):
            if self._by_path.pop((info.group, info.version, info.plural), None) is not None:
                self._by_kind.pop(info.kind, None)
                gone.append(info)
        self.edition += 1
        return gone
