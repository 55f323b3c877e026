"""What a container of the embedded cloud seems to hold: a few files, its environment, and names that it can resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.routes import PodPort
from saxtui.emulator.kubernetes.webhooks import endpoints

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

DOMAIN = "svc.cluster.local"
NAME_SERVER = "34.118.224.10"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_DIRECTORIES = ("bin", "dev", "etc", "home", "lib", "proc", "root", "sys", "tmp", "usr", "var")
_OS = 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nNAME="Debian GNU/Linux"\nVERSION_ID="11"\nID=debian\n'


def hostname(pod: Json) -> str:
    """As `hostname` prints it: the node's with hostNetwork, else the pod's."""
    spec = pod.get("spec") or {}
    if spec.get("hostNetwork"):
        return str(spec.get("nodeName") or "")
    return str(spec.get("hostname") or pod["metadata"]["name"])[:63]


def _from(pod: Json, source: Json, store: KubeStore) -> str:
    """An environment variable's valueFrom."""
    metadata, now = pod["metadata"], pod.get("status") or {}
    path = str((source.get("fieldRef") or {}).get("fieldPath") or "")
    known = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "status.podIP": now.get("podIP", ""),
        "status.hostIP": now.get("hostIP", ""),
        "spec.nodeName": (pod.get("spec") or {}).get("nodeName", ""),
        "spec.serviceAccountName": (pod.get("spec") or {}).get("serviceAccountName", ""),
    }
    if path in known:
        return str(known[path])
    for field in ("labels", "annotations"):
        if path.startswith(f"metadata.{field}['"):
            return str((metadata.get(field) or {}).get(path.split("'")[1], ""))
    key = source.get("configMapKeyRef") or {}
    found = store.peek("ConfigMap", str(metadata.get("namespace")), str(key.get("name") or ""))
    return str(((found or {}).get("data") or {}).get(str(key.get("key")), ""))


def environment(store: KubeStore, pod: Json, container: Json) -> dict[str, str]:
    """The container's variables: the image's, the manifest's and those of Services."""
    out = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": hostname(pod)}
    for each in container.get("env") or []:
        value = _from(pod, each["valueFrom"], store) if each.get("valueFrom") else each.get("value", "")
        out[str(each.get("name"))] = str(value)
    for service in store.list("Service", str(pod["metadata"].get("namespace"))):
        spec, stem = service.get("spec") or {}, service["metadata"]["name"].upper().replace("-", "_")
        if spec.get("clusterIP") not in (None, "", "None") and spec.get("ports"):
            out[f"{stem}_SERVICE_HOST"] = str(spec["clusterIP"])
            out[f"{stem}_SERVICE_PORT"] = str(spec["ports"][0].get("port"))
    out["HOME"] = "/root"
    return out


def tree(store: KubeStore, pod: Json, container: Json) -> dict[str, str]:
    """The files there are, by path."""
    namespace, name = str(pod["metadata"].get("namespace")), hostname(pod)
    address = (pod.get("status") or {}).get("podIP", "")
    spec = pod.get("spec") or {}
    subdomain = f"{name}.{spec['subdomain']}.{namespace}.{DOMAIN}\t{name}" if spec.get("subdomain") else name
    loopback = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost\n"
    command = [*(container.get("command") or []), *(container.get("args") or [])]
    return {
        "/etc/hostname": f"{name}\n",
        "/etc/hosts": f"{loopback}{address}\t{subdomain}\n",
        "/etc/os-release": _OS,
        "/etc/resolv.conf": (
            f"search {namespace}.{DOMAIN} {DOMAIN} cluster.local\nnameserver {NAME_SERVER}\noptions ndots:5\n"
        ),
        f"{_ACCOUNT}/namespace": namespace,
        "/proc/1/cmdline": "\0".join(str(word) for word in command),
    }


def is_directory(there: dict[str, str], path: str) -> bool:
    """Whether a path names a directory."""
    return path == "/" or path.strip("/") in _DIRECTORIES or any(each.startswith(f"{path}/") for each in there)


def entries(there: dict[str, str], path: str) -> list[str]:
    """The names in a directory, sorted."""
    prefix = path.rstrip("/") + "/"
    names = {each[len(prefix) :].split("/")[0] for each in there if each.startswith(prefix)}
    return sorted(names | set(_DIRECTORIES) if path == "/" else names)


def _service(store: KubeStore, namespace: str, host: str) -> Json | None:
    """The Service a name means: `name`, `name.namespace`, or the whole name."""
    parts = host.rstrip(".").removesuffix(f".{DOMAIN}").removesuffix(".svc").split(".")
    if len(parts) > 2:
        return None
    return store.peek("Service", parts[1] if len(parts) == 2 else namespace, parts[0])


def _pod_behind(store: KubeStore, namespace: str, host: str) -> Json | None:
    """A pod with a name of its own in a headless Service: `hostname.service`."""
    parts = host.rstrip(".").removesuffix(f".{DOMAIN}").removesuffix(".svc").split(".")
    for pod in store.list("Pod", parts[2] if len(parts) > 2 else namespace):
        spec = pod.get("spec") or {}
        if len(parts) > 1 and (spec.get("hostname"), spec.get("subdomain")) == (parts[0], parts[1]):
            return pod
    return None


def resolve(store: KubeStore, namespace: str, host: str) -> tuple[str, list[str]] | None:
    """(full name, addresses) of a name inside the cluster, or None."""
    service = _service(store, namespace, host)
    if service is not None:
        metadata, address = service["metadata"], (service.get("spec") or {}).get("clusterIP")
        full = f"{metadata['name']}.{metadata['namespace']}.{DOMAIN}"
        if address and address != "None":
            return full, [str(address)]
        found = [str((pod.get("status") or {}).get("podIP")) for pod in endpoints(store, service)]
        return (full, found) if found else None
    pod = _pod_behind(store, namespace, host)
    address = (pod.get("status") or {}).get("podIP") if pod is not None else None
    if pod is None or not address:
        return None
    spec = pod["spec"]
    return f"{spec['hostname']}.{spec['subdomain']}.{pod['metadata']['namespace']}.{DOMAIN}", [str(address)]


def connect(store: KubeStore, pod: Json, host: str, port: int) -> PodPort | None:
    """Where a connection from a pod leads; None for a name that cannot be resolved."""
    namespace = str(pod["metadata"].get("namespace"))
    here = (pod.get("status") or {}).get("podIP")
    if host in ("localhost", "127.0.0.1", "::1", here):
        return PodPort(namespace, str(pod["metadata"]["name"]), port)
    service = _service(store, namespace, host) or _by_address(store, host)
    if service is not None:
        ready = endpoints(store, service)
        wanted = next((each for each in (service.get("spec") or {}).get("ports") or [] if each["port"] == port), None)
        goal = (wanted or {}).get("targetPort", port)
        name = ready[0]["metadata"]["name"] if ready and wanted else ""
        return PodPort(str(service["metadata"]["namespace"]), str(name), goal if isinstance(goal, int) else port)
    target = _pod_behind(store, namespace, host) or next(
        (each for each in store.list("Pod") if (each.get("status") or {}).get("podIP") == host), None
    )
    if target is not None:
        return PodPort(str(target["metadata"]["namespace"]), str(target["metadata"]["name"]), port)
    return None


def _by_address(store: KubeStore, host: str) -> Json | None:
    return next((each for each in store.list("Service") if (each.get("spec") or {}).get("clusterIP") == host), None)
