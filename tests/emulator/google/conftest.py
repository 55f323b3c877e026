"""The Google side of the embedded cloud for tests: in virtual time, and behind real HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from saxtui.emulator import google, scenarios
from saxtui.emulator.google import GoogleApi
from saxtui.emulator.google.wire import Request
from saxtui.emulator.server import Options, Server
from saxtui.emulator.state_dir import StateDir
from saxtui.emulator.world import World

Json = dict[str, Any]
BASE = "/v1/projects/demo-project/locations/us-west4"


@dataclass
class Said:
    """One answer."""

    status: int
    body: Json

    def ok(self) -> Json:
        assert self.status == 200, self.body
        return self.body

    def refused(self, status: int, *words: str) -> Json:
        assert self.status == status, self.body
        error: Json = self.body["error"]
        for word in words:
            assert word in error["message"]
        return error


@dataclass
class Simulated:
    """The Google APIs over a world whose clock the test moves."""

    world: World
    api: GoogleApi
    told: list[tuple[str, Json]] = field(default_factory=list)

    def call(self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Said:
        from urllib.parse import parse_qsl

        parts = urlsplit(url)
        pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request = Request(method, parts.path, dict(pairs), headers or {}, data, pairs)
        answer = self.api.answer(request, authorized=True).answer
        is_json = answer.content_type.startswith("application/json") and answer.body
        return Said(answer.status, json.loads(answer.body) if is_json else {"raw": answer.body})

    def get(self, url: str) -> Said:
        return self.call("GET", url)

    def post(self, url: str, body: Any = None) -> Said:
        return self.call("POST", url, body)

    def delete(self, url: str) -> Said:
        return self.call("DELETE", url)

    def pass_time(self, seconds: float) -> None:
        self.world.advance(self.world.now + seconds)

    def cluster(self, name: str = "saxml", **fields: Any) -> Json:
        """Make a cluster and wait for it."""
        wanted = {"name": name, "initialNodeCount": 1, **fields}
        wanted.setdefault("workloadIdentityConfig", {"workloadPool": "demo-project.svc.id.goog"})
        operation = self.post(f"{BASE}/clusters", {"cluster": wanted}).ok()
        self.pass_time(600)
        assert self.get(f"{BASE}/operations/{operation['name']}").ok()["status"] == "DONE"
        return self.get(f"{BASE}/clusters/{name}").ok()


@pytest.fixture
def simulated() -> Simulated:
    world = World(start=1_800_000_000.0, seed=7)
    found = Simulated(world, google.install(world))
    for topic in (
        "cluster.creating",
        "cluster.running",
        "cluster.deleted",
        "pool.nodes",
        "pool.deleted",
        "pool.shrunk",
    ):
        world.hook(topic, lambda payload, topic=topic: found.told.append((topic, dict(payload))))
    return found


@pytest.fixture
def fault(simulated: Simulated) -> Any:
    """Install faults: fault({...}, {...})."""

    def install(*faults: Json) -> None:
        scenarios.install(simulated.world, {"faults": list(faults)})

    return install


@dataclass
class Served:
    """A server in a thread of this process."""

    server: Server
    state: StateDir

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    @property
    def token(self) -> str:
        return self.state.token()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A whole embedded cloud behind HTTP, 6000 times faster than life."""
    state = StateDir(tmp_path / "cloud")
    ready, stopping = threading.Event(), threading.Event()
    held: list[Server] = []
    failures: list[BaseException] = []

    async def serve() -> None:
        async with Server(state, Options(speed=6000.0)) as server:
            held.append(server)
            ready.set()
            await asyncio.to_thread(stopping.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(60)
    if failures:
        raise failures[0]
    yield Served(held[0], state)
    stopping.set()
    thread.join(60)
    assert not thread.is_alive()
    assert not failures
