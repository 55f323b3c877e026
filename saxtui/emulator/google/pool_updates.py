"""GKE v1: changes to node pools in place: their size, labels and taints of their nodes, labels of their machines."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.google import machines, operations, pool_failures, quotas, schema
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.node_pools import TPU_POOL_SECONDS, NodePools
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

UPDATE_SECONDS = 20.0
RESIZE_SECONDS = 60.0
RESIZE_READY_IN = 10.0
_WRAPPED = {"labels": "labels", "resourceLabels": "labels", "taints": "taints"}
"""Field of the request and of the pool's config, to the field inside the request's message."""
_ADDRESS = frozenset({"name", "projectId", "zone", "clusterId", "nodePoolId", "etag"})


class PoolUpdates:
    """The update and setSize methods of node pools.

    Nodes that are there get the new labels, new ones the taints too. A slice of several hosts has all of them or none.
    """

    def __init__(self, world: World, pools: NodePools) -> None:
        self._world = world
        self._pools = pools
        world.on("gke.pool.updated", self._updated)
        world.on("gke.pool.resized", self._resized)

    def routes(self) -> list[Route]:
        """PUT of one node pool, and its setSize."""
        one = "/v1/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}"
        return [
            Route("container", "PUT", one, self._update),
            Route("container", "POST", one + ":setSize", self._resize),
        ]

    def _update(self, call: Call) -> Json:
        body = schema.normalise("UpdateNodePoolRequest", call.request.json())
        key, row = self._pools.find(call)
        other = sorted(set(body) - _ADDRESS - set(_WRAPPED))
        if other:
            raise GoogleError(
                501, f"Not implemented in the embedded cloud: changing {', '.join(other)} of a node pool."
            )
        if body.get("etag", row["etag"]) != row["etag"]:
            raise GoogleError(409, "The etag of the node pool is not the one given.", status="ABORTED")
        operations.refuse_if_busy(self._world, key, row["name"])
        row["_update"] = {name: body[name].get(inner, {}) for name, inner in _WRAPPED.items() if name in body}
        row["status"] = "RECONCILING"
        seconds = operations.vary(self._world, UPDATE_SECONDS)
        operation = operations.start(
            self._world, "UPDATE_NODE_POOL", key, seconds, "gke.pool.updated", pool=row["name"]
        )
        return operations.view(self._world, operation)

    def _updated(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is None:
            return
        row = self._world.table("gke.pools")[f"{operation['_cluster']}/{operation['_pool']}"]
        before = row["config"].get("labels", {})
        row["config"] = {**row["config"], **row.pop("_update")}
        row["status"] = "RUNNING"
        row["etag"] = self._world.uid()
        gone = sorted(set(before) - set(row["config"].get("labels", {})))
        self._world.tell("pool.relabelled", cluster=operation["_cluster"], pool=row, gone=gone)
        operations.finish(self._world, operation)

    def _resize(self, call: Call) -> Json:
        body = schema.normalise("SetNodePoolSizeRequest", call.request.json())
        key, row = self._pools.find(call)
        size, before = int(body.get("nodeCount", 0)), row["initialNodeCount"]
        config = row["config"]
        more = max(0, size - before) * len(row["locations"])
        quotas.check(self._world, key, config["machineType"], more, spot=bool(config.get("spot")))
        operations.refuse_if_busy(self._world, key, row["name"])
        row["_failure"] = failure = pool_failures.resize_failure(self._world, key, row, size)
        row["_size"] = size
        row["status"] = "RECONCILING"
        seconds = operations.stretched(self._world, "pool.resize", row["name"], self._seconds(row, more))
        if failure is not None:
            seconds = failure["after"] if failure["after"] is not None else RESIZE_SECONDS
        operation = operations.start(
            self._world, "SET_NODE_POOL_SIZE", key, seconds, "gke.pool.resized", pool=row["name"]
        )
        return operations.view(self._world, operation)

    def _seconds(self, row: Json, more: int) -> float:
        """New TPU machines take as long as those of a new pool."""
        machine = machines.find(row["config"]["machineType"])
        if more and machine is not None and machine.chips:
            return self._world.rng.uniform(*TPU_POOL_SECONDS)
        return RESIZE_SECONDS

    def _resized(self, payload: Json) -> None:
        operation = operations.running(self._world, payload["operation"])
        if operation is None:
            return
        key = operation["_cluster"]
        row = self._world.table("gke.pools")[f"{key}/{operation['_pool']}"]
        row["status"] = "RUNNING"
        failure, size = row.pop("_failure"), row.pop("_size")
        if failure:
            said, code, condition = failure["message"], failure["code"], failure["condition"]
            operations.finish(self._world, operation, error=said, code=code, condition=condition)
            return
        before = row["initialNodeCount"]
        row["initialNodeCount"] = size
        row["_nodes"] = size * len(row["locations"])
        for zone in row["locations"]:
            if size > before:
                self._pools.tell_nodes(key, row, zone, size - before, RESIZE_READY_IN)
            elif size < before:
                self._world.tell("pool.shrunk", cluster=key, pool=row, zone=zone, count=size)
        operations.finish(self._world, operation)
