"""Shipped scenarios as they look on the wire: connections that close, answers that are late, watches that expire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from saxtui.emulator.kubernetes.api import make_app
from saxtui.emulator.server import Options, Server
from saxtui.emulator.state_dir import StateDir
from tests.emulator.scenarios.rehearsal import BUCKETS, CLUSTERS, Rehearsal
from tests.emulator.tutorial import CLUSTER

Json = dict[str, Any]


class Client:
    """A whole server under a scenario, in scaled time, and an HTTP client of its Google APIs."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, token: str) -> None:
        self.world = server.cloud.world
        self._endpoint = server.endpoint
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"}

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, Json]:
        url = self._endpoint + path
        async with self._session.request(method, url, json=body, headers=self._headers) as answer:
            return answer.status, json.loads(await answer.read())


Serve = Callable[..., Awaitable[Client]]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(scenario: str) -> Client:
            state = StateDir(tmp_path / "cloud")
            server = await stack.enter_async_context(Server(state, Options(speed=600.0, scenario=scenario)))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Client(server, session, state.token())

        yield start


class Kube:
    """A cluster's API over plain HTTP, in a world whose time the test moves."""

    def __init__(self, cloud: Rehearsal, session: aiohttp.ClientSession, base: str) -> None:
        self.cloud = cloud
        self._session = session
        self._base = base

    def get(self, path: str) -> Any:
        """An answer, as a context manager."""
        return self._session.get(self._base + path)

    async def status(self, path: str) -> int:
        async with self.get(path) as answer:
            await answer.read()
            return int(answer.status)


Rehearse = Callable[[str], Awaitable[Kube]]


@pytest.fixture
async def rehearse() -> AsyncIterator[Rehearse]:
    async with AsyncExitStack() as stack:

        async def start(scenario: str) -> Kube:
            cloud = Rehearsal(scenario)
            cloud.cluster()
            app = make_app(cloud.world, CLUSTER, authorize=lambda _: True, on_request=lambda *_: None)
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Kube(cloud, session, f"http://127.0.0.1:{runner.addresses[0][1]}")

        yield start


async def test_lost_responses_close_the_connection(serve: Serve) -> None:
    client = await serve("lost-responses")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.send("POST", BUCKETS, {"name": "my-own-bucket-1"})
    code, body = await client.send("GET", "/storage/v1/b/my-own-bucket-1")
    assert (code, body["name"]) == (200, "my-own-bucket-1")


async def test_a_slow_api_answers_late(serve: Serve) -> None:
    client = await serve("slow-api")
    before = client.world.now
    assert await client.send("GET", CLUSTERS) == (200, {})
    assert client.world.now - before >= 30.0


async def test_api_server_down(rehearse: Rehearse) -> None:
    kube = await rehearse("api-server-down")
    assert [await kube.status("/api/v1/nodes") for _ in range(22)] == [200] * 19 + [503] * 3
    async with kube.get("/version") as answer:
        body = await answer.json()
    assert (body["kind"], body["reason"], body["code"]) == ("Status", "ServiceUnavailable", 503)
    kube.cloud.advance(121)
    assert await kube.status("/api/v1/nodes") == 200


async def test_watch_expired(rehearse: Rehearse) -> None:
    kube = await rehearse("watch-expired")
    async with kube.get("/api/v1/pods") as listed:
        version = (await listed.json())["metadata"]["resourceVersion"]
    container = {"name": "c", "image": "busybox:1"}

    def make(name: str) -> None:
        metadata = {"name": name, "namespace": "default"}
        spec = {"containers": [container], "nodeSelector": {"no": "where"}}
        kube.cloud.store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    async with asyncio.timeout(60), kube.get(f"/api/v1/pods?watch=1&resourceVersion={version}") as watch:
        make("told")
        assert json.loads(await watch.content.readline())["object"]["metadata"]["name"] == "told"
        kube.cloud.until(lambda: kube.cloud.world.table("scenario.watches"), 700)
        make("told-too-late")
        # Round trips on the same loop: a watch that may speak would have written by then.
        assert [await kube.status("/api/v1/pods") for _ in range(10)] == [200] * 10
        kube.cloud.advance(121)
        events = [json.loads(line) async for line in watch.content]
    names = {event["object"].get("metadata", {}).get("name") for event in events[:-1]}
    assert names <= {"told"}
    assert events[-1]["type"] == "ERROR"
    assert (events[-1]["object"]["code"], events[-1]["object"]["reason"]) == (410, "Expired")
    async with asyncio.timeout(60), kube.get(f"/api/v1/pods?watch=1&resourceVersion={version}") as again:
        assert json.loads(await again.content.readline())["object"]["code"] == 410
    async with kube.get("/api/v1/pods") as listed:
        assert "told-too-late" in {pod["metadata"]["name"] for pod in (await listed.json())["items"]}
