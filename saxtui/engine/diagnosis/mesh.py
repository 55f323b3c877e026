"""The mesh of a slice's hosts: who is missing, who came back alone, and the slice that looks green and hangs."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from saxtui.engine.diagnosis.case import Case, host, said_by, several
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.cluster import HostState, Pod
from saxtui.model.diagnosis import Action, Certainty, Clue, Deed, Gravity

_APART = 60.0
"""Seconds a pod must be younger than its peers to be a replacement: a slice's own pods come within half of that."""
_SOON = 45.0
"""Seconds a replacement may take to join, were the mesh to form anew."""
_FORMING = 240.0
"""Seconds in which hosts that all run have found each other on a working network."""
_WAIT = 60.0


def began(pod: Pod) -> float:
    """When the pod's present program started, as far as it is known."""
    return max([pod.created, *(item.since for item in pod.states)])


def orphans(case: Case, index: int) -> list[Pod]:
    """Hosts that came back alone into a slice whose other hosts have run since before."""
    pods = case.slice(index)
    running = [pod for pod in pods if pod.state is HostState.RUNNING]
    if len(pods) < case.size or len(running) < case.size or case.size < 2:
        return []
    usual = statistics.median(began(pod) for pod in running)
    young = [pod for pod in running if began(pod) - usual > _APART]
    peers = [pod for pod in running if pod not in young]
    # One Job for the slice that never failed: a failed one would have restarted everybody.
    job = next((job for job in case.view.jobs.values() if job.slice == index and not job.deleting), None)
    if not young or len(young) >= len(peers) or (job is not None and job.failure is not None):
        return []
    return [pod for pod in young if case.now - began(pod) >= _SOON and not case.formed(pod)]


def hung(case: Case) -> Iterator[Finding]:
    """All pods run, and the slice hangs: a deleted pod's replacement waits for a mesh that will not re-form."""
    for index in case.view.slice_indexes:
        lone = orphans(case, index)
        if not lone:
            continue
        pods, job_set = case.slice(index), case.view.jobset
        peers = [pod for pod in pods if pod not in lone]
        killed = case.events("Killing", name=f"{lone[0].job}-{lone[0].host}-", kind="Pod")
        read = case.read(lone[0])
        silent = Clue(f"log of {index}-{lone[0].host}", "silent about the mesh: it waits for its peers")
        beat = _beat(case, index)
        clues = [
            Clue(
                f"pod {lone[0].name}",
                f"started {began(lone[0]) - began(peers[0]):.0f} s after its peers",
                began(lone[0]),
            ),
            Clue(f"jobset/{job_set.name}", f"restarts {job_set.restarts}: a deleted pod is no failed Job"),
        ]
        if read:
            clues.append(silent)
        if beat is not None:
            clues.append(beat)
        clues += [Clue("event", f"{event.reason}: {event.message}", event.at) for event in killed[-1:]]
        yield Finding(
            f"{several(lone)} came back alone: the mesh of slice {index} does not re-form, its {len(pods)} hosts hang",
            tuple(clues),
            Action(
                "recreate the JobSet: only that restarts every host of the slice",
                f"saxtui mend -d {case.name}",
                Deed.MEND,
                outage="all slices stop and start together; models reload by themselves, about 11 minutes",
            ),
            certainty=Certainty.PROVED if read or beat is not None else Certainty.FITS,
            slices=frozenset({index}),
            pods=tuple(pod.name for pod in pods),
            since=min(pod.created for pod in lone),
        )


def _beat(case: Case, index: int) -> Clue | None:
    missed = [item for item in case.heard if item.what == "canary" and not item.ok and item.slice in (index, -1)]
    return Clue("canary", missed[-1].said, missed[-1].at) if missed else None


