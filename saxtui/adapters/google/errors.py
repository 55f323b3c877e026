"""What Google's client libraries raise, as saxtui's own error tree with a Problem that can be shown.

HTTP codes and google.rpc.ErrorInfo decide; message texts only where the API gives no reason of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saxtui.errors import (
    Ambiguous,
    Busy,
    CallError,
    Conflict,
    Denied,
    Exhausted,
    Invalid,
    NotFound,
    Problem,
    Throttled,
    Unauthenticated,
    Unreachable,
)
from saxtui.model.text import safe

_BUSY = re.compile(r"incompatible operation|is currently (being )?(creat|delet|updat|upgrad|repair)", re.IGNORECASE)
_EXHAUSTED = re.compile(
    r"GCE_STOCKOUT|GCE_QUOTA_EXCEEDED|Insufficient (regional )?quota|does not have enough resources"
)
_DISABLED = re.compile(r"has not been used in project|API is not enabled|it is disabled", re.IGNORECASE)
_SERVICE = re.compile(r"[a-z]+\.googleapis\.com")
_URL_PREFIX = re.compile(r"^\d{3} [A-Z]+ \S+: ")
_UNSENT = {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectTimeout", "ProxyError"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An error answer of a Google API, taken apart. `genuine`: its body is the API's own JSON."""

    code: int
    message: str
    status: str = ""
    reason: str = ""
    request_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    genuine: bool = True


def read_answer(code: int, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Take an HTTP error answer apart; anything that is not the API's JSON is kept as "not genuine"."""
    retry_after = _seconds(headers.get("Retry-After", ""))
    request_id = headers.get("X-Goog-Request-Id", "") or headers.get("X-GUploader-UploadID", "")
    try:
        error = json.loads(body)["error"]
        details = [item for item in error.get("details", []) if isinstance(item, dict)]
        message, status = str(error.get("message", "")), str(error.get("status", ""))
        legacy = error.get("errors") or [{}]
    except (ValueError, KeyError, TypeError, AttributeError):
        text = body[:200].decode("utf-8", "replace")
        return Answer(code, f"not the API's answer: {text}", retry_after=retry_after, genuine=False)
    info = next((item for item in details if str(item.get("@type", "")).endswith("ErrorInfo")), {})
    request = next((item for item in details if str(item.get("@type", "")).endswith("RequestInfo")), {})
    return Answer(
        code=code,
        message=message,
        status=status,
        reason=str(info.get("reason") or legacy[0].get("reason") or ""),
        request_id=str(request.get("requestId") or request_id),
        metadata={str(key): str(value) for key, value in dict(info.get("metadata") or {}).items()},
        retry_after=retry_after,
    )


def from_answer(answer: Answer, tried: str, target: str, project: str) -> CallError:
    """The error for an answer the API gave."""
    kind, next_step, command = _judge(answer, project)
    problem = Problem(
        tried=tried,
        target=safe(target),
        said=safe(answer.message, 1000),
        next_step=next_step,
        code=str(answer.code),
        reason=safe(answer.reason or answer.status),
        request_id=safe(answer.request_id),
        may_bill=None if kind is Ambiguous else False,
        command=command,
    )
    if kind is Throttled:
        return Throttled(problem, answer.retry_after)
    return kind(problem)


def _judge(answer: Answer, project: str) -> tuple[type[CallError], str, str]:
    if not answer.genuine or answer.code >= 500 or answer.code in (408, 499):
        return Ambiguous, "saxtui looks whether it took effect before it sends anything again", ""
    text = answer.message
    if answer.reason == "CLUSTER_ALREADY_HAS_OPERATION" or (answer.code in (400, 409) and _BUSY.search(text)):
        return Busy, "wait for the operation in progress; saxtui tries again by itself", ""
    if answer.code in (400, 403, 429) and _EXHAUSTED.search(text):
        return Exhausted, "ask for quota, or choose another zone, a smaller topology or fewer slices", ""
    match answer.code:
        case 401:
            return Unauthenticated, "sign in again: gcloud auth application-default login", ""
        case 403:
            return _denied(answer, project)
        case 404:
            return NotFound, "check the name, the location and the project", ""
        case 409 | 412:
            return Conflict, "", ""
        case 429:
            return Throttled, "saxtui waits and tries again", ""
        case code if 400 <= code < 500:
            return Invalid, "", ""
    return Ambiguous, "check proxies between here and Google", ""


def _denied(answer: Answer, project: str) -> tuple[type[CallError], str, str]:
    if answer.reason in {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}:
        return Throttled, "saxtui waits and tries again", ""
    if answer.reason in {"SERVICE_DISABLED", "accessNotConfigured"} or _DISABLED.search(answer.message):
        found = _SERVICE.search(answer.message)
        service = answer.metadata.get("service") or (found.group() if found else "SERVICE.googleapis.com")
        command = f"gcloud services enable {safe(service)} --project {project}"
        return Denied, f"enable the API {safe(service)}: {command}", command
    return Denied, f"ask an owner of project {project} for the permission, or choose another project", ""


def from_exception(error: Exception, tried: str, target: str, project: str) -> CallError:
    """The error for whatever google-cloud, google-auth, requests or protobuf raised."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

    if isinstance(error, CallError):
        return error
    response = getattr(error, "response", None)
    if isinstance(error, GoogleAPICallError) and response is not None:
        answer = read_answer(response.status_code, response.content, response.headers)
        return from_answer(answer, tried, target, project)
    if isinstance(error, GoogleAuthError):
        return _auth(error, tried, target)
    if type(error).__name__ == "ParseError" and tried.startswith("read the body"):
        return Invalid(
            Problem(
                tried=tried, target=safe(target), said=safe(str(error).partition("\n")[0], 500), reason="UNKNOWN_FIELD"
            )
        )
    if _unsent(error):
        return Unreachable(
            Problem(
                tried=tried,
                target=safe(target),
                said=f"no connection: {safe(_root(error), 300)}",
                next_step="check the network (and HTTPS_PROXY, if you need one), then run the same command again",
                reason="UNREACHABLE",
            )
        )
    return Ambiguous(
        Problem(
            tried=tried,
            target=safe(target),
            said=safe(_URL_PREFIX.sub("", str(error)) or type(error).__name__, 500),
            next_step="saxtui looks whether it took effect before it sends anything again",
            reason=type(error).__name__,
            may_bill=None,
        )
    )


def _auth(error: Exception, tried: str, target: str) -> CallError:
    from saxtui.adapters.google.credentials import auth_problem

    found = auth_problem(error)
    return type(found)(
        Problem(
            tried=tried,
            target=safe(target),
            said=found.problem.said,
            next_step=found.problem.next_step,
            code=found.problem.code,
        )
    )


def _unsent(error: BaseException) -> bool:
    """Whether the failure came before a byte of the request left (no route, name or port)."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if type(current).__name__ in _UNSENT:
            return True
        inner = getattr(current, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in current.args if isinstance(arg, BaseException)), None)
        current = inner if isinstance(inner, BaseException) else current.__cause__ or current.__context__
    return False


def _root(error: BaseException) -> str:
    """The last, most telling part of a nested connection error."""
    text = str(error)
    found = re.search(r"\[Errno -?\d+\] [^'\")]+", text)
    return found.group() if found else text[-200:]


def _seconds(text: str) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


def json_of(response: Any) -> Any:
    """The JSON of a 2xx answer. Raises ValueError when it is none."""
    return response.json() if response.content else {}
