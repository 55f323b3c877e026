"""What a write goes through before it is stored: namespace, webhooks, defaults, accounts, addresses, validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.emulator.kubernetes import defaults, status, structural, validation, webhooks
from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json, meta, terminating

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

JOBSET_GROUP = "jobset.x-k8s.io"
SERVICE_RANGE = "34.118"
"""GKE's own range for Services, 34.118.224.0/20, used when a cluster names none."""
_FIRST_NODE_PORT, _NODE_PORTS = 30000, 2768


def on_create(store: KubeStore, info: KindInfo, obj: Json) -> None:
    """Complete `obj` in place, or raise ApiError 403, 404, 422 or 500. Its uid and name are set."""
    metadata = meta(obj)
    if info.namespaced:
        metadata["namespace"] = metadata.get("namespace") or "default"
        _check_namespace(store, info, _shown_name(metadata), str(metadata["namespace"]))
    causes = _schema_causes(info, obj)
    called = webhooks.call(store, info, obj, "CREATE")
    if not causes and called and info.group == JOBSET_GROUP:
        defaults.job_set(obj)
    defaults.on_create(obj)
    causes += validation.on_create(info, obj)
    if not causes and called and info.group == JOBSET_GROUP:
        causes += validation.job_set_causes(obj)
    if causes:
        raise status.invalid(info.kind, info.group, str(metadata.get("name") or ""), causes)
    if info.kind == "Pod":
        _check_account(store, obj)
    elif info.kind == "Service":
        _allot(store, obj["spec"])


def on_update(store: KubeStore, info: KindInfo, new: Json, old: Json) -> None:
    """Complete `new` in place, or raise ApiError."""
    causes = _schema_causes(info, new)
    changed = new.get("spec") != old.get("spec")
    called = changed and webhooks.call(store, info, new, "UPDATE")
    if not causes and called and info.group == JOBSET_GROUP:
        defaults.job_set(new)
    defaults.on_update(new, old)
    causes += validation.on_update(info, new, old)
    if not causes and called and info.group == JOBSET_GROUP:
        causes += validation.job_set_update(new, old)
    if causes:
        raise status.invalid(info.kind, info.group, str(meta(new).get("name") or ""), causes)
    if info.kind == "Service":
        _allot(store, new["spec"])


def _shown_name(metadata: Json) -> str:
    """The name in a refusal by admission: an API server admits before it makes a name from generateName."""
    name, stem = str(metadata.get("name") or ""), str(metadata.get("generateName") or "")
    return stem if stem and name.startswith(stem) else name


def _schema_causes(info: KindInfo, obj: Json) -> list[status.Cause]:
    if info.schema is None:
        return []
    structural.prune(info.schema, obj)
    return structural.causes(info.schema, obj)


def _check_namespace(store: KubeStore, info: KindInfo, name: str, namespace: str) -> None:
    found = store.peek("Namespace", "", namespace)
    if found is None:
        raise status.not_found(namespace, "", "namespaces")
    if terminating(found):
        raise status.namespace_terminating(name, info.group, info.plural, namespace)


def _check_account(store: KubeStore, pod: Json) -> None:
    namespace, name = pod["metadata"]["namespace"], str(pod["spec"].get("serviceAccountName") or "default")
    if store.peek("ServiceAccount", namespace, name) is None:
        why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise status.forbidden(_shown_name(pod["metadata"]), "", "pods", why)


def _allot(store: KubeStore, spec: Json) -> None:
    """A cluster address, and node ports where the type has them."""
    if spec.get("type") == "ExternalName":
        return
    services = store.list("Service")
    if not spec.get("clusterIP"):
        used = {(service.get("spec") or {}).get("clusterIP") for service in services}
        hosts = (f"{SERVICE_RANGE}.{224 + n // 256}.{n % 256}" for n in range(1, 4094))
        spec["clusterIP"] = next(address for address in hosts if address not in used)
    spec["clusterIPs"] = [spec["clusterIP"]]
    if spec.get("type") not in ("LoadBalancer", "NodePort"):
        return
    ports = [port for service in services for port in (service.get("spec") or {}).get("ports") or []]
    taken = {port.get("nodePort") for port in ports}
    for port in spec.get("ports") or []:
        while not port.get("nodePort"):
            number = _FIRST_NODE_PORT + store.world.rng.randrange(_NODE_PORTS)
            if number not in taken:
                port["nodePort"] = number
                taken.add(number)
