"""GKE v1: clusters and the server configuration."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import operations, places, schema
from saxtui.emulator.google.errors import GoogleError, bad_request
from saxtui.emulator.google.node_pools import NodePools, pool_view, pools_of
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

CREATE_SECONDS = 378.0
DELETE_SECONDS = 240.0
UPDATE_SECONDS = 4.0
_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?")
DEFAULT_VERSION = "1.32.4-gke.1415000"
VERSIONS = (
    "1.33.1-gke.1744000",
    DEFAULT_VERSION,
    "1.32.3-gke.1785003",
    "1.31.9-gke.1044000",
    "1.30.12-gke.1151000",
)


def cluster_key(call: Call) -> str:
    """The table key of the cluster a path names."""
    return "/".join((call["project"], call["location"], call["cluster"]))


def find_cluster(world: World, key: str) -> Json:
    """The cluster's row. Raises GoogleError 404."""
    row = world.table("gke.clusters").get(key)
    if row is None:
        project, location, name = key.split("/")
        raise GoogleError(404, f"Not found: projects/{project}/locations/{location}/clusters/{name}.")
    return row


def resolve_version(asked: str) -> str:
    """The version asked for: "", "-" and "latest" are aliases, and a prefix such as "1.32" means its newest.

    Raises GoogleError 400 for one GKE does not offer.
    """
    if asked in ("", "-"):
        return DEFAULT_VERSION
    if asked == "latest":
        return VERSIONS[0]
    for version in VERSIONS:
        if version == asked or version.startswith((asked + ".", asked + "-")):
            return version
    raise bad_request(f'Master version "{asked}" is unsupported.')


