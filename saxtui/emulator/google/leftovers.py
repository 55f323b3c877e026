"""Compute Engine resources that a cluster may leave behind: listed, inserted as anybody may, and deleted."""

from __future__ import annotations

import re
from typing import Any

from saxtui.emulator.google import shape
from saxtui.emulator.google.errors import GoogleError, bad_request
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

TABLE = "compute.leftovers"
"""Key PROJECT/PATH, where PATH is such as zones/us-west4-a/disks/NAME."""
_COLLECTIONS = {
    "zones/{scope}/disks": "compute#diskList",
    "zones/{scope}/networkEndpointGroups": "compute#networkEndpointGroupList",
    "regions/{scope}/resourcePolicies": "compute#resourcePolicyList",
    "global/firewalls": "compute#firewallList",
}
_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_LABELS: Json = {"*": str}
_INSERTED: dict[str, Json] = {
    "zones/{scope}/disks": {"sizeGb": str, "type": str, "labels": _LABELS},
    "zones/{scope}/networkEndpointGroups": {"networkEndpointType": str, "network": str, "annotations": _LABELS},
    "regions/{scope}/resourcePolicies": {"groupPlacementPolicy": object},
    "global/firewalls": {"network": str, "targetTags": [str], "allowed": [object], "sourceRanges": [str]},
    "regions/{scope}/forwardingRules": {"IPAddress": str, "IPProtocol": str, "labels": _LABELS},
    "regions/{scope}/addresses": {"address": str, "addressType": str, "labels": _LABELS},
}
"""Collection → the fields an insert may have beside name and description."""


class Leftovers:
    """Inserts and lists of such rows, and DELETE for these and for load balancers' rows."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self, base: str) -> list[Route]:
        """Under one base path of Compute Engine."""
        lists = [Route("compute", "GET", f"{base}/{path}", self._lister(path)) for path in _COLLECTIONS]
        inserts = [Route("compute", "POST", f"{base}/{path}", self._inserter(path)) for path in _INSERTED]
        deletes = [Route("compute", "DELETE", f"{base}/{path}/{{name}}", self._deleter(path)) for path in _INSERTED]
        return [*lists, *inserts, *deletes]

    def planted(self, project: str, path: str) -> list[Json]:
        """The planted rows of one collection."""
        stem = f"{project}/{path}/"
        return [row for key, row in self._world.table(TABLE).items() if key.startswith(stem)]

    def _lister(self, path: str) -> Any:
        def handler(call: Call) -> Json:
            where = path.replace("{scope}", call["scope"]) if "{scope}" in path else path
            return {"kind": _COLLECTIONS[path], "items": self.planted(call["project"], where)}

        return handler

    def _inserter(self, path: str) -> Any:
        known = {"name": str, "description": str, **_INSERTED[path]}

        def handler(call: Call) -> Json:
            row = shape.read(call.request, known)
            name = str(row.get("name", ""))
            if not _NAME.fullmatch(name):
                raise bad_request(f"Invalid value for field 'resource.name': '{name}'.")
            where = path.replace("{scope}", call["scope"]) if "{scope}" in path else path
            rows, key = self._world.table(TABLE), f"{call['project']}/{where}/{name}"
            if key in rows:
                raise GoogleError(409, f"The resource 'projects/{key}' already exists")
            rows[key] = {**row, "creationTimestamp": self._world.stamp()}
            return _done(name, "insert")

        return handler

    def _deleter(self, path: str) -> Any:
        def handler(call: Call) -> Json:
            scope = call["scope"] if "{scope}" in path else ""
            project, name = call["project"], call["name"]
            key = f"{project}/{path.replace('{scope}', scope)}/{name}"
            gone = self._world.table(TABLE).pop(key, None)
            live = self._world.table(f"compute.{path.rpartition('/')[2]}") if scope else {}
            gone = gone or live.pop(f"{project}/{scope}/{name}", None)
            if gone is None:
                raise GoogleError(404, f"The resource '{key}' was not found")
            return _done(name, "delete")

        return handler


def _done(name: str, kind: str) -> Json:
    return {"kind": "compute#operation", "name": f"operation-{name}", "operationType": kind, "status": "DONE"}
