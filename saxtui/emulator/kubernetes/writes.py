"""POST, PUT, PATCH and DELETE of objects, and the status and scale subresources."""

from __future__ import annotations

import base64
import json
from typing import Any

import yaml

from saxtui.emulator.kubernetes import apply, knownfields, patch, status, structural
from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json, meta, terminating
from saxtui.emulator.kubernetes.paths import Target
from saxtui.emulator.kubernetes.reads import live, selection, show
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call, Reply, decode, options

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


def _checked(target: Target, call: Call, obj: Json) -> tuple[str, ...]:
    """Warnings about unknown fields (fieldValidation=Warn), after checks of kind, version, place and shape."""
    info = target.info
    given = str(obj.get("kind") or "")
    if given != info.kind:
        if not given:
            raise status.bad_request("Object 'Kind' is missing in the request body")
        raise status.bad_request(
            f'{given} in version "{info.version}" cannot be handled as a {info.kind}: no kind "{given}" is registered '
            f'for version "{info.api_version}"'
        )
    if obj.get("apiVersion") != info.api_version:
        why = f"does not match the expected API version ({info.api_version})"
        raise status.bad_request(f"the API version in the data ({obj.get('apiVersion')}) {why}")
    metadata = meta(obj)
    if info.namespaced and metadata.get("namespace") not in (None, "", target.namespace):
        why = "does not match the namespace sent on the request"
        raise status.bad_request(f"the namespace of the provided object {why}")
    if target.name and metadata.get("name") not in (None, "", target.name):
        why = f"does not match the name on the URL ({target.name})"
        raise status.bad_request(f"the name of the object ({metadata.get('name')}) {why}")
    if info.namespaced:
        metadata["namespace"] = target.namespace
    return _field_warnings(info, call, obj)


def _field_warnings(info: KindInfo, call: Call, obj: Json) -> tuple[str, ...]:
    handled = f'{info.kind} in version "{info.version}" cannot be handled as a {info.kind}: '
    _check_types(info, handled, obj)
    how = call.query.get("fieldValidation") or "Warn"
    if how == "Ignore":
        return ()
    found = list(knownfields.unknown(info.kind, obj))
    if info.schema is not None:
        found += [path for path in structural.unknown(info.schema, obj) if path not in found]
    if found and call.content_type == APPLY:
        raise apply.undeclared(info.kind, info.api_version, obj, found)
    texts = tuple(f'unknown field "{path}"' for path in found)
    if texts and how == "Strict":
        raise status.bad_request(f"{handled}strict decoding error: {', '.join(texts)}")
    return texts


def _check_types(info: KindInfo, handled: str, obj: Json) -> None:
    bad = knownfields.misshapen(info.kind, obj)
    if bad is None:
        return
    if info.extension:
        text = f'Invalid value: "{bad.found}": {bad.path} in body must be of type {bad.wanted}: "{bad.found}"'
        cause = status.Cause(bad.path, text, "FieldValueTypeInvalid")
        raise status.invalid(info.kind, info.group, str(meta(obj).get("name") or ""), [cause])
    text = f"json: cannot unmarshal {bad.found} into Go struct field {info.kind}.{bad.path} of type {bad.wanted}"
    raise status.bad_request(handled + text)


def _with_warnings(reply: Reply, warnings: tuple[str, ...]) -> Reply:
    return Reply(reply.code, reply.body, warnings, reply.content_type) if warnings else reply


def _secret_strings(obj: Json) -> None:
    if obj.get("kind") == "Secret" and obj.get("stringData"):
        data = obj.setdefault("data", {})
        for name, text in obj.pop("stringData").items():
            data[name] = base64.b64encode(str(text).encode()).decode()


def create(store: KubeStore, target: Target, call: Call) -> Reply:
    """POST to a collection."""
    obj = apply.without_nulls(decode(call))
    warnings = _checked(target, call, obj)
    metadata = meta(obj)
    if metadata.get("resourceVersion"):
        raise status.error(500, "InternalError", "resourceVersion should not be set on objects to be created")
    metadata.pop("managedFields", None)
    _secret_strings(obj)
    made = store.create(obj, manager=call.manager, dry_run=call.dry_run)
    return _with_warnings(show(store, target.info, made, call, 201), warnings)


