"""How the emulator's listeners run: quiet about what strangers send, and quick to end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

SHUTDOWN_SECONDS = 0.5
_SENDERS = (web.RequestPayloadError, HttpProcessingError, ConnectionError, ClientError)
"""What goes wrong when a request is read, and is the doing of who sends it."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _worth_telling(record: logging.LogRecord) -> bool:
    """Bytes that are not HTTP are the sender's mistake: it gets its 400, and nobody else needs to read of it."""
    return not (record.exc_info and isinstance(record.exc_info[1], _SENDERS))


_logger = logging.getLogger("saxtui.emulator.http")
_logger.addFilter(_worth_telling)


@web.middleware
async def _whole(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A body that cannot be read is the sender's mistake too; so is going away while sending it."""
    if not request.raw_path.isascii():
        return web.Response(status=400, text="the request's path is not ASCII\n")
    try:
        await request.read()
    except _SENDERS as error:
        return web.Response(status=400, text=f"the request's body cannot be read: {type(error).__name__}\n")
    return await handler(request)


def make(app: web.Application, **options: Any) -> web.AppRunner:
    """A runner of that application, which gets whole requests; `options` as for aiohttp's."""
    app.middlewares.insert(0, _whole)
    return web.AppRunner(app, access_log=None, logger=_logger, shutdown_timeout=SHUTDOWN_SECONDS, **options)
