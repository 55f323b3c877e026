"""Services, nodes, events and the smaller kinds as kubectl 1.32 shows them."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.kubernetes.objects import Json, condition, labels_of
from saxtui.emulator.kubernetes.tables.base import (
    NONE,
    UNKNOWN,
    Column,
    Printer,
    age,
    label_text,
    name,
    since,
    spec,
    status,
)


def _external(service: Json) -> str:
    if spec(service).get("type") == "LoadBalancer":
        ingress = (status(service).get("loadBalancer") or {}).get("ingress") or []
        found = [str(each.get("ip") or each.get("hostname")) for each in ingress]
        return ",".join(found + list(spec(service).get("externalIPs") or [])) or "<pending>"
    if spec(service).get("type") == "ExternalName":
        return str(spec(service).get("externalName"))
    return ",".join(spec(service).get("externalIPs") or []) or NONE


def _port(port: Json) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}"


def _service(obj: Json, now: float) -> list[Any]:
    ports = ",".join(_port(port) for port in spec(obj).get("ports") or []) or NONE
    address = spec(obj).get("clusterIP") or NONE
    head = [name(obj), spec(obj).get("type", "ClusterIP"), address, _external(obj), ports, age(obj, now)]
    return [*head, label_text(spec(obj).get("selector"))]


def _node_status(node: Json) -> str:
    ready = condition(node, "Ready").get("status")
    word = {"True": "Ready", "False": "NotReady"}.get(str(ready), "Unknown" if ready is None else "NotReady")
    return f"{word},SchedulingDisabled" if spec(node).get("unschedulable") else word


def _roles(node: Json) -> str:
    prefix = "node-role.kubernetes.io/"
    roles = {key[len(prefix) :] for key in labels_of(node) if key.startswith(prefix)}
    if labels_of(node).get("kubernetes.io/role"):
        roles.add(labels_of(node)["kubernetes.io/role"])
    return ",".join(sorted(roles)) or NONE


def _node(obj: Json, now: float) -> list[Any]:
    system = status(obj).get("nodeInfo") or {}
    addresses = {each.get("type"): each.get("address") for each in status(obj).get("addresses") or []}
    head = [name(obj), _node_status(obj), _roles(obj), age(obj, now), system.get("kubeletVersion") or ""]
    parts = ("osImage", "kernelVersion", "containerRuntimeVersion")
    tail = [system.get(part) or UNKNOWN for part in parts]
    return [*head, addresses.get("InternalIP") or NONE, addresses.get("ExternalIP") or NONE, *tail]


def _event(obj: Json, now: float) -> list[Any]:
    about, source = obj.get("involvedObject") or {}, obj.get("source") or {}
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or first
    shown = f"{str(about.get('kind') or '').lower()}/{about.get('name')}"
    origin = ", ".join(part for part in (source.get("component"), source.get("host")) if part)
    return [
        since(last, now),
        obj.get("type") or "",
        obj.get("reason") or "",
        shown,
        about.get("fieldPath") or "",
        origin,
        str(obj.get("message") or "").strip(),
        since(first, now),
        obj.get("count") or 1,
        name(obj),
    ]


def _endpoints(obj: Json) -> str:
    out = []
    for subset in obj.get("subsets") or []:
        ports = [port.get("port") for port in subset.get("ports") or []]
        for address in subset.get("addresses") or []:
            out += [f"{address.get('ip')}:{port}" for port in ports] if ports else [str(address.get("ip"))]
    return ",".join(out[:3]) + (f" + {len(out) - 3} more..." if len(out) > 3 else "") if out else NONE


def _binding(obj: Json, now: float) -> list[Any]:
    role = obj.get("roleRef") or {}
    subjects: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or []:
        shown = str(subject.get("name"))
        if subject.get("kind") == "ServiceAccount":
            shown = f"{subject.get('namespace', '')}/{shown}"
        subjects.setdefault(str(subject.get("kind")), []).append(shown)
    words = [", ".join(subjects[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [name(obj), f"{role.get('kind')}/{role.get('name')}", age(obj, now), *words]


def _created(obj: Json, _now: float) -> list[Any]:
    return [name(obj), obj["metadata"].get("creationTimestamp")]


SERVICES = Printer(
    (
        Column("Name"),
        Column("Type"),
        Column("Cluster-IP"),
        Column("External-IP"),
        Column("Port(s)"),
        Column("Age"),
        Column("Selector", wide=True),
    ),
    _service,
)
NODES = Printer(
    (
        Column("Name"),
        Column("Status"),
        Column("Roles"),
        Column("Age"),
        Column("Version"),
        Column("Internal-IP", wide=True),
        Column("External-IP", wide=True),
        Column("OS-Image", wide=True),
        Column("Kernel-Version", wide=True),
        Column("Container-Runtime", wide=True),
    ),
    _node,
)
EVENTS = Printer(
    (
        Column("Last Seen"),
        Column("Type"),
        Column("Reason"),
        Column("Object"),
        Column("Subobject", wide=True),
        Column("Source", wide=True),
        Column("Message"),
        Column("First Seen", wide=True),
        Column("Count", wide=True),
        Column("Name", wide=True),
    ),
    _event,
)
ACCOUNTS = Printer(
    (Column("Name"), Column("Secrets"), Column("Age")),
    lambda obj, now: [name(obj), len(obj.get("secrets") or []), age(obj, now)],
)
NAMESPACES = Printer(
    (Column("Name"), Column("Status"), Column("Age")),
    lambda obj, now: [name(obj), status(obj).get("phase") or "", age(obj, now)],
)
CONFIG_MAPS = Printer(
    (Column("Name"), Column("Data"), Column("Age")),
    lambda obj, now: [name(obj), len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), age(obj, now)],
)
SECRETS = Printer(
    (Column("Name"), Column("Type"), Column("Data"), Column("Age")),
    lambda obj, now: [name(obj), obj.get("type") or "Opaque", len(obj.get("data") or {}), age(obj, now)],
)
ENDPOINTS = Printer(
    (Column("Name"), Column("Endpoints"), Column("Age")),
    lambda obj, now: [name(obj), _endpoints(obj), age(obj, now)],
)
LEASES = Printer(
    (Column("Name"), Column("Holder"), Column("Age")),
    lambda obj, now: [name(obj), spec(obj).get("holderIdentity") or "", age(obj, now)],
)
WEBHOOKS = Printer(
    (Column("Name"), Column("Webhooks", "integer"), Column("Age")),
    lambda obj, now: [name(obj), len(obj.get("webhooks") or []), age(obj, now)],
)
ROLES = Printer((Column("Name"), Column("Created At")), _created)
BINDINGS = Printer(
    (
        Column("Name"),
        Column("Role"),
        Column("Age"),
        Column("Users", wide=True),
        Column("Groups", wide=True),
        Column("ServiceAccounts", wide=True),
    ),
    _binding,
)
PLAIN = Printer((Column("Name"), Column("Age")), lambda obj, now: [name(obj), age(obj, now)])
