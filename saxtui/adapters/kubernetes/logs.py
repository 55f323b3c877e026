"""Container logs: read once, or followed through breaks without repeating a line."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from saxtui.adapters.kubernetes import errors
from saxtui.adapters.kubernetes.connection import CLOSED, Connection
from saxtui.adapters.kubernetes.lines import LONGEST_LOG_LINE, Splitter
from saxtui.adapters.kubernetes.times import epoch, stamp
from saxtui.errors import Ambiguous, CallError, NotFound, Throttled, Unreachable
from saxtui.model.cluster import LogLine
from saxtui.model.text import safe
from saxtui.ports import Clock, LogRequest

_SILENT = 300.0
"""Real seconds without a byte after which a follow is opened anew: a dead connection looks like a quiet pod."""
_GIVE_UP = 120.0
_PAUSE = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True)
class _Place:
    """Where a follow stands: the last line's timestamp as the server wrote it, and how many lines carry it."""

    stamp: str = ""
    count: int = 0
    at: float = 0.0


async def read(connection: Connection, request: LogRequest) -> list[LogLine]:
    """The lines there are now; those at or before `request.since` are left out."""
    body = await connection.call(
        "GET", _path(request), "read log of", request.pod, query=_query(request, request.since)
    )
    found: list[LogLine] = []
    at = 0.0
    pieces = Splitter(LONGEST_LOG_LINE)
    for raw in (*pieces.feed(body), pieces.rest()):
        if raw:
            _, at, text = _parse(raw, at)
            if request.since is None or at > request.since:
                found.append(LogLine(request.pod, at, text))
    return found


async def follow(connection: Connection, request: LogRequest, clock: Clock) -> AsyncGenerator[LogLine, None]:
    """Lines as they come, until the container ends. Raises NotFound, Invalid; others after two minutes of trying."""
    place = _Place(at=request.since or 0.0)
    broken_at: float | None = None
    first_break: float | None = None
    attempt = 0
    while True:
        resumed = broken_at is not None
        try:
            async for line in _stream(connection, request, place):
                if resumed and line is not None:
                    yield _gap(request.pod, line.at, clock.now() - (broken_at or 0.0))
                resumed, attempt, first_break = False, 0, None
                if line is not None:
                    yield line
            if not await _running(connection, request):
                return
        except (Ambiguous, Unreachable, Throttled) as error:
            first_break = first_break or time.monotonic()
            if error.problem.reason == CLOSED or time.monotonic() - first_break > _GIVE_UP:
                raise
        broken_at = clock.now()
        await asyncio.sleep(_PAUSE[min(attempt, len(_PAUSE) - 1)] * random.uniform(0.7, 1.3))
        attempt += 1


async def _stream(connection: Connection, request: LogRequest, place: _Place) -> AsyncIterator[LogLine | None]:
    """One connection's lines. None says that the line where the last connection ended came back: nothing is missing."""
    old_stamp, old_count, again = place.stamp, place.count, 0
    splitter = Splitter(LONGEST_LOG_LINE)
    query = _query(request, place.at or None)
    async with connection.stream("GET", _path(request), "follow log of", request.pod, query=query) as response:
        async for raw in _raw_lines(response, splitter, request):
            written, at, text = _parse(raw, place.at)
            if old_stamp and written and (written < old_stamp or (written == old_stamp and again < old_count)):
                again += written == old_stamp
                yield None
                continue
            if not old_stamp and request.since is not None and at <= request.since:
                continue
            place.count = place.count + 1 if written == place.stamp else 1
            place.stamp, place.at = written, at
            yield LogLine(request.pod, at, text)


async def _raw_lines(response: Any, splitter: Splitter, request: LogRequest) -> AsyncIterator[bytes]:
    chunks = response.content.iter_any()
    while True:
        try:
            async with asyncio.timeout(_SILENT):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            break
        except Exception as error:
            raise errors.from_exception(error, "follow log of", request.pod) from error
        for line in splitter.feed(chunk):
            yield line
    rest = splitter.rest()
    if rest:
        yield rest


async def _running(connection: Connection, request: LogRequest) -> bool:
    """Whether the followed container still runs: then the server ended the answer, not the container."""
    import json

    path = f"/api/v1/namespaces/{request.namespace}/pods/{request.pod}"
    try:
        found = json.loads(await connection.call("GET", path, "get pod", request.pod))
        statuses = found.get("status", {}).get("containerStatuses", [])
    except NotFound:
        return False
    except (CallError, ValueError, AttributeError):
        return True
    return any(
        "running" in (item.get("state") or {}) for item in statuses if request.container in ("", item.get("name"))
    )


def _path(request: LogRequest) -> str:
    return f"/api/v1/namespaces/{request.namespace}/pods/{request.pod}/log"


def _query(request: LogRequest, since: float | None) -> dict[str, str]:
    query = {"timestamps": "true"}
    if request.container:
        query["container"] = request.container
    if request.follow:
        query["follow"] = "true"
    if request.previous:
        query["previous"] = "true"
    if since is not None:
        query["sinceTime"] = stamp(since)
    elif request.tail is not None:
        query["tailLines"] = str(request.tail)
    return query


def _parse(raw: bytes, last: float) -> tuple[str, float, str]:
    """A line's timestamp as written ("" when it has none: the rest of a long line), as epoch seconds, and its text."""
    text = raw.decode("utf-8", "replace")
    written, space, rest = text.partition(" ")
    at = epoch(written) if written[:1].isdigit() else 0.0
    if not at:
        return "", last, _shown(text)
    return _in_order(written), at, _shown(rest if space else "")


def _in_order(written: str) -> str:
    """A timestamp that sorts as text: RFC3339Nano leaves out trailing zeros, so "05.12Z" comes after "05.123Z"."""
    if not written.endswith("Z"):
        return written
    second, _, fraction = written[:-1].partition(".")
    return f"{second}.{fraction:0<9}Z"


def _shown(text: str) -> str:
    """A progress bar redraws its line with carriage returns: its last state is what counts."""
    return safe(text.rstrip("\r").rpartition("\r")[2], LONGEST_LOG_LINE)


def _gap(pod: str, at: float, seconds: float) -> LogLine:
    return LogLine(pod, at, f"the stream broke for {max(0.0, seconds):.0f} s; lines may be missing here", gap=True)
