"""What the Sax HTTP server, or the API server's proxy before it, says when it will not."""

from __future__ import annotations

import json
import re
from typing import Any

from saxtui.errors import (
    Ambiguous,
    Busy,
    CallError,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Problem,
    Throttled,
    Unauthenticated,
    Unreachable,
)
from saxtui.model.text import safe

_CODE = re.compile(r"\[([A-Z_]+)\]\s*$")
_RPC_CODE = re.compile(r"\bcode = (\w+)")
_UNREACHED = re.compile(r"no endpoints available|connection refused|no route to host|no such host")
_STARTING = re.compile(r"no admin server has ever run|got an empty location")
_BY_CODE: dict[str, type[CallError]] = {
    "ALREADYEXISTS": Conflict,
    "NOTFOUND": NotFound,
    "INVALIDARGUMENT": Invalid,
    "FAILEDPRECONDITION": Invalid,
    "PERMISSIONDENIED": Denied,
    "UNAUTHENTICATED": Unauthenticated,
    "RESOURCEEXHAUSTED": Throttled,
}


def from_response(code: int, body: bytes, tried: str, target: str) -> CallError:
    """The error for a non-2xx answer of either dialect, or of the API server that relays it."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if isinstance(found, dict) and found.get("kind") == "Status":
        return _relayed(code, found, tried, target)
    said = _words(found)
    if said is None:
        text = safe(body[:200].decode("utf-8", "replace"))
        return Ambiguous(_problem(tried, target, f"not the Sax server's answer (HTTP {code}): {text}", code, None))
    kind, next_step = _judge(code, said)
    may_bill = None if kind is Ambiguous else False
    return kind(_problem(tried, target, said, code, may_bill, next_step, _code_in(said)))


def _words(found: Any) -> str | None:
    """The old dialect answers {"Error"} or {"message"}, the new one {"detail"} (a list for a malformed request)."""
    if not isinstance(found, dict):
        return None
    said = found.get("Error") or found.get("detail") or found.get("message")
    if isinstance(said, list):
        parts = [f"{'.'.join(str(step) for step in item.get('loc', []))}: {item.get('msg', '')}" for item in said]
        return "; ".join(parts)
    return str(said) if said else None


def _code_in(said: str) -> str:
    match = _CODE.search(said) or _RPC_CODE.search(said)
    return match[1] if match else ""


def _judge(code: int, said: str) -> tuple[type[CallError], str]:
    if "being unpublished" in said:
        return Busy, "the servers still unload it; try again in a few seconds"
    if _STARTING.search(said):
        return Busy, "the admin server is still starting; try again in a minute"
    if "already exists" in said:
        return Conflict, ""
    if "not found" in said.lower() and "Not Found" not in said:
        return NotFound, ""
    if "is not a directory" in said:
        return Invalid, "SAX_ROOT names no Sax cell: check the bucket and the admin server's log"
    kind = _BY_CODE.get(_code_in(said).replace("_", "").upper())
    if kind is not None:
        return kind, ""
    return (Invalid, "") if code < 500 else (Ambiguous, "look at the HTTP server's log")


def _relayed(code: int, status: dict[str, Any], tried: str, target: str) -> CallError:
    said = str(status.get("message", ""))
    reason = safe(status.get("reason", ""))
    if code in (500, 502, 503, 504):
        if _UNREACHED.search(said):
            next_step = "the HTTP server is not up (yet): look at its pod"
            return Unreachable(_problem(tried, target, said, code, False, next_step, reason))
        if said.endswith("EOF"):
            said = f"the HTTP server dropped the connection without an answer ({said})"
        return Ambiguous(_problem(tried, target, said, code, None, "", reason))
    kinds: dict[int, type[CallError]] = {401: Unauthenticated, 403: Denied, 404: NotFound, 429: Throttled}
    kind = kinds.get(code, Invalid)
    next_step = "the HTTP server's Service does not exist: saxtui up makes it" if kind is NotFound else ""
    # A missing Service must not read as a model that is not published.
    kind = Unreachable if kind is NotFound else kind
    return kind(_problem(tried, target, said, code, False, next_step, reason))


def _problem(
    tried: str, target: str, said: str, code: int, may_bill: bool | None, next_step: str = "", reason: str = ""
) -> Problem:
    return Problem(
        tried=tried,
        target=safe(target),
        said=safe(said, 1500),
        next_step=next_step,
        code=str(code) if code else "",
        reason=safe(reason),
        may_bill=may_bill,
    )