def waiting(case: Case) -> Iterator[Finding]:
    """Hosts that run and wait for those that do not."""
    for index in case.view.slice_indexes:
        pods = case.slice(index)
        running = [pod for pod in pods if pod.state is HostState.RUNNING]
        others = [pod for pod in pods if pod.state is not HostState.RUNNING]
        absent = sorted(set(range(case.size)) - {pod.host for pod in pods})
        if not running or not (others or absent):
            continue
        since = max(pod.created for pod in others) if others else max(began(pod) for pod in running)
        if case.now - since < _WAIT:
            continue
        who = several(others) if others else f"hosts {', '.join(f'{index}-{number}' for number in absent)}"
        state = f"{others[0].status} {others[0].message}".strip() if others else "no such pod"
        yield Finding(
            f"slice {index} waits for {who}: {len(running)} of {case.size} hosts run",
            (Clue(f"{host(others[0])}" if others else "pods", state, since),),
            Action("see what keeps it", f"saxtui pods -d {case.name}"),
            Gravity.WAITING,
            slices=frozenset({index}),
            pods=tuple(pod.name for pod in pods),
            since=since,
        )


def deaf(case: Case) -> Iterator[Finding]:
    """All hosts run since the same moment, and none has found the others."""
    for index in case.view.slice_indexes:
        pods = case.slice(index)
        if len(pods) < case.size or case.size < 2 or any(pod.state is not HostState.RUNNING for pod in pods):
            continue
        read = [pod for pod in pods if case.read(pod)]
        starts = [began(pod) for pod in pods]
        same = max(starts) - min(starts) <= _APART
        if not read or not same or any(case.formed(pod) for pod in read) or case.now - max(starts) < _FORMING:
            continue
        yield Finding(
            f"the hosts of slice {index} do not find each other: all {case.size} run, none has seen the mesh",
            (Clue(f"slice {index}", f"all hosts run for {(case.now - max(starts)) / 60:.0f} min", max(starts)),
             *(said_by(line, read[0]) for line in case.log(read[0])[-1:])),
            Action("let the nodes reach each other on port 8471 (firewall, NetworkPolicy)",
                   f"gcloud compute firewall-rules list --project={case.deployment.project}"),
            certainty=Certainty.FITS,
            slices=frozenset({index}),
            pods=tuple(pod.name for pod in pods),
            since=max(starts),
        )  # fmt: skip


def mute(case: Case) -> Iterator[Finding]:
    """The canary gets no answer, and nothing else is wrong with the slice."""
    recent = [item for item in case.heard if item.what == "canary" and case.now - item.at < 600]
    missed = [item for item in recent[-2:] if not item.ok]
    if len(missed) == 2:
        yield Finding(
            "the canary prompt gets no answer although every host runs",
            tuple(Clue("canary", item.said, item.at) for item in missed),
            Action("look at the primaries' last words", f"saxtui logs -d {case.name} --primaries --tail 30"),
            certainty=Certainty.FITS,
            slices=frozenset(item.slice for item in missed if item.slice >= 0),
            since=missed[0].at,
        )


_PENDING = (
    "pending-selector", "pending-no-pool", "pending-cordoned", "pending-taint", "pending-chips-taken",
    "pending-ports-taken", "pending-exclusive", "pending-leader", "image-denied", "image-unreachable", "image-absent",
    "image-misnamed", "image-fails", "node-silent", "node-lost", "node-terminating", "jobset-restarting",
    "jobset-max-restarts", "jobset-failed", "controller-away",
)  # fmt: skip
RULES = (
    Rule("mesh-hung", "A slice looks green and hangs", hung),
    Rule("mesh-waiting", "A slice waits for a host", waiting,
         (*_PENDING, "exit-memory", "exit-killed", "exit-evicted", "exit-terminated", "exit-fault", "exit-error")),
    Rule("mesh-deaf", "Hosts do not find each other", deaf),
    Rule("slice-mute", "The canary gets no answer", mute,
         ("mesh-hung", "mesh-waiting", "mesh-deaf", "jobset-restarting", "jobset-max-restarts", "http-one-at-a-time",
          "admin-away", "http-away", "api-unreachable")),
)  # fmt: skip
