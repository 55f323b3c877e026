"""`saxtui bench` as a process of its own against a loopback server of the OpenAI protocol."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
import xml.etree.ElementTree
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

EVENTS = b'data: {"choices":[{"index":0,"delta":{"content":"seven days"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Server:
    """Answers at once, until `held`: then never."""

    def __init__(self) -> None:
        self.held = False
        self.asked = 0
        self.url = ""
        self.waiting = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "tiny"}]})
        self.asked += 1
        if self.held and self.asked > 3:
            self.waiting.set()
            await asyncio.Event().wait()
        return web.Response(body=EVENTS, content_type="text/event-stream")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


class Ended:
    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code, self.out, self.err = code, out.decode(), err.decode()

    def records(self, kind: str) -> list[dict[str, Any]]:
        return [found for line in self.out.splitlines() if (found := json.loads(line))["type"] == kind]


async def start(*arguments: str) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "saxtui", "bench", *arguments)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdin=None, stdout=pipe, stderr=pipe, env=os.environ)


async def bench(*arguments: str) -> Ended:
    process = await start(*arguments)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return Ended(process.returncode, out, err)


async def test_figures_are_printed_kept_compared_and_exported(server: Server, tmp_path: Path) -> None:
    load = ("--openai", server.url, "--concurrency", "1,2", "-n", "6")
    first = await bench(*load, "--json")
    assert first.code == 0, first.err
    assert server.asked == 2 * (6 + 1)
    measured = first.records("measured")
    assert [(row["concurrency"], row["answers"], row["errors"]) for row in measured] == [(1, 6, {}), (2, 6, {})]
    assert all(row["latency"]["p50"] <= row["latency"]["p99"] <= row["latency"]["most"] for row in measured)
    assert not measured[0]["tokens_counted"]
    (run,) = first.records("bench")
    assert run["model"] == "tiny" and any("estimated" in note for note in run["notes"])

    again = await bench(*load, "--compare", run["id"], "--export", str(tmp_path / "run.svg"))
    assert again.code == 0, again.err
    assert f"against {run['id']}: 1 at once: p50 x" in again.out and "1 at once" in again.out
    root = xml.etree.ElementTree.fromstring((tmp_path / "run.svg").read_text())
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) > 2

    shown = await bench("--show", run["id"], "--export", str(tmp_path / "run.csv"), "--json")
    assert shown.records("measured") == measured
    rows = list(csv.DictReader((tmp_path / "run.csv").open()))
    assert len(rows) == 12 and float(rows[0]["seconds"]) > 0
    listed = await bench("--runs", "--json")
    assert run["id"] in [row["id"] for row in listed.records("bench-run")]


async def test_ctrl_c_ends_it_with_what_was_measured(server: Server) -> None:
    server.held = True
    process = await start("--openai", server.url, "-n", "50", "--json")
    await asyncio.wait_for(server.waiting.wait(), 60)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err
    (row,) = Ended(0, out, err).records("measured")
    assert (row["stopped"], row["answers"]) == (True, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--concurrency", "two"), "no list of numbers"),
        (("--concurrency", "1.5"), "whole numbers"),
        (("--rate", "0"), "above 0"),
        (("--export", "a.txt"), "must end in .json, .csv or .svg"),
        (("--prompt", "a", "--prompts", "b"), "exclude each other"),
        (("--prompts", "missing.txt"), "missing.txt"),
        (("--show", "missing"), "there is no such run"),
    ],
)
def test_a_wrong_word_is_refused_before_anything_is_sent(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from saxtui.cli.main import run

    code = run(("bench", "--openai", "http://127.0.0.1:9", *arguments), os.environ, lambda environ: 0)
    assert code == 2 and said in capsys.readouterr().err
