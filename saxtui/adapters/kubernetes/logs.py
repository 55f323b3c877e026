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
from saxtui.adapters.kubernetes.log_bytes import LogDecoder
from saxtui.errors import Ambiguous, CallError, NotFound, Throttled, Unreachable
from saxtui.model.cluster import LogLine
from saxtui.model.log_batch import LogLines, epoch_of, stamp_of
from saxtui.ports import Clock, LogRequest, Turns

_SILENT = 300.0
"""Real seconds without a byte after which a follow is opened anew: a dead connection looks like a quiet pod."""
_GIVE_UP = 120.0
_PAUSE = (0.5, 1.0, 2.0, 4.0, 8.0)
_CHUNK = 131_072
"""Bytes decoded in one go: about a millisecond's work."""


@dataclass(slots=True)
class _Place:
    """Where a follow stands: the last line's stamp, and how many lines carry it (none: `stamp` itself was read)."""

    stamp: bytes = b""
    count: int = 0

    def after(self, lines: LogLines) -> None:
        """Move past these lines."""
        last = lines.stamps[-1]
        again = 0
        for stamp in reversed(lines.stamps):
            if stamp != last:
                break
            again += 1
        self.count = self.count + again if last == self.stamp and again == len(lines) else again
        self.stamp = last


async def read(connection: Connection, request: LogRequest) -> list[LogLine]:
    """The lines there are now; those at or before `request.since` are left out."""
    query = _query(request, stamp_of(request.since or 0.0))
    body = await connection.call("GET", _path(request), "read log of", request.pod, query=query)
    decoder = LogDecoder()
    found: list[LogLine] = []
    for start in (*range(0, len(body), _CHUNK), -1):
        lines = decoder.feed(body[start : start + _CHUNK]) if start >= 0 else decoder.rest()
        for stamp, text in zip(lines.stamps, lines.texts, strict=True):
            line = LogLine(request.pod, epoch_of(stamp), text.decode())
            if request.since is None or line.at > request.since:
                found.append(line)
        await asyncio.sleep(0)
    return found


async def stream(
    connection: Connection, request: LogRequest, clock: Clock, turns: Turns
) -> AsyncGenerator[LogLines, None]:
    """Lines as they come, until the container ends; an empty one each time that an answer begins.

    Without `request.follow` the lines there are now. Raises NotFound, Invalid; others after two minutes of trying.
    """
    place = _Place(request.after)
    broken_at: float | None = None
    first_break: float | None = None
    attempt = 0
    while True:
        resumed = broken_at is not None
        try:
            async for lines in _answer(connection, request, place, turns):
                if resumed and lines:
                    yield _gap(lines.stamps[0], clock.now() - (broken_at or 0.0))
                if lines is not _OPENED:
                    resumed, attempt, first_break = False, 0, None
                yield lines or _OPENED
            if not request.follow or not await _running(connection, request):
                return
        except (Ambiguous, Unreachable, Throttled) as error:
            first_break = first_break or time.monotonic()
            if error.problem.reason == CLOSED or not request.follow or time.monotonic() - first_break > _GIVE_UP:
                raise
        broken_at = clock.now()
        await asyncio.sleep(_PAUSE[min(attempt, len(_PAUSE) - 1)] * random.uniform(0.7, 1.3))
        attempt += 1


_OPENED = LogLines()


async def _answer(connection: Connection, request: LogRequest, place: _Place, turns: Turns) -> AsyncIterator[LogLines]:
    """One connection's lines. Empty ones, other than _OPENED, say that the line where the last one ended came back."""
    seen, old = _Place(), _Place(place.stamp, place.count)
    past = not old.stamp
    decoder = LogDecoder()
    query = _query(request, place.stamp)
    async with connection.stream("GET", _path(request), "follow log of", request.pod, query=query) as response:
        yield _OPENED
        async for chunk in _chunks(response, request):
            await turns.turn()
            lines = decoder.feed(chunk) if chunk else decoder.rest()
            if lines and not past:
                known = _known(lines, old, seen)
                past = known < len(lines)
                if known:
                    lines = LogLines(lines.stamps[known:], lines.texts[known:])
                    yield LogLines()
            if lines:
                place.after(lines)
                yield lines


def _known(lines: LogLines, old: _Place, seen: _Place) -> int:
    """How many lines from the beginning were there before the break; `seen` counts those of its last stamp."""
    for number, stamp in enumerate(lines.stamps):
        if stamp > old.stamp or (stamp == old.stamp and old.count and seen.count >= old.count):
            return number
        seen.count += stamp == old.stamp
    return len(lines)


async def _chunks(response: Any, request: LogRequest) -> AsyncIterator[bytes]:
    """Pieces of the answer's body, and b"" at its end."""
    chunk = b"-"
    while chunk:
        try:
            async with asyncio.timeout(_SILENT):
                chunk = await response.content.read(_CHUNK)
        except Exception as error:
            raise errors.from_exception(error, "follow log of", request.pod) from error
        yield chunk


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


def _query(request: LogRequest, after: bytes) -> dict[str, str]:
    query = {"timestamps": "true"}
    if request.container:
        query["container"] = request.container
    if request.follow:
        query["follow"] = "true"
    if request.previous:
        query["previous"] = "true"
    if after:
        # Whole seconds are all that is sure to reach the kubelet; what comes again is known by its stamp.
        query["sinceTime"] = after[:19].decode() + "Z"
    elif request.since is not None:
        query["sinceTime"] = stamp_of(request.since).decode() + "Z"
    if not after and request.tail is not None:
        query["tailLines"] = str(request.tail)
    return query


def _gap(stamp: bytes, seconds: float) -> LogLines:
    said = f"the stream broke for {max(0.0, seconds):.0f} s; lines may be missing here"
    return LogLines([stamp], [said.encode()], gap=True)
