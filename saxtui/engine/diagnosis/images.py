"""Images that cannot be pulled: refused, absent, misnamed, or out of reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from saxtui.engine.diagnosis.case import Case, grouped, several, slices_of
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.cluster import Pod
from saxtui.model.diagnosis import Action, Clue

_WAITING = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ImageInspectError", "RegistryUnavailable"}
)
_DENIED = re.compile(r"\b40[13]\b|denied|forbidden|unauthori[sz]ed|failed to authorize", re.IGNORECASE)
_ABSENT = re.compile(r"not found|manifest unknown|no such image|does not exist", re.IGNORECASE)
_AWAY = re.compile(r"timeout|timed out|no such host|connection refused|unreachable|TLS handshake|EOF", re.IGNORECASE)


def _kind(words: str, reason: str) -> str:
    if reason == "InvalidImageName":
        return "name"
    # "unexpected status: 403" comes with words like "not found" in some registries: the refusal is the cause.
    for kind, pattern in (("denied", _DENIED), ("away", _AWAY), ("absent", _ABSENT)):
        if pattern.search(words):
            return kind
    return "other"


_SAID = {
    "denied": ("the registry refuses it", "let the nodes' service account read that registry, or name another image"),
    "absent": ("the registry has no such tag", "name a tag that exists (images: in the deployment file)"),
    "away": ("the registry cannot be reached", "private nodes need Cloud NAT or Private Google Access"),
    "name": ("its name is no image name", "mend the image's name (images: in the deployment file)"),
    "other": ("the pull fails", "read the kubelet's words"),
}


def look(case: Case, kind: str) -> Iterator[Finding]:
    """Pods whose image cannot be pulled for that kind of reason, one finding an image."""

    def image(pod: Pod, _: str) -> str:
        found = next((item for item in pod.states if item.waiting in _WAITING), None)
        return found.image if found is not None and _kind(_words(case, pod), found.waiting) == kind else ""

    waiting = [(pod, "") for pod in case.held if any(item.waiting in _WAITING for item in pod.states)]
    for name, pods in grouped(waiting, image).items():
        who = [pod for pod, _ in pods]
        said, way_out = _SAID[kind]
        words = _words(case, who[0])
        yield Finding(
            f"{several(who)}: image {name.rpartition('/')[2]} cannot be pulled: {said}",
            (Clue(f"kubelet on {who[0].name}", words, _told(case, who[0])),),
            Action(way_out, f"kubectl -n {who[0].namespace} describe pod {who[0].name}"),
            slices=slices_of(who),
            pods=tuple(pod.name for pod in who),
            since=min(pod.created for pod in who),
        )


def _events(case: Case, pod: Pod) -> list[Clue]:
    """ "Failed" events of the pull: a pod in back-off no longer says the cause itself."""
    found = case.events("Failed", name=pod.name, kind="Pod")
    return [Clue("event", event.message, event.at) for event in found if "pull" in event.message.lower()]


def _words(case: Case, pod: Pod) -> str:
    own = next((item.message for item in pod.states if item.waiting in _WAITING), "")
    told = _events(case, pod)
    return told[-1].text if told and ("Back-off" in own or not own) else own or "no words"


def _told(case: Case, pod: Pod) -> float:
    told = _events(case, pod)
    return told[-1].at if told else 0.0


RULES = (
    Rule("image-denied", "The registry refuses an image", partial(look, kind="denied")),
    Rule("image-unreachable", "The registry cannot be reached", partial(look, kind="away")),
    Rule("image-absent", "An image does not exist", partial(look, kind="absent")),
    Rule("image-misnamed", "An image's name is not one", partial(look, kind="name")),
    Rule("image-fails", "An image cannot be pulled", partial(look, kind="other")),
)
