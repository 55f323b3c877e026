"""metadata.managedFields: sets of field paths, to and from FieldsV1, and who owns what after a write."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from saxtui.emulator.kubernetes.listkeys import is_atomic_map, is_set, item_key, list_keys
from saxtui.emulator.kubernetes.objects import Json

Path = tuple[str, ...]
"""Elements as FieldsV1 writes them: `f:name`, `k:{"name":"c"}`, `v:"member"`."""

_SYSTEM = frozenset(
    {
        "name",
        "generateName",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "managedFields",
    }
)


def key_element(item: Json, keys: tuple[str, ...]) -> str:
    """`k:{"name":"c"}`."""
    return "k:" + json.dumps(dict(item_key(item, keys)), separators=(",", ":"), sort_keys=True)


def _walk(value: Any, field: str, prefix: Path, out: set[Path]) -> None:
    if isinstance(value, dict) and value and not is_atomic_map(field):
        for name, item in value.items():
            _walk(item, name, (*prefix, f"f:{name}"), out)
    elif isinstance(value, list) and is_set(field):
        out.update((*prefix, "v:" + json.dumps(item)) for item in value)
    elif isinstance(value, list) and (keys := list_keys(field, value)):
        for item in value:
            here = (*prefix, key_element(item, keys))
            out.add(here)
            _walk(item, "", here, out)
    else:
        out.add(prefix)


def paths_of(obj: Json, *, with_status: bool = False) -> set[Path]:
    """Every field an object sets, but for those only the server sets."""
    out: set[Path] = set()
    for name, value in obj.items():
        if name in ("apiVersion", "kind") or (name == "status" and not with_status):
            continue
        if name == "metadata":
            value = {key: item for key, item in value.items() if key not in _SYSTEM and item is not None}
            if not value:
                continue
        _walk(value, name, (f"f:{name}",), out)
    return out


def to_fields(paths: Iterable[Path]) -> Json:
    """FieldsV1."""
    root: Json = {}
    every = set(paths)
    parents = {path[:depth] for path in every for depth in range(1, len(path))}
    for path in sorted(every):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        if path in parents:
            node["."] = {}
    return root


def from_fields(fields: Json, prefix: Path = ()) -> set[Path]:
    """The paths in a FieldsV1."""
    out: set[Path] = set()
    for element, inner in fields.items():
        if element == ".":
            out.add(prefix)
        elif inner:
            out |= from_fields(inner, (*prefix, element))
        else:
            out.add((*prefix, element))
    return out


def entry(manager: str, operation: str, api_version: str, stamp: str, paths: Iterable[Path]) -> Json:
    """One managedFields entry."""
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": stamp,
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields(paths),
    }


_STATUS_WRITERS = {"Node": "kubelet", "Pod": "kubelet", "JobSet": "manager"}


def _tree(value: Any, field: str) -> Json:
    """FieldsV1 of a value, straight away: statuses are written often."""
    if isinstance(value, dict):
        return {f"f:{name}": _tree(item, name) for name, item in value.items()}
    if isinstance(value, list) and (keys := list_keys(field, value)):
        return {key_element(item, keys): {".": {}, **_tree(item, "")} for item in value}
    return {}


def after_status(old: Json, status: Json, stamp: str, manager: str = "") -> list[Json]:
    """managedFields after a write of the status. Without a manager it is whose work this kind's status is."""
    who = manager or _STATUS_WRITERS.get(str(old["kind"]), "kube-controller-manager")
    kept = [
        each
        for each in old["metadata"].get("managedFields") or []
        if (each["manager"], each.get("subresource")) != (who, "status")
    ]
    head = {"manager": who, "operation": "Update", "apiVersion": old["apiVersion"], "time": stamp}
    tree = {"f:status": _tree(status, "status")}
    return [*kept, {**head, "fieldsType": "FieldsV1", "fieldsV1": tree, "subresource": "status"}]


def _values(value: Any, field: str, prefix: Path, out: dict[Path, Any]) -> None:
    if isinstance(value, dict) and value and not is_atomic_map(field):
        for name, item in value.items():
            _values(item, name, (*prefix, f"f:{name}"), out)
    elif isinstance(value, list) and is_set(field):
        out.update({(*prefix, "v:" + json.dumps(item)): True for item in value})
    elif isinstance(value, list) and (keys := list_keys(field, value)):
        for item in value:
            here = (*prefix, key_element(item, keys))
            out[here] = True
            _values(item, "", here, out)
    else:
        out[prefix] = value


def leaves_of(obj: Json) -> dict[Path, Any]:
    """Every path of `paths_of` with its value; list items count as True."""
    out: dict[Path, Any] = {}
    for name, value in obj.items():
        if name in ("apiVersion", "kind", "status"):
            continue
        if name == "metadata":
            value = {key: item for key, item in value.items() if key not in _SYSTEM and item is not None}
            if not value:
                continue
        _values(value, name, (f"f:{name}",), out)
    return out


def after_create(obj: Json, manager: str, stamp: str) -> list[Json]:
    """managedFields of a new object that one manager wrote whole."""
    paths = paths_of(obj)
    return [entry(manager, "Update", str(obj["apiVersion"]), stamp, paths)] if paths else []


def after_update(old: Json, new: Json, manager: str, stamp: str) -> list[Json]:
    """managedFields after an ordinary write: what it changed now belongs to the writer alone."""
    before, after = leaves_of(old), leaves_of(new)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    gone = before.keys() - after.keys()
    entries: list[Json] = old["metadata"].get("managedFields") or []
    if not changed and not gone:
        return entries
    out: list[Json] = []
    mine: set[Path] = set(changed)
    for each in entries:
        own = each["manager"] == manager and each["operation"] == "Update" and not each.get("subresource")
        paths = from_fields(each["fieldsV1"])
        if own:
            mine |= paths - gone
            continue
        left = paths - changed - gone
        if left == paths:
            out.append(each)
        elif left:
            out.append({**each, "fieldsV1": to_fields(left)})
    if mine:
        out.append(entry(manager, "Update", str(new["apiVersion"]), stamp, mine))
    return out
