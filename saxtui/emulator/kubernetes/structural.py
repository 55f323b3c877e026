"""CustomResource schemas (openAPIV3Schema): unknown fields, types and required fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.status import Cause, bad_value, not_supported, required

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_ALWAYS = ("apiVersion", "kind", "metadata")


def _open(schema: Json) -> bool:
    return bool(schema.get("x-kubernetes-preserve-unknown-fields")) or "additionalProperties" in schema


def unknown(schema: Json, value: Any, path: str = "") -> Iterator[str]:
    """Paths of fields the schema does not know, e.g. `spec.replicatedJobz`, `spec.items[0].x`."""
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        if not properties and _open(schema):
            return
        for name, item in value.items():
            here = f"{path}.{name}" if path else name
            if path == "" and name in _ALWAYS:
                continue
            if name in properties:
                yield from unknown(properties[name], item, here)
            elif not _open(schema):
                yield here
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            yield from unknown(schema["items"], item, f"{path}[{index}]")


def prune(schema: Json, value: Any, *, root: bool = True) -> None:
    """Drop unknown fields in place, as the API server does before storing."""
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        for name in list(value):
            if name in properties and not (root and name in _ALWAYS):
                prune(properties[name], value[name], root=False)
            elif not (root and name in _ALWAYS) and not _open(schema) and (properties or root):
                del value[name]
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            prune(schema["items"], item, root=False)


def _type_fits(schema: Json, value: Any) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, (int, str)) and not isinstance(value, bool)
    wanted = _TYPES.get(str(schema.get("type") or ""))
    if wanted is None:
        return True
    if isinstance(value, bool) and bool not in wanted:
        return False
    return isinstance(value, wanted)


def _word(value: Any) -> str:
    for name in ("boolean", "integer", "number", "string", "array", "object"):
        if isinstance(value, _TYPES[name]):
            return name
    return "null"


def causes(schema: Json, value: Any, path: str = "") -> list[Cause]:
    """Every breach of types, required fields, enumerations and minima."""
    if value is None:
        return []
    if not _type_fits(schema, value):
        kind = str(schema.get("type"))
        return [
            Cause(path, f'Invalid value: "{_word(value)}": {path} in body must be of type {kind}: "{_word(value)}"',
                  "FieldValueTypeInvalid")
        ]  # fmt: skip
    out: list[Cause] = []
    if schema.get("enum") and value not in schema["enum"]:
        out.append(not_supported(path, str(value), [str(word) for word in schema["enum"]]))
    if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
        why = f"{path} in body should be greater than or equal to {schema['minimum']}"
        out.append(bad_value(path, value, why))
    if isinstance(value, dict):
        out += [
            required(f"{path}.{name}" if path else name) for name in schema.get("required") or [] if name not in value
        ]
        for name, inner in (schema.get("properties") or {}).items():
            if name in value and not (path == "" and name in _ALWAYS):
                out += causes(inner, value[name], f"{path}.{name}" if path else name)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            out += causes(schema["items"], item, f"{path}[{index}]")
    return out
