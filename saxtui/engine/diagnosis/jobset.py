"""The JobSet and its controller: restarts, the end of them, and why none can be made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from saxtui.engine.diagnosis.case import CONTROLLER, SYSTEM, Case, told_by
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.diagnosis import Action, Clue, Deed, Gravity
from saxtui.model.progress import Ownership, StepState

_WEBHOOK = re.compile(r"failed calling webhook|no endpoints available|jobset-webhook-service")
_STARTING = 300.0
"""Seconds a controller may take to come up before something is wrong with it."""
_RESTARTS = "a restart makes all slices anew; models reload by themselves, about 11 minutes"


def restarting(case: Case) -> Iterator[Finding]:
    """A host failed, so JobSet makes every slice anew."""
    job_set = case.view.jobset
    if not job_set.restarts or job_set.terminal:
        return
    back = [index for index in range(case.deployment.slices.count) if case.settled(index)]
    if len(back) == case.deployment.slices.count:
        return
    told = case.events("Restarting", "RestartJobSetFailurePolicyAction", name=job_set.name, kind="JobSet")
    failed = case.events("BackoffLimitExceeded", name=job_set.name, kind="Job")
    yield Finding(
        f"JobSet restarts all slices ({job_set.restarts} of {job_set.max_restarts}): service down, models reload",
        (Clue(f"jobset/{job_set.name}", f"status.restarts: {job_set.restarts}, maxRestarts: {job_set.max_restarts}"),
         *(told_by(event) for event in (*failed[-1:], *told[-1:]))),
        Action("wait: " + _RESTARTS),
        Gravity.WAITING,
        slices=frozenset(range(case.deployment.slices.count)),
        since=told[-1].at if told else 0.0,
    )  # fmt: skip


def ended(case: Case) -> Iterator[Finding]:
    """The JobSet has used up its restarts."""
    job_set = case.view.jobset
    word = next((item for item in job_set.conditions if item.type == "Failed" and item.true), None)
    if word is not None and word.reason == "ReachedMaxRestarts":
        failed = case.events("BackoffLimitExceeded", name=job_set.name, kind="Job")
        yield Finding(
            f"the JobSet failed for good after {job_set.restarts} restarts of {job_set.max_restarts}: "
            "nothing serves, and the slices bill on",
            (Clue(f"jobset/{job_set.name}", f"Failed: {word.reason}: {word.message}", word.since),
             *(told_by(event) for event in failed[-1:])),
            _mend(case, "make it anew (the count starts again)"),
            also=(Action("or take everything down", f"saxtui down -d {case.name}"),),
            slices=frozenset(range(case.deployment.slices.count)),
            since=word.since,
        )  # fmt: skip


def failed_at_once(case: Case) -> Iterator[Finding]:
    """A JobSet without a failure policy fails with its first Job."""
    job_set = case.view.jobset
    word = next((item for item in job_set.conditions if item.type == "Failed" and item.true), None)
    if word is not None and word.reason != "ReachedMaxRestarts":
        yield Finding(
            "the JobSet failed with its first Job: it has no restarts to give",
            (Clue(f"jobset/{job_set.name}", f"Failed: {word.reason}: {word.message}", word.since),
             Clue(f"jobset/{job_set.name}", f"failurePolicy.maxRestarts: {job_set.max_restarts}")),
            _mend(case, "make it anew as the deployment file says it"),
            slices=frozenset(range(case.deployment.slices.count)),
            since=word.since,
        )  # fmt: skip


def _mend(case: Case, said: str) -> Action:
    return Action(said, f"saxtui mend -d {case.name}", Deed.MEND, outage=_RESTARTS)


def nearly(case: Case) -> Iterator[Finding]:
    """One restart is left, or none."""
    job_set = case.view.jobset
    left = job_set.max_restarts - job_set.restarts
    if job_set.restarts and left <= 1 and not job_set.terminal:
        yield Finding(
            f"{left or 'no'} restart{'s' if left != 1 else ''} left: then the JobSet fails for good",
            (
                Clue(
                    f"jobset/{job_set.name}",
                    f"status.restarts: {job_set.restarts}, maxRestarts: {job_set.max_restarts}",
                ),
            ),
            _mend(case, "make it anew at a quiet hour: the count starts again"),
            Gravity.WARNING,
        )


def suspended(case: Case) -> Iterator[Finding]:
    """Somebody suspended it: its pods are gone."""
    job_set = case.view.jobset
    word = next((item for item in job_set.conditions if item.type == "Suspended" and item.true), None)
    if word is not None:
        patch = """--type merge -p '{"spec":{"suspend":false}}'"""
        yield Finding(
            "the JobSet is suspended: it has no pods until it is resumed",
            (Clue(f"jobset/{job_set.name}", f"Suspended: {word.reason}: {word.message}", word.since),),
            Action("resume it", f"kubectl -n {case.deployment.namespace} patch jobset {job_set.name} {patch}"),
            slices=frozenset(range(case.deployment.slices.count)),
            since=word.since,
        )


def missing(case: Case) -> Iterator[Finding]:
    """It was made, and is not there."""
    step = case.progress.step("model-servers")
    made = step.ownership in (Ownership.OWNED, Ownership.ADOPTED) and step.state is StepState.DONE
    if made and not case.view.jobset.name and case.view.seen and case.up:
        yield Finding(
            "the JobSet is gone: somebody deleted it, and the slices bill without it",
            (Clue("journal", f"{step.resource} was made", step.owned_at or 0.0),
             Clue("jobsets", f"none in namespace {case.deployment.namespace}")),
            Action("make it again", f"saxtui up -d {case.name}"),
            slices=frozenset(range(case.deployment.slices.count)),
        )  # fmt: skip


def _controller(case: Case) -> tuple[Clue, ...]:
    pods = sorted(case.view.system.values(), key=lambda pod: pod.created)
    return tuple(
        Clue(f"pod {pod.name}", f"{pod.status} {pod.ready}/{max(len(pod.containers), 1)} {pod.message}".strip())
        for pod in pods[-1:]
    )


def _refused(case: Case) -> Clue | None:
    """Who was refused by the webhook: our own run, or a controller that makes pods."""
    for step_id in ("model-servers", "jobset-controller"):
        step = case.progress.step(step_id)
        if step.state in (StepState.RUNNING, StepState.FAILED) and _WEBHOOK.search(step.said):
            return Clue(f"step {step_id}", step.said, step.started or 0.0)
    told = [
        event for event in case.events("FailedCreate") if _WEBHOOK.search(event.message) and case.now - event.at < 600
    ]
    return told_by(told[-1]) if told else None


def _age(case: Case) -> float:
    found = case.view.deployments.get(CONTROLLER)
    return case.now - found.created if found is not None else 0.0


def webhook_starting(case: Case) -> Iterator[Finding]:
    """Nobody answers for the webhook yet, and that is no wonder."""
    refused, found = _refused(case), case.view.deployments.get(CONTROLLER)
    if refused is not None and found is not None and not found.available and found.wanted and _age(case) <= _STARTING:
        yield Finding(
            f"the JobSet controller is starting ({_age(case):.0f} s so far): its webhook lets nothing through before",
            (refused, *_controller(case)),
            Action("wait: it is tried again by itself"),
            Gravity.WAITING,
        )


def webhook_dead(case: Case) -> Iterator[Finding]:
    """The controller has had its time and is not ready."""
    found = case.view.deployments.get(CONTROLLER)
    if found is None or found.available or not found.wanted or _age(case) <= _STARTING:
        return
    refused = _refused(case)
    yield Finding(
        f"the JobSet controller has not become ready in {_age(case) / 60:.0f} min: no JobSet can be made or restarted",
        (Clue(f"deployment/{CONTROLLER}", f"{found.available} of {found.wanted} available"),
         *((refused,) if refused else ()), *_controller(case)),
        Action("see why", f"kubectl -n {SYSTEM} describe pods"),
        pods=tuple(pod.name for pod in case.view.system.values()),
        since=found.created,
    )  # fmt: skip


def no_controller(case: Case) -> Iterator[Finding]:
    """It is gone or scaled to nothing: nobody restarts slices, and the webhook may block every pod."""
    if "Deployment" in case.view.hidden or not case.view.jobset.name:
        return
    found = case.view.deployments.get(CONTROLLER)
    if found is None or not found.wanted:
        refused = _refused(case)
        state = "is gone" if found is None else "is scaled to 0"
        yield Finding(
            f"the JobSet controller {state}: nothing restarts a failed slice",
            (Clue(f"deployment/{CONTROLLER}", "not there" if found is None else "spec.replicas: 0"),
             *((refused,) if refused else ())),
            Action("bring it back", f"saxtui up -d {case.name}" if found is None
                   else f"kubectl -n {SYSTEM} scale deployment/{CONTROLLER} --replicas=1"),
        )  # fmt: skip


_CAUSES = (
    "exit-memory", "exit-evicted", "exit-killed", "exit-terminated", "exit-fault", "exit-error",
    "node-terminating", "node-silent", "node-lost",
)  # fmt: skip
_IMAGES = ("image-denied", "image-unreachable", "image-absent", "image-misnamed", "image-fails")
RULES = (
    Rule("webhook-starting", "The JobSet webhook is not up yet", webhook_starting, ("pending-cpu-full", *_IMAGES)),
    Rule("webhook-dead", "The JobSet controller does not come up", webhook_dead, ("pending-cpu-full", *_IMAGES)),
    Rule("controller-away", "There is no JobSet controller", no_controller),
    Rule("jobset-gone", "The JobSet is gone", missing),
    Rule("jobset-suspended", "The JobSet is suspended", suspended),
    Rule("jobset-max-restarts", "The JobSet failed for good", ended),
    Rule("jobset-failed", "The JobSet failed at once", failed_at_once),
    Rule("jobset-restarting", "JobSet restarts every slice", restarting, _CAUSES),
    Rule("jobset-nearly", "The restarts run out", nearly),
)
