"""Shapes and errors of both Sax HTTP servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyResponse
from tests.emulator.tutorial import BUCKET, MODEL_CLASS, Cloud, admin_server, http_server

MODEL = "/sax/test/spmd"
FOUR = {"model": MODEL, "model_path": MODEL_CLASS, "checkpoint": "None", "replicas": 1}


async def cell(tag: str) -> Cloud:
    """An admin and an HTTP server, no model servers."""
    cloud = Cloud()
    cloud.pool("default-pool", "e2-standard-4", 2)
    cloud.storage()
    cloud.bind_bucket()
    cloud.bind_identity()
    cloud.account()
    cloud.advance(30)
    cloud.store.create(admin_server())
    cloud.store.create(http_server(tag))
    cloud.until(lambda: cloud.available("default", "sax-http") and cloud.available("default", "sax-admin-server"))
    cloud.advance(10)
    return cloud


async def raw(cloud: Cloud, method: str, path: str, data: bytes) -> Any:
    return await cloud.until_done(cloud.ask(method, path, raw=data))


async def test_old_shapes() -> None:
    cloud = await cell("v1.0.0")
    assert await cloud.call("GET", "/") == (200, {"message": "HTTP Server for SAX Client"})
    status, body = await cloud.call("POST", "/publish", {**FOUR, "replicas": "1"})
    assert (status, body) == (200, {"model": MODEL, "path": MODEL_CLASS, "checkpoint": "None", "replicas": 1})
    assert await cloud.call("GET", "/listcell", {"model": MODEL}) == (
        200,
        {"model": MODEL, "model_path": MODEL_CLASS, "checkpoint": "None", "max_replicas": 1, "active_replicas": 0},
    )
    status, body = await cloud.call("PUT", "/update", {**FOUR, "replicas": 3})
    assert (status, body["path"], body["replicas"]) == (200, MODEL_CLASS, 3)
    assert await cloud.call("POST", "/unpublish", {"model": MODEL}) == (200, {"model": MODEL})


async def test_old_errors() -> None:
    cloud = await cell("v1.0.0")
    for method, path in (("GET", "/openapi.json"), ("GET", "/listall"), ("POST", "/listcell"), ("POST", "/nothing")):
        assert await cloud.call(method, path, {"sax_cell": "/sax/test"}) == (400, {"message": "Invalid Request"})
    generate = {"model": MODEL, "query": "?", "extra_inputs": None}
    assert await cloud.call("POST", "/generate", generate) == (400, {"Error": "Provide model and query for generate"})
    status, body = await cloud.call("POST", "/publish", {**FOUR, "model": "spmd"})
    assert status == 400 and body["Error"].endswith("[INVALID_ARGUMENT]")
    await cloud.publish()
    status, body = await cloud.publish()
    assert status == 400 and "already exists" in body["Error"]


async def test_old_answers_without_a_content_type_and_drops_what_it_cannot_read() -> None:
    cloud = await cell("v1.0.0")
    answer = await raw(cloud, "GET", "/", b"")
    assert isinstance(answer, ProxyResponse) and not answer.headers and answer.body.endswith(b"}\n")
    assert await raw(cloud, "GET", "/listcell", b"") is NoAnswer.DROP
    assert await raw(cloud, "POST", "/publish", b"{nonsense") is NoAnswer.DROP
    assert (await cloud.call("GET", "/"))[0] == 200, "the server itself goes on"


async def test_new_shapes() -> None:
    cloud = await cell("v1.2.0")
    status, page = await cloud.call("GET", "/openapi.json")
    assert status == 200 and "/listall" in page["paths"]
    status, body = await cloud.call("POST", "/publish", {**FOUR, "replicas": "2", "ignored": 1})
    assert (status, body) == (200, {**FOUR, "replicas": 2})
    assert await cloud.call("GET", "/listall", {"sax_cell": "/sax/test"}) == (200, [MODEL])
    answer = await raw(cloud, "GET", "/", b"")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", b"", 404),
        ("GET", "/publish", b"", 405),
        ("POST", "/publish", b"{nonsense", 422),
        ("POST", "/publish", b"", 422),
        ("POST", "/publish", b"[1]", 422),
        ("POST", "/publish", b'{"model": 1, "model_path": "a", "checkpoint": "b", "replicas": 1}', 422),
        ("POST", "/publish", b'{"model": "/sax/test/m", "model_path": "a", "checkpoint": "b", "replicas": "x"}', 422),
        ("GET", "/listcell", b'{"model": "/sax/test/none"}', 500),
        ("POST", "/generate", b'{"model": "/sax/test/m", "query": "?", "extra_inputs": {"temperature": "hot"}}', 422),
        ("POST", "/generate", b'{"model": "/sax/test/m", "query": "?", "extra_inputs": {"temperature": null}}', 500),
    ],
)
async def test_new_errors(method: str, path: str, body: bytes, status: int) -> None:
    cloud = await cell("v1.2.0")
    answer = await raw(cloud, method, path, body)
    assert answer.status == status
    assert "detail" in json.loads(answer.body)


async def test_extra_inputs_that_a_class_does_not_take() -> None:
    cloud = Cloud()
    cloud.serving(http="v1.2.0")
    cloud.until(cloud.joined, 300)
    await cloud.publish(path="saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd2B32Test")
    cloud.until(cloud.loaded, 300)
    question = {"model": MODEL, "query": "?"}
    status, body = await cloud.call("POST", "/generate", question)
    assert status == 500 and "is not defined in ServableModel.extra_inputs" in body["detail"]
    status, body = await cloud.call("POST", "/generate", {**question, "extra_inputs": None})
    assert status == 200 and isinstance(body[0][0], str)


async def test_sampling_reaches_the_model() -> None:
    cloud = Cloud()
    cloud.serving(http="v1.2.0")
    cloud.until(cloud.joined, 300)
    await cloud.publish()
    cloud.until(cloud.loaded, 900)

    async def say(**extra: float) -> tuple[str, float]:
        began = cloud.world.now
        body = {"model": MODEL, "query": "?", "extra_inputs": extra}
        _, [[text, _]] = await cloud.call("POST", "/generate", body)
        return text, cloud.world.now - began

    short, quick = await say(temperature=0, per_example_max_decode_steps=16)
    again, _ = await say(temperature=0, per_example_max_decode_steps=16)
    long, slow = await say(temperature=0)
    assert short == again and len(short) < len(long) / 4 and quick < slow
    body = {"model": MODEL, "query": "?", "extra_inputs": {"per_example_max_decode_steps": 500}}
    status, answer = await cloud.call("POST", "/generate", body)
    assert status == 500 and "INVALID_ARGUMENT" in answer["detail"]


async def test_a_wrong_root_and_a_cell_nobody_made() -> None:
    cloud = await cell("v1.0.0")
    status, body = await cloud.call("GET", "/listcell", {"model": "/sax/other/m"})
    assert status == 400 and "is not a directory" in body["Error"]
    del cloud.world.table("storage.buckets")[BUCKET]
    status, body = await cloud.call("GET", "/listcell", {"model": MODEL})
    assert status == 400 and "The specified bucket does not exist" in body["Error"]


async def test_while_the_admin_is_away_calls_hang() -> None:
    cloud = await cell("v1.0.0")
    cloud.store.delete("Deployment", "default", "sax-admin-server")
    cloud.until(lambda: not cloud.pods(app="sax-admin-server"))
    waiting = cloud.ask("GET", "/listcell", {"model": MODEL})
    for _ in range(200):
        cloud.advance(1)
        await cloud.settle()
    assert not waiting.done()
    cloud.store.create(admin_server())
    answer = await cloud.until_done(waiting, 200)
    assert isinstance(answer, ProxyResponse) and answer.status == 400


async def test_requests_are_logged() -> None:
    for tag, words in (("v1.0.0", '"GET / HTTP/1.1" 200 -'), ("v1.2.0", '"GET / HTTP/1.1" 200 OK')):
        cloud = await cell(tag)
        await cloud.call("GET", "/")
        assert any(words in line for line in cloud.log(cloud.app("sax-http")))


async def test_nobody_listens_on_other_ports_or_before_start() -> None:
    cloud = await cell("v1.0.0")
    from saxtui.emulator.kubernetes.proxy import ProxyRequest, forward
    from tests.emulator.tutorial import CLUSTER

    pod = cloud.app("sax-http")["metadata"]["name"]
    assert await forward(cloud.world, CLUSTER, "default", pod, 80, ProxyRequest("GET", "/")) is NoAnswer.REFUSED
    admin = cloud.app("sax-admin-server")["metadata"]["name"]
    assert await forward(cloud.world, CLUSTER, "default", admin, 8888, ProxyRequest("GET", "/")) is NoAnswer.REFUSED
