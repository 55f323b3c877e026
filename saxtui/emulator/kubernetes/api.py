"""The API server of one cluster over HTTP (aiohttp): routing, authorization and streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from saxtui.emulator import scenarios
from saxtui.emulator.kubernetes import (
    faults,
    fixed,
    logs,
    paths,
    proxy,
    reads,
    routes,
    status,
    subresources,
    watch,
    writes,
)
from saxtui.emulator.kubernetes.kinds import VIEWS
from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.paths import Target
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.streams import execute, portforward
from saxtui.emulator.kubernetes.wire import JSON, Call, Reply
from saxtui.emulator.waiting import Waiting
from saxtui.emulator.world import World

MAX_BODY = 16 * 2**20
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})
_PROXY_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_encode = msgspec.json.Encoder().encode
Verb = Callable[[KubeStore, Target, Call], Reply]

_COLLECTION: dict[str, Verb] = {"GET": reads.listing, "POST": writes.create, "DELETE": writes.delete_all}
_OBJECT: dict[str, Verb] = {
    "GET": reads.get,
    "PUT": writes.replace,
    "PATCH": writes.change,
    "DELETE": writes.delete,
}
_ACTS: dict[tuple[str, str], Verb] = {
    ("Pod", "eviction"): subresources.evict,
    ("ServiceAccount", "token"): subresources.token,
}
_STREAMS: dict[str, Callable[[KubeStore, Json, web.Request], Awaitable[web.StreamResponse]]] = {
    "exec": execute.serve,
    "attach": partial(execute.serve, attach=True),
    "portforward": portforward.serve,
}
_STATUS: dict[str, Verb] = {"GET": reads.get, "PUT": writes.replace, "PATCH": writes.change}
_SCALE: dict[str, Verb] = {"GET": writes.scale, "PUT": writes.scale, "PATCH": writes.scale}


def verb_for(target: Target, method: str) -> Verb | None:
    """What a method does there; None when the path has no such subresource. Raises ApiError 405."""
    table = _COLLECTION if not target.name else _OBJECT
    if target.info in VIEWS and method not in ("GET", "DELETE"):
        raise status.method_not_allowed()
    if target.subresource:
        if target.subresource == "status" and target.info.has_status:
            table = _STATUS
        elif target.subresource == "scale" and target.info.scale:
            table = _SCALE
        elif (target.info.kind, target.subresource) in _ACTS:
            table = {"POST": _ACTS[target.info.kind, target.subresource]}
        else:
            return None
    if method not in table:
        raise status.method_not_allowed()
    return table[method]


def make_app(
    world: World,
    cluster_key: str,
    *,
    authorize: Callable[[str], bool],
    on_request: Callable[..., None],
    tick: Callable[[], None] | None = None,
) -> web.Application:
    """The API server of `world.kube[cluster_key]`.

    `authorize` gets the bearer token ("" when there is none); `on_request(method, path, status, query)` hears of every
    answered request; `tick` is called before each request, so that the world's time is current.
    """
    server = _Server(world, cluster_key, authorize, tick)

    async def handle(request: web.Request) -> web.StreamResponse:
        code = 500
        try:
            response = await server.answer(request)
            code = response.status
            return response
        except asyncio.CancelledError:
            code = 200  # the client ended a watch or a log it was following
            raise
        finally:
            on_request(request.method, request.path, code, dict(request.query))

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_route("*", "/{tail:.*}", handle)
    return app


class _Server:
    """Answers the requests of one cluster."""

    def __init__(
        self, world: World, key: str, authorize: Callable[[str], bool], tick: Callable[[], None] | None
    ) -> None:
        self._world = world
        self._key = key
        self._authorize = authorize
        self._tick = tick or (lambda: None)
        self._waiting = Waiting(world)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        body = await request.read()
        self._tick()
        call = _call(request, body)
        try:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if not self._authorize(token.strip() if scheme.lower() == "bearer" else ""):
                raise status.unauthorized()
            store = self._world.kube.get(self._key)
            if store is None:
                raise status.unavailable("the cluster is not running")
            fault = scenarios.on_request(self._world, "kubernetes", call.method, call.path)
            if fault is not None:
                serve = partial(self._dispatch, store, call, request)
                return await faults.answer(fault, request, self._waiting, serve)
            return await self._dispatch(store, call, request)
        except status.ApiError as refusal:
            return _response(Reply(refusal.code, refusal.status))

    async def _dispatch(self, store: KubeStore, call: Call, request: web.Request) -> web.StreamResponse:
        reply = fixed.answer(store.registry, call)
        if reply is not None:
            return _response(reply)
        target = paths.parse(store.registry, call.path)
        if target is None:
            return _response(fixed.missing())
        if target.subresource == "proxy" and target.info.kind in ("Service", "Pod"):
            return await self._proxy(store, target, call, request)
        if target.subresource in _STREAMS and target.info.kind == "Pod" and call.method in ("GET", "POST"):
            return await _STREAMS[target.subresource](store, reads.live(store, target), request)
        if target.subresource == "log" and target.info.kind == "Pod" and call.method == "GET":
            wanted = logs.wanted(store, target, call)
            return await _send(request, logs.stream(store, wanted), "text/plain")
        if call.method == "GET" and not target.name and call.flag("watch"):
            watch.open_watch(store, target, call)
            reads.parse_rv(call.query.get("resourceVersion", ""))
            return await _send(request, watch.stream(store, target, call), JSON)
        verb = verb_for(target, call.method)
        return _response(fixed.missing() if verb is None else verb(store, target, call))

    async def _proxy(self, store: KubeStore, target: Target, call: Call, request: web.Request) -> web.StreamResponse:
        if call.method not in _PROXY_METHODS:
            raise status.method_not_allowed()
        place = routes.resolve(store, target)
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in (*_HOP, "authorization")
        }
        asked = proxy.ProxyRequest(
            call.method, target.rest or "/", urlsplit(request.raw_path).query, headers, call.body
        )
        answer = await proxy.forward(self._world, self._key, place.namespace, place.pod, place.port, asked)
        if answer is proxy.NoAnswer.REFUSED:
            pod = store.peek("Pod", place.namespace, place.pod) or {}
            address = f"{(pod.get('status') or {}).get('podIP', '')}:{place.port}"
            why = f"dial tcp {address}: connect: connection refused"
            raise status.unavailable(f"error trying to reach service: {why}")
        if isinstance(answer, proxy.NoAnswer):
            raise status.unavailable("error trying to reach service: EOF")
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        response = web.Response(status=answer.status, body=answer.body, headers=kept)
        if not any(name.lower() == "content-type" for name in kept):
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
        return response


def _call(request: web.Request, body: bytes) -> Call:
    query: dict[str, str] = {}
    for name, value in request.query.items():
        query.setdefault(name, value)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, urlsplit(request.raw_path).path, query, headers, body)


def _response(reply: Reply) -> web.Response:
    payload = reply.body.encode() if isinstance(reply.body, str) else _encode(reply.body) + b"\n"
    headers = {"Content-Type": reply.content_type, "Cache-Control": "no-cache, private"}
    response = web.Response(status=reply.code, body=payload, headers=headers)
    for text in reply.warnings:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response


async def _send(request: web.Request, chunks: AsyncGenerator[bytes], content_type: str) -> web.StreamResponse:
    """Stream chunks as they come; a client that has gone ends the stream quietly."""
    response = web.StreamResponse(headers={"Content-Type": content_type, "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                await response.write(chunk)
        await response.write_eof()
    except ConnectionError:
        pass
    return response
