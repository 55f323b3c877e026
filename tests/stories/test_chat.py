"""Chat on the console against the embedded cloud and a server of the OpenAI protocol: never lost, never sent twice."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.chat import ChatScreen
from saxtui.model.conversation import TurnState
from saxtui.present.opening import OPEN, URL
from tests.console.screens import shows, until
from tests.stories.robot import EmbeddedCloud, Operator, wait_until

FILES = Path(__file__).resolve().parents[2] / "saxtui" / "emulator" / "scenarios" / "files"
_SERVER = """
import asyncio, json, sys
from aiohttp import web

prompts = open(sys.argv[1], "a", buffering=1)

async def models(request):
    return web.json_response({"data": [{"id": "talker"}]})

async def answer(request):
    body = await request.json()
    prompt = body["messages"][-1]["content"]
    prompts.write(json.dumps(prompt) + "\\n")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for text in ("half ", "an answer"):
        event = {"choices": [{"index": 0, "delta": {"content": text}}]}
        await response.write(f"data: {json.dumps(event)}\\n\\n".encode())
        if "hold" in prompt:
            await asyncio.Event().wait()
    await response.write(b"data: [DONE]\\n\\n")
    return response

async def main():
    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def talker(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server of the OpenAI protocol: its address, and the file it writes every prompt it gets into."""
    heard = folder / "heard"
    heard.touch()
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(heard)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}", heard
    finally:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()


@asynccontextmanager
async def console(
    env: dict[str, str], size: tuple[int, int] = (100, 36)
) -> AsyncIterator[tuple[ChatScreen, Pilot[Any]]]:
    """The console, begun in the chat."""
    app = ConsoleApp(env)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChatScreen) and app.screen.party is not None)
        assert isinstance(app.screen, ChatScreen)
        try:
            yield app.screen, pilot
        finally:
            await app.sessions.close()
            left = [task.get_name() for task in asyncio.all_tasks()]
            assert not [name for name in left if name.startswith(("watch ", "tend ", "inquire ", "pump ", "prompt "))]


def sent(heard: Path) -> list[str]:
    return [json.loads(line) for line in heard.read_text().splitlines()]


async def test_killed_during_an_answer_the_prompt_is_there_and_unanswered(tmp_path: Path) -> None:
    operator = Operator(tmp_path, {**EmbeddedCloudless.env(), "SAXTUI_STATE": str(tmp_path / "state")})
    with talker(tmp_path) as (url, heard):
        running = subprocess.Popen(
            [sys.executable, "-m", "saxtui", "chat", "--openai", url], env=operator.env, cwd=tmp_path, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert running.stdin is not None and running.stdout is not None
        running.stdin.write("please hold the line\n")
        running.stdin.flush()
        assert running.stdout.read(5) == "half "
        wait_until(lambda: pieces(tmp_path / "state"), "what has come is on disk")
        running.kill()
        running.wait()
        running.stdin.close()
        running.stdout.close()
        (kept,) = operator.saxtui("chat", "--openai", url, "--export", "1", "--json").ok().records
        (turn,) = kept["turns"]
        assert (turn["prompt"], turn["state"], turn["partial"]) == ("please hold the line", "unanswered", "half ")
        async with console({**operator.env, URL: url}) as (screen, pilot):
            await shows(screen.console, pilot, "please hold the line", "half", "no whole answer: saxtui ended before")
            assert screen.box.text == "", "an old prompt is not pushed at the operator"
        assert sent(heard) == ["please hold the line"], "and nothing was sent a second time"


def pieces(state: Path) -> bool:
    import sqlite3

    with sqlite3.connect(state / "conversations.sqlite3") as db:
        found = db.execute("SELECT count(*) FROM pieces").fetchone()[0] > 0
    db.close()
    return bool(found)


async def test_a_server_that_comes_late_gets_what_was_queued_once(tmp_path: Path) -> None:
    env = {**EmbeddedCloudless.env(), "SAXTUI_STATE": str(tmp_path / "state")}
    with talker(tmp_path) as (url, heard):
        pass  # the address is free again: nobody answers there
    async with console({**env, URL: url}) as (screen, pilot):
        await pilot.press(*"hello", "enter")
        await shows(screen.console, pilot, "hello", "queued, not sent", "no connection")
    assert sent(heard) == []
    port = url.rpartition(":")[2]
    server = _SERVER.replace('"127.0.0.1", 0', f'"127.0.0.1", {port}')
    again = subprocess.Popen([sys.executable, "-c", server, str(heard)], stdout=subprocess.PIPE, text=True)
    try:
        async with console({**env, URL: url}) as (screen, pilot):
            await shows(screen.console, pilot, "half an answer")
            await until(pilot, lambda: [turn.state for turn in screen.turns] == [TurnState.ANSWERED])
    finally:
        again.kill()
        again.wait()
        assert again.stdout is not None
        again.stdout.close()
    assert sent(heard) == ["hello"]


@pytest.mark.long
def test_line_by_line(tmp_path: Path) -> None:
    operator = Operator(tmp_path, {**EmbeddedCloudless.env(), "SAXTUI_STATE": str(tmp_path / "state")})
    with talker(tmp_path) as (url, heard):
        said = operator.saxtui("chat", "--openai", url, "--json", stdin="one \\\ntwo\n/new\nthree\n").ok()
        first, second = said.of_type("turn")
        assert (first["prompt"], first["text"], first["state"]) == ("one \ntwo", "half an answer", "answered")
        assert first["conversation"] != second["conversation"]
        listed = operator.saxtui("chat", "--openai", url, "--search", "THREE", "--json").ok().of_type("conversation")
        assert [one["title"] for one in listed] == ["three"]
        text = operator.saxtui("chat", "--openai", url, "--export", str(listed[0]["id"])).ok().out
        assert "half an answer" in text
        operator.saxtui("chat", "--openai", url, "--continue", "77", stdin="x\n").refused(2, "there is none")
    assert sent(heard) == ["one \ntwo", "three"]
    operator.saxtui("chat", "--openai", "nonsense", stdin="x\n").refused(2, "is no http")


class EmbeddedCloudless:
    """The surroundings of a program that needs no cloud."""

    @staticmethod
    def env() -> dict[str, str]:
        import os

        keep = {"PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "HOME"}
        root = str(Path(__file__).resolve().parents[2])
        return {**{k: v for k, v in os.environ.items() if k in keep}, "PYTHONPATH": root, "TERM": "dumb"}


@asynccontextmanager
async def up(
    tmp_path: Path, scenario: str = "", *, speed: float = 600, http: str = "v1.0.0"
) -> AsyncIterator[tuple[EmbeddedCloud, dict[str, str]]]:
    """A cloud on which the tutorial's shape is up, and the surroundings of a console that begins in its chat."""
    file = FILES / f"{scenario}.yaml" if scenario else None
    cloud = await asyncio.to_thread(EmbeddedCloud.start, tmp_path / "cloud", speed=speed, scenario=file, seed=7)
    try:
        (tmp_path / "desk").mkdir()
        operator = cloud.operator(tmp_path / "desk")
        wanted = tmp_path / "desk" / operator.deployment()
        # The canary asks too: without it, what reaches the server is what was typed.
        text = wanted.read_text().replace("sax-http:v1.0.0", f"sax-http:{http}").replace("canary: 30", "canary: 0")
        wanted.write_text(text)
        await typed(cloud, tmp_path, "up", "-d", wanted.name, "--yes")
        name = next(Path(cloud.env["SAXTUI_STATE"], "deployments").glob("*.yaml")).stem
        yield cloud, {**cloud.env, OPEN: name}
    finally:
        await asyncio.to_thread(cloud.stop)


@asynccontextmanager
async def published(
    tmp_path: Path, scenario: str = "", *, speed: float = 600, http: str = "v1.0.0"
) -> AsyncIterator[tuple[EmbeddedCloud, dict[str, str]]]:
    """The same with the model loaded."""
    async with up(tmp_path, scenario, speed=speed, http=http) as (cloud, env):
        await typed(cloud, tmp_path, "publish", "-d", env[OPEN], "--wait")
        yield cloud, env


async def typed(cloud: EmbeddedCloud, tmp_path: Path, *args: str) -> None:
    """A command of the operator beside the console."""
    answer = await asyncio.to_thread(cloud.operator(tmp_path / "desk").saxtui, *args)
    answer.ok()


def generates(cloud: EmbeddedCloud) -> int:
    """How many prompts reached the server."""
    return sum(1 for request in cloud.requests() if request["path"].split("?")[0].endswith("/generate"))


async def test_a_prompt_waits_for_the_load_and_is_sent_once(tmp_path: Path) -> None:
    """A7 on the console: no request carries a prompt before the model is proved loaded."""
    async with up(tmp_path) as (cloud, env), console(env) as (screen, pilot):
        await until(pilot, lambda: screen.partner is not None and "is not published" in screen.partner.reason)
        await pilot.press(*"How many days?", "enter")
        await shows(screen.console, pilot, "queued, not sent", "is not published")
        assert screen.session is not None
        await screen.session.publish()
        await until(pilot, lambda: [turn.state for turn in screen.turns] == [TurnState.ANSWERED])
        await shows(screen.console, pilot, "tok/s (estimate)", "does not stream")
        assert generates(cloud) == 1


FAILURES = {
    "http-400": "StatusNotOk", "http-500": "StatusNotOk", "http-drop": "dropped the connection",
    "http-garbage": "unknown shape", "http-huge": "longer than",
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(("scenario", "words"), FAILURES.items())
async def test_a_prompt_that_fails_is_kept_and_only_sent_again_by_hand(
    tmp_path: Path, scenario: str, words: str
) -> None:
    async with published(tmp_path, scenario) as (cloud, env), console(env) as (screen, pilot):
        begun = generates(cloud)
        await pilot.press(*"precious", "enter")
        await until(pilot, lambda: [turn.state for turn in screen.turns] == [TurnState.FAILED], 100)
        assert words in screen.turns[0].said
        await until(pilot, lambda: screen.box.text == "precious")
        once = generates(cloud)
        await pilot.press("x", "backspace", "ctrl+r")
        await until(pilot, lambda: len(screen.turns) == 2 and screen.turns[1].state not in
                    (TurnState.QUEUED, TurnState.SENT), 100)  # fmt: skip
        assert (once - begun, generates(cloud) - begun) == (1, 2)


@pytest.mark.long
async def test_a_hung_server_says_so_and_the_screen_stays_alive(tmp_path: Path) -> None:
    async with published(tmp_path, "http-hang") as (cloud, env), console(env) as (screen, pilot):
        begun = generates(cloud)
        await pilot.press(*"first", "enter")
        await shows(screen.console, pilot, "waiting", "this server does not stream")
        await pilot.press(*"second", "enter")
        await shows(screen.console, pilot, "queued, not sent")
        await pilot.press(*"draft")
        await until(pilot, lambda: screen.box.text == "draft", 10)
        await pilot.press("escape")
        await until(pilot, lambda: screen.turns[0].state is TurnState.UNANSWERED)
        assert screen.box.text == "draft"
        await until(pilot, lambda: screen.turns[1].state is TurnState.ANSWERED, 100)
        assert generates(cloud) - begun == 2


HOST_DIES = """
faults:
  - {when: {at: 0}, fault: container-exits, pods: sax-model-server-0-3, code: 137, reason: OOMKilled}
"""
SLOW_RETURN = "  - {when: {on: model.load, times: 2}, fault: load-slow, factor: 5}\n"
"""Where ten minutes are one second: time to look, also on a busy machine."""


@pytest.mark.parametrize(
    ("http", "speed"),
    [
        ("v1.0.0", 600.0),
        pytest.param("v1.0.0", 60.0, marks=pytest.mark.long),
        pytest.param("v1.2.0", 60.0, marks=pytest.mark.long),
    ],
)
async def test_a_host_dies_and_what_is_queued_waits_for_its_return(tmp_path: Path, http: str, speed: float) -> None:
    """Told by name, queued and not sent, sent once and answered when JobSet has made it anew; nobody does anything."""
    scenario = tmp_path / "host-dies.yaml"
    scenario.write_text(HOST_DIES + (SLOW_RETURN if speed == 600.0 else ""))
    async with published(tmp_path, speed=speed, http=http) as (cloud, env), console(env) as (screen, pilot):
        await pilot.press(*"before", "enter")
        await until(pilot, lambda: [turn.state for turn in screen.turns] == [TurnState.ANSWERED])
        session = screen.session
        assert session is not None
        await pilot.press(*"now")
        await asyncio.to_thread(cloud.play, scenario)
        await shows(screen.console, pilot, "host 0-3 died at", "OOMKilled, exit code 137", "prompts are queued")
        told = session.cloud.clock.now()
        await pilot.press("enter")
        await shows(screen.console, pilot, "queued, not sent")
        assert generates(cloud) == 1
        if speed == 60.0:  # faster, and a second of this machine is more than what is asked
            await shows(screen.console, pilot, "JobSet restarts all slices (1 of 4)")
            died = min(item.ending.at for item in session.fallen if item.slice >= 0)
            assert told - died <= 30.0
        await until(pilot, lambda: [turn.state for turn in screen.turns] == [TurnState.ANSWERED] * 2)
        assert generates(cloud) == 2
        await until(pilot, lambda: screen.partner is not None and not screen.partner.reason)
