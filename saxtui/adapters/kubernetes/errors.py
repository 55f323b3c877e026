"""What the API server answers and what aiohttp raises, as saxtui's error tree."""

from __future__ import annotations

import json
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

_NO_ROUTE = b"404 page not found"
_WEBHOOK = "failed calling webhook"


def from_response(code: int, body: bytes, tried: str, target: str) -> CallError:
    """The error for a 4xx or 5xx answer, from its metav1.Status."""
    status = _status(body)
    if status is None and code == 404 and body.strip().startswith(_NO_ROUTE):
        status = {"message": "the API server does not know this kind", "reason": "NotFound"}
    if status is None:
        said = f"not the API server's answer (HTTP {code}): {safe(body[:200].decode('utf-8', 'replace'))}"
        kind: type[CallError] = Unauthenticated if code == 401 else Ambiguous
        return kind(Problem(tried=tried, target=safe(target), said=said, code=str(code), may_bill=None))
    kind, next_step = _judge(code, status)
    details = status.get("details") or {}
    problem = Problem(
        tried=tried,
        target=safe(target),
        said=safe(status.get("message") or f"HTTP {code}", 1500),
        next_step=next_step,
        code=str(code),
        reason=safe(status.get("reason") or ""),
        may_bill=None if kind is Ambiguous else False,
        details=tuple(safe(f"{item.get('field', '')}: {item.get('message', '')}") for item in _causes(details)),
    )
    if kind is Throttled:
        return Throttled(problem, details.get("retryAfterSeconds"))
    return kind(problem)


def _status(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("kind") == "Status" else None


def _causes(details: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in details.get("causes") or [] if isinstance(item, dict)]


def _judge(code: int, status: dict[str, Any]) -> tuple[type[CallError], str]:
    if code >= 500 and _WEBHOOK in str(status.get("message", "")):
        # Admission failed, so nothing was stored: the webhook's pods are not up yet.
        return Busy, "the webhook's controller is still starting; saxtui tries again by itself"
    if code == 429 or (code == 503 and (status.get("details") or {}).get("retryAfterSeconds")):
        return Throttled, "saxtui waits and tries again"
    match code:
        case 401:
            return Unauthenticated, "sign in again: gcloud auth application-default login"
        case 403:
            return Denied, "ask for the role Kubernetes Engine Developer on the project"
        case 404:
            return NotFound, ""
        case 409:
            return Conflict, ""
        case 410:
            return Conflict, "list again"
    return (Invalid, "") if code < 500 and code != 408 else (Ambiguous, "")


def from_exception(error: Exception, tried: str, target: str) -> CallError:
    """The error for whatever aiohttp, ssl or the decoder raised."""
    import aiohttp

    if isinstance(error, CallError):
        return error
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Unreachable(
            Problem(
                tried=tried, target=safe(target), said=f"the certificate is not the cluster's: {safe(error, 300)}",
                next_step="something stands between here and the cluster, or its CA was rotated; look it up again",
                reason="TLS",
            )
        )  # fmt: skip
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unreachable(
            Problem(
                tried=tried, target=safe(target), said=f"no connection to the API server: {safe(error, 300)}",
                next_step="check the network, and the cluster's authorized networks", reason="UNREACHABLE",
            )
        )  # fmt: skip
    said = "no answer in time" if isinstance(error, TimeoutError) else f"the connection broke: {safe(error, 300)}"
    return Ambiguous(Problem(tried=tried, target=safe(target), said=said, reason=type(error).__name__, may_bill=None))
