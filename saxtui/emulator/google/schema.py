"""Strict reading of GKE request bodies, by the message types of google-cloud-container.

Accepts camelCase and snake_case names, enum names and numbers, and int64 as strings or numbers; returns camelCase,
enum names and int64 strings, as the service writes them. What a message does not have is refused in the service's
words.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from saxtui.emulator.google.errors import GoogleError, bad_request

Json = dict[str, Any]

_INTEGERS = {"TYPE_INT32", "TYPE_UINT32", "TYPE_SINT32", "TYPE_FIXED32", "TYPE_SFIXED32"}
_LONGS = {"TYPE_INT64", "TYPE_UINT64", "TYPE_SINT64", "TYPE_FIXED64", "TYPE_SFIXED64"}
_FLOATS = {"TYPE_FLOAT", "TYPE_DOUBLE"}
# google.protobuf messages whose JSON form is a plain value.
_PLAIN = {
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
    "google.protobuf.FieldMask",
    "google.protobuf.BoolValue",
    "google.protobuf.Int32Value",
    "google.protobuf.Int64Value",
    "google.protobuf.StringValue",
    "google.protobuf.Struct",
    "google.protobuf.Value",
}


def normalise(message: str, body: Json) -> Json:
    """The body as the service would store it. `message` is a type of google.container.v1, e.g. "CreateClusterRequest".

    Raises GoogleError 400 naming every field that is unknown or of the wrong type.
    """
    complaints: list[tuple[str, str]] = []
    result = _message(_descriptor(message), body, "", complaints)
    if complaints:
        raise _refusal(complaints)
    return result


def preload() -> None:
    """Import the message types now, so that the first request that creates something does not wait for them."""
    _descriptor("CreateClusterRequest")


@lru_cache(maxsize=64)
def _descriptor(message: str) -> Any:
    from google.cloud.container_v1 import types

    return getattr(types, message).pb().DESCRIPTOR


@lru_cache(maxsize=1)
def _type_names() -> dict[int, str]:
    from google.protobuf.descriptor import FieldDescriptor

    return {getattr(FieldDescriptor, name): name for name in dir(FieldDescriptor) if name.startswith("TYPE_")}


@lru_cache(maxsize=512)
def _fields(descriptor: Any) -> dict[str, Any]:
    found = {field.name: field for field in descriptor.fields}
    found.update({field.json_name: field for field in descriptor.fields})
    return found


def _message(descriptor: Any, value: Json, path: str, complaints: list[tuple[str, str]]) -> Json:
    result: Json = {}
    known = _fields(descriptor)
    for name, item in value.items():
        field = known.get(name)
        if field is None:
            at = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
            complaints.append((path, text))
        elif item is not None:
            inner = f"{path}.{field.name}" if path else field.name
            result[field.json_name] = _field(field, item, inner, complaints)
    return result


def _is_map(field: Any) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def _field(field: Any, value: Any, path: str, complaints: list[tuple[str, str]]) -> Any:
    if _is_map(field):
        if not isinstance(value, dict):
            return _wrong(path, "Map", value, complaints)
        of = field.message_type.fields_by_name["value"]
        return {key: _single(of, item, f"{path}[{key}]", complaints) for key, item in value.items()}
    if field.is_repeated:
        items = value if isinstance(value, list) else [value]
        return [_single(field, item, f"{path}[{index}]", complaints) for index, item in enumerate(items)]
    return _single(field, value, path, complaints)


def _single(field: Any, value: Any, path: str, complaints: list[tuple[str, str]]) -> Any:
    kind = _type_names()[field.type]
    if kind == "TYPE_MESSAGE":
        return _submessage(field, value, path, complaints)
    if kind == "TYPE_ENUM":
        return _enum(field, value, path, complaints)
    if kind in _LONGS or kind in _INTEGERS:
        try:
            number = int(str(value))
        except ValueError:
            return _wrong(path, kind, value, complaints)
        return str(number) if kind in _LONGS else number
    good = (
        isinstance(value, bool)
        if kind == "TYPE_BOOL"
        else isinstance(value, (int, float))
        if kind in _FLOATS
        else isinstance(value, str)
    )
    return value if good else _wrong(path, kind, value, complaints)


def _submessage(field: Any, value: Any, path: str, complaints: list[tuple[str, str]]) -> Any:
    full_name = field.message_type.full_name
    if full_name in _PLAIN:
        return value
    if not isinstance(value, dict):
        return _wrong(path, f"type.googleapis.com/{full_name}", value, complaints)
    return _message(field.message_type, value, path, complaints)


def _enum(field: Any, value: Any, path: str, complaints: list[tuple[str, str]]) -> Any:
    values = field.enum_type
    if isinstance(value, str) and value in values.values_by_name:
        return value
    if isinstance(value, int) and value in values.values_by_number:
        return values.values_by_number[value].name
    return _wrong(path, f"type.googleapis.com/{values.full_name}", value, complaints)


def _wrong(path: str, kind: str, value: Any, complaints: list[tuple[str, str]]) -> None:
    shown = f'"{value}"' if isinstance(value, str) else value
    complaints.append((path, f"Invalid value at '{path}' ({kind}), {shown}"))


def _refusal(complaints: list[tuple[str, str]]) -> GoogleError:
    refusal = bad_request("\n".join(text for _, text in complaints), "x")
    refusal.details[0]["fieldViolations"] = [
        {"field": path, "description": text} if path else {"description": text} for path, text in complaints
    ]
    return refusal
