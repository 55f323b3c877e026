"""What every HTTP client of ours shares: what an exception means, bounded bodies, and big decoding off the loop."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from saxtui.errors import Ambiguous, CallError, Problem, Unreachable
from saxtui.model.text import safe

if TYPE_CHECKING:
    import httpx

LARGEST_REPLY = 4_194_304
"""Bytes of one answer that are read at most; a longer one is refused."""
_OFF_LOOP = 65_536
_CONNECT, _LATER = 5.0, 5.0
"""Seconds: for a connection, and by which httpx gives up later than we do."""
T = TypeVar("T")


def limits(timeout: float) -> httpx.Timeout:
    """httpx's own time-outs for a request that an `asyncio.timeout` of so many seconds bounds as a whole.

    They end later: two that end in the same moment both cancel the task, and the second is then not taken back.
    """
    import httpx

    later = timeout + _LATER
    return httpx.Timeout(later, connect=_CONNECT if timeout > _CONNECT else later)


def from_exception(
    error: Exception, tried: str, target: str, timeout: float, server: str, *, silence: str = ""
) -> CallError:
    """The error for whatever httpx raised, or a deadline. `server` names it for the way out.

    `silence` is a command that looks for the reason when no answer came.
    """
    import httpx

    if isinstance(error, CallError):
        return error
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        said, way_out = f"no connection: {safe(error, 300)}", f"check that {server} runs and the network is there"
        return Unreachable(problem(tried, target, said, "UNREACHABLE", way_out, may_bill=False))
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        said, way_out = f"no answer in {timeout:.0f} s", "the request was not repeated; it may still be worked on"
        return Ambiguous(replace(problem(tried, target, said, "TIMEOUT", way_out), command=silence))
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        said = "the server dropped the connection without an answer"
        return Ambiguous(problem(tried, target, said, "DROPPED", f"look at the log of {server}"))
    return Ambiguous(problem(tried, target, safe(error, 300) or type(error).__name__, ""))


def problem(
    tried: str, target: str, said: str, reason: str, next_step: str = "", *, may_bill: bool | None = None, code: int = 0
) -> Problem:
    """A Problem about one request, sanitized."""
    return Problem(
        tried=tried, target=safe(target), said=safe(said, 1500), next_step=next_step,
        code=str(code) if code else "", reason=safe(reason), may_bill=may_bill,
    )  # fmt: skip


async def read(response: httpx.Response) -> bytes:
    """The body, cut one chunk beyond the limit."""
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > LARGEST_REPLY:
            break
    return bytes(data)


async def decoded(data: bytes, tried: str, target: str, decode: Callable[[Any], T]) -> T:
    """JSON, and what `decode` makes of it; a big answer in a thread. Raises Ambiguous for another shape."""
    if len(data) > LARGEST_REPLY:
        raise Ambiguous(problem(tried, target, f"the answer is longer than {LARGEST_REPLY} bytes", "TOO_LARGE"))

    def work() -> T:
        try:
            return decode(json.loads(data))
        except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
            raise unexpected(tried, target, data[:200]) from None

    return await asyncio.to_thread(work) if len(data) > _OFF_LOOP else work()


def unexpected(tried: str, target: str, found: Any) -> Ambiguous:
    """An answer that is not what the protocol says."""
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else repr(found)
    page = "a web page" if text.lstrip()[:1] == "<" else "an answer of an unknown shape"
    return Ambiguous(problem(tried, target, f"{page}: {safe(text, 200)}", "UNKNOWN_SHAPE"))


def loopback(host: str) -> bool:
    """Whether it is this machine: then no proxy stands in between, whatever the environment says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
