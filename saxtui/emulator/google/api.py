"""All six Google APIs as one pure function from a request to an answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saxtui.emulator.google import faults, iam, projects, resource_manager, storage
from saxtui.emulator.google.compute import Compute
from saxtui.emulator.google.container import Clusters
from saxtui.emulator.google.errors import GoogleError, unauthenticated
from saxtui.emulator.google.iam import ServiceAccounts
from saxtui.emulator.google.inquiries import Inquiries
from saxtui.emulator.google.node_pools import NodePools
from saxtui.emulator.google.operations import Operations
from saxtui.emulator.google.pool_updates import PoolUpdates
from saxtui.emulator.google.resource_manager import Projects
from saxtui.emulator.google.service_usage import ServiceUsage
from saxtui.emulator.google.storage import Buckets
from saxtui.emulator.google.storage_objects import Objects
from saxtui.emulator.google.storage_uploads import Uploads
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
            PoolUpdates(world, pools),
            Operations(world),
            Buckets(world),
            Objects(world),
            Uploads(world),
            ServiceAccounts(world),
            ServiceUsage(world),
            Compute(world),
            Inquiries(world),
            Projects(world),
        )
        world.on(faults.LAND, self._land)
        self._router = Router(route for part in parts for route in part.routes())

    def templates(self) -> Iterator[tuple[str, str]]:
        """(HTTP method, path with {placeholders}) of every method there is."""
        return self._router.templates()

    def template(self, method: str, path: str) -> str:
        """The path of the method that takes such a request, with {placeholders}; "" when none does."""
        match = self._router.match(method, path)
        return match.route.template if match else ""

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
        return faults.through(self._world, match.route.service, request, self._serve)

    def _land(self, payload: dict[str, Any]) -> None:
        """A request of a while ago takes effect after all; nobody waits for its answer."""
        with contextlib.suppress(GoogleError):
            self._serve(faults.from_data(payload))

    def _serve(self, request: Request) -> Answer:
        match = self._router.match(request.method, request.path)
        if match is None:
            raise GoogleError(404, f"The requested URL {request.path} was not found on this server.")
        route, params = match.route, match.params
        if route.service in _GATED:
            project = projects.require_enabled(self._world, route.service, params["project"])
            params = {**params, "project": project["projectId"]}
        result = route.handler(Call(request, params))
        return result if isinstance(result, Answer) else Answer.json(result)


def install(world: World) -> GoogleApi:
    """Seed the project, its account and policies, the taken bucket names, and register what the timers do."""
    projects.seed(world)
    iam.seed(world)
    resource_manager.seed(world)
    storage.seed(world)
    return GoogleApi(world)
