"""Server-side apply: merging what a manager declares into the live object, with ownership of fields. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from saxtui.emulator.kubernetes.fields import Path, entry, from_fields, key_element, leaves_of, paths_of, to_fields
from saxtui.emulator.kubernetes.listkeys import is_atomic_map, is_set, list_keys
from saxtui.emulator.kubernetes.objects import Json, copy_json
from saxtui.emulator.kubernetes.status import ApiError, error

_STEP = re.compile(r"(?:^|\.)([^.\[\]]+)|\[(\d+)\]")


def without_nulls(value: Any) -> Any:
    """A copy without null fields, which declare nothing."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def undeclared(kind: str, api_version: str, obj: Json, paths: list[str]) -> ApiError:
    """The refusal of fields that the kind's schema does not have. `paths` as `spec.containers[0].imagee`."""
    metadata = obj["metadata"]
    where = "/".join(part for part in (metadata.get("namespace"), metadata.get("name")) if part)
    each = [f"{_keyed(path, obj)}: field not declared in schema" for path in paths]
    told = each[0] if len(each) == 1 else "\n".join(["errors:", *(f"  {text}" for text in each)])
    message = f"failed to create typed patch object ({where}; {api_version}, Kind={kind}): {told}"
    return error(500, "", message)


def _keyed(path: str, obj: Json) -> str:
    """A path with the keys of list items in the place of their numbers."""
    out, field = "", ""
    value: Any = obj
    for name, index in _STEP.findall(path):
        if name:
            out, field, value = f"{out}.{name}", name, value.get(name) if isinstance(value, dict) else None
            continue
        items = value if isinstance(value, list) else []
        keys = list_keys(field, items)
        out += shown((key_element(items[int(index)], keys),)) if keys else f"[{index}]"
        value = items[int(index)]
    return out


def create(declared: Json, manager: str, stamp: str) -> list[Json]:
    """managedFields of an object that comes into being by an apply."""
    return [entry(manager, "Apply", str(declared["apiVersion"]), stamp, paths_of(declared))]


def apply(live: Json, declared: Json, manager: str, stamp: str, *, force: bool) -> tuple[Json, list[Json]]:
    """The merged object and its managedFields. Raises ApiError 409 naming every field another manager owns."""
    entries: list[Json] = live["metadata"].get("managedFields") or []
    declared_values, live_values = leaves_of(declared), leaves_of(live)
    wanted = set(declared_values)
    changed = {path for path in wanted if path not in live_values or live_values[path] != declared_values[path]}
    own, others = _mine(entries, manager)
    lost: list[tuple[Json, set[Path]]] = [(each, from_fields(each["fieldsV1"]) & changed) for each in others]
    if not force and any(paths for _, paths in lost):
        raise _conflict([(each, path) for each, paths in lost for path in sorted(paths)])
    kept = _after_force(lost)
    elsewhere: set[Path] = set()
    for each in kept:
        elsewhere |= from_fields(each["fieldsV1"])
    before = from_fields(own["fieldsV1"]) if own else set()
    merged = _merge(live, declared, "")
    # Whole list items first: without its key field an item could not be found any more.
    for path in sorted(before - wanted - elsewhere, key=len):
        if not _is_key(path) and not any(other[: len(path)] == path for other in wanted | elsewhere):
            _drop(merged, path, "")
    return merged, _entries(entries, kept, own, entry(manager, "Apply", str(declared["apiVersion"]), stamp, wanted))


def _is_key(path: Path) -> bool:
    """Whether a path names the field that tells its list item apart."""
    return len(path) > 1 and path[-2].startswith("k:") and path[-1][2:] in json.loads(path[-2][2:])


def _mine(entries: list[Json], manager: str) -> tuple[Json | None, list[Json]]:
    own: Json | None = None
    others = []
    for each in entries:
        if each["manager"] == manager and each["operation"] == "Apply" and not each.get("subresource"):
            own = each
        else:
            others.append(each)
    return own, others


