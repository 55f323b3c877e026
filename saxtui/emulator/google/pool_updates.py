"""GKE v1: changes to node pools in place: labels and taints of their nodes, labels of their machines."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.google import operations, schema
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.node_pools import NodePools
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

UPDATE_SECONDS = 20.0
_WRAPPED = {"labels": "labels", "resourceLabels": "labels", "taints": "taints"}
"""Field of the request and of the pool's config, to the field inside the request's message."""
_ADDRESS = frozenset({"name", "projectId", "zone", "clusterId", "nodePoolId", "etag"})


class PoolUpdates:
    """The update method of node pools. Nodes that are there get the new labels; new ones the taints too."""

    def __init__(self, world: World, pools: NodePools) -> None:
        self._world = world
        self._pools = pools
        world.on("gke.pool.updated", self._updated)

    def routes(self) -> list[Route]:
        """PUT of one node pool."""
        one = "/v1/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}"
        return [Route("container", "PUT", one, self._update)]

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
