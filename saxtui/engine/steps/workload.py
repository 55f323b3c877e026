"""Waiting for pods: why they are not up yet, in one line."""

from __future__ import annotations

from saxtui.engine.protocol.step import Json, Look, StepContext
from saxtui.engine.steps.objects import available
from saxtui.errors import NotFound, Problem, StepFailed
from saxtui.model.text import safe
from saxtui.ports import Kubernetes, Ref

LIMIT = 1500.0
"""Seconds a Deployment of ours may take: image pull, IAM spreading to the pods, a restart or two."""
_HOPELESS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError")


async def wait_available(ctx: StepContext, name: str, command: str) -> str:
    """Until the Deployment of that name is available; returns one line. Raises StepFailed with the pods' own words."""
    kubernetes = await ctx.connect()
    namespace = ctx.deployment.namespace

    async def look() -> Look:
        found = await kubernetes.get(Ref("apps/v1", "Deployment", name, namespace))
        if found is None:
            raise NotFound(Problem(tried="wait for", target=f"deployment/{name}", said="it was deleted meanwhile"))
        if available(found):
            return Look(True, "available", 1.0)
        pods = await kubernetes.list("v1", "Pod", namespace, labels=f"app={name}")
        return Look(False, trouble(pods) or "starting")

    try:
        await ctx.poll(look, limit=LIMIT, tried="wait for", target=f"deployment/{name}")
    except StepFailed as error:
        said = f"{error.problem.said}; {await last_words(kubernetes, namespace, name)}".rstrip("; ")
        raise StepFailed(
            Problem(
                tried="wait for",
                target=f"deployment/{name}",
                said=said,
                next_step=f"saxtui logs or kubectl -n {namespace} describe pod -l app={name}",
                reason=error.problem.reason,
                may_bill=True,
                command=command,
            )
        ) from error
    return f"deployment/{name} available"


def trouble(pods: list[Json]) -> str:
    """The first thing that holds a pod up, as "pod: reason: message", or ""."""
    for pod in pods:
        name = pod["metadata"].get("name", "")
        status = pod.get("status") or {}
        for container in status.get("containerStatuses") or []:
            state = container.get("state") or {}
            waiting = state.get("waiting") or {}
            ended = state.get("terminated") or {}
            if waiting.get("reason") not in (None, "", "ContainerCreating", "PodInitializing"):
                return safe(f"{name}: {waiting['reason']}: {waiting.get('message', '')}", 600)
            if ended and ended.get("exitCode", 0) != 0:
                return safe(f"{name}: exit {ended['exitCode']} {ended.get('reason', '')}", 600)
        for condition in status.get("conditions") or []:
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                return safe(f"{name}: {condition.get('reason', '')}: {condition.get('message', '')}", 600)
    return ""


def hopeless(pods: list[Json]) -> bool:
    """Whether a pod waits for what cannot come by itself, such as an image that is not there."""
    return any(word in trouble([pod]) for pod in pods for word in _HOPELESS)


async def last_words(kubernetes: Kubernetes, namespace: str, app: str) -> str:
    """Why the pods of that app are not up, as far as the API server tells."""
    return trouble(await kubernetes.list("v1", "Pod", namespace, labels=f"app={app}"))
