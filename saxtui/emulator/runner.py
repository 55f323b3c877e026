"""How the emulator's listeners run: quiet about what strangers send, and quick to end."""

from __future__ import annotations

import logging
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

SHUTDOWN_SECONDS = 0.5


def _worth_telling(record: logging.LogRecord) -> bool:
    """Bytes that are not HTTP are the sender's mistake: it gets its 400, and nobody else needs to read of it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_logger = logging.getLogger("saxtui.emulator.http")
_logger.addFilter(_worth_telling)


def make(app: web.Application, **options: Any) -> web.AppRunner:
    """A runner of that application; `options` as for aiohttp's."""
    return web.AppRunner(app, access_log=None, logger=_logger, shutdown_timeout=SHUTDOWN_SECONDS, **options)
