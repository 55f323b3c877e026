"""Refusals in Google's two JSON shapes: google.rpc.Status, and the older `errors` list of Storage and Compute."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_STATUS_OF_CODE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_LEGACY_REASON_OF_CODE = {
    400: "invalid",
    401: "required",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
    500: "backendError",
    503: "backendError",
}
LEGACY_SERVICES = frozenset({"storage", "compute"})


class GoogleError(Exception):
    """One refusal. `reason` is the ErrorInfo reason (or the legacy one); `domain` the ErrorInfo domain."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: str = "",
        reason: str = "",
        domain: str = "",
        metadata: Json | None = None,
        details: list[Json] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or _STATUS_OF_CODE.get(code, "UNKNOWN")
        self.reason = reason
        self.domain = domain
        self.metadata = metadata or {}
        self.details = details or []

    def body(self, service: str) -> Json:
        """The JSON answer as that service words it."""
        return self._legacy() if service in LEGACY_SERVICES else self._rpc()

    def _rpc(self) -> Json:
        error: Json = {"code": self.code, "message": self.message, "status": self.status}
        details = list(self.details)
        if self.reason:
            info: Json = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": self.reason}
            info["domain"] = self.domain or "googleapis.com"
            if self.metadata:
                info["metadata"] = self.metadata
            details.insert(0, info)
        if details:
            error["details"] = details
        return {"error": error}

    def _legacy(self) -> Json:
        reason = self.reason or _LEGACY_REASON_OF_CODE.get(self.code, "backendError")
        item = {"message": self.message, "domain": "global", "reason": reason}
        return {"error": {"code": self.code, "message": self.message, "errors": [item]}}


def unauthenticated(service: str) -> GoogleError:
    """401 for a missing or wrong Bearer token."""
    return GoogleError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        reason="authError" if service in LEGACY_SERVICES else "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        metadata={"service": f"{service}.googleapis.com"},
    )


def bad_request(message: str, field: str = "", description: str = "") -> GoogleError:
    """400 INVALID_ARGUMENT, with a BadRequest detail when a field is named."""
    violation = {"field": field, "description": description or message}
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    return GoogleError(400, message, details=[detail] if field or description else None)


def consumer_invalid(service: str, project: str) -> GoogleError:
    """403: the project does not exist, or is none of ours."""
    return GoogleError(
        403,
        f"Permission denied on resource project {project}.",
        reason="CONSUMER_INVALID",
        metadata={"service": f"{service}.googleapis.com", "consumer": f"projects/{project}"},
    )


def service_disabled(title: str, service: str, number: str) -> GoogleError:
    """403: the API is not enabled in that project."""
    url = f"https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    return GoogleError(
        403,
        f"{title} has not been used in project {number} before or it is disabled. Enable it by visiting {url} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
        "retry.",
        reason="SERVICE_DISABLED",
        metadata={"service": service, "consumer": f"projects/{number}"},
    )


def stale_policy() -> GoogleError:
    """409 ABORTED: the etag sent with a policy is not the current one."""
    return GoogleError(
        409,
        "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        status="ABORTED",
    )
