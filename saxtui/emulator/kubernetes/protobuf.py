"""Kubernetes' protobuf bodies, as far as kubectl's `create` verbs send them (kubectl 1.32).

The envelope is `k8s\\0` and a runtime.Unknown {1: TypeMeta {1 apiVersion, 2 kind}, 2: raw}. Field numbers are those of
the k8s.io/api .proto files. Kinds that are not in `protobuf_kinds` are refused: 415.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.protobuf_kinds import KINDS, Message
from saxtui.emulator.kubernetes.status import bad_request, unsupported_media

MAGIC = b"k8s\x00"


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


def _entry(data: bytes, kind: str) -> tuple[str, str]:
    """One entry of a map of texts, of bytes, or of quantities (messages that hold a text)."""
    key, raw = _pair(data)
    if kind == "bytemap":
        return key, base64.b64encode(raw).decode()
    return key, (_pair(raw)[0] if kind == "quantities" else raw.decode(errors="replace"))


def _int_or_string(data: bytes) -> int | str:
    """An IntOrString {1: 0 for a number, 2: the number, 3: the text}."""
    parts = dict(_fields(data))
    number, text = parts.get(2, 0), parts.get(3, b"")
    if parts.get(1) and isinstance(text, bytes):
        return text.decode(errors="replace")
    return number if isinstance(number, int) else 0


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
        elif kind in ("map", "bytemap", "quantities"):
            key, text = _entry(value, kind)
            out.setdefault(name, {})[key] = text
        elif kind == "intstr":
            out[name] = _int_or_string(value)
        else:
            out[name] = value.decode(errors="replace")
    return {name: value for name, value in out.items() if value != ""}


def decode(body: bytes) -> Json:
    """The object in a protobuf body. Raises ApiError 400 (not one) or 415 (a kind not listed)."""
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    outer = _message(body[4:], {1: ("type", {1: ("apiVersion", "string"), 2: ("kind", "string")})})
    raw = next((value for number, value in _fields(body[4:]) if number == 2 and isinstance(value, bytes)), b"")
    kind = str((outer.get("type") or {}).get("kind") or "")
    shape = KINDS.get(kind)
    if shape is None:
        raise unsupported_media(("application/json", "application/yaml"))
    return {"apiVersion": outer["type"].get("apiVersion", "v1"), "kind": kind, **_message(raw, shape)}
