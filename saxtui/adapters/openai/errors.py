"""What a server of the OpenAI protocol says when it will not."""

from __future__ import annotations

import json
from typing import Any

from saxtui.adapters.exchange import problem
from saxtui.errors import (
    Ambiguous,
    CallError,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Throttled,
    Unauthenticated,
)
from saxtui.model.text import safe

KEY = "SAXTUI_OPENAI_KEY"
_KINDS: dict[int, type[CallError]] = {
    400: Invalid, 401: Unauthenticated, 403: Denied, 404: NotFound, 409: Conflict, 413: Invalid, 415: Invalid,
    422: Invalid,
}  # fmt: skip
_WAYS = {
    401: f"put the server's API key into the environment variable {KEY}",
    404: "check the address and the model's name: saxtui chat --openai URL lists what is served",
}


def from_response(code: int, retry_after: str, body: bytes, tried: str, target: str) -> CallError:
    """The error for a non-2xx answer. A 5xx may have been worked on, so it is Ambiguous."""
    said, reason = _words(body)
    if code == 429:
        wait = float(retry_after) if retry_after.replace(".", "", 1).isdigit() else None
        way = "ask again" + (f" in {wait:.0f} s" if wait else " later")
        return Throttled(problem(tried, target, said or "asked to slow down", reason, way, may_bill=False, code=code),
                         wait)  # fmt: skip
    kind = _KINDS.get(code, Ambiguous)
    bills = None if kind is Ambiguous else False
    return kind(problem(tried, target, said or f"HTTP {code}", reason, _WAYS.get(code, ""), may_bill=bills, code=code))


def from_event(found: Any, tried: str, target: str) -> CallError | None:
    """An error told in the middle of a stream, or None."""
    error = found.get("error") if isinstance(found, dict) else None
    if not error:
        return None
    said, reason = _words(json.dumps({"error": error}).encode())
    return Ambiguous(problem(tried, target, said, reason))


def _words(body: bytes) -> tuple[str, str]:
    """(what it said, its code); the body's beginning where it is not the protocol's error."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    error = found.get("error") if isinstance(found, dict) else None
    if isinstance(error, dict):
        return str(error.get("message") or ""), str(error.get("code") or error.get("type") or "")
    if isinstance(error, str):
        return error, ""
    if isinstance(found, dict) and (found.get("detail") or found.get("message")):
        return str(found.get("detail") or found.get("message")), ""
    return f"not the protocol's answer: {safe(body[:200].decode('utf-8', 'replace'))}" if body else "", ""
