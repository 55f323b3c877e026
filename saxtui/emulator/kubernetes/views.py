"""Objects that are shown otherwise than they are stored: Events as events.k8s.io/v1, and the nodes' Leases."""

from __future__ import annotations

from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json

EVENTS_GROUP = "events.k8s.io"
NODE_LEASES = "kube-node-lease"
_RENEWAL = 10
"""Seconds between two renewals of a node's Lease by its kubelet."""


def shown(info: KindInfo, obj: Json, stamp: str) -> Json:
    """`obj` as the resource `info` presents it. `stamp` is the RFC 3339 time of the last round of renewals."""
    if info.group == EVENTS_GROUP:
        return _event(obj)
    if info.kind == "Lease" and obj["metadata"].get("namespace") == NODE_LEASES:
        return {**obj, "spec": {**(obj.get("spec") or {}), "renewTime": stamp.replace("Z", ".000000Z")}}
    return obj


def changes(info: KindInfo) -> bool:
    """Whether objects of this resource are shown otherwise than stored."""
    return info.group == EVENTS_GROUP or info.kind == "Lease"


def stored_fields(info: KindInfo, selector: str) -> str:
    """A field selector in the words of what is stored."""
    return selector.replace("regarding.", "involvedObject.") if info.group == EVENTS_GROUP else selector


def last_round(now: float) -> float:
    """When the kubelets last renewed their Leases."""
    return now - now % _RENEWAL


def _event(obj: Json) -> Json:
    source = obj.get("source") or {}
    names = {
        "involvedObject": "regarding",
        "message": "note",
        "source": "deprecatedSource",
        "firstTimestamp": "deprecatedFirstTimestamp",
        "lastTimestamp": "deprecatedLastTimestamp",
        "count": "deprecatedCount",
        "reportingComponent": "reportingController",
    }
    out = {names.get(name, name): value for name, value in obj.items()}
    out["apiVersion"] = f"{EVENTS_GROUP}/v1"
    out["reportingController"] = obj.get("reportingComponent") or source.get("component") or ""
    return out


def lease(node: Json, stamp: str) -> Json:
    """The Lease by which a node's kubelet says that it lives."""
    name = node["metadata"]["name"]
    reference = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": NODE_LEASES, "ownerReferences": [reference]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": stamp.replace("Z", ".000000Z")},
    }
