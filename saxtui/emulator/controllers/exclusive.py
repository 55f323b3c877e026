"""JobSet's pod webhooks: exclusive placement, one Job a topology domain (a node pool), leader first.

The leader (completion index 0) gets affinity to its own Job and anti-affinity to all others; a follower gets a node
selector for the domain its leader landed in, and is refused until the leader has landed (JobSet 0.3 and later).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import annotations_of, deleting, labels, meta, spec

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
PREFIX = "jobset.sigs.k8s.io/"
EXCLUSIVE = "alpha.jobset.sigs.k8s.io/exclusive-topology"
INDEX = "batch.kubernetes.io/job-completion-index"
JOB_KEY = f"{PREFIX}job-key"


class Refused(Exception):
    """A webhook did not let the pod in; the message is the API server's."""


def admit(store: KubeStore, pod: Json) -> Json:
    """The pod as the webhooks pass it on. Raises Refused. Pods of no JobSet pass untouched."""
    topology = annotations_of(pod).get(EXCLUSIVE, "")
    if not topology or f"{PREFIX}jobset-name" not in labels(pod):
        return pod
    if annotations_of(pod).get(INDEX) == "0":
        return _lead(pod, topology)
    return _follow(store, pod, topology)


def _lead(pod: Json, topology: str) -> Json:
    key = labels(pod)[JOB_KEY]
    mine = {"matchExpressions": [{"key": JOB_KEY, "operator": "In", "values": [key]}]}
    others = {
        "matchExpressions": [
            {"key": JOB_KEY, "operator": "Exists"},
            {"key": JOB_KEY, "operator": "NotIn", "values": [key]},
        ]
    }
    affinity = {**(spec(pod).get("affinity") or {})}
    for kind, selector in (("podAffinity", mine), ("podAntiAffinity", others)):
        rules = dict(affinity.get(kind) or {})
        term = {"labelSelector": selector, "topologyKey": topology, "namespaceSelector": {}}
        field = "requiredDuringSchedulingIgnoredDuringExecution"
        rules[field] = [*(rules.get(field) or ()), term]
        affinity[kind] = rules
    return {**pod, "spec": {**spec(pod), "affinity": affinity}}


def _follow(store: KubeStore, pod: Json, topology: str) -> Json:
    leader = _leader(store, pod)
    node = store.get("Node", "", spec(leader).get("nodeName", "")) if leader is not None else None
    if node is None or topology not in labels(node):
        raise Refused(
            'admission webhook "vpod.kb.io" denied the request: leader pod not yet scheduled, not creating '
            "follower pod. this is an expected, transient error"
        )
    selector = {**(spec(pod).get("nodeSelector") or {}), topology: labels(node)[topology]}
    return {**pod, "spec": {**spec(pod), "nodeSelector": selector}}


def _leader(store: KubeStore, pod: Json) -> Json | None:
    same = {
        JOB_KEY: labels(pod)[JOB_KEY],
        f"{PREFIX}restart-attempt": labels(pod).get(f"{PREFIX}restart-attempt", "0"),
    }
    found = [each for each in store.list("Pod", meta(pod)["namespace"], same) if annotations_of(each).get(INDEX) == "0"]
    return next((each for each in found if not deleting(each) and spec(each).get("nodeName")), None)
