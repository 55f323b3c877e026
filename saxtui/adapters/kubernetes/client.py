"""One cluster's API server: objects of any kind, logs and the live picture."""

from __future__ import annotations

import builtins
import json
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Any

from saxtui.adapters.kubernetes import inside, logs
from saxtui.adapters.kubernetes.chips import ChipReader
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.kinds import KNOWN, Resource
from saxtui.adapters.kubernetes.watch import Watcher
from saxtui.errors import Ambiguous, NotFound, Problem
from saxtui.model.chips import NodeChips
from saxtui.model.cluster import ClusterView, LogLine
from saxtui.model.log_batch import LogLines
from saxtui.model.text import safe, safe_block
from saxtui.ports import Clock, Json, LogRequest, Ref, Turns

FIELD_MANAGER = "saxtui"
_PAGE = "500"


class KubernetesClient:
    """Fulfils ports.Kubernetes."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self._clock = clock
        self._kinds = dict(KNOWN)
        self._chips = ChipReader(connection, clock)

    async def version(self) -> str:
        """The server's git version."""
        return str((await self._json("GET", "/version", "read version of", "API server")).get("gitVersion", ""))

    async def get(self, ref: Ref) -> Json | None:
        """None where the API says 404, also for a kind it does not serve (yet)."""
        try:
            resource = await self._resource(ref.api_version, ref.kind)
            return await self._json("GET", resource.path(ref.namespace, ref.name), "get", str(ref))
        except NotFound:
            return None

    async def list(
        self, api_version: str, kind: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> builtins.list[Json]:
        """Objects by selector, in pages. [] for a kind the server does not serve."""
        query = {"limit": _PAGE}
        if labels:
            query["labelSelector"] = labels
        if fields:
            query["fieldSelector"] = fields
        found: builtins.list[Json] = []
        try:
            path = (await self._resource(api_version, kind)).path(namespace)
            while True:
                page = await self._json("GET", path, "list", kind, query=query)
                found += [{"apiVersion": api_version, "kind": kind, **item} for item in page.get("items") or []]
                query["continue"] = str((page.get("metadata") or {}).get("continue") or "")
                if not query["continue"]:
                    return found
        except NotFound:
            return found

    async def create(self, body: Json, *, dry_run: bool = False) -> Json:
        """Raises Conflict when it exists."""
        resource, namespace, name = await self._place(body)
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", **_dry(dry_run)}
        target = f"{resource.kind.lower()}/{name}"
        return await self._json("POST", resource.path(namespace), "create", target, query=query, body=body)

    async def apply(self, body: Json, *, force: bool = False, dry_run: bool = False) -> Json:
        """Server-side apply. Raises Conflict naming the fields and their owner."""
        resource, namespace, name = await self._place(body)
        query = {
            "fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", "force": str(force).lower(), **_dry(dry_run)
        }  # fmt: skip
        path, target = resource.path(namespace, name), f"{resource.kind.lower()}/{name}"
        return await self._json(
            "PATCH", path, "apply", target, query=query, body=body, content_type="application/apply-patch+yaml"
        )

    async def patch(self, ref: Ref, body: Json) -> Json:
        """JSON merge patch. Raises NotFound."""
        path = (await self._resource(ref.api_version, ref.kind)).path(ref.namespace, ref.name)
        query = {"fieldManager": FIELD_MANAGER}
        return await self._json(
            "PATCH", path, "patch", str(ref), query=query, body=body, content_type="application/merge-patch+json"
        )

    async def delete(self, ref: Ref, *, uid: str = "", propagation: str = "Background") -> bool:
        """False when it was absent already. Raises Conflict when `uid` is not its uid."""
        body: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            path = (await self._resource(ref.api_version, ref.kind)).path(ref.namespace, ref.name)
            await self._json("DELETE", path, "delete", str(ref), body=body)
        except NotFound:
            return False
        return True

    async def read_log(self, request: LogRequest) -> builtins.list[LogLine]:
        """The lines there are now. Raises NotFound; Invalid when the container has not started."""
        return await logs.read(self.connection, request)

    def stream_log(self, request: LogRequest, turns: Turns) -> AsyncGenerator[LogLines, None]:
        """Lines in bulk; with follow as they come, until the container ends."""
        return logs.stream(self.connection, request, self._clock, turns)

    async def page(self, namespace: str, pod: str, port: int, path: str = "/", timeout: float = 5.0) -> str:
        """A page that a program in the pod serves on its own localhost, through a port-forward. Raises CallError."""
        return await inside.page(self.connection, namespace, pod, port, path, timeout)

    def watch(self, namespaces: Sequence[str], labels: str = "") -> AsyncGenerator[ClusterView, None]:
        """The live picture, for ever."""
        return Watcher(self.connection, self._clock, namespaces, labels).views()

    async def look(self, namespaces: Sequence[str], labels: str = "") -> ClusterView:
        """One picture, read now. Raises CallError."""
        return await Watcher(self.connection, self._clock, namespaces, labels).look()

    async def read_chips(self, nodes: Collection[str]) -> Mapping[str, NodeChips]:
        """TPU metrics by node, or why there are none."""
        return await self._chips.read(nodes)

    async def close(self) -> None:
        """Close the session."""
        await self.connection.close()

    async def _place(self, body: Json) -> tuple[Resource, str, str]:
        meta = body.get("metadata") or {}
        resource = await self._resource(str(body.get("apiVersion", "")), str(body.get("kind", "")))
        namespace = str(meta.get("namespace") or "default") if resource.namespaced else ""
        return resource, namespace, str(meta.get("name", ""))

    async def _resource(self, api_version: str, kind: str) -> Resource:
        known = self._kinds.get((api_version, kind))
        if known is None:
            known = await self._discover(api_version, kind)
            self._kinds[api_version, kind] = known
        return known

    async def _discover(self, api_version: str, kind: str) -> Resource:
        root = "/api/v1" if api_version == "v1" else f"/apis/{api_version}"
        found = await self._json("GET", root, "look up kind", f"{kind} in {api_version}")
        for item in found.get("resources") or []:
            if item.get("kind") == kind and "/" not in str(item.get("name")):
                return Resource(api_version, kind, str(item["name"]), bool(item.get("namespaced")))
        said = "the API server does not serve this kind"
        raise NotFound(Problem(tried="look up kind", target=safe(f"{kind} in {api_version}"), said=said, code="404"))

    async def _json(self, method: str, path: str, tried: str, target: str, **more: Any) -> Json:
        body = await self.connection.call(method, path, tried, target, **more)
        try:
            found = json.loads(body)
        except ValueError as error:
            raise _not_json(tried, target) from error
        if not isinstance(found, dict):
            raise _not_json(tried, target)
        return {key: _clean(value) for key, value in found.items()}


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _not_json(tried: str, target: str) -> Ambiguous:
    return Ambiguous(Problem(tried=tried, target=safe(target), said="the answer is not JSON", may_bill=None))


def _clean(value: Any) -> Any:
    """Every string made harmless; line feeds stay."""
    if isinstance(value, str):
        return safe_block(value)
    if isinstance(value, builtins.list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {safe(key): _clean(item) for key, item in value.items()}
    return value