class Clusters:
    """The cluster methods of GKE v1."""

    def __init__(self, world: World, pools: NodePools) -> None:
        self._world = world
        self._pools = pools
        world.on("gke.cluster.created", self._created)
        world.on("gke.cluster.deleted", self._deleted)
        world.on("gke.cluster.updated", self._updated)

    def routes(self) -> list[Route]:
        """Create, get, list, delete, label, and serverConfig."""
        location = "/v1/projects/{project}/locations/{location}"
        one = location + "/clusters/{cluster}"
        return [
            Route("container", "GET", location + "/serverConfig", self._server_config),
            Route("container", "GET", location + "/clusters", self._list),
            Route("container", "POST", location + "/clusters", self._create),
            Route("container", "GET", one, self._get),
            Route("container", "DELETE", one, self._delete),
            Route("container", "POST", one + ":setResourceLabels", self._label),
        ]

    # -- reads
    def _server_config(self, call: Call) -> Json:
        _check_location(call["location"])
        channels = [
            {"channel": name, "defaultVersion": default, "validVersions": list(VERSIONS)}
            for name, default in (("RAPID", VERSIONS[0]), ("REGULAR", DEFAULT_VERSION), ("STABLE", VERSIONS[2]))
        ]
        return {
            "defaultClusterVersion": DEFAULT_VERSION,
            "validNodeVersions": list(VERSIONS),
            "defaultImageType": "COS_CONTAINERD",
            "validImageTypes": ["COS_CONTAINERD", "UBUNTU_CONTAINERD"],
            "validMasterVersions": list(VERSIONS),
            "channels": channels,
        }

    def _list(self, call: Call) -> Json:
        prefix = call["project"] + "/"
        rows = [
            self._view(key)
            for key, row in self._world.table("gke.clusters").items()
            if key.startswith(prefix) and call["location"] in ("-", row["location"])
        ]
        return {"clusters": rows} if rows else {}

    def _get(self, call: Call) -> Json:
        find_cluster(self._world, cluster_key(call))
        return self._view(cluster_key(call))

    def _view(self, key: str) -> Json:
        row = self._world.table("gke.clusters")[key]
        shown = {name: value for name, value in row.items() if not name.startswith("_")}
        pools = pools_of(self._world, key)
        if pools:
            shown["nodePools"] = [pool_view(pool) for pool in pools]
        shown["currentNodeCount"] = sum(pool["_nodes"] for pool in pools)
        if not shown["currentNodeCount"]:
            del shown["currentNodeCount"]
        return shown

    # -- create
    def _create(self, call: Call) -> Json:
        body = schema.normalise("CreateClusterRequest", call.request.json())
        wanted: Json = body.get("cluster", {})
        _check_location(call["location"])
        name = wanted.get("name", "")
        if not _NAME.fullmatch(name):
            raise bad_request(
                f'Invalid value for field "cluster.name": "{name}". Must be a match of regex '
                "'(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)'.",
                "cluster.name",
            )
        key = f"{call['project']}/{call['location']}/{name}"
        if key in self._world.table("gke.clusters"):
            raise GoogleError(
                409, f"Already exists: projects/{call['project']}/locations/{call['location']}/clusters/{name}."
            )
        row = self._row(key, wanted)
        pools = [self._pools.prepare(key, row, pool) for pool in _first_pools(wanted)]
        self._world.table("gke.clusters")[key] = row
        for pool in pools:
            self._pools.place(key, pool)
        pool_name = f"{call['project']}.svc.id.goog"
        if row.get("workloadIdentityConfig", {}).get("workloadPool") == pool_name:
            self._world.table("iam.workloadPools")[pool_name] = {"name": pool_name}
        self._world.tell("cluster.creating", cluster=key)
        fault = scenarios.on_event(self._world, "cluster.create", name, "cluster-fails")
        row["_failure"] = fault["message"] if fault else ""
        seconds = operations.vary(self._world, CREATE_SECONDS)
        seconds = operations.stretched(self._world, "cluster.create", name, seconds)
        operation = operations.start(self._world, "CREATE_CLUSTER", key, seconds, "gke.cluster.created")
        return operations.view(self._world, operation)

    def _row(self, key: str, wanted: Json) -> Json:
        project, location, name = key.split("/")
        identity = wanted.get("workloadIdentityConfig", {})
        if identity.get("workloadPool") not in (None, "", f"{project}.svc.id.goog"):
            raise bad_request(f"Workload pool must be {project}.svc.id.goog.", "cluster.workload_identity_config")
        zones = wanted.get("locations") or list(places.default_zones(location))
        for zone in zones:
            if zone not in places.zones(places.region_of(location)):
                raise bad_request(f'Location "{zone}" is not in region "{places.region_of(location)}".')
        version = resolve_version(wanted.get("initialClusterVersion", ""))
        uid = hashlib.sha256(self._world.uid().encode()).hexdigest()
        row: Json = {name_: value for name_, value in wanted.items() if name_ not in _NOT_COPIED}
        row.update(
            {
                "name": name,
                "id": uid,
                "etag": self._world.uid(),
                "location": location,
                "zone": location,
                "locations": zones,
                "status": "PROVISIONING",
                "createTime": f"{self._world.stamp()[:-1]}+00:00",
                "selfLink": operations.link(self._world, key),
                "network": wanted.get("network") or "default",
                "subnetwork": wanted.get("subnetwork") or "default",
                "networkConfig": _network(key, wanted),
                "clusterIpv4Cidr": "10.4.0.0/14",
                "servicesIpv4Cidr": "34.118.224.0/20",
                "loggingService": "logging.googleapis.com/kubernetes",
                "monitoringService": "monitoring.googleapis.com/kubernetes",
                "initialClusterVersion": version,
                "currentMasterVersion": version,
                "currentNodeVersion": version,
                "releaseChannel": _channel(wanted),
                "labelFingerprint": _fingerprint(wanted.get("resourceLabels", {})),
                "defaultMaxPodsConstraint": {"maxPodsPerNode": "110"},
                "databaseEncryption": {"state": "DECRYPTED", "currentState": "CURRENT_STATE_DECRYPTED"},
                "shieldedNodes": {"enabled": True},
                "autopilot": {},
            }
        )
        return row

    def _created(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is None:
            return
        key = operation["_cluster"]
        row = self._world.table("gke.clusters")[key]
        if row["_failure"]:
            self._failed(operation, row)
            return
        served = self._world.table("gke.endpoints").get(key, {})
        row["status"] = "RUNNING"
        row["endpoint"] = served.get("endpoint", "")
        row["masterAuth"] = {"clusterCaCertificate": served.get("ca", "")}
        row["servicesIpv4Cidr"] = "34.118.224.0/20"
        self._world.tell("cluster.running", cluster=key)
        for pool in pools_of(self._world, key):
            self._pools.boot(key, pool, ready_in=0.0)
            pool["status"] = "RUNNING"
        operations.finish(self._world, operation)

    def _failed(self, operation: Json, row: Json) -> None:
        """The cluster stays, in ERROR and without nodes, until it is deleted."""
        row["status"], row["statusMessage"] = "ERROR", row["_failure"]
        for pool in pools_of(self._world, operation["_cluster"]):
            pool["status"] = "ERROR"
        operations.finish(self._world, operation, error=row["_failure"], code=13)

    # -- change
    def _label(self, call: Call) -> Json:
        body = schema.normalise("SetLabelsRequest", call.request.json())
        key = cluster_key(call)
        row = find_cluster(self._world, key)
        if body.get("labelFingerprint", "") != row["labelFingerprint"]:
            raise GoogleError(400, "Labels could not be set due to fingerprint mismatch.", status="FAILED_PRECONDITION")
        operations.refuse_if_busy(self._world, key)
        labels = body.get("resourceLabels", {})
        row["resourceLabels"] = labels
        row["labelFingerprint"] = _fingerprint(labels)
        operation = operations.start(self._world, "UPDATE_CLUSTER", key, UPDATE_SECONDS, "gke.cluster.updated")
        return operations.view(self._world, operation)

    def _updated(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is not None:
            operations.finish(self._world, operation)

    # -- delete
    def _delete(self, call: Call) -> Json:
        key = cluster_key(call)
        row = find_cluster(self._world, key)
        operations.refuse_if_busy(self._world, key)
        row["status"] = "STOPPING"
        for pool in pools_of(self._world, key):
            pool["status"] = "STOPPING"
        seconds = operations.vary(self._world, DELETE_SECONDS)
        seconds = operations.stretched(self._world, "cluster.delete", row["name"], seconds)
        operation = operations.start(self._world, "DELETE_CLUSTER", key, seconds, "gke.cluster.deleted")
        return operations.view(self._world, operation)

    def _deleted(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is None:
            return
        key = operation["_cluster"]
        for pool in pools_of(self._world, key):
            self._pools.remove(key, pool["name"])
        self._world.table("gke.clusters").pop(key)
        self._world.tell("cluster.deleted", cluster=key)
        self._world.table("gke.endpoints").pop(key, None)
        operations.finish(self._world, operation)


_NOT_COPIED = frozenset({"nodePools", "initialNodeCount", "nodeConfig", "masterAuth", "endpoint", "status", "selfLink"})


def _check_location(location: str) -> None:
    if not places.exists(location):
        raise GoogleError(403, f"Permission denied on 'locations/{location}' (or it may not exist).")


def _first_pools(wanted: Json) -> list[Json]:
    """The node pools to begin with: those listed, or one default-pool of initialNodeCount."""
    count = wanted.get("initialNodeCount", 0)
    pools: list[Json] = wanted.get("nodePools", [])
    if pools and count:
        raise bad_request("Only one of cluster.initial_node_count and cluster.node_pools may be set.")
    if pools:
        return pools
    if count < 1:
        raise bad_request("Cluster.initial_node_count must be greater than zero.", "cluster.initial_node_count")
    return [{"name": "default-pool", "initialNodeCount": count, "config": wanted.get("nodeConfig", {})}]


def _channel(wanted: Json) -> Json:
    """REGULAR unless another channel, or none (UNSPECIFIED), is asked for."""
    if "releaseChannel" not in wanted:
        return {"channel": "REGULAR"}
    return {"channel": wanted["releaseChannel"].get("channel", "UNSPECIFIED")}


def _network(key: str, wanted: Json) -> Json:
    project, location, _ = key.split("/")
    region = places.region_of(location)
    return {
        **wanted.get("networkConfig", {}),
        "network": f"projects/{project}/global/networks/{wanted.get('network') or 'default'}",
        "subnetwork": f"projects/{project}/regions/{region}/subnetworks/{wanted.get('subnetwork') or 'default'}",
        "serviceExternalIpsConfig": {},
    }


def _fingerprint(labels: Json) -> str:
    """Eight base16 digits that change with the labels."""
    text = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    return base64.b16encode(hashlib.sha256(text.encode()).digest()[:4]).decode().lower()
