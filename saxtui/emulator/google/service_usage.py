"""Service Usage v1: which APIs are enabled."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.google import projects, shape
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]


class ServiceUsage:
    """The services methods, and the operations they return."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Get, list, enable, batchEnable, disable and operations."""
        service = "serviceusage"
        base = "/v1/projects/{project}/services"
        return [
            Route(service, "GET", base, self._list),
            Route(service, "GET", base + ":batchGet", self._batch_get),
            Route(service, "GET", base + "/{service}", self._get),
            Route(service, "POST", base + "/{service}:enable", self._enable),
            Route(service, "POST", base + "/{service}:disable", self._disable),
            Route(service, "POST", base + ":batchEnable", self._batch_enable),
            Route(service, "GET", "/v1/operations/{operation}", self._operation),
        ]

    def _view(self, project: Json, name: str) -> Json:
        if name not in projects.SERVICE_TITLES:
            raise GoogleError(403, f"Not found or permission denied for service(s): {name}.")
        on = projects.enabled(self._world, project["projectId"], name)
        parent = f"projects/{project['projectNumber']}"
        return {
            "name": f"{parent}/services/{name}",
            "config": {"name": name, "title": projects.SERVICE_TITLES[name]},
            "state": "ENABLED" if on else "DISABLED",
            "parent": parent,
        }

    def _project(self, call: Call) -> Json:
        return projects.require(self._world, "serviceusage", call["project"])

    def _get(self, call: Call) -> Json:
        return self._view(self._project(call), call["service"])

    def _batch_get(self, call: Call) -> Json:
        project = self._project(call)
        names = [name.rpartition("/")[2] for name in call.request.query_all("names")]
        return {"services": [self._view(project, name) for name in names]}

    def _list(self, call: Call) -> Json:
        project = self._project(call)
        wanted = call.query("filter").partition(":")[2]
        rows = [self._view(project, name) for name in projects.SERVICE_TITLES]
        return {"services": [row for row in rows if not wanted or row["state"] == wanted]}

    def _turn_on(self, project: Json, name: str) -> Json:
        self._view(project, name)
        key = f"{project['projectId']}/{name}"
        self._world.table("serviceusage.services")[key] = {
            "project": project["projectId"],
            "service": name,
            "state": "ENABLED",
        }
        return self._view(project, name)

    def _enable(self, call: Call) -> Json:
        project = self._project(call)
        return self._done("EnableService", {"service": self._turn_on(project, call["service"])})

    def _batch_enable(self, call: Call) -> Json:
        project = self._project(call)
        names = shape.read(call.request, shape.SERVICES).get("serviceIds", [])
        return self._done("BatchEnableServices", {"services": [self._turn_on(project, name) for name in names]})

    def _disable(self, call: Call) -> Json:
        project = self._project(call)
        view = self._view(project, call["service"])
        self._world.table("serviceusage.services").pop(f"{project['projectId']}/{call['service']}", None)
        return self._done("DisableService", {"service": {**view, "state": "DISABLED"}})

    def _done(self, kind: str, response: Json) -> Json:
        name = f"operations/acat.p2-{projects.DEMO_NUMBER}-{self._world.uid()}"
        row: Json = {
            "name": name,
            "metadata": {"@type": "type.googleapis.com/google.api.serviceusage.v1.OperationMetadata"},
            "done": True,
            "response": {"@type": f"type.googleapis.com/google.api.serviceusage.v1.{kind}Response", **response},
        }
        self._world.table("serviceusage.operations")[name] = row
        return row

    def _operation(self, call: Call) -> Json:
        row = self._world.table("serviceusage.operations").get(f"operations/{call['operation']}")
        if row is None:
            raise GoogleError(404, f"Operation {call['operation']} not found.")
        return row
