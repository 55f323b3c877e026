"""Requests as sent, answers as understood: apply, delete, discovery, pages, errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.kubernetes.client import KubernetesClient
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.errors import from_response
from saxtui.errors import (
    Ambiguous,
    Busy,
    CallError,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Throttled,
    Unauthenticated,
    Unreachable,
)
from saxtui.ports import Ref

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


async def token() -> str:
    return "secret"


def client(address: str, ca: str = "") -> KubernetesClient:
    return KubernetesClient(Connection(address, ca, token), SystemClock())


def status(code: int, message: str, reason: str = "", **details: Any) -> bytes:
    return json.dumps(
        {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "details": details, "code": code}
    ).encode()


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (401, status(401, "Unauthorized", "Unauthorized"), Unauthenticated),
        (403, status(403, 'pods is forbidden: User "x" cannot list', "Forbidden"), Denied),
        (404, status(404, 'pods "x" not found', "NotFound"), NotFound),
        (404, b"404 page not found\n", NotFound),
        (404, b"<html>proxy</html>", Ambiguous),
        (409, status(409, 'pods "a" already exists', "AlreadyExists"), Conflict),
        (415, status(415, "unsupported", "UnsupportedMediaType"), Invalid),
        (422, status(422, "Pod is invalid", "Invalid"), Invalid),
        (429, status(429, "Too many requests", "TooManyRequests", retryAfterSeconds=2), Throttled),
        (500, status(500, 'failed calling webhook "mjobset.kb.io": no endpoints available', "InternalError"), Busy),
        (500, status(500, "etcdserver: request timed out", "InternalError"), Ambiguous),
        (503, b"upstream connect error", Ambiguous),
    ],
)
def test_class_by_answer(code: int, body: bytes, kind: type[CallError]) -> None:
    error = from_response(code, body, "get", "pod/x")
    assert type(error) is kind
    assert error.may_have_acted is (kind is Ambiguous)


async def test_apply_is_server_side_as_saxtui_and_conflicts_name_the_fields(serve: Serve) -> None:
    seen: list[tuple[str, str, dict[str, str], str, str]] = []
    causes = [{"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".data.a"}]

    async def handler(request: web.Request) -> web.StreamResponse:
        kind = request.headers["Content-Type"]
        seen.append((request.method, request.path, dict(request.query), kind, request.headers["Authorization"]))
        if request.query.get("force") == "true":
            return web.json_response({"kind": "ConfigMap", "data": json.loads(await request.text())["data"]})
        body = status(409, 'Apply failed with 1 conflict: conflict with "kubectl": .data.a', "Conflict", causes=causes)
        return web.Response(status=409, body=body)

    kube = client(await serve(handler))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}, "data": {"a": "1"}}
    with pytest.raises(Conflict) as caught:
        await kube.apply(body)
    assert caught.value.problem.details == ('.data.a: conflict with "kubectl"',)
    assert (await kube.apply(body, force=True, dry_run=True))["data"] == {"a": "1"}
    await kube.close()
    method, path, query, kind, authorization = seen[0]
    assert (method, path, kind) == ("PATCH", "/api/v1/namespaces/n/configmaps/a", "application/apply-patch+yaml")
    assert query == {"fieldManager": "saxtui", "fieldValidation": "Strict", "force": "false"}
    assert authorization == "Bearer secret"
    assert seen[1][2]["dryRun"] == "All"


async def test_delete_sends_propagation_and_uid_and_takes_absent_for_done(serve: Serve) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(json.loads(await request.text()))
        if len(seen) == 1:
            return web.json_response({"kind": "Status", "status": "Success"})
        if len(seen) == 2:
            return web.Response(status=404, body=status(404, 'jobs "x" not found', "NotFound"))
        return web.Response(status=409, body=status(409, "the UID in the precondition does not match", "Conflict"))

    kube = client(await serve(handler))
    ref = Ref("batch/v1", "Job", "x", "default")
    assert await kube.delete(ref, uid="u1") is True
    assert await kube.delete(ref) is False
    with pytest.raises(Conflict):
        await kube.delete(ref, uid="u2")
    assert seen[0]["propagationPolicy"] == "Background"
    assert seen[0]["preconditions"] == {"uid": "u1"}
    assert "preconditions" not in seen[1]
    await kube.close()


async def test_unknown_kind_is_looked_up_once_and_absent_group_reads_as_nothing(serve: Serve) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        if request.path == "/apis/cert-manager.io/v1":
            resources = [{"name": "issuers/status", "kind": "Issuer"}, {"name": "issuers", "kind": "Issuer",
                                                                       "namespaced": True}]  # fmt: skip
            return web.json_response({"resources": resources})
        if request.path.endswith("/namespaces/n/issuers/x"):
            return web.json_response({"metadata": {"name": "x"}})
        return web.Response(status=404, text="404 page not found\n")

    kube = client(await serve(handler))
    ref = Ref("cert-manager.io/v1", "Issuer", "x", "n")
    assert (await kube.get(ref) or {})["metadata"]["name"] == "x"
    await kube.get(ref)
    assert seen.count("/apis/cert-manager.io/v1") == 1
    assert await kube.get(Ref("no.such/v1", "Thing", "x", "n")) is None
    assert await kube.list("jobset.x-k8s.io/v1alpha2", "JobSet", "n") == []
    await kube.close()


async def test_list_follows_pages_and_cleans_text(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.query["labelSelector"] == "app=x"
        token_ = request.query.get("continue", "")
        item = {"metadata": {"name": f"p{token_}"}, "data": {"k": "a\x1bb\nc"}}
        return web.json_response({"metadata": {"continue": "" if token_ else "2"}, "items": [item]})

    kube = client(await serve(handler))
    found = await kube.list("v1", "ConfigMap", "n", labels="app=x")
    assert [item["metadata"]["name"] for item in found] == ["p", "p2"]
    assert found[0]["kind"] == "ConfigMap"
    assert found[0]["data"]["k"] == "a\u241bb\nc"
    await kube.close()


async def test_no_server_and_bad_ca() -> None:
    kube = client("https://127.0.0.1:9")
    with pytest.raises(Unreachable):
        await kube.version()
    await kube.close()
    broken = client("https://127.0.0.1:9", "not a certificate")
    with pytest.raises(Unreachable, match="CA"):
        await broken.version()


async def test_broken_answers_are_ambiguous(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        await request.read()
        if request.method == "GET":
            return web.Response(text="<html>hotel</html>")
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    kube = client(await serve(handler))
    with pytest.raises(Ambiguous):
        await kube.version()
    with pytest.raises(Ambiguous):
        await kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    await kube.close()


async def test_all_who_open_at_once_share_one_client(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes.aio.client.api_client import ApiClient

    made: list[ApiClient] = []
    before = ApiClient.__init__

    def counted(self: ApiClient, *args: Any, **more: Any) -> None:
        made.append(self)
        before(self, *args, **more)

    async def token() -> str:
        return ""

    monkeypatch.setattr(ApiClient, "__init__", counted)
    connection = Connection(await serve(_version), "", token)
    await asyncio.gather(*(connection.call("GET", "/version", "reach", "server") for _ in range(8)))
    await connection.close()
    assert len(made) == 1


async def _version(request: web.Request) -> web.StreamResponse:
    return web.json_response({"gitVersion": "v1.32.4"})
