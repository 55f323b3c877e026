"""Provisioning: what Google refused, what it has none of, and what is in doubt. Read from the steps' problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from saxtui.engine.diagnosis.case import Case
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.errors import Problem
from saxtui.model.diagnosis import Action, Clue, Gravity
from saxtui.model.progress import Ownership, StepProgress, StepState

_Way = Callable[[Case, StepProgress, Problem], tuple[str, Action]]


def _text(problem: Problem) -> str:
    return " ".join((problem.said, problem.reason, problem.code, *problem.details))


def _failed(case: Case) -> Iterator[tuple[StepProgress, Problem]]:
    for step in case.progress.steps.values():
        if step.problem is not None and step.state is not StepState.DONE:
            yield step, step.problem


def look(case: Case, pattern: str, way: _Way) -> Iterator[Finding]:
    """Steps whose problem matches; several with the same are one."""
    search = re.compile(pattern).search
    found = [(step, problem) for step, problem in _failed(case) if search(_text(problem))]
    if not found:
        return
    step, problem = found[0]
    said, action = way(case, step, problem)
    steps = ", ".join(item.id.removeprefix("pool/") for item, _ in found)
    pools = case.deployment.slices.pools
    broken = frozenset(pools.index(item.id[5:]) for item, _ in found if item.id[5:] in pools)
    yield Finding(
        f"{steps}: {said}",
        tuple(Clue(f"step {item.id}", f"{fault.said} [{fault.reason or fault.code}]", item.ended or 0.0)
              for item, fault in found[:2]),
        action,
        slices=broken,
        since=step.ended or 0.0,
    )  # fmt: skip


def _stockout(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    other = re.search(r"\b[a-z]+-[a-z]+\d+-[a-z]\b", problem.said.partition("zonesAvailable")[2])
    zone = f"try zone {other[0]}, which the error names" if other else "wait, or try another zone"
    return f"{case.deployment.zone} has no TPU capacity now", _choose(case, zone)


def _choose(case: Case, said: str) -> Action:
    return Action(f"{said}; every way on is listed", f"saxtui up -d {case.name}")


def _quota(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    metric = re.search(r"'?([A-Z][A-Z0-9_-]{5,})'?", problem.said)
    project = case.deployment.project
    ask = f"https://console.cloud.google.com/iam-admin/quotas?project={project}"
    name = metric[1] if metric and not metric[1].startswith("GCE_") else "it"
    return f"quota is too small ({name})", Action(f"ask for more at {ask}", f"saxtui doctor --project {project}")


def _billing(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    command = f"gcloud billing projects link {case.deployment.project} --billing-account=ACCOUNT"
    return "the project has no billing account", Action("link one", command)


def _api(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    service = re.search(r"[a-z]+\.googleapis\.com", problem.said)
    name = service[0] if service else "container.googleapis.com"
    command = f"gcloud services enable {name} --project={case.deployment.project}"
    return f"the API {name} is not enabled", Action("enable it, then go on", problem.command or command)


def _permission(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    name = re.search(r"\b[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+\b", problem.said)
    missing = f"permission {name[0]} is missing" if name else "a permission is missing"
    return missing, Action("have an owner grant it, then go on", f"saxtui doctor --project {case.deployment.project}")


def _taken(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    return (
        f"bucket name {case.deployment.bucket} belongs to somebody else",
        Action("choose another name (bucket: in the deployment file)", f"saxtui up -d {case.name}"),
    )


def _signed_out(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    return "you are signed out", Action("sign in, then go on", "gcloud auth application-default login")


def _busy(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    command = f"gcloud container operations list --region={case.deployment.region} --project={case.deployment.project}"
    return "GKE is busy with another operation on the cluster", Action("wait for it, then go on", command)


def _throttled(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    return "Google asks to slow down", Action("go on in a minute", f"saxtui up -d {case.name}")


def _cluster_error(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    return (
        "the cluster could not be made, and may stand there in ERROR, billing",
        Action("take it down, mend the cause, begin again", f"saxtui down -d {case.name}"),
    )


def _portal(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    return (
        "something between here and Google answers in its place (a proxy, a sign-in page)",
        Action("mend the network, then go on", f"saxtui up -d {case.name}"),
    )


def _hash(case: Case, step: StepProgress, problem: Problem) -> tuple[str, Action]:
    return (
        "the JobSet manifest is not the one that was pinned: nothing of it was applied",
        Action("find out why it changed before you set jobset.sha256", f"saxtui up -d {case.name}"),
    )


def foreign(case: Case) -> Iterator[Finding]:
    """A name we need is taken by what is not ours."""
    for step in case.progress.steps.values():
        if step.state is StepState.FOREIGN:
            yield Finding(
                f"{step.id}: {step.resource} is there and is not ours",
                (Clue(f"step {step.id}", step.said or "no label of this deployment", step.ended or 0.0),),
                Action("use it as it is, or choose another name", f"saxtui up -d {case.name} --adopt {step.id}"),
                since=step.ended or 0.0,
            )


def doubt(case: Case) -> Iterator[Finding]:
    """Sent, and nobody knows whether it took effect."""
    for step in case.progress.steps.values():
        if (step.state is StepState.DOUBT or step.ownership is Ownership.UNKNOWN) and not case.at_work:
            yield Finding(
                f"{step.id}: whether {step.resource or 'it'} exists could not be proved; it may bill",
                (Clue(f"step {step.id}", step.said or "asked for, and no answer", step.started or 0.0),),
                Action("look again: nothing is sent twice before that", f"saxtui status -d {case.name}"),
                since=step.started or 0.0,
            )


def interrupted(case: Case) -> Iterator[Finding]:
    """A run that died: what it began goes on in the cloud."""
    progress = case.progress
    if progress.running and not case.at_work:
        at = max((step.started or 0.0 for step in progress.steps.values()), default=0.0)
        doing = [step.id for step in progress.steps.values() if step.state is StepState.RUNNING]
        yield Finding(
            f"the run of `{progress.kind}` was interrupted{' at ' + ', '.join(doing) if doing else ''}",
            (Clue("journal", "its last record is no end, and no process holds it", at),),
            Action("go on where it stopped", f"saxtui {progress.kind or 'up'} -d {case.name}"),
            since=at,
        )


def slow_pool(case: Case) -> Iterator[Finding]:
    """A pool that takes longer than any that succeeds: stockouts take up to 35 minutes to show."""
    for step in case.progress.steps.values():
        running = step.state is StepState.RUNNING and step.started is not None and step.id.startswith("pool/")
        if running and case.now - (step.started or 0.0) > 720:
            yield Finding(
                f"{step.id[5:]} takes {(case.now - (step.started or 0.0)) / 60:.0f} min so far (usual 3 to 9): "
                "stockouts take up to 35 minutes to show",
                (Clue(f"step {step.id}", step.said or "creating", step.started or 0.0),),
                Action("wait, or stop and choose another zone", f"saxtui status -d {case.name}"),
                Gravity.WAITING,
                since=step.started or 0.0,
            )


def other(case: Case) -> Iterator[Finding]:
    """A step failed for a reason that no rule knows: its own words are all there is."""
    known = [re.compile(pattern).search for _, _, pattern, _ in _TABLE]
    for step, problem in _failed(case):
        if step.state is StepState.FAILED and not any(search(_text(problem)) for search in known):
            yield Finding(
                f"{step.id} failed: {problem.said}",
                (Clue(f"step {step.id}", problem.one_line(), step.ended or 0.0),),
                Action(problem.next_step or "go on from here", problem.command or f"saxtui up -d {case.name}"),
                since=step.ended or 0.0,
            )


_TABLE: tuple[tuple[str, str, str, _Way], ...] = (
    ("cloud-signed-out", "You are signed out", r"\b401\b|UNAUTHENTICATED|reauth|sign in again", _signed_out),
    ("cloud-throttled", "Google asks to slow down", r"RATE_LIMIT|rateLimitExceeded|\b429\b|TOO_MANY", _throttled),
    ("cloud-stockout", "No TPU capacity in the zone",
     r"GCE_STOCKOUT|ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources", _stockout),
    ("cloud-quota", "A quota is too small", r"QUOTA|[Ii]nsufficient (?:regional )?quota|[Qq]uota exceeded", _quota),
    ("cloud-billing", "The project has no billing", r"BILLING", _billing),
    ("cloud-api-disabled", "An API is not enabled", r"SERVICE_DISABLED|accessNotConfigured|not been used in project",
     _api),
    ("cloud-permission", "A permission is missing", r"PERMISSION_DENIED|\b403\b|[Pp]ermission", _permission),
    ("cloud-bucket-taken", "The bucket's name is taken", r"BUCKET_TAKEN", _taken),
    ("cloud-busy", "The cluster is busy", r"CLUSTER_ALREADY_HAS_OPERATION|incompatible operation|is currently", _busy),
    ("cloud-not-google", "Something answers in Google's place", r"not the API's answer|captive|not JSON", _portal),
    ("cloud-manifest", "The JobSet manifest changed", r"HASH_MISMATCH", _hash),
    ("cloud-cluster-error", "The cluster could not be made",
     r"clusters? .*ERROR|IP_SPACE_EXHAUSTED|(?:address|IP) space|free IP", _cluster_error),
)  # fmt: skip
_DEEPER = tuple(name for name, _, _, _ in _TABLE)
RULES = (
    *(Rule(name, title, partial(look, pattern=pattern, way=way)) for name, title, pattern, way in _TABLE),
    Rule("cloud-foreign", "A name is taken by what is not ours", foreign),
    Rule("cloud-doubt", "Whether something exists is in doubt", doubt),
    Rule("cloud-interrupted", "A run was interrupted", interrupted),
    Rule("cloud-slow-pool", "A node pool takes long", slow_pool),
    Rule("cloud-other", "A step failed", other, _DEEPER),
)
