"""All six Google APIs as one pure function from a request to an answer."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.emulator import scenarios
from saxtui.emulator.google import iam, projects, resource_manager, storage
from saxtui.emulator.google.compute import Compute
from saxtui.emulator.google.container import Clusters
from saxtui.emulator.google.errors import GoogleError, unauthenticated
from saxtui.emulator.google.iam import ServiceAccounts
from saxtui.emulator.google.node_pools import NodePools
from saxtui.emulator.google.operations import Operations
from saxtui.emulator.google.resource_manager import Projects
from saxtui.emulator.google.service_usage import ServiceUsage
from saxtui.emulator.google.storage import Buckets
from saxtui.emulator.google.storage_objects import Objects
from saxtui.emulator.google.wire import Answer, Call, Match, Request, Router, service_of
from saxtui.emulator.world import World

# APIs whose every method hangs on one project that must exist and have the API enabled.
_GATED = frozenset({"container", "compute"})


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with what the request log wants to know of it."""

    answer: Answer
    service: str
    mutating: bool


class GoogleApi:
    """The Google side of one world. Single-threaded; call `answer` after the world was advanced to now."""

    def __init__(self, world: World) -> None:
        self._world = world
        pools = NodePools(world)
        parts = (
            Clusters(world, pools),
            pools,
            Operations(world),
            Buckets(world),
            Objects(world),
            ServiceAccounts(world),
            ServiceUsage(world),
            Compute(world),
            Projects(world),
        )
        self._router = Router(route for part in parts for route in part.routes())

    def answer(self, request: Request, *, authorized: bool) -> Answered:
        """Answer one request; refusals are answers too."""
        match = self._router.match(request.method, request.path)
        service = match.route.service if match else service_of(request.path)
        try:
            if not authorized:
                raise unauthenticated(service)
            answer = self._handle(match, request)
        except GoogleError as error:
            answer = Answer.json(error.body(service), error.code)
        mutating = match.route.mutating if match else request.method not in ("GET", "HEAD", "OPTIONS")
        return Answered(answer, service, mutating)

    def _handle(self, match: Match | None, request: Request) -> Answer:
        if match is None:
            raise GoogleError(404, f"The requested URL {request.path} was not found on this server.")
        route = match.route
        struck = scenarios.http_fault(self._world, route.service, request.method, request.path)
        if struck is not None:
            raise GoogleError(struck, _FAULT_TEXT.get(struck, "The request failed."))
        params = match.params
        if route.service in _GATED:
            project = projects.require_enabled(self._world, route.service, params["project"])
            params = {**params, "project": project["projectId"]}
        result = route.handler(Call(request, params))
        return result if isinstance(result, Answer) else Answer.json(result)


_FAULT_TEXT = {
    429: "Quota exceeded for quota metric 'API requests' and limit 'API requests per minute'.",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
    504: "Deadline exceeded.",
}


def install(world: World) -> GoogleApi:
    """Seed the project, its account and policies, the taken bucket names, and register what the timers do."""
    projects.seed(world)
    iam.seed(world)
    resource_manager.seed(world)
    storage.seed(world)
    return GoogleApi(world)
