"""Fetching a file whole: limits, redirects, and errors that name the source."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from saxtui.adapters.web import FileFetch
from saxtui.errors import Ambiguous, CallError, Denied, Invalid, NotFound, Unreachable

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


async def test_file(tmp_path: Path) -> None:
    path = tmp_path / "manifests.yaml"
    path.write_bytes(b"kind: List\n")
    assert await FileFetch()(str(path)) == b"kind: List\n"
    with pytest.raises(Invalid, match="larger"):
        await FileFetch()(str(path), limit=4)
    with pytest.raises(NotFound, match=r"none\.yaml"):
        await FileFetch()(str(tmp_path / "none.yaml"))


async def test_url(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        codes = {"/missing": 404, "/secret": 403, "/broken": 503}
        if request.path == "/elsewhere":
            return web.Response(status=302, headers={"Location": "/ok"})
        return web.Response(status=codes.get(request.path, 200), body=b"content" * 100)

    address = await serve(handler)
    assert await FileFetch()(f"{address}/ok") == b"content" * 100
    kinds: dict[str, type[CallError]] = {
        "/missing": NotFound, "/secret": Denied, "/broken": Ambiguous, "/elsewhere": Invalid
    }  # fmt: skip
    for path, kind in kinds.items():
        with pytest.raises(kind):
            await FileFetch()(address + path)
    with pytest.raises(Invalid, match="larger"):
        await FileFetch()(f"{address}/ok", limit=100)
    with pytest.raises(Unreachable, match="127"):
        await FileFetch()("http://127.0.0.1:9/manifests.yaml")
