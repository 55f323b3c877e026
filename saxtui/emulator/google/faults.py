"""Faults of the scenario on the way to the Google APIs and back: refusals, odd answers, lost and late ones."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import list_lag, policy, projects
from saxtui.emulator.google.errors import GoogleError, unauthenticated
from saxtui.emulator.google.permissions import denial, permission_for
from saxtui.emulator.google.wire import Answer, Request
from saxtui.emulator.world import World

Json = dict[str, Any]
Proceed = Callable[[Request], Answer]
LAND = "google.land"
PAGE = b"<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body>Please sign in.</body></html>\n"
NOISE = bytes(range(256)) * 2
_TEXT = {
    400: "Request contains an invalid argument.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    409: "The operation was aborted.",
    429: "Quota exceeded for quota metric 'API requests' and limit 'API requests per minute'.",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
    504: "Deadline exceeded.",
}
_POLICY_PATHS = (
    (re.compile(r"/b/([^/]+)/iam$"), "bucket"),
    (re.compile(r"/serviceAccounts/([^/:]+):setIamPolicy$"), "service-account"),
    (re.compile(r"/projects/([^/:]+):setIamPolicy$"), "project"),
)


def through(world: World, service: str, request: Request, proceed: Proceed) -> Answer:
    """The answer to a request that `proceed` would serve, with the scenario in between. Raises GoogleError."""
    missing = _denied(world)
    if missing:
        wanted = permission_for(service, request.method, request.path)
        if wanted in missing:
            raise denial(service, wanted, request.path)
    fault = scenarios.on_request(world, service, request.method, request.path)
    if fault is not None:
        answer = _struck(world, service, request, proceed, fault)
    else:
        answer = list_lag.through(world, service, request, proceed)
    return _without(missing, request, answer) if missing else answer


def _struck(world: World, service: str, request: Request, proceed: Proceed, fault: Json) -> Answer:
    kind = fault["fault"]
    if kind == "lost-response":
        proceed(request)
    if kind in ("drop", "lost-response"):
        return Answer(503, drop=True)
    if kind == "policy-conflict":
        _meddle(world, request, fault)
        return proceed(request)
    if kind == "hang":
        return replace(proceed(request), delay=float(fault["seconds"]))
    if kind == "late":
        world.after(fault["seconds"], LAND, **_as_data(request))
        return _refusal(service, {**fault, "message": "", "reason": "", "retry_after": None})
    return odd_answer(fault) or _refusal(service, fault)


def odd_answer(fault: Json) -> Answer | None:
    """The answer of a fault that is no refusal: html, garbage or huge; None for another."""
    kind = fault["fault"]
    if kind == "html":
        return Answer(int(fault["status"]), PAGE, "text/html; charset=utf-8")
    if kind == "garbage":
        return Answer(200, NOISE)
    if kind == "huge":
        return Answer(200, b'{"padding": "' + b"x" * (int(fault["megabytes"]) * 2**20) + b'"}')
    return None


def _refusal(service: str, fault: Json) -> Answer:
    code = int(fault["status"])
    error = GoogleError(code, fault["message"] or _TEXT.get(code, "The request failed."), reason=fault["reason"])
    if code == 401 and not fault["message"]:
        error = unauthenticated(service)
    answer = Answer.json(error.body(service), code)
    wait = fault["retry_after"]
    return answer if wait is None else replace(answer, headers={"Retry-After": str(wait)})


def _meddle(world: World, request: Request, fault: Json) -> None:
    """Add a binding of somebody else's to the policy that the request is about to write."""
    for pattern, kind in _POLICY_PATHS:
        found = pattern.search(request.path)
        if found is None:
            continue
        project = projects.find(world, found[1]) if kind == "project" else None
        target = policy.key(kind, project["projectId"] if project else found[1])
        bindings = policy.read(world, target).get("bindings", [])
        policy.put(world, target, [*bindings, {"role": fault["role"], "members": [fault["member"]]}])


def _denied(world: World) -> set[str]:
    return {name for fault in scenarios.states(world, "permission-missing") for name in fault["permissions"]}


def _without(missing: set[str], request: Request, answer: Answer) -> Answer:
    """What testIamPermissions says, less what is missing."""
    if answer.status != 200 or not request.path.endswith((":testIamPermissions", "/iam/testPermissions")):
        return answer
    body = json.loads(answer.body)
    held = [name for name in body.pop("permissions", []) if name not in missing]
    return replace(Answer.json({**body, **({"permissions": held} if held else {})}), headers=answer.headers)


def _as_data(request: Request) -> Json:
    return {
        "method": request.method,
        "path": request.path,
        "pairs": [list(pair) for pair in request.pairs or request.query.items()],
        "headers": dict(request.headers),
        "body": base64.b64encode(request.body).decode(),
    }


def from_data(payload: Json) -> Request:
    """The request that a LAND timer carries."""
    pairs = tuple((str(name), str(value)) for name, value in payload["pairs"])
    body = base64.b64decode(payload["body"])
    return Request(payload["method"], payload["path"], dict(pairs), payload["headers"], body, pairs)
