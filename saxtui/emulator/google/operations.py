"""GKE operations: rows that run, progress and end, and the rule of one at a time for a cluster or a node pool."""

from __future__ import annotations

from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import places
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

SELF = "https://container.googleapis.com/v1"
SPREAD = 0.15
CANCEL_SECONDS = 15.0
MOST_AT_ONCE = 5
"""Operations that run on one cluster at a time."""
# Stages GKE reports while it makes a cluster: (metric, steps done at the end, total, when it starts, when it ends).
_CREATE_CLUSTER_STAGES = (
    ("CLUSTER_CONFIGURING", 9, 9, 0.0, 0.25),
    ("CLUSTER_DEPLOYING", 11, 11, 0.25, 0.85),
    ("CLUSTER_HEALTHCHECKING", 1, 2, 0.85, 1.0),
)


def vary(world: World, seconds: float) -> float:
    """The duration, 15 % up or down, as the world's seed has it."""
    return seconds * world.rng.uniform(1 - SPREAD, 1 + SPREAD)


def stretched(world: World, event: str, name: str, seconds: float) -> float:
    """The duration as the scenario has it: `event` is cluster.create, pool.delete, …, `name` the cluster or pool."""
    fault = scenarios.on_event(world, event, name, "slow-operation")
    return seconds * float(fault["factor"]) if fault else seconds


def link(world: World, cluster_key: str, *rest: str, numbered: bool = False) -> str:
    """The URL of a cluster or of something below it; zonal ones say zones/, as GKE's do.

    `numbered` gives the project's number in place of its id: operations link that way.
    """
    project, location, cluster = cluster_key.split("/")
    if numbered:
        project = world.table("crm.projects")[project]["projectNumber"]
    kind = "zones" if places.is_zone(location) else "locations"
    return "/".join([SELF, "projects", project, kind, location, "clusters", cluster, *rest])


def refuse_if_busy(world: World, cluster_key: str, pool: str = "") -> None:
    """Raise 400 CLUSTER_ALREADY_HAS_OPERATION when an operation runs that excludes one on this cluster or pool.

    Operations on the cluster exclude all others; operations on different node pools run side by side, up to a number
    beyond which they are refused with 429.
    """
    mine = [row for row in world.table("gke.operations").values() if row["_cluster"] == cluster_key]
    busy = [row for row in mine if row["status"] != "DONE"]
    for row in busy:
        if not pool or not row["_pool"] or row["_pool"] == pool:
            raise GoogleError(
                400,
                f"Cluster is running incompatible operation {row['name']}.",
                status="FAILED_PRECONDITION",
                reason="CLUSTER_ALREADY_HAS_OPERATION",
                domain="container.googleapis.com",
            )
    if len(busy) >= MOST_AT_ONCE:
        name = cluster_key.rpartition("/")[2]
        raise GoogleError(
            429,
            f'Too many operations: cluster "{name}" hits the concurrent operations quota {MOST_AT_ONCE}, please try '
            "again later.",
        )


def start(world: World, kind: str, cluster_key: str, seconds: float, ends_with: str, *, pool: str = "") -> Json:
    """A new PENDING operation that runs after a moment; the timer `ends_with` fires with its key at the end."""
    project, location, _ = cluster_key.split("/")
    name = f"operation-{int(world.now * 1000)}-{world.uid()}"
    number = world.table("crm.projects")[project]["projectNumber"]
    where = "zones" if places.is_zone(location) else "locations"
    key = f"{project}/{location}/{name}"
    row: Json = {
        "name": name,
        "zone": location,
        "operationType": kind,
        "status": "PENDING",
        "selfLink": f"{SELF}/projects/{number}/{where}/{location}/operations/{name}",
        "targetLink": link(world, cluster_key, *(("nodePools", pool) if pool else ()), numbered=True),
        "startTime": _nanos(world),
        "_key": key,
        "_cluster": cluster_key,
        "_pool": pool,
        "_ends_with": ends_with,
        "_from": world.now,
        "_to": world.now + seconds,
    }
    world.table("gke.operations")[key] = row
    world.after(min(1.5, seconds / 2), "gke.operation.run", operation=key)
    world.after(seconds, ends_with, operation=key)
    return row


