"""Shipped scenarios between a chat and the model, in virtual time: the HTTP server refuses, hangs or talks nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyResponse
from tests.emulator.scenarios.rehearsal import Rehearsal


async def served(name: str, http: str = "v1.0.0") -> Rehearsal:
    cloud = Rehearsal(name)
    await cloud.generating(http)
    return cloud


async def prompted(cloud: Rehearsal, at_most: float = 3600.0) -> ProxyResponse:
    answer = await cloud.until_done(cloud.prompt(), at_most)
    assert isinstance(answer, ProxyResponse), answer
    return answer


async def test_http_400() -> None:
    cloud = await served("http-400")
    for _ in range(3):
        answer = await prompted(cloud)
        assert answer.status == 400 and "StatusNotOk" in json.loads(answer.body)["Error"]
    assert (await prompted(cloud)).status == 200


async def test_http_500() -> None:
    cloud = await served("http-500", "v1.2.0")
    for _ in range(3):
        answer = await prompted(cloud)
        assert answer.status == 500 and "StatusNotOk" in json.loads(answer.body)["detail"]
    assert (await prompted(cloud)).status == 200
    said = [line for line in cloud.log(cloud.app("sax-http")) if "500 Internal Server Error" in line]
    assert len(said) == 3


@pytest.mark.parametrize(("tag", "blocked"), [("v1.0.0", True), ("v1.2.0", False)])
async def test_http_hang(tag: str, blocked: bool) -> None:
    cloud = await served("http-hang", tag)
    first, other = cloud.prompt(), cloud.ask("GET", "/")
    await cloud.settle()
    cloud.advance(600)
    await cloud.settle()
    assert (first.done(), other.done()) == (False, not blocked)
    answer: Any = await cloud.until_done(first, 3100)
    assert answer.status == 200


async def test_http_garbage() -> None:
    cloud = await served("http-garbage")
    noise = await prompted(cloud)
    assert (noise.status, noise.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match=r"decode|Expecting"):
        json.loads(noise.body)
    page = await prompted(cloud)
    assert page.body.startswith(b"<!DOCTYPE html>")
    assert "generate_response" in json.loads((await prompted(cloud)).body)


async def test_http_huge() -> None:
    cloud = await served("http-huge")
    assert len((await prompted(cloud)).body) > 10 * 2**20
    assert len((await prompted(cloud)).body) < 100_000


async def test_http_drop() -> None:
    cloud = await served("http-drop")
    assert await cloud.until_done(cloud.prompt()) is NoAnswer.DROP
    assert (await prompted(cloud)).status == 200
