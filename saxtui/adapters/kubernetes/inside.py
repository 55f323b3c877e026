"""One page of a program that listens on its pod's own localhost, where no proxy reaches: through a port-forward.

The protocol is the one the official Python client forwards ports with (kubernetes.stream.ws_client.PortForward):
a WebSocket with v4.channel.k8s.io, bytes on channel 0, what went wrong on channel 1, each begun by its port number.
"""

from __future__ import annotations

import asyncio
import io
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

from saxtui.adapters.kubernetes import errors
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.errors import Ambiguous, Problem, Unreachable
from saxtui.model.text import safe, safe_block

_DATA, _ERROR = 0, 1
_LARGEST = 4 * 1024 * 1024


async def page(connection: Connection, namespace: str, pod: str, port: int, path: str, timeout: float) -> str:
    """GET `path` there; the text. Raises CallError, also for an answer that is not 200."""
    target = f"{pod}:{port}{path}"
    try:
        async with asyncio.timeout(timeout):
            data, complaint = await _exchange(connection, namespace, pod, port, path)
    except Exception as error:
        raise errors.from_exception(error, "read", target) from error
    if not data:
        said = safe(complaint, 500) or "nobody answers on that port"
        raise Unreachable(Problem(tried="read", target=safe(target), said=said))
    return _text(data, target)


async def _exchange(connection: Connection, namespace: str, pod: str, port: int, path: str) -> tuple[bytes, str]:
    """Send one request and read until the tunnel ends, which it does with the program's answer."""
    where = f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
    data, complaint, begun = bytearray(), b"", set[int]()
    async with connection.socket(where, {"ports": str(port)}) as socket:
        request = f"GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        await socket.send_bytes(bytes([_DATA]) + request.encode())
        async for message in socket:
            frame = message.data
            if not isinstance(frame, bytes) or not frame:
                continue
            if frame[0] not in begun:
                begun.add(frame[0])  # the channel's first frame is its port's number
            elif frame[0] == _DATA:
                data += frame[1:]
            elif frame[0] == _ERROR:
                complaint += frame[1:]
            if complaint or len(data) > _LARGEST:
                break
    return bytes(data), complaint.decode("utf-8", "replace")


class _Read:
    """What HTTPResponse wants of a socket: all that came."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _text(data: bytes, target: str) -> str:
    try:
        answer = HTTPResponse(cast(Any, _Read(data)))
        answer.begin()
        body = answer.read(_LARGEST)
    except (HTTPException, OSError, ValueError) as error:
        raise Ambiguous(Problem("read", safe(target), f"not an HTTP answer: {safe(error)}")) from error
    if answer.status != 200:
        raise Ambiguous(Problem("read", safe(target), f"HTTP {answer.status}", code=str(answer.status)))
    return safe_block(body.decode("utf-8", "replace"))
