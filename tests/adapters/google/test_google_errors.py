"""Google's answers as saxtui's errors: class, reason, request id, next step, and nothing harmful in the text."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from saxtui.adapters.cloud import GoogleCloud
from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.google.errors import from_answer, read_answer
from saxtui.errors import (
    Ambiguous,
    Busy,
    CallError,
    Conflict,
    Denied,
    Exhausted,
    Invalid,
    NotFound,
    Throttled,
    Unauthenticated,
    Unreachable,
)

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
_STOCKOUT = "Google Compute Engine: Not all instances running in IGM. Current errors: [GCE_STOCKOUT]: Instance 'x'"
_QUOTA = "Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '72.0'"
_DISABLED = (
    "Kubernetes Engine API has not been used in project 123 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/container.googleapis.com/overview?project=123 then retry."
)


def rpc(code: int, message: str, status: str = "", reason: str = "", **metadata: str) -> bytes:
    details: list[dict[str, Any]] = []
    if reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata})
    details.append({"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "0xabc"})
    return json.dumps({"error": {"code": code, "message": message, "status": status, "details": details}}).encode()


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (401, rpc(401, "Request had invalid credentials", "UNAUTHENTICATED"), Unauthenticated),
        (403, rpc(403, 'Required "container.clusters.create" permission(s)', "PERMISSION_DENIED"), Denied),
        (403, rpc(403, _DISABLED, "PERMISSION_DENIED"), Denied),
        (403, rpc(403, _QUOTA, "PERMISSION_DENIED"), Exhausted),
        (400, rpc(400, _STOCKOUT), Exhausted),
        (404, rpc(404, "Not found: projects/p/clusters/c", "NOT_FOUND"), NotFound),
        (409, rpc(409, "Already exists: c", "ALREADY_EXISTS"), Conflict),
        (412, rpc(412, "pre-conditions did not hold"), Conflict),
        (400, rpc(400, "Invalid value", "INVALID_ARGUMENT"), Invalid),
        (400, rpc(400, "running op", "FAILED_PRECONDITION", "CLUSTER_ALREADY_HAS_OPERATION"), Busy),
        (400, rpc(400, "Cluster is running incompatible operation operation-1"), Busy),
        (400, rpc(400, "Operation op-1 is currently creating a node pool for cluster X."), Busy),
        (429, rpc(429, "Too many operations", "RESOURCE_EXHAUSTED"), Throttled),
        (500, rpc(500, "Internal error"), Ambiguous),
        (503, rpc(503, "The service is currently unavailable"), Ambiguous),
        (404, b"<html>captive portal</html>", Ambiguous),
        (403, b"<html>proxy says no</html>", Ambiguous),
        (418, rpc(418, "I'm a teapot"), Invalid),
        (302, b"", Ambiguous),
    ],
)
def test_class_by_answer(code: int, body: bytes, kind: type[CallError]) -> None:
    error = from_answer(read_answer(code, body, {}), "create cluster", "saxml", "my-project")
    assert type(error) is kind
    assert error.may_have_acted is (kind is Ambiguous)
    assert error.problem.may_bill is (None if kind is Ambiguous else False)


def test_disabled_api_names_it_and_the_command() -> None:
    body = rpc(403, "disabled", "PERMISSION_DENIED", "SERVICE_DISABLED", service="container.googleapis.com")
    problem = from_answer(read_answer(403, body, {}), "list", "clusters", "my-project").problem
    assert problem.command == "gcloud services enable container.googleapis.com --project my-project"
    assert problem.command in problem.next_step
    assert (problem.reason, problem.request_id, problem.code) == ("SERVICE_DISABLED", "0xabc", "403")
    told = from_answer(read_answer(403, rpc(403, _DISABLED), {}), "list", "clusters", "my-project").problem
    assert "container.googleapis.com" in told.command


def test_retry_after_is_read() -> None:
    error = from_answer(read_answer(429, rpc(429, "slow down"), {"Retry-After": "7"}), "get", "x", "p")
    assert isinstance(error, Throttled)
    assert error.retry_after == 7.0


def test_text_of_an_answer_is_made_harmless() -> None:
    body = rpc(400, "\x1b]0;owned\x07 \x9b31m \u202eevil", reason="R\x1bEASON")
    problem = from_answer(read_answer(400, body, {}), "create", "na\x1bme", "p").problem
    shown = "".join((problem.said, problem.reason, problem.target))
    assert not any(ord(char) < 32 or char in "\x7f\x9b\u202e" for char in shown)


def environ(address: str) -> dict[str, str]:
    names = ("CONTAINER", "IAM", "CLOUDRESOURCEMANAGER", "SERVICEUSAGE", "COMPUTE", "STORAGE")
    found = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": f"{address}/" for name in names}
    return {**found, "CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.secret"}


def cloud(address: str, **more: str) -> GoogleCloud:
    return GoogleCloud("my-project", {**environ(address), **more}, SystemClock())


async def test_every_api_speaks_of_a_server_that_is_not_there() -> None:
    found = cloud("http://127.0.0.1:9")
    for call in (
        found.gke.list_clusters("us-west4"),
        found.gke.create_cluster("us-west4", {"cluster": {"name": "saxml"}}),
        found.buckets.create({"name": "b", "location": "US"}),
        found.identity.get_account("a@b"),
        found.projects.get("my-project"),
    ):
        with pytest.raises(Unreachable) as caught:
            await call
        assert not caught.value.may_have_acted
        assert "network" in caught.value.problem.next_step
        assert "secret" not in str(caught.value.problem)
    await found.close()


async def test_reads_are_repeated_through_a_passing_503_and_mutations_are_not(serve: Serve) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.method)
        return web.Response(status=503, body=rpc(503, "unavailable"), content_type="application/json")

    found = cloud(await serve(handler))
    with pytest.raises(Ambiguous):
        await found.projects.get("my-project")
    assert seen == ["GET"] * 3
    for call in (
        found.identity.create_account("sax-iam-sa", "", ""),
        found.gke.create_node_pool("us-west4", "saxml", {"nodePool": {"name": "tpu1"}}),
        found.gke.delete_cluster("us-west4", "saxml"),
        found.buckets.create({"name": "b", "location": "US"}),
        found.buckets.delete("b", 1),
    ):
        seen.clear()
        with pytest.raises(Ambiguous):
            await call
        assert len(seen) == 1, seen
    await found.close()


async def test_dropped_connection_on_a_mutation_is_ambiguous(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        await request.read()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    found = cloud(await serve(handler))
    for call in (
        found.gke.create_cluster("us-west4", {"cluster": {"name": "saxml"}}),
        found.buckets.create({"name": "b", "location": "US"}),
        found.identity.create_account("sax-iam-sa", "", ""),
    ):
        with pytest.raises(Ambiguous):
            await call
    await found.close()


async def test_html_with_200_is_no_answer(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>welcome to the hotel network</html>", content_type="text/html")

    found = cloud(await serve(handler))
    for call in (
        found.gke.get_cluster("us-west4", "saxml"),
        found.projects.get("my-project"),
        found.buckets.get("b"),
        found.identity.create_account("sax-iam-sa", "", ""),
    ):
        with pytest.raises(Ambiguous):
            await call
    await found.close()


async def test_token_is_sent_and_token_file_is_read_anew(serve: Serve, tmp_path: Any) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization", ""))
        return web.json_response({"projects": []})

    address = await serve(handler)
    plain = cloud(address)
    await plain.projects.list()
    await plain.close()
    token = tmp_path / "token"
    token.write_text("first\n")
    from_file = cloud(address, CLOUDSDK_AUTH_ACCESS_TOKEN="", CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=str(token))
    await from_file.projects.list()
    token.write_text("second\n")
    await from_file.projects.list()
    await from_file.close()
    anonymous = cloud(address, CLOUDSDK_AUTH_ACCESS_TOKEN="", CLOUDSDK_AUTH_DISABLE_CREDENTIALS="true")
    await anonymous.projects.list()
    await anonymous.close()
    assert seen == ["Bearer ya29.secret", "Bearer first", "Bearer second", ""]


async def test_missing_token_file_is_unauthenticated(tmp_path: Any) -> None:
    path = str(tmp_path / "none")
    found = cloud("http://127.0.0.1:9", CLOUDSDK_AUTH_ACCESS_TOKEN="", CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=path)
    with pytest.raises(Unauthenticated):
        await found.projects.account()
    await found.close()


async def test_no_credentials_say_how_to_sign_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    found = cloud("http://127.0.0.1:9", CLOUDSDK_AUTH_ACCESS_TOKEN="")
    with pytest.raises(Unauthenticated) as caught:
        await found.gke.list_clusters("us-west4")
    assert "gcloud auth application-default login" in caught.value.problem.next_step
    await found.close()


async def test_unknown_field_is_refused_before_anything_is_sent() -> None:
    found = cloud("http://127.0.0.1:9")
    with pytest.raises(Invalid, match="nonsense"):
        await found.gke.create_cluster("us-west4", {"cluster": {"name": "saxml", "nonsense": 1}})
    with pytest.raises(Invalid, match="versioning"):
        await found.buckets.create({"name": "b", "location": "US", "versioning": {}})
    await found.close()


async def test_pages_are_followed(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        token = request.query.get("pageToken", "")
        page = {"": ("us-west4-b", "1"), "1": ("us-west4-a", "2"), "2": ("us-east1-a", "")}[token]
        return web.json_response({"items": [{"name": page[0], "status": "UP"}], "nextPageToken": page[1]})

    found = cloud(await serve(handler))
    assert await found.projects.zones("my-project", "us-west4") == ["us-west4-a", "us-west4-b"]
    await found.close()