def replace(store: KubeStore, target: Target, call: Call) -> Reply:
    """PUT."""
    before, obj = live(store, target), apply.without_nulls(decode(call))
    warnings = _checked(target, call, obj)
    meta(obj)["name"] = target.name
    if target.info.extension and not meta(obj).get("resourceVersion"):
        cause = status.Cause("metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update")
        raise status.invalid(target.info.plural, target.info.group, target.name, [cause])
    _secret_strings(obj)
    return _with_warnings(_store(store, target, call, before, obj), warnings)


def _store(store: KubeStore, target: Target, call: Call, before: Json, obj: Json) -> Reply:
    """Write a changed object, or its status alone."""
    info = target.info
    if target.subresource != "status":
        return show(store, info, store.update(obj, manager=call.manager, dry_run=call.dry_run), call)
    rv = meta(obj).get("resourceVersion")
    if rv and rv != before["metadata"]["resourceVersion"]:
        raise status.conflict(target.name, info.group, info.plural)
    new_status = obj.get("status") or {}
    if call.dry_run:
        return show(store, info, {**before, "status": new_status}, call)
    done = store.set_status(info.kind, target.namespace, target.name, new_status, manager=call.manager)
    return show(store, info, done or before, call)


def _patch_data(call: Call) -> Any:
    try:
        return yaml.safe_load(call.body) if call.content_type == APPLY else json.loads(call.body)
    except (ValueError, yaml.YAMLError) as failure:
        raise status.bad_request(f"error decoding patch: {failure}") from None


