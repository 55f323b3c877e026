"""A pod's status from what its containers do. Pure: the kubelet keeps the rows, this writes the words."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.controllers.base import spec, status, with_condition

Json = dict[str, Any]


def new_container(name: str, image: str) -> Json:
    """The row of a container that has not started: what the kubelet remembers of it."""
    return {
        "name": name,
        "image": image,
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "last": {},
        "ready": False,
        "started": False,
        "restarts": 0,
        "id": "",
    }


def phase(pod: Json, containers: list[Json]) -> str:
    """Pending until a container has run; then Running, until none will run again."""
    states = [each["state"] for each in containers]
    if all("terminated" in state for state in states):
        policy = spec(pod).get("restartPolicy", "Always")
        failed = any(state["terminated"]["exitCode"] != 0 for state in states)
        again = policy == "Always" or (policy == "OnFailure" and failed)
        if not again:
            return "Failed" if failed else "Succeeded"
        return "Running"
    running = any("running" in state or "terminated" in state for state in states)
    return "Running" if running or any(each["last"] for each in containers) else "Pending"


def pod_status(pod: Json, row: Json, stamp: str) -> Json:
    """The whole status. `row`: containers, host_ip, pod_ip ("" before the sandbox exists), started."""
    containers: list[Json] = list(row["containers"].values())
    new_phase = phase(pod, containers)
    unready = [each["name"] for each in containers if not each["ready"]]
    conditions = list(status(pod).get("conditions") or ())
    words = {"reason": "", "message": ""}
    if unready:
        words = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{' '.join(unready)}]"}
    if new_phase == "Succeeded":
        words = {"reason": "PodCompleted", "message": ""}
    sandbox = "True" if row["pod_ip"] and new_phase in ("Pending", "Running") else "False"
    for kind, value in (
        ("PodReadyToStartContainers", sandbox),
        ("Initialized", "True"),
        ("Ready", "False" if unready else "True"),
        ("ContainersReady", "False" if unready else "True"),
    ):
        told = words if value == "False" and kind.endswith("Ready") else {"reason": "", "message": ""}
        fresh = {"type": kind, "status": value, "lastProbeTime": None, **told}
        conditions = with_condition(conditions, fresh, stamp)
    conditions = [{key: value for key, value in each.items() if value != ""} for each in conditions]
    out: Json = {
        "phase": new_phase,
        "conditions": conditions,
        "hostIP": row["host_ip"],
        "hostIPs": [{"ip": row["host_ip"]}],
        "startTime": row["started"],
        "containerStatuses": [_container_status(each) for each in containers],
        "qosClass": status(pod).get("qosClass", "BestEffort"),
    }
    if row["pod_ip"]:
        out["podIP"] = row["pod_ip"]
        out["podIPs"] = [{"ip": row["pod_ip"]}]
    return out


def _container_status(container: Json) -> Json:
    out: Json = {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image'].rsplit(':', 1)[0]}@sha256:{container['id']}" if container["id"] else "",
        "state": container["state"],
        "lastState": container["last"],
        "ready": container["ready"],
        "started": container["started"],
        "restartCount": container["restarts"],
    }
    if container["id"]:
        out["containerID"] = f"containerd://{container['id']}"
    return out
