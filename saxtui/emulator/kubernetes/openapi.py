"""OpenAPI v3 in the smallest form kubectl is content with: each kind, and that the server validates its fields."""

from __future__ import annotations

import hashlib
import json

from saxtui.emulator.kubernetes.discovery import VERSION
from saxtui.emulator.kubernetes.kinds import KindInfo, Registry
from saxtui.emulator.kubernetes.objects import Json


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
    paths, schemas = {}, {}
    for info in infos:
        inside = "/namespaces/{namespace}" if info.namespaced else ""
        paths[f"/{place}{inside}/{info.plural}/{{name}}"] = _path_item(info)
        schemas[_schema_name(info)] = _schema(info)
    info_block = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info_block, "paths": paths, "components": {"schemas": schemas}}


def _gvk(info: KindInfo) -> Json:
    return {"group": info.group, "version": info.version, "kind": info.kind}


def _schema_name(info: KindInfo) -> str:
    return f"{info.group or 'core'}.{info.version}.{info.kind}"


def _schema(info: KindInfo) -> Json:
    base: Json = dict(info.schema) if info.schema else {"type": "object"}
    return base | {"x-kubernetes-group-version-kind": [_gvk(info)]}


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