def _after_force(lost: list[tuple[Json, set[Path]]]) -> list[Json]:
    out = []
    for each, paths in lost:
        left = from_fields(each["fieldsV1"]) - paths if paths else None
        if left is None:
            out.append(each)
        elif left:
            out.append({**each, "fieldsV1": to_fields(left)})
    return out


def _entries(before: list[Json], kept: list[Json], own: Json | None, fresh: Json) -> list[Json]:
    if own is None:
        return [*kept, fresh]
    if own["fieldsV1"] == fresh["fieldsV1"]:
        fresh = own
    at = min(before.index(own), len(kept))
    return [*kept[:at], fresh, *kept[at:]]


def shown(path: Path) -> str:
    """A path as conflict messages write it: `.spec.containers[name="c"].image`."""
    out = ""
    for element in path:
        kind, rest = element[:2], element[2:]
        if kind == "f:":
            out += f".{rest}"
        elif kind == "k:":
            parts = (f"{name}={json.dumps(value)}" for name, value in json.loads(rest).items())
            out += f"[{','.join(parts)}]"
        else:
            out += f"[={rest}]"
    return out


def _conflict(pairs: list[tuple[Json, Path]]) -> ApiError:
    causes = []
    for each, path in pairs:
        who = f'conflict with "{each["manager"]}"'
        if each["operation"] != "Apply":
            who += f" using {each['apiVersion']}"
        causes.append({"reason": "FieldManagerConflict", "message": who, "field": shown(path)})
    if len(causes) == 1:
        text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        grouped: dict[str, list[str]] = {}
        for cause in causes:
            grouped.setdefault(cause["message"], []).append(cause["field"])
        parts = [f"{who}:\n" + "\n".join(f"- {name}" for name in names) for who, names in grouped.items()]
        text = f"Apply failed with {len(causes)} conflicts: " + "\n".join(parts)
    return error(409, "Conflict", text, {"causes": causes})


def _merge(live: Any, declared: Any, field: str) -> Any:
    if isinstance(declared, dict) and isinstance(live, dict) and not is_atomic_map(field):
        out = dict(live)
        for name, value in declared.items():
            out[name] = _merge(live.get(name), value, name)
        return out
    if isinstance(declared, list) and isinstance(live, list):
        if is_set(field):
            return [*live, *(item for item in declared if item not in live)]
        keys = list_keys(field, [*live, *declared])
        if keys:
            out_items = list(live)
            places = {key_element(item, keys): index for index, item in enumerate(live)}
            for item in declared:
                at = places.get(key_element(item, keys))
                if at is None:
                    out_items.append(copy_json(item))
                else:
                    out_items[at] = _merge(live[at], item, "")
            return out_items
    return copy_json(declared)


def _drop(value: Any, path: Path, field: str) -> bool:
    """Take out what `path` names; gives whether the container is left empty, so that emptied maps vanish too.

    `value` itself is changed; its parts may be shared with the live object and are copied on the way down.
    """
    element, rest = path[0], path[1:]
    if isinstance(value, dict) and element.startswith("f:"):
        name = element[2:]
        if name in value:
            inner = value[name]
            if rest and isinstance(inner, (dict, list)):
                value[name] = dict(inner) if isinstance(inner, dict) else list(inner)
            if not rest or _drop(value[name], rest, name):
                del value[name]
        return not value
    if isinstance(value, list):
        at = _place(value, element, field)
        if at is not None:
            if not rest:
                del value[at]
            else:
                value[at] = dict(value[at])
                _drop(value[at], rest, "")
        return not value
    return False


def _place(items: list[Any], element: str, field: str) -> int | None:
    if element.startswith("v:"):
        wanted = json.loads(element[2:])
        return items.index(wanted) if wanted in items else None
    keys = list_keys(field, items)
    if keys is None:
        return None
    return next((index for index, item in enumerate(items) if key_element(item, keys) == element), None)
