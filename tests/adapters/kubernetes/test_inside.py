"""A page of a pod's own localhost by port-forward: what comes back, and every way it may not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.kubernetes.client import KubernetesClient
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.errors import Ambiguous, CallError, Unreachable

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>one\x1b[31m two</p>"


async def read(serve: Serve, *frames: bytes, status: int = 101) -> str:
    """The page, from a server that answers the request with these frames and ends the tunnel."""
    asked: list[bytes] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert (request.path, request.query["ports"]) == ("/api/v1/namespaces/n/pods/admin/portforward", "8080")
        assert request.headers["Authorization"] == "Bearer secret"
        if status != 101:
            return web.json_response({"kind": "Status", "message": "no"}, status=status)
        socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await socket.prepare(request)
        for channel in (0, 1):
            await socket.send_bytes(bytes([channel]) + (8080).to_bytes(2, "little"))
        asked.append(await socket.receive_bytes())
        for frame in frames:
            await socket.send_bytes(frame)
        await socket.close()
        return socket

    async def token() -> str:
        return "secret"

    kube = KubernetesClient(Connection(await serve(answer), "", token), SystemClock())
    try:
        return await kube.page("n", "admin", 8080, "/x")
    finally:
        await kube.close()
        assert all(request.startswith(b"\0GET /x HTTP/1.0\r\nHost: localhost:8080\r\n") for request in asked)


async def test_the_page_comes_in_pieces_and_harmless(serve: Serve) -> None:
    text = await read(serve, b"\0" + PAGE[:30], b"\0" + PAGE[30:])
    assert "one" in text and " two</p>" in text and "\x1b" not in text


@pytest.mark.parametrize(
    ("frames", "status", "kind", "said"),
    [
        ((b"\1error forwarding port 8080: connect: connection refused",), 101, Unreachable, "connection refused"),
        ((), 101, Unreachable, "nobody answers"),
        ((b"\0SSH-2.0-nonsense\r\n",), 101, Ambiguous, "not an HTTP answer"),
        ((b"\0HTTP/1.0 404 Not Found\r\n\r\n404",), 101, Ambiguous, "HTTP 404"),
        ((), 403, CallError, "403"),
    ],
)
async def test_what_is_no_page(
    serve: Serve, frames: tuple[bytes, ...], status: int, kind: type[CallError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        await read(serve, *frames, status=status)
