"""One connection to a port inside a pod: bytes in, bytes out, with HTTP spoken at the pod's end.

The programs of the embedded cloud answer requests (`proxy.forward`), not bytes; aiohttp's server protocol, given a
transport that is no socket, does the HTTP between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from aiohttp import web

from saxtui.emulator.kubernetes import proxy
from saxtui.emulator.kubernetes.routes import PodPort
from saxtui.emulator.world import World

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})


_log = logging.getLogger(__name__)
_malformed = logging.getLogger(f"{__name__}.malformed")
# aiohttp would print a traceback for each request that is no HTTP; its sender is told with a 400.
_malformed.setLevel(logging.CRITICAL)
TURNS = 20
"""Turns of the event loop that the HTTP protocol may take from the last byte of a request to its handler."""


class _Transport(asyncio.Transport):
    """What the HTTP protocol writes to."""

    def __init__(self, send: Callable[[bytes], None], closed: Callable[[], None]) -> None:
        super().__init__()
        self._send = send
        self._closed = closed
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self._closing:
            self._send(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._closed()

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        """What has come in waits in the protocol: a console's requests are small."""

    def resume_reading(self) -> None:
        """See pause_reading."""


class Pipe:
    """A connection to `place`. `send` gets what the program answers; `over` is called once, with an error or ""."""

    def __init__(
        self, world: World, cluster: str, place: PodPort, send: Callable[[bytes], None], over: Callable[[str], None]
    ) -> None:
        self._world = world
        self._cluster = cluster
        self._place = place
        self._over = over
        self._error = ""
        self._serving = 0
        self._ending: list[asyncio.Future[None]] = []
        self._transport = _Transport(send, self._finished)
        self._server = web.Server(self._answer, access_log=None, tcp_keepalive=False, logger=_malformed)
        self._protocol = self._server()
        self._protocol.connection_made(self._transport)

    def feed(self, data: bytes) -> None:
        """Bytes from the client."""
        if not self._transport.is_closing():
            self._protocol.data_received(data)

    def end(self) -> None:
        """The client will send no more: close after the answer under way, or soon when nothing whole was asked."""
        if not self._ending:
            self._protocol.close()
            self._ending.append(asyncio.ensure_future(self._close_if_idle()))

    async def _close_if_idle(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if not self._serving:
            self._transport.close()

    async def abandon(self) -> None:
        """The client is gone."""
        self._transport.close()
        await self._server.shutdown(0)

    def _finished(self) -> None:
        self._protocol.connection_lost(None)
        self._over(self._error)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        asked = proxy.ProxyRequest(request.method, path, query, headers, await request.read())
        place = self._place
        self._serving += 1
        try:
            answer = await proxy.forward(self._world, self._cluster, place.namespace, place.pod, place.port, asked)
        except Exception:
            _log.exception("a program of the embedded cloud failed")
            raise
        finally:
            self._serving -= 1
        if isinstance(answer, proxy.NoAnswer):
            self._break(refused=answer is proxy.NoAnswer.REFUSED)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        return web.Response(status=answer.status, body=answer.body, headers=kept)

    def _break(self, *, refused: bool) -> NoReturn:
        """Nobody listens, or the program hung up: the connection ends without an answer."""
        if refused:
            self._error = f"dial tcp4 127.0.0.1:{self._place.port}: connect: connection refused"
        self._transport.close()
        raise asyncio.CancelledError
