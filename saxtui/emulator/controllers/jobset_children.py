"""What a JobSet owns: its Jobs with all their labels, its headless Service, and how its Jobs are counted. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from saxtui.emulator.controllers.base import (
    annotations_of,
    has_condition,
    labels,
    meta,
    owner_reference,
    place,
    spec,
    status,
)
from saxtui.emulator.controllers.exclusive import EXCLUSIVE, PREFIX
from saxtui.emulator.controllers.job import finished

Json = dict[str, Any]


def job_key(namespace: str, job: str) -> str:
    """The hash of a Job's full name that exclusive placement selects by."""
    return hashlib.sha1(f"{namespace}/{job}".encode(), usedforsecurity=False).hexdigest()


def wanted_jobs(jobset: Json, attempt: int) -> list[Json]:
    """Every Job of this attempt, in order of replicated Job and index."""
    total = sum(int(each.get("replicas", 1)) for each in spec(jobset)["replicatedJobs"])
    out: list[Json] = []
    for replicated in spec(jobset)["replicatedJobs"]:
        for index in range(int(replicated.get("replicas", 1))):
            out.append(_job(jobset, replicated, index, len(out), total, attempt))
    return out


def _job(jobset: Json, replicated: Json, index: int, number: int, total: int, attempt: int) -> Json:
    namespace, name = place(jobset)
    job_name = f"{name}-{replicated['name']}-{index}"
    own = {
        f"{PREFIX}jobset-name": name,
        f"{PREFIX}jobset-uid": meta(jobset)["uid"],
        f"{PREFIX}replicatedjob-name": replicated["name"],
        f"{PREFIX}replicatedjob-replicas": str(replicated.get("replicas", 1)),
        f"{PREFIX}global-replicas": str(total),
        f"{PREFIX}job-index": str(index),
        f"{PREFIX}job-global-index": str(number),
        f"{PREFIX}job-key": job_key(namespace, job_name),
        f"{PREFIX}restart-attempt": str(attempt),
    }
    noted = dict(own)
    if EXCLUSIVE in annotations_of(jobset):
        noted[EXCLUSIVE] = annotations_of(jobset)[EXCLUSIVE]
    template = replicated["template"]
    job_spec = dict(template.get("spec") or {})
    pod = job_spec.get("template") or {}
    pod_meta = pod.get("metadata") or {}
    pod_spec = dict(pod.get("spec") or {})
    network = spec(jobset).get("network") or {}
    if network.get("enableDNSHostnames", True):
        pod_spec["subdomain"] = network.get("subdomain") or name
    job_spec["template"] = {
        "metadata": {
            "labels": {**(pod_meta.get("labels") or {}), **own},
            "annotations": {**(pod_meta.get("annotations") or {}), **noted},
        },
        "spec": pod_spec,
    }
    job_spec["suspend"] = bool(spec(jobset).get("suspend", False))
    template_meta = template.get("metadata") or {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name,
            "namespace": namespace,
            "labels": {**(template_meta.get("labels") or {}), **own},
            "annotations": {**(template_meta.get("annotations") or {}), **noted},
            "ownerReferences": [owner_reference(jobset)],
        },
        "spec": job_spec,
    }


def headless_service(jobset: Json, name: str) -> Json:
    """The Service that gives the pods their DNS names."""
    network = spec(jobset).get("network") or {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": meta(jobset)["namespace"]},
        "spec": {
            "clusterIP": "None",
            "selector": {f"{PREFIX}jobset-name": meta(jobset)["name"]},
            "publishNotReadyAddresses": bool(network.get("publishNotReadyAddresses", True)),
        },
    }


def count(jobset: Json, replicated: Json, jobs: list[Json], attempt: int) -> Json:
    """One entry of replicatedJobsStatus. `ready` counts Jobs all of whose pods are ready or done."""
    name = replicated["name"]
    mine = [
        job
        for job in jobs
        if labels(job).get(f"{PREFIX}replicatedjob-name") == name
        and int(labels(job).get(f"{PREFIX}restart-attempt", 0)) >= attempt
    ]
    out = {"name": name, "ready": 0, "succeeded": 0, "failed": 0, "active": 0, "suspended": 0}
    for job in mine:
        state = status(job)
        wanted = int(spec(job).get("parallelism", 1))
        out["succeeded"] += has_condition(job, "Complete")
        out["failed"] += has_condition(job, "Failed")
        if finished(job):
            continue
        out["suspended"] += bool(spec(job).get("suspend"))
        out["active"] += int(state.get("active", 0)) > 0
        out["ready"] += int(state.get("ready", 0)) + int(state.get("succeeded", 0)) >= wanted
    return out
