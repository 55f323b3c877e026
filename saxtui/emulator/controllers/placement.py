"""Where a pod may run: the scheduler's filters as pure functions, with kube-scheduler's words when they refuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from saxtui.emulator.controllers.base import has_condition, labels, matches, matches_labels, meta, spec, status
from saxtui.emulator.controllers.pods import TPU, TPU_TOLERATION, host_ports, quantity, requests, terminal

Json = dict[str, Any]
NO_AFFINITY = "node(s) didn't match pod affinity rules"
NO_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
OTHERS_ANTI_AFFINITY = "node(s) didn't satisfy existing pods anti-affinity rules"


@dataclass(slots=True)
class Place:
    """A node and what runs on it."""

    node: Json
    free: dict[str, float]
    pods: list[Json] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)

    def take(self, pod: Json) -> None:
        """Count a pod in."""
        self.pods.append(pod)
        self.ports |= host_ports(pod)
        self.free["pods"] = self.free.get("pods", 0.0) - 1
        for name, value in requests(pod).items():
            self.free[name] = self.free.get(name, 0.0) - value


def places(nodes: Iterable[Json], pods: Iterable[Json]) -> list[Place]:
    """Every node with its free resources, after the pods that are bound to it."""
    found = {}
    for node in nodes:
        free = {name: quantity(value) for name, value in (status(node).get("allocatable") or {}).items()}
        found[meta(node)["name"]] = Place(node, free)
    for pod in pods:
        place = found.get(spec(pod).get("nodeName", ""))
        if place is not None and not terminal(pod):
            place.take(pod)
    return list(found.values())


def refusals(pod: Json, place: Place, everywhere: list[Place]) -> list[str]:
    """Why the pod cannot run there; empty when it can. Stops at the first kind of reason, as kube-scheduler does."""
    for check in (_unschedulable, _selector, _taints, _resources, _ports):
        found = check(pod, place)
        if found:
            return found
    return _affinity(pod, place, everywhere)


def _unschedulable(pod: Json, place: Place) -> list[str]:
    return ["node(s) were unschedulable"] if spec(place.node).get("unschedulable") else []


def _selector(pod: Json, place: Place) -> list[str]:
    carried = labels(place.node)
    fits = matches_labels(spec(pod).get("nodeSelector") or {}, carried)
    affinity = (spec(pod).get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if fits and required:
        fits = any(matches(term, carried) for term in required.get("nodeSelectorTerms") or ())
    return [] if fits else ["node(s) didn't match Pod's node affinity/selector"]


def _taints(pod: Json, place: Place) -> list[str]:
    tolerations = list(spec(pod).get("tolerations") or ())
    if TPU in requests(pod):
        tolerations.append(TPU_TOLERATION)
    for taint in spec(place.node).get("taints") or ():
        if taint["effect"] != "PreferNoSchedule" and not any(_tolerates(each, taint) for each in tolerations):
            return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"]
    if not has_condition(place.node, "Ready"):
        return ["node(s) had untolerated taint {node.kubernetes.io/not-ready: }"]
    return []


def _tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    key = toleration.get("key")
    if not key:
        return toleration.get("operator") == "Exists"
    if key != taint["key"]:
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")


def _resources(pod: Json, place: Place) -> list[str]:
    missing = ["Too many pods"] if place.free.get("pods", 0.0) < 1 else []
    for name, value in sorted(requests(pod).items()):
        if place.free.get(name, 0.0) + 1e-9 < value:
            missing.append(f"Insufficient {name}")
    return missing


def _ports(pod: Json, place: Place) -> list[str]:
    taken = host_ports(pod) & place.ports
    return ["node(s) didn't have free ports for the requested pod ports"] if taken else []


def _affinity(pod: Json, place: Place, everywhere: list[Place]) -> list[str]:
    for term in _terms(pod, "podAffinity"):
        inside = any(_selects(term, pod, other) for other in _in_domain(term, place, everywhere))
        # The first pod of a group may go anywhere: nobody is there yet and it matches its own term.
        alone = not any(_selects(term, pod, other) for each in everywhere for other in each.pods)
        if not inside and not (alone and _selects(term, pod, pod)):
            return [NO_AFFINITY]
    for term in _terms(pod, "podAntiAffinity"):
        if any(_selects(term, pod, other) for other in _in_domain(term, place, everywhere)):
            return [NO_ANTI_AFFINITY]
    for each in everywhere:
        for other in each.pods:
            for term in _terms(other, "podAntiAffinity"):
                if _selects(term, other, pod) and _same_domain(term, place, each):
                    return [OTHERS_ANTI_AFFINITY]
    return []


def _terms(pod: Json, kind: str) -> list[Json]:
    affinity = (spec(pod).get("affinity") or {}).get(kind) or {}
    return list(affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ())


def _selects(term: Json, holder: Json, other: Json) -> bool:
    """Whether the holder's term is about that other pod. A namespaceSelector (even {}) widens it to every namespace."""
    if term.get("namespaceSelector") is None:
        spaces = term.get("namespaces") or [meta(holder).get("namespace")]
        if meta(other).get("namespace") not in spaces:
            return False
    return matches(term.get("labelSelector"), labels(other))


def _same_domain(term: Json, one: Place, two: Place) -> bool:
    key = term.get("topologyKey", "")
    here = labels(one.node).get(key)
    return here is not None and here == labels(two.node).get(key)


def _in_domain(term: Json, place: Place, everywhere: list[Place]) -> list[Json]:
    return [pod for each in everywhere if _same_domain(term, place, each) for pod in each.pods]


def unschedulable_message(reasons: list[list[str]]) -> str:
    """kube-scheduler's sentence for a pod that fits no node; `reasons` one list a node."""
    if not reasons:
        return "no nodes available to schedule pods"
    counts: dict[str, int] = {}
    for each in reasons:
        for reason in each:
            counts[reason] = counts.get(reason, 0) + 1
    words = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    total = len(reasons)
    helpless = sum(1 for each in reasons if not any(reason.startswith("Insufficient") for reason in each))
    parts = []
    if total > helpless:
        parts.append(f"{total - helpless} No preemption victims found for incoming pod")
    if helpless:
        parts.append(f"{helpless} Preemption is not helpful for scheduling")
    return f"0/{total} nodes are available: {words}. preemption: 0/{total} nodes are available: {', '.join(parts)}."