def running(world: World, key: str) -> Json | None:
    """The operation, unless it has ended (by cancellation) before its timer came."""
    row = world.table("gke.operations").get(key)
    return row if row is not None and row["status"] != "DONE" else None


def finish(world: World, row: Json, *, error: str = "", code: int = 0, condition: str = "") -> None:
    """End the operation. A failure is told twice, as GKE does: in statusMessage and in error.

    `code` is a google.rpc.Code, `condition` a StatusCondition code such as GCE_STOCKOUT.
    """
    row["status"] = "DONE"
    row["endTime"] = _nanos(world)
    if error:
        row["statusMessage"] = error
        row["error"] = {"code": code, "message": error}
    if condition:
        row["nodepoolConditions"] = [{"code": condition, "message": error, "canonicalCode": _CANONICAL[code]}]


_CANONICAL = {1: "CANCELLED", 3: "INVALID_ARGUMENT", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 13: "INTERNAL"}


def view(world: World, row: Json) -> Json:
    """The operation as the API answers it, with progress as of now."""
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    if row["operationType"] == "CREATE_CLUSTER" and row["status"] != "PENDING":
        shown["progress"] = {"metrics": _metrics(_fraction(world, row))}
    if row["status"] == "RUNNING" and row["operationType"] == "CREATE_CLUSTER":
        shown["detail"] = "Deploying the cluster's control plane and nodes."
    return shown


def _fraction(world: World, row: Json) -> float:
    if row["status"] == "DONE":
        return 1.0
    return min(1.0, float(world.now - row["_from"]) / max(1e-9, float(row["_to"] - row["_from"])))


def _metrics(fraction: float) -> list[Json]:
    metrics: list[Json] = []
    for name, reached, total, begins, ends in _CREATE_CLUSTER_STAGES:
        share = min(1.0, max(0.0, (fraction - begins) / (ends - begins)))
        metrics.append({"name": name, "intValue": str(int(reached * share + 1e-9))})
        metrics.append({"name": f"{name}_TOTAL", "intValue": str(total)})
    return metrics


def _nanos(world: World) -> str:
    """RFC 3339 with nanoseconds, as GKE stamps operations."""
    fraction = int(world.now % 1 * 1_000_000_000)
    return f"{world.stamp()[:-1]}.{fraction:09d}Z"


class Operations:
    """The operations methods of GKE v1."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.on("gke.operation.run", self._run)

    def routes(self) -> list[Route]:
        """GET one, GET all of a location, and cancel."""
        base = "/v1/projects/{project}/locations/{location}/operations"
        return [
            Route("container", "GET", base, self._list),
            Route("container", "GET", base + "/{operation}", self._get),
            Route("container", "POST", base + "/{operation}:cancel", self._cancel),
        ]

    def _run(self, payload: Json) -> None:
        row = running(self._world, payload["operation"])
        if row is not None and row["status"] == "PENDING":
            row["status"] = "RUNNING"

    def _list(self, call: Call) -> Json:
        rows = [
            view(self._world, row)
            for row in self._world.table("gke.operations").values()
            if row["_key"].split("/")[0] == call["project"] and call["location"] in ("-", row["zone"])
        ]
        return {"operations": rows} if rows else {}

    def _find(self, call: Call) -> Json:
        key = "/".join((call["project"], call["location"], call["operation"]))
        row = self._world.table("gke.operations").get(key)
        if row is None:
            raise GoogleError(
                404,
                f"Not found: projects/{call['project']}/locations/{call['location']}/operations/{call['operation']}.",
            )
        return row

    def _get(self, call: Call) -> Json:
        return view(self._world, self._find(call))

    def _cancel(self, call: Call) -> Json:
        row = self._find(call)
        if row["status"] == "DONE" or row["operationType"] != "CREATE_NODE_POOL":
            raise GoogleError(400, f"Operation {row['name']} cannot be cancelled.", status="FAILED_PRECONDITION")
        row["status"] = "ABORTING"
        self._world.after(CANCEL_SECONDS, row["_ends_with"], operation=row["_key"])
        return {}
