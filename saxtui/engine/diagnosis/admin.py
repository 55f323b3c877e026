"""The admin server: away, doubled, or not found by the slices."""

from __future__ import annotations

from collections.abc import Iterator

from saxtui.engine.diagnosis.case import ADMIN, GRACE, Case, said_by, several, slices_of
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.cluster import HostState
from saxtui.model.diagnosis import Action, Clue

_PATIENCE = 120.0
"""Seconds in which a restarted admin server is found again by itself (its address is read every 5 s)."""


def scaled_away(case: Case) -> Iterator[Finding]:
    """Nobody wants an admin server: its Deployment has no replicas, or is gone."""
    if "Deployment" in case.view.hidden or not case.view.seen or not case.up:
        return
    found = case.view.deployments.get(ADMIN)
    apply = f"kubectl -n {case.deployment.namespace} scale deployment/{ADMIN} --replicas=1"
    if found is not None and found.wanted == 0:
        yield Finding(
            "the admin server is scaled to 0: nothing can be published, and requests that need it hang",
            (Clue(f"deployment/{ADMIN}", "spec.replicas: 0"),),
            Action("scale it back to 1", apply),
        )
    elif found is None and case.step_done("admin-server") is not None:
        yield Finding(
            "the admin server's Deployment is gone: requests that need it hang",
            (Clue("journal", "admin-server was made", case.step_done("admin-server") or 0.0),
             Clue("deployments", f"{', '.join(sorted(case.view.deployments)) or 'none'} in this namespace")),
            Action("make it again", f"saxtui up -d {case.name}"),
        )  # fmt: skip


def doubled(case: Case) -> Iterator[Finding]:
    """Two admin servers overwrite each other's address."""
    found = case.view.deployments.get(ADMIN)
    if found is not None and found.wanted > 1:
        yield Finding(
            f"{found.wanted} admin servers overwrite each other's address in the bucket; Sax elects no leader",
            (Clue(f"deployment/{ADMIN}", f"spec.replicas: {found.wanted}"),),
            Action(
                "scale it back to 1", f"kubectl -n {case.deployment.namespace} scale deployment/{ADMIN} --replicas=1"
            ),
        )


def crashing(case: Case) -> Iterator[Finding]:
    """The admin server ends again and again, for a reason no other rule knows."""
    for pod in case.apps(ADMIN):
        state = next((item for item in pod.states if item.waiting == "CrashLoopBackOff"), None)
        if state is None:
            continue
        last = state.last
        ended = f"exit code {last.code}" if last else "no exit code told"
        words = case.log(pod)[-1:]
        yield Finding(
            f"the admin server crash-loops ({ended}, {pod.restarts} restarts)",
            (Clue(f"container of {pod.name}", f"CrashLoopBackOff: {state.message}", last.at if last else 0.0),
             *(said_by(line) for line in words)),
            Action("read its last words", f"saxtui logs -d {case.name} {pod.name} --tail 20"),
            pods=(pod.name,),
        )  # fmt: skip


def not_found(case: Case) -> Iterator[Finding]:
    """Primaries that cannot join."""
    lost = []
    for pod, line, _ in case.lines(r"Failed to join|ParseAddr error", [pod for pod in case.hosts if pod.primary]):
        joined = any(other.at >= line.at and "Joined " in other.text for other in case.log(pod))
        if not joined and case.now - line.at < 600 and pod.state is HostState.RUNNING:
            lost.append((pod, line))
    served = [pod for pod in case.apps(ADMIN) if pod.state is HostState.RUNNING and case.now - pod.created > _PATIENCE]
    if lost and (served or not case.apps(ADMIN)) and case.now - lost[0][0].created > GRACE:
        pods = [pod for pod, _ in lost]
        yield Finding(
            f"{several(pods)} cannot join the cell: the admin server is not where the bucket says",
            tuple(said_by(line, pod) for pod, line in lost[:2]),
            Action("restart the admin server: it writes its address anew",
                   f"kubectl -n {case.deployment.namespace} rollout restart deployment/{ADMIN}"),
            slices=slices_of(pods),
            pods=tuple(pod.name for pod in pods),
            since=lost[0][1].at,
        )  # fmt: skip


_IDENTITY = ("identity-token", "identity-unmapped", "bucket-refused", "bucket-gone", "identity-spreading")
RULES = (
    Rule("admin-away", "There is no admin server", scaled_away),
    Rule("admin-doubled", "Two admin servers", doubled),
    Rule("admin-crash-loop", "The admin server crash-loops", crashing, _IDENTITY),
    Rule("admin-not-found", "Slices do not find the admin server", not_found,
         ("admin-away", "admin-doubled", "admin-crash-loop", *_IDENTITY)),
)  # fmt: skip
