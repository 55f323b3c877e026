"""Pods as controllers make and count them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from saxtui.emulator import scenarios
from saxtui.emulator.controllers.base import condition, deleting, meta, owner_reference, spec, status

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
TPU = "google.com/tpu"
TPU_TOLERATION = {"key": TPU, "operator": "Exists", "effect": "NoSchedule"}
_SUFFIXES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def quantity(text: Any) -> float:
    """A resource.Quantity as a number: "500m" is 0.5, "16Gi" is 2**34."""
    value = str(text)
    if value.endswith("m"):
        return float(value[:-1]) / 1000
    for ending, factor in _SUFFIXES.items():
        if value.endswith(ending):
            return float(value[: -len(ending)]) * factor
    return float(value)


def requests(pod: Json) -> dict[str, float]:
    """What the pod's containers ask for together; a limit alone counts as a request."""
    total: dict[str, float] = {}
    for container in spec(pod).get("containers") or ():
        resources = container.get("resources") or {}
        asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        for name, value in asked.items():
            total[name] = total.get(name, 0.0) + quantity(value)
    return total


def host_ports(pod: Json) -> set[int]:
    """Ports the pod takes on its node: hostPort, or every containerPort under hostNetwork."""
    on_host = bool(spec(pod).get("hostNetwork"))
    ports = [port for container in spec(pod).get("containers") or () for port in container.get("ports") or ()]
    return {int(port.get("hostPort") or port["containerPort"]) for port in ports if on_host or port.get("hostPort")}


def terminal(pod: Json) -> bool:
    """Whether its containers will never run again."""
    return status(pod).get("phase") in ("Succeeded", "Failed")


def active(pod: Json) -> bool:
    """Whether it counts as a live replica: neither finished nor being deleted."""
    return not terminal(pod) and not deleting(pod)


def ready(pod: Json) -> bool:
    """Whether its Ready condition holds."""
    return bool(condition(pod, "Ready").get("status") == "True")


def restarts(pod: Json) -> int:
    """Container restarts so far."""
    return sum(int(each.get("restartCount", 0)) for each in status(pod).get("containerStatuses") or ())


def from_template(template: Json, owner: Json, name: str, generate_name: str) -> Json:
    """A pod of a controller's template."""
    template_meta = template.get("metadata") or {}
    pod_spec = dict(template.get("spec") or {})
    pod: Json = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "generateName": generate_name,
            "namespace": meta(owner)["namespace"],
            "labels": dict(template_meta.get("labels") or {}),
            "annotations": dict(template_meta.get("annotations") or {}),
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": pod_spec,
    }
    if not pod["metadata"]["annotations"]:
        del pod["metadata"]["annotations"]
    return pod


def create(store: KubeStore, owner: Json, pod: Json, source: str) -> str:
    """Store the pod and record SuccessfulCreate, or record FailedCreate and return the reason ("" = made)."""
    from saxtui.emulator.kubernetes.store import ApiError

    name = meta(pod)["name"]
    for fault in scenarios.states(store.world, "selector-injected"):
        if re.search(fault["pods"], name):
            pod = {
                **pod,
                "spec": {**spec(pod), "nodeSelector": {**(spec(pod).get("nodeSelector") or {}), **fault["selector"]}},
            }
    try:
        store.create(pod)
    except ApiError as error:
        # The API server names a refused pod by its generateName: it has no suffix yet.
        problem = str(error).replace(f'"{name}"', f'"{meta(pod)["generateName"]}"')
        store.record_event(owner, "FailedCreate", f"Error creating: {problem}", warning=True, source=source)
        return problem
    store.record_event(owner, "SuccessfulCreate", f"Created pod: {name}", source=source)
    return ""


def remove(store: KubeStore, owner: Json, pod: Json, source: str) -> None:
    """Delete a replica and say so."""
    store.delete("Pod", meta(pod)["namespace"], meta(pod)["name"])
    store.record_event(owner, "SuccessfulDelete", f"Deleted pod: {meta(pod)['name']}", source=source)
