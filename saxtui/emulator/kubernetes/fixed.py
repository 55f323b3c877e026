"""Paths that are not about stored objects: discovery, OpenAPI, version, health, access reviews."""

from __future__ import annotations

from saxtui.emulator.kubernetes import discovery, openapi, reviews, status
from saxtui.emulator.kubernetes.kinds import Registry
from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.wire import Call, Reply, aggregated

TEXT = "text/plain; charset=utf-8"
_HEALTH = ("healthz", "readyz", "livez")


def _discovered(registry: Registry, call: Call, parts: list[str]) -> Reply | None:
    body: Json | None = None
    if len(parts) == 1:
        version = aggregated(call.headers.get("accept", ""))
        if version:
            body = discovery.aggregated(registry, core=parts[0] == "api", version=version)
            return Reply(200, body, content_type=discovery.aggregated_type(version))
        body = discovery.api_versions() if parts[0] == "api" else discovery.groups(registry)
    elif parts[0] == "api" and len(parts) == 2:
        body = discovery.resources(registry, "", parts[1])
    elif parts[0] == "apis" and len(parts) == 2:
        body = discovery.group(registry, parts[1])
    elif parts[0] == "apis" and len(parts) == 3:
        body = discovery.resources(registry, parts[1], parts[2])
    return None if body is None else Reply(200, body)


def answer(registry: Registry, call: Call) -> Reply | None:
    """The answer to a fixed path, or None when the path is not one. Raises ApiError 405."""
    parts = call.path.strip("/").split("/")
    head = parts[0]
    reply = reviews.answer(parts, call)
    if reply is not None:
        return reply
    if head in ("api", "apis"):
        reply = _discovered(registry, call, parts)
    elif parts == ["version"]:
        reply = Reply(200, discovery.VERSION)
    elif head in _HEALTH:
        reply = Reply(200, "ok", content_type=TEXT)
    elif parts == ["openapi", "v2"]:
        if not _takes_json(call.headers.get("accept", "")):
            raise status.not_acceptable()
        reply = Reply(200, openapi.swagger(registry))
    elif parts == ["openapi", "v3"]:
        reply = Reply(200, openapi.index(registry))
    elif parts[:2] == ["openapi", "v3"]:
        document = openapi.document(registry, "/".join(parts[2:]))
        reply = None if document is None else Reply(200, document)
    if reply is not None and call.method not in ("GET", "HEAD"):
        raise status.method_not_allowed()
    return reply


def _takes_json(accept: str) -> bool:
    """kubectl asks for OpenAPI v2 as protobuf only, and goes on without when it is refused."""
    types = [part.split(";")[0].strip() for part in accept.split(",")]
    return any(each in ("", "*/*", "application/*", "application/json") for each in types)


def missing() -> Reply:
    """An unknown path."""
    return Reply(404, "404 page not found\n", content_type="text/plain; charset=utf-8")
