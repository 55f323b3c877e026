"""Small pure helpers on JSON objects: copying, keys, owners, quantities of time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
Json = dict[str, Any]
Key = tuple[str, str]
"""(namespace, name); namespace is "" for cluster-scoped objects."""


def copy_json(value: Any) -> Any:
    """A deep copy of JSON data.

    Through msgspec's binary form and back, three times faster than a walk in Python; what that form cannot hold, such
    as an integer beyond 64 bits, is walked.
    """
    try:
        return _unpack(_pack(value))
    except (OverflowError, TypeError, msgspec.MsgspecError):
        return _walked(value)


def _walked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _walked(item) for key, item in value.items()}
    return [_walked(item) for item in value] if isinstance(value, list) else value


def meta(obj: Json) -> Json:
    """The metadata, made when missing."""
    got = obj.get("metadata")
    if not isinstance(got, dict):
        got = obj["metadata"] = {}
    return got


def key_of(obj: Json) -> Key:
    """Where an object is kept."""
    metadata = obj.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def labels_of(obj: Json) -> dict[str, str]:
    """The labels; never None."""
    return (obj.get("metadata") or {}).get("labels") or {}


def owner_uids(obj: Json) -> list[str]:
    """The uids in ownerReferences."""
    refs = (obj.get("metadata") or {}).get("ownerReferences") or []
    return [str(ref.get("uid") or "") for ref in refs]


def blocks_owner(obj: Json, uid: str) -> bool:
    """Whether a dependent holds back the foreground deletion of that owner."""
    refs = (obj.get("metadata") or {}).get("ownerReferences") or []
    return any(ref.get("uid") == uid and ref.get("blockOwnerDeletion") for ref in refs)


def terminating(obj: Json) -> bool:
    """Whether deletion has begun."""
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))


def condition(obj: Json, kind: str) -> Json:
    """One of status.conditions by type, or {}."""
    found = (c for c in (obj.get("status") or {}).get("conditions") or [] if c.get("type") == kind)
    return next(found, {})


def pod_ready(pod: Json) -> bool:
    """Whether a pod can be an endpoint of a Service."""
    return condition(pod, "Ready").get("status") == "True" and not terminating(pod)


def epoch(stamp: str | None) -> float | None:
    """Seconds since 1970 of an RFC 3339 stamp, or None for an absent or unreadable one."""
    if not stamp:
        return None
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def whole_number(text: str) -> int | None:
    """The number that up to 18 ASCII digits write; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def container_names(pod: Json) -> list[str]:
    """Init containers first."""
    spec = pod.get("spec") or {}
    both = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return [str(container.get("name") or "") for container in both]