def _patched(info: KindInfo, before: Json, call: Call) -> Json:
    accepted = [JSON_PATCH, MERGE, APPLY] if info.extension else [JSON_PATCH, MERGE, STRATEGIC, APPLY]
    if call.content_type not in accepted:
        if call.content_type == STRATEGIC:
            raise status.unsupported_media(accepted)
        raise status.error(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    data = _patch_data(call)
    if call.content_type == JSON_PATCH:
        if not isinstance(data, list):
            raise status.bad_request(
                "error decoding patch: json: cannot unmarshal object into Go value of type []patch"
            )
        return patch.json_patch(before, data)
    if not isinstance(data, dict):
        raise status.bad_request("error decoding patch: the patch is not an object")
    return dict(patch.merge(before, data)) if call.content_type == MERGE else patch.strategic(before, data)


def change(store: KubeStore, target: Target, call: Call) -> Reply:
    """PATCH of any kind."""
    if call.content_type == APPLY and target.subresource != "status":
        return _apply(store, target, call)
    before = live(store, target)
    if call.content_type == APPLY:
        declared = _patch_data(call)
        obj = dict(patch.merge(before, {"status": (declared or {}).get("status") or {}}))
    else:
        obj = apply.without_nulls(_patched(target.info, before, call))
    warnings = _checked(target, call, obj)
    return _with_warnings(_store(store, target, call, before, obj), warnings)


def _apply(store: KubeStore, target: Target, call: Call) -> Reply:
    """Server-side apply."""
    info = target.info
    if not call.query.get("fieldManager"):
        cause = status.required("fieldManager", "is required for apply patch")
        raise status.invalid("PatchOptions", "meta.k8s.io", "", [cause])
    declared = _patch_data(call)
    if not isinstance(declared, dict):
        raise status.bad_request("error decoding YAML: the body is not an object")
    if meta(declared).get("managedFields"):
        raise status.bad_request("metadata.managedFields must be nil")
    declared = apply.without_nulls(declared)
    warnings = _checked(target, call, declared)
    meta(declared)["name"] = target.name
    if info.has_status:
        declared.pop("status", None)
    rv = meta(declared).pop("resourceVersion", None)
    _secret_strings(declared)
    stamp = store.world.stamp()
    before = store.peek(info.kind, target.namespace, target.name)
    if before is None:
        if meta(declared).get("uid"):
            raise status.conflict(target.name, info.group, info.plural, "the object was deleted")
        made = apply.create(declared, call.manager, stamp)
        new = store.create(declared, managed=made, dry_run=call.dry_run)
        return _with_warnings(show(store, info, new, call, 201), warnings)
    if rv and rv != before["metadata"]["resourceVersion"]:
        raise status.conflict(target.name, info.group, info.plural)
    merged, managed = apply.apply(before, declared, call.manager, stamp, force=call.flag("force"))
    new = store.update(merged, managed=managed, dry_run=call.dry_run)
    return _with_warnings(show(store, info, new, call), warnings)


def _propagation(info: KindInfo, call: Call, given: Json) -> str:
    asked = given.get("propagationPolicy") or call.query.get("propagationPolicy")
    if asked:
        if asked not in ("Background", "Foreground", "Orphan"):
            cause = status.not_supported("propagationPolicy", asked, ("Background", "Foreground", "Orphan", ""))
            raise status.invalid("DeleteOptions", "meta.k8s.io", "", [cause])
        return str(asked)
    orphan = given.get("orphanDependents", call.query.get("orphanDependents"))
    if orphan is not None:
        return "Orphan" if str(orphan).lower() == "true" else "Background"
    # The batch/v1 API keeps the old default for Jobs: their pods are orphaned unless asked otherwise.
    return "Orphan" if info.kind == "Job" else "Background"


def _grace(call: Call, given: Json) -> float | None:
    asked = given.get("gracePeriodSeconds", call.query.get("gracePeriodSeconds"))
    if asked is None or isinstance(asked, int):
        return asked
    try:
        return int(str(asked)[:20])
    except ValueError:
        raise status.bad_request(f'strconv.ParseInt: parsing "{asked}": invalid syntax') from None


def delete(store: KubeStore, target: Target, call: Call) -> Reply:
    """DELETE of one object: its Status, or the object when it stays for a while."""
    info, given, before = target.info, options(call), live(store, target)
    propagation, grace = _propagation(info, call, given), _grace(call, given)
    if call.dry_run or given.get("dryRun"):
        return Reply(200, status.success(target.name, info.group, info.plural, before["metadata"]["uid"]))
    conditions = given.get("preconditions") or {}
    gone = store.delete(
        info.kind,
        target.namespace,
        target.name,
        propagation=propagation,
        grace=grace,
        uid=conditions.get("uid"),
        rv=conditions.get("resourceVersion"),
    )
    if gone is not None and terminating(gone):
        return show(store, info, gone, call)
    return Reply(200, status.success(target.name, info.group, info.plural, before["metadata"]["uid"]))


def delete_all(store: KubeStore, target: Target, call: Call) -> Reply:
    """DELETE of a collection: the list of what was deleted."""
    info, given, chosen = target.info, options(call), selection(target, call.query)
    found = [obj for obj in store.list(info.kind, target.namespace) if chosen.matches(obj)]
    propagation, grace = _propagation(info, call, given), _grace(call, given)
    if not (call.dry_run or given.get("dryRun")):
        for obj in found:
            metadata = obj["metadata"]
            store.delete(
                info.kind, metadata.get("namespace", ""), metadata["name"], propagation=propagation, grace=grace
            )
    metadata = {"resourceVersion": str(store.rv)}
    return Reply(
        200, {"kind": f"{info.kind}List", "apiVersion": info.api_version, "metadata": metadata, "items": found}
    )


def scale_of(obj: Json) -> Json:
    """The autoscaling/v1 Scale of a Deployment or ReplicaSet."""
    metadata = {
        name: obj["metadata"][name]
        for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if name in obj["metadata"]
    }
    spec, now = obj.get("spec") or {}, obj.get("status") or {}
    matched = ((spec.get("selector") or {}).get("matchLabels") or {}).items()
    selector = ",".join(f"{key}={value}" for key, value in sorted(matched))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {"replicas": now.get("replicas") or 0, "selector": selector},
    }


def scale(store: KubeStore, target: Target, call: Call) -> Reply:
    """GET, PUT and PATCH of the scale subresource."""
    before = live(store, target)
    if call.method == "GET":
        return Reply(200, scale_of(before))
    asked = decode(call) if call.method == "PUT" else _patched(target.info, scale_of(before), call)
    replicas = (asked.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        why = "must be greater than or equal to 0"
        raise status.invalid("Scale", "autoscaling", target.name, [status.bad_value("spec.replicas", replicas, why)])
    rv = (asked.get("metadata") or {}).get("resourceVersion")
    if rv and rv != before["metadata"]["resourceVersion"]:
        raise status.conflict(target.name, target.info.group, target.info.plural)
    new = {**before, "spec": {**(before.get("spec") or {}), "replicas": replicas}}
    return Reply(200, scale_of(store.update(new, manager=call.manager, dry_run=call.dry_run)))
