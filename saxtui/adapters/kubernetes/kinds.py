"""Which path serves a kind. Those saxtui uses are known; others are looked up in discovery once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server serves it: its plural in paths, and whether it lives in a namespace."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of the collection, or of one object."""
        root = "/api/v1" if self.api_version == "v1" else f"/apis/{self.api_version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}" + (f"/{name}" if name else "")


_TABLE = """
v1 Pod pods ns
v1 Service services ns
v1 ServiceAccount serviceaccounts ns
v1 ConfigMap configmaps ns
v1 Secret secrets ns
v1 Event events ns
v1 Endpoints endpoints ns
v1 Namespace namespaces -
v1 Node nodes -
apps/v1 Deployment deployments ns
apps/v1 ReplicaSet replicasets ns
apps/v1 StatefulSet statefulsets ns
batch/v1 Job jobs ns
jobset.x-k8s.io/v1alpha2 JobSet jobsets ns
discovery.k8s.io/v1 EndpointSlice endpointslices ns
rbac.authorization.k8s.io/v1 Role roles ns
rbac.authorization.k8s.io/v1 RoleBinding rolebindings ns
rbac.authorization.k8s.io/v1 ClusterRole clusterroles -
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings -
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions -
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations -
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations -
"""


def _parse(table: str) -> dict[tuple[str, str], Resource]:
    rows = (line.split() for line in table.strip().splitlines())
    return {(group, kind): Resource(group, kind, plural, scope == "ns") for group, kind, plural, scope in rows}


KNOWN = _parse(_TABLE)
