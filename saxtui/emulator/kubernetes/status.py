"""Refusals: metav1.Status bodies with the words a Kubernetes API server uses (recorded from kube-apiserver)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal with its HTTP code and metav1.Status body."""

    def __init__(self, status: Json) -> None:
        super().__init__(status.get("message", ""))
        self.status = status
        self.code = int(status["code"])


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of `details.causes`: a field path, a reason such as FieldValueInvalid, and its message."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    def body(self) -> Json:
        """As JSON."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


def required(field: str, more: str = "") -> Cause:
    """The field must be given."""
    return Cause(field, "Required value" + (f": {more}" if more else ""), "FieldValueRequired")


def bad_value(field: str, value: object, why: str) -> Cause:
    """The field's value is not allowed."""
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return Cause(field, f"Invalid value: {shown}: {why}", "FieldValueInvalid")


def not_supported(field: str, value: str, allowed: Sequence[str]) -> Cause:
    """The field's value is none of the allowed words."""
    words = ", ".join(f'"{word}"' for word in sorted(allowed))
    return Cause(field, f'Unsupported value: "{value}": supported values: {words}', "FieldValueNotSupported")


def body(code: int, reason: str, message: str, details: Json | None = None) -> Json:
    """A Failure Status; `details` is left out when None."""
    out: Json = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
    }
    if details is not None:
        out["details"] = details
    out["code"] = code
    return out


def success(name: str, group: str, plural: str, uid: str) -> Json:
    """The answer to a finished delete."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": _details(name, group, plural) | {"uid": uid},
    }


def _details(name: str, group: str, kind: str) -> Json:
    return {"name": name, "group": group, "kind": kind} if group else {"name": name, "kind": kind}


def qualified(plural: str, group: str) -> str:
    """ "pods", "deployments.apps"."""
    return f"{plural}.{group}" if group else plural


def error(code: int, reason: str, message: str, details: Json | None = None) -> ApiError:
    """Any refusal."""
    return ApiError(body(code, reason, message, details))


def bad_request(message: str) -> ApiError:
    """400."""
    return error(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: no bearer token, or not a good one."""
    return error(401, "Unauthorized", "Unauthorized")


def forbidden(name: str, group: str, plural: str, why: str) -> ApiError:
    """403."""
    message = f'{qualified(plural, group)} "{name}" is forbidden: {why}'
    return error(403, "Forbidden", message, _details(name, group, plural))


def namespace_terminating(name: str, group: str, plural: str, namespace: str) -> ApiError:
    """403: nothing new in a namespace that is going away."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    out = forbidden(name, group, plural, why)
    cause = Cause("metadata.namespace", f"namespace {namespace} is being terminated", "NamespaceTerminating")
    out.status["details"]["causes"] = [cause.body()]
    return out


def not_found(name: str, group: str, plural: str) -> ApiError:
    """404 of an object."""
    message = f'{qualified(plural, group)} "{name}" not found'
    return error(404, "NotFound", message, _details(name, group, plural))


def method_not_allowed() -> ApiError:
    """405."""
    message = "the server does not allow this method on the requested resource"
    return error(405, "MethodNotAllowed", message, {})


def not_acceptable() -> ApiError:
    """406."""
    return error(406, "NotAcceptable", "406: Not Acceptable", {})


def already_exists(name: str, group: str, plural: str) -> ApiError:
    """409 on create."""
    message = f'{qualified(plural, group)} "{name}" already exists'
    return error(409, "AlreadyExists", message, _details(name, group, plural))


MODIFIED_SINCE = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(name: str, group: str, plural: str, why: str = MODIFIED_SINCE) -> ApiError:
    """409 on a stale or mismatched precondition."""
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return error(409, "Conflict", message, _details(name, group, plural))


def uid_conflict(name: str, kind: str, wanted: str, actual: str) -> ApiError:
    """409: the object with that name is another one."""
    why = (
        f"the UID in the precondition ({wanted}) does not match the UID in record ({actual}). "
        "The object might have been deleted and then recreated"
    )
    return conflict(name, "", kind, why)


def expired(message: str) -> ApiError:
    """410."""
    return error(410, "Expired", message)


def unsupported_media(accepted: Sequence[str]) -> ApiError:
    """415."""
    message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return error(415, "UnsupportedMediaType", message)


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 with every cause, in the words `Kind.group "name" is invalid: [...]`."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = _details(name, group, kind) | {"causes": [cause.body() for cause in causes]}
    return error(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {joined}', details)


def internal(message: str) -> ApiError:
    """500."""
    text = f"Internal error occurred: {message}"
    return error(500, "InternalError", text, {"causes": [{"message": message}]})


def unavailable(message: str) -> ApiError:
    """503."""
    return error(503, "ServiceUnavailable", message)
