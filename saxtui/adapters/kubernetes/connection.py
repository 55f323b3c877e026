"""HTTPS to one API server: trust in its own CA only, our own token, the official client as transport.

The typed models of the official client are not used: they cost about 50 times the decoding time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from saxtui.adapters.exchange import loopback
from saxtui.adapters.kubernetes import errors
from saxtui.errors import Problem, Unreachable
from saxtui.model.text import safe

TIMEOUT = 30.0
_CONNECT = 10.0
_STREAMS = 1024
"""Connections at a time: every host's log may be followed, and the watches and calls must not wait for those."""
_BUFFER = 262_144
"""Bytes kept for each answer before its socket is left alone: what many streams hold unread must stay small."""
_LARGEST_ANSWER = 268_435_456
_LARGEST_ERROR = 1_048_576
CLOSED = "CLOSED"
"""The reason of an error on a connection that we closed ourselves: trying again there is of no use."""
Token = Callable[[], Awaitable[str]]


class Connection:
    """One session. `address` is https://host[:port]; `ca_pem` "" trusts the public authorities."""

    def __init__(self, address: str, ca_pem: str, token: Token) -> None:
        self.address = address.rstrip("/")
        self.ca_pem = ca_pem
        self.token = token
        self._client: Any = None
        self._channels: Any = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def open(self) -> None:
        """Load the client library off the loop. Raises Unreachable for a CA that is none, and after `close`."""
        if self._client is None:
            # One client for all who come at the same time: the others' would stay open, nobody having them.
            async with self._opening:
                await self._open()

    async def _open(self) -> None:
        self._refuse_closed()
        if self._client is not None:
            return
        loaded = await asyncio.to_thread(self._configure)
        self._refuse_closed()
        from kubernetes.aio.client.api_client import ApiClient

        try:
            self._client = await asyncio.to_thread(ApiClient, loaded)  # it reads the system's authorities
        except (OSError, ValueError) as error:
            raise Unreachable(
                Problem(
                    tried="connect to",
                    target=safe(self.address),
                    said=f"the cluster's CA cannot be read: {safe(error)}",
                )
            ) from error

    def _refuse_closed(self) -> None:
        if self._closed:
            said = "the connection was closed"
            raise Unreachable(Problem(tried="use", target=safe(self.address), said=said, reason=CLOSED))

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine: then no proxy stands in between, whatever the environment says."""
        return loopback(urlsplit(self.address).hostname or "")

    async def call(
        self, method: str, path: str, tried: str, target: str, *, query: Mapping[str, str] | None = None,
        body: Any = None, content_type: str = "application/json", timeout: float = TIMEOUT,
        limit: int = _LARGEST_ANSWER,
    ) -> bytes:  # fmt: skip
        """One request, its whole answer, cut at `limit` bytes. Raises CallError."""
        try:
            async with (
                asyncio.timeout(timeout),
                self.stream(method, path, tried, target, query=query, body=body, content_type=content_type) as answer,
            ):
                return await _read(answer, limit)
        except Exception as error:
            raise errors.from_exception(error, tried, target) from error

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, tried: str, target: str, *, query: Mapping[str, str] | None = None,
        body: Any = None, content_type: str = "application/json",
    ) -> AsyncGenerator[Any, None]:  # fmt: skip
        """One request, answered as an aiohttp response that may go on for ever. Raises CallError for 4xx and 5xx."""
        import aiohttp

        try:
            await self.open()
            headers = {"Accept": "application/json", "Content-Type": content_type, "User-Agent": "saxtui"}
            token = await self.token()
            if token:
                headers["Authorization"] = f"Bearer {token}"
            method, url, sent, body, _ = await self._client.param_serialize(
                method, path, query_params=list((query or {}).items()), header_params=headers, body=body
            )
            limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT)
            response = (await self._client.call_api(method, url, sent, body, _request_timeout=limits)).response
        except Exception as error:
            raise errors.from_exception(error, tried, target) from error
        try:
            if response.status >= 400:
                async with asyncio.timeout(TIMEOUT):
                    text = await _read(response, _LARGEST_ERROR)
                raise errors.from_response(response.status, text, tried, target)
            yield response
        finally:
            response.close()

    @asynccontextmanager
    async def socket(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[Any, None]:
        """A WebSocket of channels (v4.channel.k8s.io), as aiohttp has it. Raises CallError, and what aiohttp raises."""
        await self.open()
        if self._channels is None:
            from kubernetes.aio.stream import WsApiClient

            loaded = await asyncio.to_thread(self._configure)
            self._refuse_closed()
            self._channels = await asyncio.to_thread(WsApiClient, loaded)
        token = await self.token()
        headers = {"User-Agent": "saxtui", **({"Authorization": f"Bearer {token}"} if token else {})}
        opened = await self._channels.request(
            "GET", self.address + path, list(query.items()), headers, _preload_content=False
        )
        async with opened as socket:
            yield socket

    async def close(self) -> None:
        """Close the session for good; harmless twice."""
        self._closed = True
        clients = (self._client, self._channels)
        self._client = self._channels = None
        for client in clients:
            if client is not None:
                await client.close()

    def _configure(self) -> Any:
        from kubernetes.aio.client import Configuration

        settings = Configuration(host=self.address, ca_cert_data=self.ca_pem or None)
        # Python 3.13 refuses CAs without a key identifier by default; chain and host name are verified all the same.
        settings.disable_strict_ssl_verification = True
        settings.connection_pool_maxsize = _STREAMS
        settings.client_session_kwargs = {"read_bufsize": _BUFFER}
        if self.loopback:
            settings.client_session_kwargs["trust_env"] = False
        return settings


async def _read(response: Any, limit: int) -> bytes:
    """The whole answer, cut at `limit` bytes."""
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > limit:
            break
    return bytes(data[:limit])
