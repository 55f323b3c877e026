"""OpenAPI v3 as kubectl reads it: that the server validates fields, and what `kubectl explain` shows of each kind.

No request body is described, so that kubectl makes its strategic merge patches from its own compiled-in types.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from saxtui.emulator.kubernetes import knownfields, reference
from saxtui.emulator.kubernetes.discovery import VERSION
from saxtui.emulator.kubernetes.kinds import KindInfo, Registry
from saxtui.emulator.kubernetes.objects import Json

_TEXTS: Json = {"type": "object", "additionalProperties": {"type": "string"}}
_TYPES: dict[str, Json] = {
    "": {"type": "string"},
    "str": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "int": {"type": "integer", "format": "int32"},
    "bool": {"type": "boolean"},
    "map": {"type": "object"},
    "list": {"type": "array", "items": {"type": "string"}},
    "texts": _TEXTS,
    "intstr": {"x-kubernetes-int-or-string": True},
}
_OBJECT_LISTS = ("claims", "managedFields", "ephemeralContainers", "envFrom", "resourceClaims", "images", "podIPs")


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index(registry: Registry) -> Json:
    """GET /openapi/v3."""
    paths = {}
    for group, version in registry.group_versions():
        place = _place(group, version)
        text = json.dumps(document(registry, place), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:32].upper()
        paths[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={digest}"}
    return {"paths": paths}


def document(registry: Registry, place: str) -> Json | None:
    """GET /openapi/v3/api/v1 or /openapi/v3/apis/GROUP/VERSION, `place` being the part after v3/."""
    infos = [info for info in registry if _place(info.group, info.version) == place]
    if not infos:
        return None
    paths, schemas = {}, dict[str, Json]()
    for info in infos:
        inside = "/namespaces/{namespace}" if info.namespaced else ""
        paths[f"/{place}{inside}/{info.plural}/{{name}}"] = _path_item(info)
        body = _extension(info, schemas) if info.schema else _builtin(info, schemas)
        schemas[_schema_name(info)] = body | {"x-kubernetes-group-version-kind": [_gvk(info)]}
    info_block = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info_block, "paths": paths, "components": {"schemas": schemas}}


def swagger(registry: Registry) -> Json:
    """GET /openapi/v2 as JSON: the same schemas, one document."""
    definitions: Json = {}
    for group, version in registry.group_versions():
        found = document(registry, _place(group, version))
        definitions |= found["components"]["schemas"] if found is not None else {}
    text = json.dumps(definitions).replace("#/components/schemas/", "#/definitions/")
    info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"swagger": "2.0", "info": info, "paths": {}, "definitions": json.loads(text)}


def _gvk(info: KindInfo) -> Json:
    return {"group": info.group, "version": info.version, "kind": info.kind}


def _schema_name(info: KindInfo) -> str:
    return f"{info.group or 'core'}.{info.version}.{info.kind}"


def _name(shape: str) -> str:
    return f"shared.{reference.TYPE_NAMES.get(shape, shape)}"


def _reference(shape: str, schemas: dict[str, Json]) -> Json:
    """A $ref to a shape, which is put among the schemas the first time."""
    name = _name(shape)
    if name not in schemas:
        schemas[name] = {}
        fields = knownfields.fields(shape) or knownfields.parse(reference.STATUSES[shape])
        schemas[name] = _object(fields, shape, schemas)
    return {"$ref": f"#/components/schemas/{name}"}


def _object(fields: dict[str, str], shape: str, schemas: dict[str, Json]) -> Json:
    words = reference.WORDS.get(shape, {})
    properties = {}
    for name, kind in fields.items():
        if name != "*":
            body = _field(name, kind, schemas)
            properties[name] = {**body, "description": words[name]} if name in words else body
    out: Json = {"type": "object", "properties": properties}
    if shape in reference.REQUIRED:
        out["required"] = list(reference.REQUIRED[shape])
    return out


def _field(name: str, kind: str, schemas: dict[str, Json]) -> Json:
    if name.endswith("Timestamp"):
        return _TYPES["time"]
    if kind == "list" and name in _OBJECT_LISTS:
        return {"type": "array", "items": {"type": "object"}}
    if kind in _TYPES:
        return _TYPES[kind]
    if kind.startswith("["):
        return {"type": "array", "items": _reference(kind.strip("[]"), schemas)}
    return {"allOf": [_reference(kind, schemas)], "default": {}}


def _builtin(info: KindInfo, schemas: dict[str, Json]) -> Json:
    fields = {**knownfields.fields(info.kind, kind=True), **reference.BODIES.get(info.kind, {})}
    if not info.has_status:
        fields.pop("status", None)
    body = _object(fields, "", schemas)
    return body | {"description": reference.KINDS.get(info.kind, f"{info.kind} of the Kubernetes API.")}


def _extension(info: KindInfo, schemas: dict[str, Json]) -> Json:
    """A CRD's schema; where it leaves a pod template open, kubectl can read on in the built-in one."""
    out: Json = _with_templates(dict(info.schema or {}), schemas)
    properties = dict(out.get("properties") or {})
    for name, words in reference.WORDS[""].items():
        if name in properties or name in ("apiVersion", "kind", "metadata"):
            body = {"allOf": [_reference("Metadata", schemas)]} if name == "metadata" else properties.get(name)
            properties[name] = {"description": words, **(body or {"type": "string"})}
    return out | {"properties": properties}


def _with_templates(schema: Any, schemas: dict[str, Json]) -> Any:
    if not isinstance(schema, dict):
        return schema
    inner = schema.get("properties") or {}
    pod = inner.get("spec") or {}
    if set(inner) == {"metadata", "spec"} and pod.get("x-kubernetes-preserve-unknown-fields"):
        return {"allOf": [_reference("PodTemplate", schemas)], "description": schema.get("description", "")}
    out = dict(schema)
    if inner:
        out["properties"] = {name: _with_templates(each, schemas) for name, each in inner.items()}
    if "items" in schema:
        out["items"] = _with_templates(schema["items"], schemas)
    return out


def _path_item(info: KindInfo) -> Json:
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in names]
    return {
        "patch": {
            "operationId": f"patch{info.kind}",
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": _gvk(info),
            "parameters": parameters,
            "responses": {"200": {"description": "OK"}},
        }
    }
