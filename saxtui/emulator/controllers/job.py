"""Jobs: pods run to completion, by index or in number, with back-off and a limit on failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers import pods
from saxtui.emulator.controllers.base import (
    annotations_of,
    deleting,
    has_condition,
    labels,
    meta,
    owner,
    place,
    spec,
    status,
    suffix,
    with_condition,
)
from saxtui.emulator.controllers.exclusive import Refused, admit
from saxtui.emulator.controllers.queue import Queue
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "job-controller"
INDEX = "batch.kubernetes.io/job-completion-index"
JOB_NAME = "batch.kubernetes.io/job-name"
BACKOFF_FIRST, BACKOFF_MOST = 10.0, 600.0
REFUSED_RETRY = 1.0
"""Seconds after which a pod that admission refused is tried again at first; doubles up to a minute."""
BACKOFF_WORDS = "Job has reached the specified backoff limit"


def index_of(pod: Json) -> int:
    """The completion index of an Indexed Job's pod, -1 for other pods."""
    return int(annotations_of(pod).get(INDEX, labels(pod).get(INDEX, -1)))


def finished(job: Json) -> bool:
    """Whether the Job is Complete or Failed."""
    return has_condition(job, "Complete") or has_condition(job, "Failed")


def ranges(indexes: set[int]) -> str:
    """Completed indexes as Kubernetes writes them: "0-3,7"."""
    parts: list[list[int]] = []
    for index in sorted(indexes):
        if parts and index == parts[-1][1] + 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


