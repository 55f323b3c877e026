"""The Bench screen over a loopback server: begin, watch, stop, look back, compare, export; and what is refused."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from textual.pilot import Pilot
from textual.widgets import Input

from saxtui.adapters.disk.bench_runs import BenchRuns
from saxtui.adapters.openai.client import OpenAiClient
from saxtui.console.app import ConsoleApp
from saxtui.console.modals.bench_runs import BenchRunsModal
from saxtui.console.screens.bench import BenchScreen
from tests.console.serving_fakes import FakeRuntime, FakeSession, deployment, opened, shown, until

ANSWER = b'data: {"choices":[{"index":0,"delta":{"content":"ab"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Server:
    """Answers at once, but holds every request while `gate` is closed."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "/sax/test/spmd"}]})
        self.asked += 1
        await self.gate.wait()
        return web.Response(body=ANSWER, content_type="text/event-stream")


class MeasuredSession(FakeSession):
    """A session whose model is served by the loopback server."""

    talker: OpenAiClient
    cloud: Any

    async def measured_talker(self, model: str) -> OpenAiClient:
        return self.talker


@asynccontextmanager
async def bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Server, BenchScreen, ConsoleApp, Pilot[int]]]:
    """The screen in front, and the server behind it."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    session = MeasuredSession(deployment())
    session.talker = OpenAiClient(f"http://127.0.0.1:{runner.addresses[0][1]}", {})
    loop = asyncio.get_running_loop()
    session.cloud = SimpleNamespace(clock=SimpleNamespace(now=loop.time, speed=1.0))
    runs = BenchRuns(tmp_path / "bench")
    monkeypatch.setattr(FakeRuntime, "bench_runs", lambda self: runs, raising=False)
    async with opened(session, tmp_path, "bench", size) as (console, pilot):
        screen = console.screen
        assert isinstance(screen, BenchScreen)
        yield server, screen, console, pilot
        server.gate.set()
    await session.talker.close()
    await runner.cleanup()


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_measure_look_back_compare_and_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with bench(tmp_path, monkeypatch, size) as (server, screen, app, pilot):
        screen.query_one("#load-at-once", Input).value = "1,2"
        screen.query_one("#load-count", Input).value = "5"
        await pilot.press("b")
        await until(pilot, lambda: screen.shown and len(screen.shown.measured) == 2 and not screen.tool, "both loads")
        assert server.asked == 2 * (5 + 1)
        await until(pilot, lambda: "2 at once" in shown(app) and "latency p50" in shown(app), "figures and a plot")
        assert "tokens are estimated" in shown(app)
        await until(pilot, lambda: BenchRuns(tmp_path / "bench").names(), "the run is kept")
        (name,) = BenchRuns(tmp_path / "bench").names()
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, BenchRunsModal) and name in shown(app), "the saved runs")
        await pilot.press("enter")
        await until(pilot, lambda: "1 at once: p50 x1.00" in shown(app), "the comparison")
        await pilot.press("e")
        await until(pilot, lambda: list((tmp_path / "exports").glob(f"{name}.svg")), "the files")
        assert {path.suffix for path in (tmp_path / "exports").iterdir()} == {".svg", ".csv", ".json"}
        assert stat.S_IMODE((tmp_path / "exports").stat().st_mode) == 0o700


async def test_stop_ends_it_though_the_server_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path, monkeypatch) as (server, screen, app, pilot):
        server.gate.clear()
        await pilot.press("b")
        await until(pilot, lambda: server.asked == 1, "the first request is in flight")
        await pilot.press("s")
        await until(pilot, lambda: screen.tool is None and "stopped" in shown(app), "it ended")
        assert server.asked == 1
        assert BenchRuns(tmp_path / "bench").names() == [], "nothing was measured, nothing is kept"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("at-once", "two", "'two' is no whole number"),
        ("at-once", "0", "from 1 to 1024"),
        ("count", "", "how many requests"),
    ],
)
async def test_a_wrong_load_is_said_and_nothing_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, value: str, said: str
) -> None:
    async with bench(tmp_path, monkeypatch) as (server, screen, app, pilot):
        screen.query_one(f"#load-{field}", Input).value = value
        await pilot.press("b")
        await until(pilot, lambda: said in shown(app), "the refusal")
        assert server.asked == 0 and screen.tool is None
