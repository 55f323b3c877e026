"""Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs as kubectl 1.32 shows them."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.kubernetes.objects import Json, condition, epoch, terminating
from saxtui.emulator.kubernetes.tables.base import (
    Column,
    Printer,
    age,
    containers,
    duration,
    name,
    selector_text,
    spec,
    status,
)

_TAIL = (Column("Containers", wide=True), Column("Images", wide=True), Column("Selector", wide=True))


def _tail(obj: Json) -> list[Any]:
    return [*containers(spec(obj).get("template") or {}), selector_text(spec(obj).get("selector"))]


def _deployment(obj: Json, now: float) -> list[Any]:
    now_ready, wanted = status(obj).get("readyReplicas") or 0, spec(obj).get("replicas", 1)
    counts = [status(obj).get("updatedReplicas") or 0, status(obj).get("availableReplicas") or 0]
    return [name(obj), f"{now_ready}/{wanted}", *counts, age(obj, now), *_tail(obj)]


def _replica_set(obj: Json, now: float) -> list[Any]:
    counts = [status(obj).get("replicas") or 0, status(obj).get("readyReplicas") or 0]
    return [name(obj), spec(obj).get("replicas", 1), *counts, age(obj, now), *_tail(obj)]


def _stateful_set(obj: Json, now: float) -> list[Any]:
    ready = f"{status(obj).get('readyReplicas') or 0}/{spec(obj).get('replicas', 1)}"
    return [name(obj), ready, age(obj, now), *containers(spec(obj).get("template") or {})]


def _daemon_set(obj: Json, now: float) -> list[Any]:
    fields = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled")
    counts = [status(obj).get(field) or 0 for field in (*fields, "numberAvailable")]
    return [name(obj), *counts, age(obj, now), *_tail(obj)]


def job_status(obj: Json) -> str:
    """The STATUS column of a Job (since 1.31)."""
    for kind in ("Complete", "Failed"):
        if condition(obj, kind).get("status") == "True":
            return kind
    if terminating(obj):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if condition(obj, kind).get("status") == "True":
            return kind
    return "Running"


def _completions(obj: Json) -> str:
    done, wanted = status(obj).get("succeeded") or 0, spec(obj).get("completions")
    if wanted is not None:
        return f"{done}/{wanted}"
    parallel = spec(obj).get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _lasted(obj: Json, now: float) -> str:
    start = epoch(status(obj).get("startTime"))
    if start is None:
        return ""
    end = epoch(status(obj).get("completionTime"))
    return duration((now if end is None else end) - start)


def _job(obj: Json, now: float) -> list[Any]:
    return [name(obj), job_status(obj), _completions(obj), _lasted(obj, now), age(obj, now), *_tail(obj)]


DEPLOYMENTS = Printer(
    (Column("Name"), Column("Ready"), Column("Up-to-date"), Column("Available"), Column("Age"), *_TAIL), _deployment
)
REPLICA_SETS = Printer(
    (
        Column("Name"),
        Column("Desired", "integer"),
        Column("Current", "integer"),
        Column("Ready", "integer"),
        Column("Age"),
        *_TAIL,
    ),
    _replica_set,
)
STATEFUL_SETS = Printer((Column("Name"), Column("Ready"), Column("Age"), *_TAIL[:2]), _stateful_set)
DAEMON_SETS = Printer(
    (
        Column("Name"),
        Column("Desired", "integer"),
        Column("Current", "integer"),
        Column("Ready", "integer"),
        Column("Up-to-date", "integer"),
        Column("Available", "integer"),
        Column("Age"),
        *_TAIL,
    ),
    _daemon_set,
)
JOBS = Printer(
    (Column("Name"), Column("Status"), Column("Completions"), Column("Duration"), Column("Age"), *_TAIL), _job
)
