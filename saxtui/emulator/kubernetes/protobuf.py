"""Kubernetes' protobuf bodies, as far as kubectl's `create` verbs send them for simple kinds (kubectl 1.32).

The envelope is `k8s\\0` and a runtime.Unknown {1: TypeMeta {1 apiVersion, 2 kind}, 2: raw}. Field numbers are those of
the k8s.io/api .proto files. Kinds with deep specs (Deployment, Job, Pod) are refused: 415.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.status import bad_request, unsupported_media

MAGIC = b"k8s\x00"
Message = dict[int, tuple[str, Any]]
"""Field number → (JSON name, type): "string", "bool", "int", "strings", "map", "bytemap", Message, [Message]."""

_OWNER: Message = {
    1: ("kind", "string"),
    3: ("name", "string"),
    4: ("uid", "string"),
    5: ("apiVersion", "string"),
    6: ("controller", "bool"),
    7: ("blockOwnerDeletion", "bool"),
}
_META: Message = {
    1: ("name", "string"),
    2: ("generateName", "string"),
    3: ("namespace", "string"),
    5: ("uid", "string"),
    6: ("resourceVersion", "string"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
    13: ("ownerReferences", [_OWNER]),
    14: ("finalizers", "strings"),
}
_REFERENCE: Message = {
    1: ("kind", "string"),
    2: ("namespace", "string"),
    3: ("name", "string"),
    4: ("uid", "string"),
    5: ("apiVersion", "string"),
    6: ("resourceVersion", "string"),
    7: ("fieldPath", "string"),
}
_RULE: Message = {
    1: ("verbs", "strings"),
    2: ("apiGroups", "strings"),
    3: ("resources", "strings"),
    4: ("resourceNames", "strings"),
    5: ("nonResourceURLs", "strings"),
}
_SUBJECT: Message = {
    1: ("kind", "string"),
    2: ("apiGroup", "string"),
    3: ("name", "string"),
    4: ("namespace", "string"),
}
_ROLE_REF: Message = {1: ("apiGroup", "string"), 2: ("kind", "string"), 3: ("name", "string")}
_ROLE: Message = {1: ("metadata", _META), 2: ("rules", [_RULE])}
_BINDING: Message = {1: ("metadata", _META), 2: ("subjects", [_SUBJECT]), 3: ("roleRef", _ROLE_REF)}
_RESOURCE: Message = {
    1: ("namespace", "string"),
    2: ("verb", "string"),
    3: ("group", "string"),
    4: ("version", "string"),
    5: ("resource", "string"),
    6: ("subresource", "string"),
    7: ("name", "string"),
}
_REVIEW: Message = {
    1: ("resourceAttributes", _RESOURCE),
    2: ("nonResourceAttributes", {1: ("path", "string"), 2: ("verb", "string")}),
}
KINDS: dict[str, Message] = {
    "ServiceAccount": {
        1: ("metadata", _META),
        2: ("secrets", [_REFERENCE]),
        3: ("imagePullSecrets", [{1: ("name", "string")}]),
        4: ("automountServiceAccountToken", "bool"),
    },
    "Namespace": {1: ("metadata", _META), 2: ("spec", {1: ("finalizers", "strings")})},
    "ConfigMap": {1: ("metadata", _META), 2: ("data", "map"), 3: ("binaryData", "bytemap"), 4: ("immutable", "bool")},
    "Secret": {1: ("metadata", _META), 2: ("data", "bytemap"), 3: ("type", "string"), 4: ("stringData", "map")},
    "Role": _ROLE,
    "ClusterRole": _ROLE,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "SelfSubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _REVIEW)},
}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise bad_request("error decoding the body: truncated protobuf")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            number, at = _varint(data, at)
            yield tag >> 3, number
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise bad_request("error decoding the body: unknown protobuf wire type")
        if at + size > len(data):
            raise bad_request("error decoding the body: truncated protobuf")
        yield tag >> 3, data[at : at + size]
        at += size


def _pair(data: bytes) -> tuple[str, bytes]:
    parts = {number: value for number, value in _fields(data) if isinstance(value, bytes)}
    return parts.get(1, b"").decode(errors="replace"), parts.get(2, b"")


def _message(data: bytes, shape: Message) -> Json:
    out: Json = {}
    for number, value in _fields(data):
        if number not in shape:
            continue
        name, kind = shape[number]
        if isinstance(value, int):
            out[name] = bool(value) if kind == "bool" else value
        elif isinstance(kind, dict):
            out[name] = _message(value, kind)
        elif isinstance(kind, list):
            out.setdefault(name, []).append(_message(value, kind[0]))
        elif kind == "strings":
            out.setdefault(name, []).append(value.decode(errors="replace"))
        elif kind in ("map", "bytemap"):
            key, raw = _pair(value)
            text = base64.b64encode(raw).decode() if kind == "bytemap" else raw.decode(errors="replace")
            out.setdefault(name, {})[key] = text
        else:
            out[name] = value.decode(errors="replace")
    return {name: value for name, value in out.items() if value != ""}


def decode(body: bytes) -> Json:
    """The object in a protobuf body. Raises ApiError 400 (not one) or 415 (a kind with a deep spec)."""
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    outer = _message(body[4:], {1: ("type", {1: ("apiVersion", "string"), 2: ("kind", "string")})})
    raw = next((value for number, value in _fields(body[4:]) if number == 2 and isinstance(value, bytes)), b"")
    kind = str((outer.get("type") or {}).get("kind") or "")
    shape = KINDS.get(kind)
    if shape is None:
        raise unsupported_media(("application/json", "application/yaml"))
    return {"apiVersion": outer["type"].get("apiVersion", "v1"), "kind": kind, **_message(raw, shape)}
