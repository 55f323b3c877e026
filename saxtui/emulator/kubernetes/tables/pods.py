"""Pods as kubectl 1.32 shows them."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.kubernetes.objects import Json, condition, epoch, terminating
from saxtui.emulator.kubernetes.tables.base import NONE, Column, Printer, age, duration, name, spec, status


def _ended(terminated: Json) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _init_reason(pod: Json) -> str | None:
    """What the init containers say; None once they are through."""
    total = len(spec(pod).get("initContainers") or [])
    for index, container in enumerate(status(pod).get("initContainerStatuses") or []):
        state = container.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if terminated is not None:
            return f"Init:{_ended(terminated)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{total}"
    return None


def status_word(pod: Json) -> str:
    """The STATUS column."""
    phase = str(status(pod).get("phase") or "Unknown")
    reason = str(status(pod).get("reason") or phase)
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    init = _init_reason(pod)
    if init is not None:
        reason = init
    if init is None or condition(pod, "Initialized").get("status") == "True":
        reason = _container_reason(pod, reason)
    if terminating(pod):
        if status(pod).get("reason") == "NodeLost":
            return "Unknown"
        if phase not in ("Succeeded", "Failed"):
            return "Terminating"
    return reason


def _container_reason(pod: Json, reason: str) -> str:
    running = False
    for container in reversed(status(pod).get("containerStatuses") or []):
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            reason = str(waiting["reason"])
        elif terminated is not None:
            reason = _ended(terminated)
        elif container.get("ready") and state.get("running") is not None:
            running = True
    if reason == "Completed" and running:
        return "Running" if condition(pod, "Ready").get("status") == "True" else "NotReady"
    return reason


def ready_text(pod: Json) -> str:
    """The READY column: `1/2`."""
    states = status(pod).get("containerStatuses") or []
    ready = sum(1 for each in states if each.get("ready") and (each.get("state") or {}).get("running") is not None)
    return f"{ready}/{len(spec(pod).get('containers') or [])}"


def restarts_text(pod: Json, now: float) -> str:
    """The RESTARTS column: `3 (5m ago)`."""
    states = status(pod).get("containerStatuses") or []
    count = sum(int(each.get("restartCount") or 0) for each in states)
    ends = [epoch(((each.get("lastState") or {}).get("terminated") or {}).get("finishedAt")) for each in states]
    known = [end for end in ends if end is not None]
    return f"{count} ({duration(now - max(known))} ago)" if count and known else str(count)


def _gates(pod: Json) -> str:
    gates = spec(pod).get("readinessGates") or []
    if not gates:
        return NONE
    met = sum(1 for gate in gates if condition(pod, str(gate.get("conditionType"))).get("status") == "True")
    return f"{met}/{len(gates)}"


def _cells(pod: Json, now: float) -> list[Any]:
    return [
        name(pod),
        ready_text(pod),
        status_word(pod),
        restarts_text(pod, now),
        age(pod, now),
        status(pod).get("podIP") or NONE,
        spec(pod).get("nodeName") or NONE,
        status(pod).get("nominatedNodeName") or NONE,
        _gates(pod),
    ]


PODS = Printer(
    (
        Column("Name"),
        Column("Ready"),
        Column("Status"),
        Column("Restarts"),
        Column("Age"),
        Column("IP", wide=True),
        Column("Node", wide=True),
        Column("Nominated Node", wide=True),
        Column("Readiness Gates", wide=True),
    ),
    _cells,
)
