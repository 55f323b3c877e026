"""Compute Engine resources that a cluster may leave behind: listed and deleted; nothing here makes them but a test."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.google.errors import GoogleError
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
_DELETED = (*_COLLECTIONS, "regions/{scope}/forwardingRules", "regions/{scope}/addresses")


class Leftovers:
    """Lists of what was planted, and DELETE for these and for load balancers' rows."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self, base: str) -> list[Route]:
        """Under one base path of Compute Engine."""
        lists = [Route("compute", "GET", f"{base}/{path}", self._lister(path)) for path in _COLLECTIONS]
        return lists + [Route("compute", "DELETE", f"{base}/{path}/{{name}}", self._deleter(path)) for path in _DELETED]

    def planted(self, project: str, path: str) -> list[Json]:
        """The planted rows of one collection."""
        stem = f"{project}/{path}/"
        return [row for key, row in self._world.table(TABLE).items() if key.startswith(stem)]

    def _lister(self, path: str) -> Any:
        def handler(call: Call) -> Json:
            where = path.replace("{scope}", call["scope"]) if "{scope}" in path else path
            return {"kind": _COLLECTIONS[path], "items": self.planted(call["project"], where)}

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
            return {
                "kind": "compute#operation",
                "name": f"operation-{name}",
                "operationType": "delete",
                "status": "DONE",
            }

        return handler
