"""Reads one file whole, by https or http URL or by path, up to a limit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from saxtui.adapters.exchange import loopback
from saxtui.errors import Ambiguous, CallError, Denied, Invalid, NotFound, Problem, Unreachable
from saxtui.model.text import safe

if TYPE_CHECKING:
    import httpx

_TIMEOUT = 60.0
_REDIRECTS = 5


class FileFetch:
    """Fulfils ports.Fetch."""

    async def __call__(self, source: str, limit: int = 8_388_608) -> bytes:
        """The bytes. Redirects are followed from https to https only. Raises CallError."""
        if urlsplit(source).scheme in ("http", "https"):
            return await _download(source, limit)
        return await asyncio.to_thread(_read, source, limit)


def _read(source: str, limit: int) -> bytes:
    path = Path(source.removeprefix("file://")).expanduser()
    try:
        with path.open("rb") as handle:
            data = handle.read(limit + 1)
    except OSError as error:
        kind = NotFound if isinstance(error, FileNotFoundError) else Denied
        raise kind(_problem(source, error.strerror or str(error), "name a readable file or a URL")) from error
    return _whole(data, source, limit)


async def _download(source: str, limit: int) -> bytes:
    import httpx

    url = source
    host = urlsplit(source).hostname or ""
    async with httpx.AsyncClient(follow_redirects=False, timeout=_TIMEOUT, trust_env=not loopback(host)) as client:
        for _ in range(_REDIRECTS + 1):
            try:
                async with asyncio.timeout(_TIMEOUT), client.stream("GET", url) as response:
                    if response.is_redirect:
                        url = _next_hop(source, url, response.headers.get("Location", ""))
                        continue
                    return await _body(response, source, limit)
            except (httpx.HTTPError, TimeoutError) as error:
                said = f"cannot be downloaded: {safe(error, 300) or type(error).__name__}"
                raise Unreachable(_problem(source, said, "check the network, or download it and name the file")) from (
                    error
                )
    raise Invalid(_problem(source, f"more than {_REDIRECTS} redirects", "name the file's own address"))


def _next_hop(source: str, url: str, location: str) -> str:
    target = urljoin(url, location)
    if urlsplit(url).scheme != "https" or urlsplit(target).scheme != "https":
        raise Invalid(_problem(source, f"redirects to {safe(target, 200)}, which is not https to https", ""))
    return target


async def _body(response: httpx.Response, source: str, limit: int) -> bytes:
    if response.status_code != 200:
        kinds: dict[int, type[CallError]] = {404: NotFound, 410: NotFound, 401: Denied, 403: Denied}
        kind = kinds.get(response.status_code, Ambiguous if response.status_code >= 500 else Invalid)
        raise kind(_problem(source, f"HTTP {response.status_code}", "check the address", str(response.status_code)))
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > limit:
            break
    return _whole(bytes(data), source, limit)


def _whole(data: bytes, source: str, limit: int) -> bytes:
    if len(data) > limit:
        raise Invalid(_problem(source, f"is larger than {limit} bytes", "check that it is the right file"))
    return data


def _problem(source: str, said: str, next_step: str, code: str = "") -> Problem:
    return Problem(tried="fetch", target=safe(source), said=safe(said), next_step=next_step, code=code)
