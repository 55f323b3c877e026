"""Google Kubernetes Engine v1 through the official client's REST transport, in threads, without its retries."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from saxtui.adapters.google.transport import TIMEOUT, Json, Transport
from saxtui.errors import NotFound
from saxtui.model.text import safe
from saxtui.ports import ClusterInfo, NodePoolInfo, Operation

_REASON = re.compile(r"\[(GCE_[A-Z_]+)\]")


class GoogleGke:
    """Fulfils ports.Gke."""

    def __init__(self, transport: Transport, endpoint: str) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._client: Any = None

    async def get_cluster(self, location: str, name: str) -> ClusterInfo | None:
        """None where the API says 404."""
        path = self._cluster(location, name)
        found = await self._read("get_cluster", {"name": path}, "get cluster", name)
        return None if found is None else _cluster_info(found)

    async def list_clusters(self, location: str) -> list[ClusterInfo]:
        """Clusters of the location, "-" for all."""
        found = await self._read("list_clusters", {"parent": self._parent(location)}, "list clusters in", location)
        return [_cluster_info(item) for item in found.clusters] if found is not None else []

    async def create_cluster(self, location: str, body: Json) -> Operation:
        """`body` is a Cluster, or the REST request around it."""
        spec = body.get("cluster", body)
        return await self._create("cluster", "Cluster", self._parent(location), spec)

    async def delete_cluster(self, location: str, name: str) -> Operation:
        """Raises NotFound."""
        return await self._delete("delete_cluster", self._cluster(location, name), f"cluster {name}")

    async def get_node_pool(self, location: str, cluster: str, name: str) -> NodePoolInfo | None:
        """None where the API says 404."""
        path = f"{self._cluster(location, cluster)}/nodePools/{name}"
        found = await self._read("get_node_pool", {"name": path}, "get node pool", name)
        return None if found is None else _pool_info(found)

    async def list_node_pools(self, location: str, cluster: str) -> list[NodePoolInfo]:
        """[] where the cluster does not exist."""
        parent = self._cluster(location, cluster)
        found = await self._read("list_node_pools", {"parent": parent}, "list node pools of", cluster)
        return [_pool_info(item) for item in found.node_pools] if found is not None else []

    async def create_node_pool(self, location: str, cluster: str, body: Json) -> Operation:
        """`body` is a NodePool, or the REST request around it."""
        spec = body.get("nodePool", body)
        return await self._create("node_pool", "NodePool", self._cluster(location, cluster), spec)

    async def delete_node_pool(self, location: str, cluster: str, name: str) -> Operation:
        """Raises NotFound."""
        path = f"{self._cluster(location, cluster)}/nodePools/{name}"
        return await self._delete("delete_node_pool", path, f"node pool {name}")

    async def set_node_pool_size(self, location: str, cluster: str, name: str, hosts: int) -> Operation:
        """`hosts` per zone. Raises NotFound."""
        path = f"{self._cluster(location, cluster)}/nodePools/{name}"
        return await self._change("set_node_pool_size", {"name": path, "node_count": hosts}, "resize", f"pool {name}")

    async def label_cluster(self, location: str, name: str, labels: Mapping[str, str]) -> Operation:
        """Read, add, write back under the fingerprint that was read."""
        path = self._cluster(location, name)
        found = await self._must_read("get_cluster", path, f"cluster {name}")
        merged = {**_labels(found.resource_labels), **labels}
        request = {"name": path, "resource_labels": merged, "label_fingerprint": found.label_fingerprint}
        return await self._change("set_labels", request, "label", f"cluster {name}")

    async def label_node_pool(self, location: str, cluster: str, name: str, labels: Mapping[str, str]) -> Operation:
        """Read, add, write back under the etag that was read."""
        path = f"{self._cluster(location, cluster)}/nodePools/{name}"
        found = await self._must_read("get_node_pool", path, f"pool {name}")
        merged = {**_labels(found.config.resource_labels), **labels}
        request = {"name": path, "resource_labels": {"labels": merged}, "etag": found.etag}
        return await self._change("update_node_pool", request, "label", f"pool {name}")

    async def get_operation(self, location: str, name: str) -> Operation | None:
        """None where the API says 404."""
        path = f"{self._parent(location)}/operations/{name}"
        found = await self._read("get_operation", {"name": path}, "get operation", name)
        return None if found is None else _operation(found)

    async def list_operations(self, location: str) -> list[Operation]:
        """Those running and those of the last hours, as the API keeps them."""
        found = await self._read("list_operations", {"parent": self._parent(location)}, "list operations in", location)
        return [_operation(item) for item in found.operations] if found is not None else []

    async def versions(self, location: str) -> tuple[str, tuple[str, ...]]:
        """The default cluster version and all valid ones."""
        found = await self._read("get_server_config", {"name": self._parent(location)}, "get versions in", location)
        if found is None:
            return "", ()
        return safe(found.default_cluster_version), tuple(safe(text) for text in found.valid_master_versions)

    def _parent(self, location: str) -> str:
        return f"projects/{self._transport.project}/locations/{location}"

    def _cluster(self, location: str, name: str) -> str:
        return f"{self._parent(location)}/clusters/{name}"

    def _load(self) -> Any:
        if self._client is None:
            from google.cloud import container_v1

            self._client = container_v1.ClusterManagerClient(
                transport="rest",
                credentials=self._transport.credentials.load(),
                client_options={"api_endpoint": self._endpoint},
            )
        return self._client

    async def _read(self, method: str, request: dict[str, str], tried: str, target: str) -> Any:
        try:
            return await self._transport.run(
                lambda: getattr(self._load(), method)(request=request, timeout=TIMEOUT), tried, target
            )
        except NotFound:
            return None

    async def _must_read(self, method: str, path: str, target: str) -> Any:
        """Raises NotFound."""
        return await self._transport.run(
            lambda: getattr(self._load(), method)(request={"name": path}, timeout=TIMEOUT), "get", target
        )

    async def _create(self, field: str, message: str, parent: str, spec: Json) -> Operation:
        name = str(spec.get("name", ""))
        words = field.replace("_", " ")
        parsed = await self._transport.run(lambda: _parse(message, spec), f"read the body of {words}", name)
        request = {"parent": parent, field: parsed}
        found = await self._transport.run(
            lambda: getattr(self._load(), f"create_{field}")(request=request, retry=None, timeout=TIMEOUT),
            f"create {words}",
            name,
        )
        return _operation(found)

    async def _delete(self, method: str, path: str, target: str) -> Operation:
        return await self._change(method, {"name": path}, "delete", target)

    async def _change(self, method: str, request: Json, tried: str, target: str) -> Operation:
        found = await self._transport.run(
            lambda: getattr(self._load(), method)(request=request, retry=None, timeout=TIMEOUT), tried, target
        )
        return _operation(found)


def _parse(message: str, spec: Json) -> Any:
    """JSON to protobuf; raises ParseError for a field or enum name the API does not have."""
    from google.cloud import container_v1
    from google.protobuf import json_format

    kind = getattr(container_v1, message)
    return kind(json_format.ParseDict(spec, kind.pb(kind())))


def _cluster_info(found: Any) -> ClusterInfo:
    return ClusterInfo(
        name=safe(found.name),
        location=safe(found.location),
        status=_enum(found.status),
        endpoint=safe(found.endpoint),
        ca_pem=_pem(found.master_auth.cluster_ca_certificate),
        version=safe(found.current_master_version),
        uid=safe(found.id),
        link=safe(found.self_link),
        labels=_labels(found.resource_labels),
        zones=tuple(safe(zone) for zone in found.locations),
        node_count=found.current_node_count,
        workload_pool=safe(found.workload_identity_config.workload_pool),
        said=_said(found),
        channel=_channel(found),
        private_nodes=found.network_config.default_enable_private_nodes
        or found.private_cluster_config.enable_private_nodes,
        network=safe(found.network),
        subnetwork=safe(found.subnetwork),
    )


def _channel(found: Any) -> str:
    name = _enum(found.release_channel.channel)
    return "none" if name in ("", "UNSPECIFIED") else name.lower()


def _pool_info(found: Any) -> NodePoolInfo:
    groups = [url.rsplit("/", 1)[-1] for url in found.instance_group_urls]
    return NodePoolInfo(
        name=safe(found.name),
        status=_enum(found.status),
        machine_type=safe(found.config.machine_type),
        topology=safe(found.placement_policy.tpu_topology),
        node_count=found.initial_node_count,
        zones=tuple(safe(zone) for zone in found.locations),
        labels=_labels(found.config.resource_labels),
        version=safe(found.version),
        uid=safe(groups[0]) if groups else "",
        link=safe(found.self_link),
        said=_said(found),
    )


def _operation(found: Any) -> Operation:
    done = _enum(found.status) == "DONE"
    error = safe(found.error.message or found.status_message, 1500) if done else ""
    return Operation(
        name=safe(found.name),
        kind=_enum(found.operation_type),
        status=_enum(found.status),
        target=safe(found.target_link),
        error=error,
        reason=_reason(found, error) if error else "",
        said=safe(found.detail),
        fraction=_fraction(found.progress.metrics),
        started=_epoch(found.start_time),
    )


def _reason(found: Any, error: str) -> str:
    for condition in (*found.nodepool_conditions, *found.cluster_conditions):
        if _enum(condition.code) not in ("", "UNKNOWN"):
            return _enum(condition.code)
    match = _REASON.search(error)
    return match[1] if match else ""


def _fraction(metrics: Any) -> float | None:
    """Done over total of the operation's own counters (CLUSTER_DEPLOYING and CLUSTER_DEPLOYING_TOTAL, and so on)."""
    values = {metric.name: float(metric.int_value or metric.double_value) for metric in metrics}
    total = sum(value for name, value in values.items() if name.endswith("_TOTAL"))
    done = sum(value for name, value in values.items() if f"{name}_TOTAL" in values)
    return min(1.0, done / total) if total else None


def _said(found: Any) -> str:
    parts = [found.status_message, *(condition.message for condition in found.conditions)]
    return safe("; ".join(dict.fromkeys(part for part in parts if part)), 1500)


def _labels(found: Any) -> dict[str, str]:
    return {safe(key): safe(value) for key, value in found.items()}


def _enum(value: Any) -> str:
    return str(getattr(value, "name", value))


def _pem(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _epoch(text: str) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
