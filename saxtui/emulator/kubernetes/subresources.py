"""POST to subresources that do something: evicting a pod, and making a service account's token."""

from __future__ import annotations

import base64
import json

from saxtui.emulator.kubernetes import gc, status
from saxtui.emulator.kubernetes.objects import Json, condition, terminating
from saxtui.emulator.kubernetes.paths import Target
from saxtui.emulator.kubernetes.reads import live
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call, Reply, decode

_DEFAULT_TOKEN_SECONDS, _SHORTEST_TOKEN_SECONDS = 3600, 600
_LONGEST_TOKEN_SECONDS = 2**32


def evict(store: KubeStore, target: Target, call: Call) -> Reply:
    """POST .../pods/NAME/eviction: a deletion that says why. Raises ApiError 400, 404 or 409."""
    asked = decode(call)
    if asked.get("kind") != "Eviction":
        raise status.bad_request(f"{asked.get('kind')} cannot be handled as an Eviction")
    pod = live(store, target)
    given = asked.get("deleteOptions") or {}
    if not isinstance(given, dict) or not isinstance(given.get("preconditions") or {}, dict):
        raise status.bad_request("deleteOptions of an Eviction is an object")
    if not (call.dry_run or given.get("dryRun")) and not terminating(pod):
        conditions = given.get("preconditions") or {}
        uid = conditions.get("uid")
        if uid and uid != pod["metadata"]["uid"]:
            raise status.uid_conflict(target.name, "Pod", uid, pod["metadata"]["uid"])
        _disrupted(store, pod)
        grace = given.get("gracePeriodSeconds")
        seconds = float(grace) if isinstance(grace, int) else None
        store.delete("Pod", target.namespace, target.name, grace=seconds)
    return Reply(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})


def _disrupted(store: KubeStore, pod: Json) -> None:
    """The DisruptionTarget condition, which tells a Job's failure policy that the pod did not fail by itself."""
    now = pod.get("status") or {}
    if condition(pod, "DisruptionTarget") or now.get("phase") in gc.DONE:
        return
    word = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastTransitionTime": store.world.stamp(),
    }
    metadata = pod["metadata"]
    conditions = [*(now.get("conditions") or []), word]
    store.set_status("Pod", metadata["namespace"], metadata["name"], {**now, "conditions": conditions})


def _part(value: Json) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def token(store: KubeStore, target: Target, call: Call) -> Reply:
    """POST .../serviceaccounts/NAME/token. The token looks like one and opens nothing. Raises ApiError 404, 422."""
    asked, account = decode(call), live(store, target)
    spec = asked.get("spec") or {}
    if not isinstance(spec, dict) or not isinstance(spec.get("expirationSeconds") or 0, int):
        raise status.bad_request("TokenRequest.spec: expirationSeconds is a number")
    seconds = min(spec.get("expirationSeconds") or _DEFAULT_TOKEN_SECONDS, _LONGEST_TOKEN_SECONDS)
    if seconds < _SHORTEST_TOKEN_SECONDS:
        cause = status.bad_value("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
        raise status.invalid("TokenRequest", "authentication.k8s.io", "", [cause])
    now = int(store.world.now)
    audiences = spec.get("audiences") or ["https://kubernetes.default.svc"]
    claims = {
        "aud": audiences,
        "exp": now + seconds,
        "iat": now,
        "iss": "https://kubernetes.default.svc",
        "kubernetes.io": {
            "namespace": target.namespace,
            "serviceaccount": {"name": target.name, "uid": account["metadata"]["uid"]},
        },
        "sub": f"system:serviceaccount:{target.namespace}:{target.name}",
    }
    text = ".".join((_part({"alg": "RS256", "kid": "embedded-cloud"}), _part(claims), _part({"signed": False})))
    return Reply(
        201,
        {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": target.name, "namespace": target.namespace, "creationTimestamp": store.world.stamp()},
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None},
            "status": {"token": text, "expirationTimestamp": store.world.stamp(now + seconds)},
        },
    )
