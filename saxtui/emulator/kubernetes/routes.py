"""Service and pod proxies: from `[scheme:]NAME[:PORT]` in a URL to one pod's port."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.emulator.kubernetes import status
from saxtui.emulator.kubernetes.objects import Json, whole_number
from saxtui.emulator.kubernetes.paths import Target
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.webhooks import endpoints


@dataclass(frozen=True, slots=True)
class PodPort:
    """Where a proxied request goes."""

    namespace: str
    pod: str
    port: int


def split(text: str) -> tuple[str, str]:
    """(name, port or "") of `name`, `name:port` or `scheme:name:port`."""
    parts = text.split(":")
    if len(parts) == 3:
        return parts[1], parts[2]
    return (parts[0], parts[1]) if len(parts) == 2 else (text, "")


def _named_port(pod: Json, wanted: str) -> int | None:
    for container in pod["spec"].get("containers") or []:
        for port in container.get("ports") or []:
            if port.get("name") == wanted:
                return int(port["containerPort"])
    return None


def _service_port(service: Json, wanted: str) -> Json:
    ports = (service.get("spec") or {}).get("ports") or []
    if not wanted and len(ports) == 1:
        return dict(ports[0])
    for port in ports:
        if wanted and wanted in (str(port.get("port")), port.get("name")):
            return dict(port)
    raise status.unavailable(f'no service port "{wanted}" found for service "{service["metadata"]["name"]}"')


def to_service(store: KubeStore, namespace: str, text: str) -> PodPort:
    """A pod behind a Service, `text` NAME[:PORT]. Raises ApiError 404 or 503."""
    name, wanted = split(text)
    service = store.peek("Service", namespace, name)
    if service is None:
        raise status.not_found(name, "", "services")
    port = _service_port(service, wanted)
    pods = endpoints(store, service)
    if not pods:
        raise status.unavailable(f'no endpoints available for service "{text}"')
    pod = store.world.rng.choice(pods)
    goal = port.get("targetPort") or port["port"]
    number = goal if isinstance(goal, int) else whole_number(str(goal)) or _named_port(pod, str(goal))
    if number is None:
        raise status.unavailable(f'no endpoints available for service "{text}"')
    return PodPort(namespace, pod["metadata"]["name"], number)


def _to_pod(store: KubeStore, namespace: str, text: str) -> PodPort:
    name, wanted = split(text)
    pod = store.peek("Pod", namespace, name)
    if pod is None:
        raise status.not_found(name, "", "pods")
    if not (pod.get("status") or {}).get("podIP"):
        raise status.error(400, "BadRequest", "address not allowed")
    ports = [port for each in pod["spec"].get("containers") or [] for port in each.get("ports") or []]
    number = whole_number(wanted) or (_named_port(pod, wanted) if wanted else None)
    if number is None:
        number = int(ports[0]["containerPort"]) if ports else 80
    return PodPort(namespace, name, number)


def resolve(store: KubeStore, target: Target) -> PodPort:
    """Where a service's or pod's proxy leads. Raises ApiError 404 or 503."""
    to = to_service if target.info.kind == "Service" else _to_pod
    return to(store, target.namespace, target.name)
