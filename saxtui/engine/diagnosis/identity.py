"""Who the pods act as, and whether they may use the bucket: read from the servers' own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from saxtui.engine.diagnosis.case import ADMIN, Case, said_by, several, slices_of
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.cluster import LogLine, Pod
from saxtui.model.diagnosis import Action, Certainty, Clue, Gravity

_SPREAD = 420.0
"""Seconds that a new binding may need until it counts everywhere."""
_TOKEN = r"getAccessToken' denied|Unable to generate access token"
_NOT_MAPPED = r"\.svc\.id\.goog\[[^\]]*\] does not have storage\."
_REFUSED = r"gserviceaccount\.com does not have storage\.\S+ access"
_NO_BUCKET = r"The specified bucket does not exist"
_RECENT = 1800.0


def _said(case: Case, pattern: str) -> list[tuple[Pod, LogLine]]:
    """Who of the servers says so, now: a line before the pod's last sign of health is history."""
    asked = [*case.apps(ADMIN), *(pod for pod in case.hosts if pod.primary)]
    fallen = [(Pod(item.uid, item.pod, "", slice=item.slice, host=item.host), line)
              for item in case.fallen for line in item.lines if _matches(pattern, line)]  # fmt: skip
    found = [(pod, line) for pod, line, _ in case.lines(pattern, asked) if not _healed(case, pod, line)]
    return found or [item for item in fallen if case.now - item[1].at < _RECENT and not _admin_serves(case)]


def _matches(pattern: str, line: LogLine) -> bool:
    return bool(re.search(pattern, line.text))


def _healed(case: Case, pod: Pod, line: LogLine) -> bool:
    return any(other.at > line.at and ("Joined " in other.text or "Starting the server on port" in other.text)
               for other in case.log(pod))  # fmt: skip


def _admin_serves(case: Case) -> bool:
    return any(pod.state.value == "running" and pod.ready for pod in case.apps(ADMIN)) and all(
        not pod.restarts for pod in case.apps(ADMIN)
    )


def _fresh(case: Case, step_id: str) -> float | None:
    """When the binding was made, if that is so recent that it may not count everywhere yet."""
    at = case.step_done(step_id)
    return at if at is not None and case.now - at < _SPREAD else None


def _finding(case: Case, found: list[tuple[Pod, LogLine]], said: str, action: Action, step_id: str) -> Finding:
    pods = [pod for pod, _ in found]
    clues = tuple(said_by(line, pod) for pod, line in found[:2])
    fresh = _fresh(case, step_id)
    if fresh is not None:
        made = Clue("journal", f"{step_id} was made {case.now - fresh:.0f} s ago; IAM takes minutes to spread", fresh)
        return Finding(
            f"{several(pods)}: the new role does not count everywhere yet",
            (*clues, made),
            Action("wait: it tries again by itself (up to 7 minutes)"),
            Gravity.WAITING,
            Certainty.FITS,
            slices=slices_of(pods),
            pods=tuple(pod.name for pod in pods),
            since=fresh,
        )
    return Finding(
        f"{several(pods)}: {said}",
        clues,
        action,
        slices=slices_of(pods),
        pods=tuple(pod.name for pod in pods),
        since=found[0][1].at,
    )


def spreading(case: Case) -> Iterator[Finding]:
    """Refused, and the binding is only minutes old."""
    for pattern, step_id in ((_TOKEN, "binding/workload-identity"), (_REFUSED, _storage(case))):
        found = _said(case, pattern)
        if found and _fresh(case, step_id) is not None:
            yield _finding(case, found, "", Action(""), step_id)


def _storage(case: Case) -> str:
    return f"binding/{case.deployment.identity.role_scope.value}"


def token(case: Case) -> Iterator[Finding]:
    """The Kubernetes account may not act as the Google account."""
    step_id = "binding/workload-identity"
    found = _said(case, _TOKEN)
    if found and _fresh(case, step_id) is None:
        spec = case.deployment
        member = f"{spec.project}.svc.id.goog[{spec.namespace}/{spec.identity.kubernetes_account}]"
        yield _finding(
            case,
            found,
            f"{member} may not act as the Google service account",
            Action("bind roles/iam.workloadIdentityUser again", f"saxtui up -d {case.name}"),
            step_id,
        )


def unmapped(case: Case) -> Iterator[Finding]:
    """The Kubernetes account carries no annotation, so the pods act as nobody."""
    found = _said(case, _NOT_MAPPED)
    if found:
        account = case.deployment.identity.kubernetes_account
        yield _finding(
            case,
            found,
            f"service account {account} has no annotation iam.gke.io/gcp-service-account",
            Action("annotate it again", f"saxtui up -d {case.name}"),
            "kubernetes-account",
        )


def refused(case: Case) -> Iterator[Finding]:
    """The Google account has no role on the bucket."""
    found = _said(case, _REFUSED)
    if found and _fresh(case, _storage(case)) is None:
        yield _finding(
            case,
            found,
            f"the service account has no role on gs://{case.deployment.bucket}",
            Action("give the role back", f"saxtui up -d {case.name}"),
            _storage(case),
        )


def no_bucket(case: Case) -> Iterator[Finding]:
    """Somebody deleted the bucket."""
    found = _said(case, _NO_BUCKET)
    if found:
        yield _finding(
            case,
            found,
            f"bucket {case.deployment.bucket} is gone, and with it where the admin server is found",
            Action("make it again; published models are forgotten", f"saxtui up -d {case.name}"),
            "bucket",
        )


RULES = (
    Rule("identity-spreading", "A new role does not count everywhere yet", spreading),
    Rule("identity-token", "The pods may not act as their service account", token),
    Rule("identity-unmapped", "The pods' account is not tied to a service account", unmapped),
    Rule("bucket-refused", "The service account has no role on the bucket", refused),
    Rule("bucket-gone", "The bucket is gone", no_bucket),
)