class Jobs:
    """Makes the missing pods, judges failures, and counts."""

    kinds = ("Job", "Pod")

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = world.table("jobs.progress")
        self._queue = Queue(world, "job", self._reconcile)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """Queue the Job concerned."""
        if obj["kind"] == "Job":
            if event == "DELETED":
                self._rows.pop(meta(obj)["uid"], None)
            self._queue.add(store.key, *place(obj))
        elif owner(obj).get("kind") == "Job":
            self._queue.add(store.key, place(obj)[0], owner(obj)["name"])

    def _reconcile(self, store: KubeStore, namespace: str, name: str) -> None:
        job = store.get("Job", namespace, name)
        if job is None or deleting(job):
            return
        owned = [pod for pod in store.list("Pod", namespace) if owner(pod).get("uid") == meta(job)["uid"]]
        row = self._rows.setdefault(
            meta(job)["uid"], {"failed": {}, "succeeded": {}, "refused": 0, "last_failure": 0.0}
        )
        self._count(row, owned)
        if finished(job):
            self._write(store, job, owned, row)
            return
        limit = int(spec(job).get("backoffLimit", 6))
        if self._past_limit(job, owned, row, limit):
            self._fail(store, job, owned, row)
            return
        if self._complete(job, row):
            self._write(store, job, owned, row, self._completion(job))
            store.record_event(job, "Completed", "Job completed", source=SOURCE)
            return
        if spec(job).get("suspend"):
            for pod in owned:
                if pods.active(pod):
                    pods.remove(store, job, pod, SOURCE)
        else:
            self._fill(store, job, owned, row)
        fresh = [pod for pod in store.list("Pod", namespace) if owner(pod).get("uid") == meta(job)["uid"]]
        self._write(store, job, fresh, row)

    def _count(self, row: Json, owned: list[Json]) -> None:
        """Remember pods that ended: they count even when they are gone."""
        for pod in owned:
            kind = {"Succeeded": "succeeded", "Failed": "failed"}.get(status(pod).get("phase", ""))
            uid = meta(pod)["uid"]
            if kind and uid not in row[kind]:
                row[kind][uid] = index_of(pod)
                if kind == "failed":
                    row["last_failure"] = self._world.now

    def _past_limit(self, job: Json, owned: list[Json], row: Json, limit: int) -> bool:
        if len(row["failed"]) > limit:
            return True
        template = spec(job)["template"].get("spec") or {}
        if template.get("restartPolicy") != "OnFailure":
            return False
        # Under OnFailure restarts in place count as failures; a limit of 0 allows none.
        restarted = sum(pods.restarts(pod) for pod in owned if pods.active(pod))
        return restarted > 0 if limit == 0 else restarted >= limit

    def _fail(self, store: KubeStore, job: Json, owned: list[Json], row: Json) -> None:
        stamp = self._world.stamp()
        word = {"reason": "BackoffLimitExceeded", "message": BACKOFF_WORDS, "lastProbeTime": stamp}
        conditions = list(status(job).get("conditions") or ())
        for kind in ("FailureTarget", "Failed"):
            conditions = with_condition(conditions, {"type": kind, "status": "True", **word}, stamp)
        for pod in owned:
            if pods.active(pod):
                row["failed"].setdefault(meta(pod)["uid"], index_of(pod))
        self._write(store, job, owned, row, {"conditions": conditions})
        store.record_event(job, "BackoffLimitExceeded", BACKOFF_WORDS, warning=True, source=SOURCE)
        for pod in owned:
            if pods.active(pod):
                pods.remove(store, job, pod, SOURCE)

    def _complete(self, job: Json, row: Json) -> bool:
        completions = spec(job).get("completions")
        if completions is None:
            return bool(row["succeeded"])
        if _indexed(job):
            return len(set(row["succeeded"].values())) >= int(completions)
        return len(row["succeeded"]) >= int(completions)

    def _completion(self, job: Json) -> Json:
        stamp = self._world.stamp()
        word = {"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
        conditions = list(status(job).get("conditions") or ())
        for kind in ("SuccessCriteriaMet", "Complete"):
            conditions = with_condition(
                conditions, {"type": kind, "status": "True", "lastProbeTime": stamp, **word}, stamp
            )
        return {"conditions": conditions, "completionTime": stamp}

    def _fill(self, store: KubeStore, job: Json, owned: list[Json], row: Json) -> None:
        failures = len(row["failed"])
        if failures:
            until = row["last_failure"] + min(BACKOFF_FIRST * 2 ** (failures - 1), BACKOFF_MOST)
            if self._world.now < until:
                self._queue.add(store.key, *place(job), delay=until - self._world.now)
                return
        alive = [pod for pod in owned if pods.active(pod)]
        parallelism = int(spec(job).get("parallelism", 1))
        room = parallelism - len(alive)
        for index in self._missing(job, alive, row)[: max(0, room)]:
            if not self._make(store, job, index, row):
                return
        for pod in sorted(alive, key=index_of, reverse=True)[: max(0, -room)]:
            pods.remove(store, job, pod, SOURCE)

    def _missing(self, job: Json, alive: list[Json], row: Json) -> list[int]:
        completions = spec(job).get("completions")
        if _indexed(job):
            taken = {index_of(pod) for pod in alive} | set(row["succeeded"].values())
            return [index for index in range(int(completions or 1)) if index not in taken]
        wanted = int(spec(job).get("parallelism", 1))
        if completions is not None:
            wanted = min(wanted, int(completions) - len(row["succeeded"]))
        return [-1] * max(0, wanted - len(alive))

    def _make(self, store: KubeStore, job: Json, index: int, row: Json) -> bool:
        """Create one pod; False when it was refused (a retry is queued)."""
        name = meta(job)["name"]
        base = f"{name}-{index}-" if index >= 0 else f"{name}-"
        pod = pods.from_template(spec(job)["template"], job, f"{base}{suffix(self._world.rng)}", base)
        if index >= 0:
            _number(pod, name, index)
        problem = ""
        try:
            pod = admit(store, pod)
        except Refused as refused:
            problem = str(refused)
            store.record_event(job, "FailedCreate", f"Error creating: {problem}", warning=True, source=SOURCE)
        if not problem:
            problem = pods.create(store, job, pod, SOURCE)
        if problem:
            row["refused"] += 1
            wait = min(REFUSED_RETRY * 2 ** min(row["refused"] - 1, 6), 60.0)
            self._queue.add(store.key, *place(job), delay=wait)
        else:
            row["refused"] = 0
        return not problem

    def _write(self, store: KubeStore, job: Json, owned: list[Json], row: Json, more: Json | None = None) -> None:
        old = status(job)
        alive = [pod for pod in owned if pods.active(pod)]
        done = finished(job) or has_condition({"status": more or {}}, "Failed")
        out: Json = {"startTime": old.get("startTime") or self._world.stamp()}
        for key in ("conditions", "completionTime"):
            if old.get(key):
                out[key] = old[key]
        counts = {
            "active": 0 if done else len(alive),
            "succeeded": len(row["succeeded"]),
            "failed": len(row["failed"]),
        }
        out.update({key: value for key, value in counts.items() if value})
        out["ready"] = 0 if done else sum(1 for pod in alive if pods.ready(pod))
        out["terminating"] = sum(1 for pod in owned if deleting(pod) and not pods.terminal(pod))
        out["uncountedTerminatedPods"] = {}
        if _indexed(job) and row["succeeded"]:
            out["completedIndexes"] = ranges(set(row["succeeded"].values()))
        out.update(more or {})
        store.set_status("Job", *place(job), out)


def _indexed(job: Json) -> bool:
    return bool(spec(job).get("completionMode") == "Indexed")


def _number(pod: Json, job: str, index: int) -> None:
    """What an Indexed Job's pod knows of its place: annotation, label, hostname and environment."""
    metadata = pod["metadata"]
    metadata["labels"][INDEX] = str(index)
    metadata["annotations"] = {**metadata.get("annotations", {}), INDEX: str(index)}
    pod_spec = pod["spec"]
    pod_spec["hostname"] = f"{job}-{index}"
    variable = {
        "name": "JOB_COMPLETION_INDEX",
        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}},
    }
    tpu_variables = [{"name": "TPU_WORKER_ID", "value": str(index)}] if pods.TPU in pods.requests(pod) else []
    pod_spec["containers"] = [
        {**each, "env": [*(each.get("env") or ()), variable, *tpu_variables]} for each in pod_spec["containers"]
    ]
