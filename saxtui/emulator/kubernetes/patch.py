"""The three patch formats that change an object by description: JSON merge, strategic merge, JSON patch. Pure."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.kubernetes.listkeys import is_set, list_keys
from saxtui.emulator.kubernetes.objects import Json, copy_json, whole_number
from saxtui.emulator.kubernetes.status import ApiError, bad_request, error

_ORDER, _DROP, _RETAIN, _DIRECTIVE = "$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys", "$patch"


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return copy_json(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merge(out.get(name), value)
    return out


def strategic(target: Json, patch: Json) -> Json:
    """Kubernetes' strategic merge: lists with a merge key are merged item by item, `$` directives obeyed."""
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {name: copy_json(value) for name, value in patch.items() if name != _DIRECTIVE}
    if directive == "delete":
        return {}
    out = dict(target)
    if _RETAIN in patch:
        out = {name: value for name, value in out.items() if name in patch[_RETAIN]}
    for name, value in patch.items():
        if name.startswith(_DROP):
            field = name[len(_DROP) :]
            out[field] = [item for item in out.get(field) or [] if item not in value]
        elif name.startswith("$"):
            continue
        elif value is None:
            out.pop(name, None)
        elif isinstance(value, dict):
            before = out.get(name)
            out[name] = strategic(before if isinstance(before, dict) else {}, value)
        elif isinstance(value, list):
            out[name] = _strategic_list(name, out.get(name) or [], value)
        else:
            out[name] = value
    for name, order in patch.items():
        field = name[len(_ORDER) :]
        if name.startswith(_ORDER) and isinstance(out.get(field), list):
            out[field] = _ordered(field, out[field], order)
    return out


def _strategic_list(field: str, target: list[Any], patch: list[Any]) -> list[Any]:
    if any(isinstance(item, dict) and item == {_DIRECTIVE: "replace"} for item in patch):
        return [copy_json(item) for item in patch if item != {_DIRECTIVE: "replace"}]
    if is_set(field):
        return [*target, *(item for item in patch if item not in target)]
    keys = list_keys(field, [*target, *patch])
    if keys is None:
        return [strategic({}, item) if isinstance(item, dict) else copy_json(item) for item in patch]
    key = keys[0]
    out = list(target)
    for item in patch:
        at = next((index for index, each in enumerate(out) if each.get(key) == item[key]), None)
        if item.get(_DIRECTIVE) == "delete":
            out = [each for each in out if each.get(key) != item[key]]
        elif at is None:
            out.append(strategic({}, item))
        else:
            out[at] = strategic(out[at], item)
    return out


def _ordered(field: str, items: list[Any], order: list[Any]) -> list[Any]:
    """Items in the order asked for; those it does not mention keep their places after their neighbours."""
    if not order:
        return items
    if isinstance(order[0], dict):
        keys = list_keys(field, order)
        if keys is None:
            return items
        ranks = {item[keys[0]]: rank for rank, item in enumerate(order)}
        places = [ranks.get(item.get(keys[0])) for item in items]
    else:
        ranks = {item: rank for rank, item in enumerate(order)}
        places = [ranks.get(item) for item in items]
    last = -1
    ranked = []
    for place, item in zip(places, items, strict=True):
        last = last if place is None else place
        ranked.append((last, item))
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]


def _refused() -> ApiError:
    return error(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _pointer(path: Any) -> list[str]:
    if not isinstance(path, str) or (path and not path.startswith("/")):
        raise bad_request(f"error decoding patch: bad path {path!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _index(items: list[Any], part: str, *, adding: bool) -> int:
    if part == "-" and adding:
        return len(items)
    place = whole_number(part)
    if place is None or place > len(items) - (not adding):
        raise _refused()
    return place


def _look(doc: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(doc, list):
            doc = doc[_index(doc, part, adding=False)]
        elif isinstance(doc, dict) and part in doc:
            doc = doc[part]
        else:
            raise _refused()
    return doc


def _add(doc: Any, parts: list[str], value: Any) -> Any:
    if not parts:
        return value
    parent, last = _look(doc, parts[:-1]), parts[-1]
    if isinstance(parent, list):
        parent.insert(_index(parent, last, adding=True), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise _refused()
    return doc


def _remove(doc: Any, parts: list[str]) -> Any:
    if not parts:
        raise _refused()
    parent, last = _look(doc, parts[:-1]), parts[-1]
    if isinstance(parent, list):
        return parent.pop(_index(parent, last, adding=False))
    if not isinstance(parent, dict) or last not in parent:
        raise _refused()
    return parent.pop(last)


def json_patch(target: Json, operations: list[Any]) -> Json:
    """RFC 6902. Raises ApiError 422 when an operation does not fit (a failed test, a missing path)."""
    doc: Any = copy_json(target)
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request("error decoding patch: an operation is not an object")
        op, parts = operation.get("op"), _pointer(operation.get("path"))
        if op == "test":
            if _look(doc, parts) != operation.get("value"):
                raise _refused()
        elif op == "remove":
            _remove(doc, parts)
        elif op == "replace":
            _look(doc, parts)
            if parts:
                parent = _look(doc, parts[:-1])
                parent[int(parts[-1]) if isinstance(parent, list) else parts[-1]] = copy_json(operation.get("value"))
            else:
                doc = copy_json(operation.get("value"))
        elif op == "add":
            doc = _add(doc, parts, copy_json(operation.get("value")))
        elif op in ("move", "copy"):
            source = _pointer(operation.get("from"))
            value = _remove(doc, source) if op == "move" else copy_json(_look(doc, source))
            doc = _add(doc, parts, value)
        else:
            raise bad_request(f"error decoding patch: unexpected kind: {op}")
    if not isinstance(doc, dict):
        raise _refused()
    return doc
