"""Faults of the scenario between a client and an API server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from saxtui.emulator.kubernetes import status
from saxtui.emulator.waiting import Waiting

Json = dict[str, Any]
_WORDS = {
    401: ("Unauthorized", "Unauthorized"),
    403: ("Forbidden", "forbidden"),
    409: ("Conflict", status.MODIFIED_SINCE),
    429: ("TooManyRequests", "Too many requests, please try again later."),
    500: ("InternalError", "Internal error occurred: etcdserver: leader changed"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "Timeout: request did not complete within requested timeout"),
}
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>\n"


async def answer(
    fault: Json, request: web.Request, waiting: Waiting, serve: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What becomes of a request that `serve` would answer."""
    kind = fault["fault"]
    if kind == "hang":
        await waiting.sleep(fault["seconds"])
        return await serve()
    if kind == "lost-response":
        await serve()
    if kind in ("drop", "lost-response"):
        return hang_up(request)
    if kind == "html":
        return web.Response(status=int(fault["status"]), body=_PAGE, content_type="text/html")
    if kind == "garbage":
        return web.Response(body=bytes(range(256)) * 2, content_type="application/json")
    if kind == "huge":
        body = b'{"kind": "Padding", "x": "' + b"x" * (int(fault["megabytes"]) * 2**20) + b'"}'
        return web.Response(body=body, content_type="application/json")
    code = int(fault["status"])
    reason, message = _WORDS.get(code, ("InternalError", "an error on the server has prevented the request"))
    body_ = status.body(code, fault["reason"] or reason, fault["message"] or message)
    response = web.json_response(body_, status=code)
    if fault["retry_after"] is not None:
        response.headers["Retry-After"] = str(fault["retry_after"])
    return response


def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer; the response returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
