"""GET .../pods/NAME/portforward: SPDY/3.1 tunnelled in a WebSocket, as kubectl 1.31 and later forward ports.

For each connection kubectl opens two streams with the same requestID: "error", on which the node's runtime would say
what went wrong, and "data", which carries the bytes. The Python client speaks the older protocol: one connection to
each port of the query, its data on channel 2n and its error on channel 2n + 1 of the WebSocket itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from aiohttp import WSMsgType, web

from saxtui.emulator.kubernetes import status
from saxtui.emulator.kubernetes.objects import Json, whole_number
from saxtui.emulator.kubernetes.routes import PodPort
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.streams import spdy
from saxtui.emulator.kubernetes.streams.pipe import Pipe

PROTOCOL = "SPDY/3.1+portforward.k8s.io"
CHANNELS = "v4.channel.k8s.io"
CHUNK = 32 * 2**10


class _Session:
    """One tunnel: its streams, and the pipes behind them."""

    def __init__(self, store: KubeStore, pod: Json) -> None:
        self._store = store
        self._pod = pod
        self._framer = spdy.Framer()
        self._errors: dict[str, int] = {}
        self._pipes: dict[int, Pipe] = {}
        self.outbox: asyncio.Queue[bytes | None] = asyncio.Queue()

    def hear(self, chunk: bytes) -> None:
        """A message of the client. Raises BadFrame."""
        for frame in self._framer.feed(chunk):
            match frame:
                case spdy.Opened(stream, headers):
                    self._open(stream, headers)
                case spdy.Data(stream, payload, last) if stream in self._pipes:
                    if payload:
                        self._pipes[stream].feed(payload)
                    if last and stream in self._pipes:
                        self._pipes[stream].end()
                case spdy.Reset(stream) if stream in self._pipes:
                    self._pipes[stream].end()
                case spdy.Ping(number):
                    self.outbox.put_nowait(spdy.ping(number))
                case spdy.GoAway():
                    self.outbox.put_nowait(None)

    def _open(self, stream: int, headers: dict[str, str]) -> None:
        self.outbox.put_nowait(self._framer.reply(stream))
        request, port = headers.get("requestid", ""), whole_number(headers.get("port", ""))
        if headers.get("streamtype") == "error":
            self._errors[request] = stream
            return
        if headers.get("streamtype") != "data" or port is None or stream in self._pipes:
            self.outbox.put_nowait(spdy.reset(stream, 1))
            return
        metadata = self._pod["metadata"]
        place = PodPort(metadata["namespace"], metadata["name"], port)

        def send(data: bytes) -> None:
            for at in range(0, len(data), CHUNK):
                self.outbox.put_nowait(spdy.data(stream, data[at : at + CHUNK]))

        def over(error: str) -> None:
            self._over(stream, request, place.port, error)

        self._pipes[stream] = Pipe(self._store.world, self._store.key, place, send, over)

    def _over(self, stream: int, request: str, port: int, error: str) -> None:
        """A connection has ended: say why on its error stream, and close both."""
        self._pipes.pop(stream, None)
        complaint = self._errors.pop(request, None)
        if complaint is not None:
            text = _complaint(self._pod, port, error) if error else ""
            self.outbox.put_nowait(spdy.data(complaint, text.encode(), last=True))
        self.outbox.put_nowait(spdy.data(stream, b"", last=True))

    async def end(self) -> None:
        """The tunnel is closed."""
        for pipe in list(self._pipes.values()):
            await pipe.abandon()
        self.outbox.put_nowait(None)


class _Channels:
    """The older protocol: channels of the WebSocket, two a port. The tunnel ends with its last connection."""

    def __init__(self, store: KubeStore, pod: Json, ports: list[int]) -> None:
        self.outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._pod = pod
        self._left = len(ports)
        metadata = pod["metadata"]
        self._pipes = []
        for number, port in enumerate(ports):
            for channel in (2 * number, 2 * number + 1):
                self.outbox.put_nowait(bytes([channel]) + port.to_bytes(2, "little"))
            place = PodPort(metadata["namespace"], metadata["name"], port)
            send, over = self._sender(2 * number), self._ender(2 * number + 1, port)
            self._pipes.append(Pipe(store.world, store.key, place, send, over))

    def _sender(self, channel: int) -> Callable[[bytes], None]:
        def send(data: bytes) -> None:
            for at in range(0, len(data), CHUNK):
                self.outbox.put_nowait(bytes([channel]) + data[at : at + CHUNK])

        return send

    def _ender(self, channel: int, port: int) -> Callable[[str], None]:
        def over(error: str) -> None:
            if error:
                self.outbox.put_nowait(bytes([channel]) + _complaint(self._pod, port, error).encode())
            self._left -= 1
            if not self._left:
                self.outbox.put_nowait(None)

        return over

    def hear(self, chunk: bytes) -> None:
        """A message of the client: data for a port. Raises BadFrame."""
        if not chunk or chunk[0] % 2 or chunk[0] // 2 >= len(self._pipes):
            raise spdy.BadFrame("no such channel")
        self._pipes[chunk[0] // 2].feed(chunk[1:])

    async def end(self) -> None:
        """The tunnel is closed."""
        for pipe in self._pipes:
            await pipe.abandon()
        self.outbox.put_nowait(None)


def _complaint(pod: Json, port: int, error: str) -> str:
    sandbox = str(pod["metadata"]["uid"]).replace("-", "")
    inside = f"failed to connect to localhost:{port} inside namespace"
    return (
        f"error forwarding port {port} to pod {sandbox}, uid : failed to execute portforward in network namespace "
        f'"/var/run/netns/cni-{pod["metadata"]["uid"]}": {inside} "{sandbox}", IPv4: {error} '
        "IPv6 dial tcp6: address localhost: no suitable address found"
    )


def _ports(request: web.Request) -> list[int]:
    found = [whole_number(text) for each in request.query.getall("ports", []) for text in each.split(",")]
    if not found or None in found:
        raise status.bad_request('query parameter "ports" is required')
    return [port for port in found if port is not None]


async def serve(store: KubeStore, pod: Json, request: web.Request) -> web.StreamResponse:
    """Forward until the client goes. Raises ApiError 400 for a request that is no upgrade, or a pod that is not up."""
    if (pod.get("status") or {}).get("phase") != "Running":
        why = f'pod not found ("{pod["metadata"]["name"]}_{pod["metadata"]["namespace"]}")'
        raise status.error(400, "BadRequest", f"unable to forward port because pod is not running. {why}")
    socket = web.WebSocketResponse(protocols=(PROTOCOL, CHANNELS))
    chosen = socket.can_prepare(request)
    if not chosen.ok or chosen.protocol is None:
        raise status.bad_request(
            f"unable to upgrade: this server forwards ports over a WebSocket with {PROTOCOL} or {CHANNELS}"
        )
    ports = _ports(request) if chosen.protocol == CHANNELS else []
    await socket.prepare(request)
    session = _Channels(store, pod, ports) if ports else _Session(store, pod)
    sending = asyncio.create_task(_send(socket, session.outbox))
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                session.hear(message.data)
    except spdy.BadFrame:
        await socket.close(code=1002)
    finally:
        await session.end()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await sending
    return socket


async def _send(socket: web.WebSocketResponse, outbox: asyncio.Queue[bytes | None]) -> None:
    while (data := await outbox.get()) is not None:
        if socket.closed:
            return
        await socket.send_bytes(data)
    await socket.close()
