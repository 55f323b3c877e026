"""Reading request bodies of the APIs whose message types are written down here, by a shape.

A shape is `str`, `int`, `bool` or `object` (anything), a list of one shape (repeated), a dict of field names to shapes
(a message), or a dict with the one key "*" (a map). As in the JSON form of protocol buffers, null stands for a field
that is not there, and a number may come as text.
"""

from __future__ import annotations

from typing import Any

from saxtui.emulator.google.errors import GoogleError, bad_request
from saxtui.emulator.google.wire import Call, Request

Json = dict[str, Any]
Shape = Any

_TYPE_NAMES = {str: "TYPE_STRING", int: "TYPE_INT32", bool: "TYPE_BOOL"}
_LARGEST = 2**31 - 1

POLICY: Json = {
    "version": int,
    "etag": str,
    "bindings": [{"role": str, "members": [str], "condition": object}],
    "auditConfigs": [object],
    "kind": str,
    "resourceId": str,
}
SET_POLICY: Json = {"policy": POLICY, "updateMask": str}
PERMISSIONS: Json = {"permissions": [str], "resource": str}
_ACCOUNT: Json = dict.fromkeys(("displayName", "description", "name", "email", "projectId", "uniqueId", "etag"), str)
CREATE_ACCOUNT: Json = {"accountId": str, "serviceAccount": _ACCOUNT, "name": str}
PATCH_ACCOUNT: Json = {"serviceAccount": _ACCOUNT, "updateMask": str}
SERVICES: Json = {"serviceIds": [str]}
BUCKET: Json = {
    "name": str,
    "location": str,
    "storageClass": str,
    "labels": {"*": str},
    "lifecycle": {"rule": [object]},
    "versioning": {"enabled": bool},
    "iamConfiguration": {"*": object},
    "softDeletePolicy": {"*": object},
}
OBJECT: Json = {
    "name": str,
    "contentType": str,
    "contentEncoding": str,
    "contentDisposition": str,
    "cacheControl": str,
    "crc32c": str,
    "md5Hash": str,
    "metadata": {"*": str},
}


def read(request: Request, shape: Json) -> Json:
    """The body, {} when empty. Raises GoogleError 400 for unknown fields and wrong types."""
    return dict(_message(request.json(), shape, "", strict=True))


def lenient(body: Json, shape: Json, *, nulls: bool = False) -> Json:
    """The known fields of a body, as the older JSON APIs read them. Raises GoogleError 400 for wrong types.

    `nulls` keeps null, which in a PATCH takes a field away.
    """
    return dict(_message(body, shape, "", strict=False, nulls=nulls))


def number(call: Call, name: str, default: int, *, least: int = 0) -> int:
    """A query parameter. Raises GoogleError 400 for one that is no number or too small."""
    text = call.query(name)
    if not text:
        return default
    if text.isascii() and text.isdigit() and least <= int(text) <= _LARGEST:
        return int(text)
    raise GoogleError(400, f"Invalid value '{text}' for {name}. Values must be within the range: [{least}, {_LARGEST}]")


def _message(body: Json, shape: Json, path: str, *, strict: bool, nulls: bool = False) -> Json:
    out: Json = {}
    for given, value in body.items():
        name = given if given in shape else _camel(given)
        inner = f"{path}.{_snake(name)}" if path else _snake(name)
        if "*" in shape:
            wanted = shape["*"]
            name, inner = given, f"{path}[{given}]"
        elif name in shape:
            wanted = shape[name]
        elif strict:
            at = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{given}"{at}: Cannot find field.'
            raise bad_request(text, path, text)
        else:
            continue
        if value is not None:
            out[name] = _value(value, wanted, inner, strict=strict, nulls=nulls)
        elif nulls:
            out[name] = None
    return out


def _value(value: Any, shape: Shape, path: str, *, strict: bool, nulls: bool) -> Any:
    if shape is object:
        return value
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise _wrong(path, "repeated field", value)
        items = enumerate(value)
        return [_value(item, shape[0], f"{path}[{index}]", strict=strict, nulls=nulls) for index, item in items]
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise _wrong(path, "message", value)
        return _message(value, shape, path, strict=strict, nulls=nulls)
    if shape is int and isinstance(value, str) and value.lstrip("-").isdigit() and value.isascii() and len(value) < 12:
        return int(value)
    if not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
        raise _wrong(path, _TYPE_NAMES[shape], value)
    return value


def _wrong(path: str, kind: str, value: Any) -> GoogleError:
    shown = f'"{value}"' if isinstance(value, str) else value
    return bad_request(f"Invalid value at '{path}' ({kind}), {shown}", path)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _snake(name: str) -> str:
    """The field's name in its .proto file, which is how refusals name it."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
