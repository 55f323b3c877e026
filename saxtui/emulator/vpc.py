"""The way into the simulated network: load balancers' addresses, which nobody can dial from outside of it.

/vpc/ADDRESS/PORT/REST is what http://ADDRESS:PORT/REST would be from a machine in that network.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from saxtui.emulator.kubernetes import proxy, routes, status
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.world import World

Json = dict[str, Any]
PREFIX = "/vpc"
ROUTE = PREFIX + r"/{address:[0-9.]+}/{port:\d+}{rest:/.*|}"
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"})


async def answer(world: World, request: web.Request) -> web.Response:
    """What stands behind that address answers; 503 with the dialler's words where nothing does."""
    address, port = request.match_info["address"], request.match_info["port"]
    found = _behind(world, address)
    if found is None:
        return _unreached(f"dial tcp {address}:{port}: connect: no route to host")
    store, namespace, name = found
    try:
        place = routes.to_service(store, namespace, f"{name}:{port}")
    except status.ApiError:
        return _unreached(f"dial tcp {address}:{port}: connect: connection refused")
    headers = {key: value for key, value in request.headers.items() if key.lower() not in _HOP}
    asked = proxy.ProxyRequest(
        request.method, request.match_info["rest"] or "/", urlsplit(request.raw_path).query, headers,
        await request.read(),
    )  # fmt: skip
    answered = await proxy.forward(world, store.key, place.namespace, place.pod, place.port, asked)
    if answered is proxy.NoAnswer.REFUSED:
        return _unreached(f"dial tcp {address}:{port}: connect: connection refused")
    if isinstance(answered, proxy.NoAnswer):
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)
    kept = {key: value for key, value in answered.headers.items() if key.lower() not in _HOP}
    return web.Response(status=answered.status, body=answered.body, headers=kept)


def _behind(world: World, address: str) -> tuple[KubeStore, str, str] | None:
    """The Service whose load balancer has that address."""
    for key, row in world.table("services.balancers").items():
        cluster, namespace, name = key.rsplit("|", 2)
        store = world.kube.get(cluster)
        if row["address"] == address and row["state"] == "ready" and store is not None:
            return store, namespace, name
    return None


def _unreached(said: str) -> web.Response:
    return web.json_response({"kind": "Status", "apiVersion": "v1", "code": 503, "message": said}, status=503)
