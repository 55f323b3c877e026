"""GKE v1: node pools, with the rules of TPU slices."""

from __future__ import annotations

import re
from typing import Any

from saxtui.emulator.google import machines, operations, places, pool_failures, quotas, schema, slices
from saxtui.emulator.google.errors import GoogleError, bad_request
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

CPU_POOL_SECONDS = 67.0
TPU_POOL_SECONDS = (190.0, 260.0)
DELETE_SECONDS = 150.0
BOOT_LEAD = 20.0
"""Nodes are told of this long before the pool says RUNNING: the VMs boot first."""
_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?")
_SCOPES = (
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/logging.write",
    "https://www.googleapis.com/auth/monitoring",
    "https://www.googleapis.com/auth/service.management.readonly",
    "https://www.googleapis.com/auth/servicecontrol",
    "https://www.googleapis.com/auth/trace.append",
)


def pools_of(world: World, cluster_key: str) -> list[Json]:
    """The cluster's node pools, in order of creation."""
    prefix = cluster_key + "/"
    return [row for key, row in world.table("gke.pools").items() if key.startswith(prefix)]


def pool_view(row: Json) -> Json:
    """The node pool as the API answers it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


class NodePools:
    """The node pool methods of GKE v1, and what cluster creation needs of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.on("gke.pool.booting", self._booting)
        world.on("gke.pool.created", self._created)
        world.on("gke.pool.deleted", self._deleted)

    def routes(self) -> list[Route]:
        """Create, get, list and delete."""
        base = "/v1/projects/{project}/locations/{location}/clusters/{cluster}/nodePools"
        one = base + "/{pool}"
        return [
            Route("container", "GET", base, self._list),
            Route("container", "POST", base, self._create),
            Route("container", "GET", one, self._get),
            Route("container", "DELETE", one, self._delete),
        ]

    # -- for clusters
    def prepare(self, cluster_key: str, cluster: Json, wanted: Json) -> Json:
        """A checked row for a new pool, not yet in the table. Raises GoogleError 400 or 403 (quota)."""
        name = wanted.get("name", "")
        if not _NAME.fullmatch(name):
            raise bad_request(
                f'Invalid value for field "node_pool.name": "{name}". Must be a match of regex '
                "'(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)'.",
                "node_pool.name",
            )
        config = dict(wanted.get("config", {}))
        machine_name = config.get("machineType") or "e2-medium"
        zones = slices.zones_for(machine_name, wanted, cluster["locations"])
        for zone in zones:
            _check_zone(cluster_key, zone)
            machine = machines.find(machine_name)
            if machine is None or not machines.offered(machine, zone):
                raise bad_request(f'Invalid machine type "{machine_name}" in zone "{zone}": GCE_NOT_FOUND.')
        slices.check(machine_name, wanted, zones)
        count = int(wanted.get("initialNodeCount", 0))
        quotas.check(self._world, cluster_key, machine_name, count * len(zones), spot=bool(config.get("spot")))
        return self._row(cluster_key, cluster, wanted, config | {"machineType": machine_name}, zones)

    def place(self, cluster_key: str, row: Json) -> None:
        """Put a prepared row into the table."""
        self._world.table("gke.pools")[f"{cluster_key}/{row['name']}"] = row

    def boot(self, cluster_key: str, row: Json, *, ready_in: float) -> None:
        """Tell of the pool's nodes, zone by zone; they are Ready after that many seconds."""
        row["_nodes"] = row["initialNodeCount"] * len(row["locations"])
        for zone in row["locations"]:
            self.tell_nodes(cluster_key, row, zone, row["initialNodeCount"], ready_in)

    def tell_nodes(self, cluster_key: str, row: Json, zone: str, count: int, ready_in: float) -> None:
        """Tell of `count` more nodes of the pool in a zone."""
        self._world.tell("pool.nodes", cluster=cluster_key, pool=row, zone=zone, count=count, ready_in=ready_in)

    def remove(self, cluster_key: str, name: str) -> None:
        """Take the pool out of the table and tell of it."""
        self._world.table("gke.pools").pop(f"{cluster_key}/{name}")
        self._world.tell("pool.deleted", cluster=cluster_key, pool=name)

    def _row(self, cluster_key: str, cluster: Json, wanted: Json, config: Json, zones: list[str]) -> Json:
        name = wanted["name"]
        filled: Json = {
            "diskSizeGb": 100,
            "diskType": "pd-balanced",
            "imageType": "COS_CONTAINERD",
            "metadata": {"disable-legacy-endpoints": "true"},
            "oauthScopes": list(_SCOPES),
            "serviceAccount": "default",
            "shieldedInstanceConfig": {"enableIntegrityMonitoring": True},
            "effectiveCgroupMode": "EFFECTIVE_CGROUP_MODE_V2",
        }
        if cluster.get("workloadIdentityConfig", {}).get("workloadPool"):
            filled["workloadMetadataConfig"] = {"mode": "GKE_METADATA"}
        row: Json = {key: value for key, value in wanted.items() if key not in ("config", "locations", "status")}
        row.update(
            {
                "name": name,
                "config": filled | config,
                "initialNodeCount": int(wanted.get("initialNodeCount", 0)),
                "locations": zones,
                "selfLink": operations.link(self._world, cluster_key, "nodePools", name),
                "version": wanted.get("version") or cluster["currentMasterVersion"],
                "instanceGroupUrls": [self._group(cluster_key, name, zone) for zone in zones],
                "status": "PROVISIONING",
                "maxPodsConstraint": wanted.get("maxPodsConstraint") or {"maxPodsPerNode": "110"},
                "podIpv4CidrSize": 24,
                "management": wanted.get("management") or {"autoUpgrade": True, "autoRepair": True},
                "upgradeSettings": wanted.get("upgradeSettings") or {"maxSurge": 1, "strategy": "SURGE"},
                "etag": self._world.uid(),
                "_nodes": 0,
            }
        )
        return row

    def _group(self, cluster_key: str, name: str, zone: str) -> str:
        project, _, cluster = cluster_key.split("/")
        group = f"gke-{cluster[:20]}-{name[:20]}-{self._world.hex(8)}-grp"
        return f"https://www.googleapis.com/compute/v1/projects/{project}/zones/{zone}/instanceGroupManagers/{group}"

    # -- reads
    def _cluster(self, call: Call) -> tuple[str, Json]:
        key = "/".join((call["project"], call["location"], call["cluster"]))
        row = self._world.table("gke.clusters").get(key)
        if row is None:
            project, location, name = key.split("/")
            raise GoogleError(404, f"Not found: projects/{project}/locations/{location}/clusters/{name}.")
        return key, row

    def find(self, call: Call) -> tuple[str, Json]:
        """The cluster's key and the pool's row that a path names. Raises GoogleError 404."""
        key, _ = self._cluster(call)
        row = self._world.table("gke.pools").get(f"{key}/{call['pool']}")
        if row is None:
            project, location, name = key.split("/")
            raise GoogleError(
                404,
                f"Not found: projects/{project}/locations/{location}/clusters/{name}/nodePools/{call['pool']}.",
            )
        return key, row

    def _list(self, call: Call) -> Json:
        key, _ = self._cluster(call)
        rows = [pool_view(row) for row in pools_of(self._world, key)]
        return {"nodePools": rows} if rows else {}

    def _get(self, call: Call) -> Json:
        return pool_view(self.find(call)[1])

    # -- create
    def _create(self, call: Call) -> Json:
        body = schema.normalise("CreateNodePoolRequest", call.request.json())
        key, cluster = self._cluster(call)
        wanted: Json = body.get("nodePool", {})
        name = wanted.get("name", "")
        if f"{key}/{name}" in self._world.table("gke.pools"):
            project, location, cluster_name = key.split("/")
            where = f"projects/{project}/locations/{location}/clusters/{cluster_name}/nodePools/{name}"
            raise GoogleError(409, f"Already exists: {where}.")
        row = self.prepare(key, cluster, wanted)
        operations.refuse_if_busy(self._world, key, name)
        self.place(key, row)
        row["_failure"] = failure = pool_failures.failure(self._world, key, row)
        seconds = operations.stretched(self._world, "pool.create", name, self._seconds(row))
        if failure is not None and failure["after"] is not None:
            seconds = failure["after"]
        operation = operations.start(self._world, "CREATE_NODE_POOL", key, seconds, "gke.pool.created", pool=name)
        if not row["_failure"]:
            self._world.after(max(0.0, seconds - BOOT_LEAD), "gke.pool.booting", operation=operation["_key"])
        return operations.view(self._world, operation)

    def _seconds(self, row: Json) -> float:
        machine = machines.find(row["config"]["machineType"])
        if machine is not None and machine.chips:
            return self._world.rng.uniform(*TPU_POOL_SECONDS)
        return operations.vary(self._world, CPU_POOL_SECONDS)

    def _booting(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is not None and operation["status"] == "RUNNING":
            row = self._world.table("gke.pools")[f"{operation['_cluster']}/{operation['_pool']}"]
            self.boot(operation["_cluster"], row, ready_in=BOOT_LEAD * 0.75)

    def _created(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is None:
            return
        row = self._world.table("gke.pools")[f"{operation['_cluster']}/{operation['_pool']}"]
        failure: Json = row.pop("_failure", None) or {}
        if operation["status"] == "ABORTING":
            failure = {"message": "Operation was cancelled.", "code": 1, "condition": ""}
            if row["_nodes"]:
                row["_nodes"] = 0
                self._world.tell("pool.deleted", cluster=operation["_cluster"], pool=row["name"])
        if not failure:
            row["status"] = "RUNNING"
            operations.finish(self._world, operation)
            return
        row["status"] = "ERROR"
        row["statusMessage"] = failure["message"]
        if failure["condition"]:
            row["conditions"] = [{"code": failure["condition"], "message": failure["message"]}]
        operations.finish(
            self._world, operation, error=failure["message"], code=failure["code"], condition=failure["condition"]
        )

    # -- delete
    def _delete(self, call: Call) -> Json:
        key, row = self.find(call)
        operations.refuse_if_busy(self._world, key, row["name"])
        row["status"] = "STOPPING"
        seconds = operations.vary(self._world, DELETE_SECONDS)
        seconds = operations.stretched(self._world, "pool.delete", row["name"], seconds)
        operation = operations.start(
            self._world, "DELETE_NODE_POOL", key, seconds, "gke.pool.deleted", pool=row["name"]
        )
        return operations.view(self._world, operation)

    def _deleted(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is not None:
            self.remove(operation["_cluster"], operation["_pool"])
            operations.finish(self._world, operation)


def _check_zone(cluster_key: str, zone: str) -> None:
    region = places.region_of(cluster_key.split("/")[1])
    if zone not in places.zones(region):
        raise bad_request(f'Location "{zone}" is not in region "{region}".', "node_pool.locations")
