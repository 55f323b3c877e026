"""The JobSet controller: Jobs of each replicated Job, restarted together when one fails. It works only while its own
Deployment is available, as nobody else would do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers import jobset_children as children
from saxtui.emulator.controllers.base import (
    deleting,
    has_condition,
    image_tag,
    labels,
    meta,
    owner,
    owner_reference,
    place,
    spec,
    status,
    with_condition,
)
from saxtui.emulator.controllers.exclusive import PREFIX
from saxtui.emulator.controllers.job import finished
from saxtui.emulator.controllers.queue import Queue
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "jobset-controller"
NAMESPACE, DEPLOYMENT = "jobset-system", "jobset-controller-manager"
ATTEMPT = f"{PREFIX}restart-attempt"
_ENDS = {
    "AllJobsCompleted": ("Completed", "jobset completed successfully"),
    "FailedJobs": ("Failed", "jobset failed due to one or more job failures"),
    "ReachedMaxRestarts": ("Failed", "jobset failed due to reaching max number of restarts"),
}


class JobSets:
    """Reconciles JobSets with their Jobs and headless Service."""

    kinds = ("JobSet", "Job", "Deployment")

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue = Queue(world, "jobset", self._reconcile, delay=0.1)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """Queue the JobSet concerned, or all of them when the controller itself comes up."""
        if obj["kind"] == "JobSet" and event != "DELETED":
            self._queue.add(store.key, *place(obj))
        elif obj["kind"] == "Job" and owner(obj).get("kind") == "JobSet":
            self._queue.add(store.key, place(obj)[0], owner(obj)["name"])
        elif place(obj) == (NAMESPACE, DEPLOYMENT) and has_condition(obj, "Available"):
            for each in store.list("JobSet"):
                self._queue.add(store.key, *place(each))

    def _reconcile(self, store: KubeStore, namespace: str, name: str) -> None:
        controller = store.get("Deployment", NAMESPACE, DEPLOYMENT)
        jobset = store.get("JobSet", namespace, name)
        if controller is None or not has_condition(controller, "Available"):
            return
        if jobset is None or deleting(jobset):
            return
        uid = meta(jobset)["uid"]
        jobs = [each for each in store.list("Job", namespace) if owner(each).get("uid") == uid]
        if has_condition(jobset, "Completed") or has_condition(jobset, "Failed"):
            self._delete(store, [job for job in jobs if not finished(job)])
            self._write(store, jobset, jobs, controller)
            return
        attempt = int(status(jobset).get("restarts", 0))
        current = [job for job in jobs if int(labels(job).get(ATTEMPT, 0)) >= attempt]
        self._delete(store, [job for job in jobs if int(labels(job).get(ATTEMPT, 0)) < attempt])
        if any(has_condition(job, "Failed") for job in current):
            self._failed(store, jobset, jobs, controller)
            return
        wanted = children.wanted_jobs(jobset, attempt)
        if wanted and len(current) == len(wanted) and all(has_condition(job, "Complete") for job in current):
            self._end(store, jobset, jobs, controller, "AllJobsCompleted")
            return
        self._service(store, jobset)
        self._suspend(store, jobset, current)
        for job in wanted:
            if store.get("Job", namespace, job["metadata"]["name"]) is None:
                store.create(job, manager="manager")
        self._write(
            store, jobset, [each for each in store.list("Job", namespace) if owner(each).get("uid") == uid], controller
        )

    def _suspend(self, store: KubeStore, jobset: Json, jobs: list[Json]) -> None:
        """Its Jobs follow, and the condition tells."""
        wanted = bool(spec(jobset).get("suspend", False))
        for job in jobs:
            if bool(spec(job).get("suspend", False)) != wanted:
                store.update({**job, "spec": {**spec(job), "suspend": wanted}}, manager="manager")
        if wanted == has_condition(jobset, "Suspended"):
            return
        reason, message = ("SuspendedJobs", "jobset is suspended") if wanted else ("ResumeJobs", "jobset is resumed")
        word = {"type": "Suspended", "status": str(wanted), "reason": reason, "message": message}
        conditions = with_condition(status(jobset).get("conditions") or (), word, self._world.stamp())
        jobset["status"] = {**status(jobset), "conditions": conditions}
        store.record_event(jobset, reason, message, source=SOURCE)

    def _delete(self, store: KubeStore, jobs: list[Json]) -> None:
        for job in jobs:
            if not deleting(job):
                store.delete("Job", *place(job), propagation="Foreground")

    def _failed(self, store: KubeStore, jobset: Json, jobs: list[Json], controller: Json) -> None:
        """One Job failed: all are made anew, as often as the failure policy allows."""
        most = int((spec(jobset).get("failurePolicy") or {}).get("maxRestarts", 0))
        done = int(status(jobset).get("restarts", 0))
        if most == 0:
            self._end(store, jobset, jobs, controller, "FailedJobs")
        elif done >= most:
            self._end(store, jobset, jobs, controller, "ReachedMaxRestarts")
        else:
            message = f"restarting jobset, attempt {done + 1}"
            store.record_event(jobset, "Restarting", message, warning=True, source=SOURCE)
            self._write(store, jobset, jobs, controller, {"restarts": done + 1, "restartsCountTowardsMax": done + 1})
            self._queue.add(store.key, *place(jobset))

    def _end(self, store: KubeStore, jobset: Json, jobs: list[Json], controller: Json, reason: str) -> None:
        kind, message = _ENDS[reason]
        word = {"type": kind, "status": "True", "reason": reason, "message": message}
        conditions = with_condition(status(jobset).get("conditions") or (), word, self._world.stamp())
        self._write(store, jobset, jobs, controller, {"conditions": conditions, "terminalState": kind})
        store.record_event(jobset, reason, message, warning=kind == "Failed", source=SOURCE)
        self._queue.add(store.key, *place(jobset))

    def _service(self, store: KubeStore, jobset: Json) -> None:
        network = spec(jobset).get("network") or {}
        if not network.get("enableDNSHostnames", True):
            return
        name = network.get("subdomain") or meta(jobset)["name"]
        if store.get("Service", meta(jobset)["namespace"], name) is None:
            service = children.headless_service(jobset, name)
            store.create({**service, "metadata": {**service["metadata"], "ownerReferences": [owner_reference(jobset)]}})

    def _write(
        self, store: KubeStore, jobset: Json, jobs: list[Json], controller: Json, more: Json | None = None
    ) -> None:
        new = {**status(jobset), **(more or {})}
        new.setdefault("restarts", 0)
        counts = [children.count(jobset, each, jobs, int(new["restarts"])) for each in spec(jobset)["replicatedJobs"]]
        containers = spec(controller)["template"]["spec"]["containers"]
        old = any(image_tag(str(each["image"])).startswith("v0.2") for each in containers)
        if old:
            # v0.2 spelt the key with a capital and did not know `suspended` or a terminal state.
            new["ReplicatedJobsStatus"] = [{key: each[key] for key in each if key != "suspended"} for each in counts]
            new.pop("terminalState", None)
        else:
            new["replicatedJobsStatus"] = counts
        store.set_status("JobSet", *place(jobset), new)
