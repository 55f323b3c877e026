"""The Chat screen over a fake session and the real memory on disk: no prompt is ever lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.chat import ChatScreen
from saxtui.errors import Ambiguous, Problem
from saxtui.model.conversation import TurnState
from saxtui.model.serving import Candidate, Dialect, Rung, Sampling
from tests.console.serving_fakes import FakeSession, deployment, model, opened, shown, until

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])


def loaded(**more: object) -> FakeSession:
    session = FakeSession(deployment(), **more)  # type: ignore[arg-type]
    session.serve(model(Rung.LOADED, Rung.LOADED))
    return session


def screen_of(app: ConsoleApp) -> ChatScreen:
    front = app.front
    assert isinstance(front, ChatScreen)
    return front


@SIZES
async def test_prompt_and_reply(tmp_path: Path, size: tuple[int, int]) -> None:
    """A7: the answer tells its latency and score, the screen which dialect the server speaks."""
    session = loaded()
    session.answer = lambda _p: (Candidate("quietly [red]7[/red] harbour", -12.1), Candidate("the the", -12.4))
    async with opened(session, tmp_path, "chat", size) as (app, pilot):
        assert "takes no parameters and does not stream" in shown(app)
        await pilot.press(*"How many days?", "enter")
        await until(pilot, lambda: "harbour" in shown(app), "the reply")
        text = shown(app)
        assert "you      How many days?" in text
        assert "spmd     quietly [red]7[/red] harbour" in text, "replies are not markup"
        assert "4.1 s · about 2 tok/s (estimate) · score -12.1" in text
        assert "1 more candidate, scores -12.4" in text
        assert screen_of(app).box.text == ""
        await pilot.press("tab")
        screen_of(app).log_view.focus()
        await pilot.press("enter")
        await until(pilot, lambda: "candidate 2, score -12.40" in shown(app), "the candidate")


@SIZES
async def test_a_toast_does_not_lie_on_the_prompt(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(loaded(), tmp_path, "chat", size) as (app, pilot):
        app.tell("published /sax/test/spmd: now it has to load")
        await until(pilot, lambda: any(toast.region.area for toast in app.screen.query("Toast")), "the toast")
        prompt = screen_of(app).box.region
        assert not any(toast.region.overlaps(prompt) for toast in app.screen.query("Toast"))


async def test_several_lines_and_history(tmp_path: Path) -> None:
    session = loaded()
    async with opened(session, tmp_path, "chat") as (app, pilot):
        box = screen_of(app).box
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c")
        assert box.text == "a\nb\nc"
        await pilot.press("enter")
        await until(pilot, lambda: len(session.prompts) == 1 and screen_of(app).waiting is None, "the first")
        await pilot.press(*"two", "enter")
        await until(pilot, lambda: len(session.prompts) == 2 and screen_of(app).waiting is None, "the second")
        assert [prompt for prompt, _ in session.prompts] == ["a\nb\nc", "two"]
        await until(pilot, lambda: len(screen_of(app).turns) == 2, "both turns")
        await pilot.press(*"draft", "up")
        assert box.text == "two"
        await pilot.press("up")
        assert box.text == "a\nb\nc"
        await pilot.press("down", "down")
        assert box.text == "draft"


@SIZES
async def test_a_failed_prompt_is_kept_and_sent_again(tmp_path: Path, size: tuple[int, int]) -> None:
    session = loaded()
    session.answer = lambda _p: Ambiguous(Problem("generate", "/sax/test/spmd", "timed out after 120 s"))
    async with opened(session, tmp_path, "chat", size) as (app, pilot):
        await pilot.press(*"precious", "enter")
        await until(pilot, lambda: "timed out after 120 s" in shown(app), "the failure")
        assert "you      precious" in shown(app), "the turn stays"
        assert screen_of(app).box.text == "precious", "and the prompt is back in the box"
        assert len(session.prompts) == 1, "nothing is sent twice by itself"
        session.answer = lambda _p: (Candidate("seven", -1.0),)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "seven" in shown(app), "the reply")
        assert [prompt for prompt, _ in session.prompts] == ["precious", "precious"]
        assert screen_of(app).box.text == ""


async def test_a_draft_is_not_overwritten_by_a_failure(tmp_path: Path) -> None:
    session = loaded(gate=asyncio.Event())
    session.answer = lambda _p: Ambiguous(Problem("generate", "m", "reset"))
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await pilot.press(*"first", "enter")
        await until(pilot, lambda: screen_of(app).waiting is not None, "it waits")
        await pilot.press(*"next")
        assert session.gate is not None
        session.gate.set()
        await until(pilot, lambda: "reset" in shown(app), "the failure")
        assert screen_of(app).box.text == "next"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(session.prompts) == 2, "the failed one is sent again")
        assert screen_of(app).box.text == "next"


@SIZES
async def test_escape_stops_waiting_and_gives_the_prompt_back(tmp_path: Path, size: tuple[int, int]) -> None:
    session = loaded(gate=asyncio.Event())
    async with opened(session, tmp_path, "chat", size) as (app, pilot):
        await pilot.press(*"slow one", "enter")
        await until(pilot, lambda: "waiting" in shown(app), "it waits")
        assert screen_of(app).box.text == ""
        await pilot.press("escape")
        await until(pilot, lambda: screen_of(app).box.text == "slow one", "the prompt is back")
        await until(pilot, lambda: "you stopped waiting" in shown(app), "the turn says so")
        assert screen_of(app).waiting is None
        memory = screen_of(app).memory
        assert memory is not None
        (conversation,) = await memory.all("abc123")
        (turn,) = await memory.turns(conversation.id)
        assert turn.state is TurnState.UNANSWERED


@SIZES
async def test_a_prompt_waits_for_its_model(tmp_path: Path, size: tuple[int, int]) -> None:
    """A7: typed while the model loads, a prompt waits, and is sent once."""
    session = FakeSession(deployment())
    session.serve(model(Rung.ASSIGNED, Rung.LOADING))
    async with opened(session, tmp_path, "chat", size) as (app, pilot):
        await pilot.press(*"hello", "enter")
        await until(pilot, lambda: "queued, not sent: /sax/test/spmd is loading" in shown(app), "it is queued")
        assert "usually" in shown(app)
        assert "is not loaded yet" in shown(app)
        assert session.prompts == [] and screen_of(app).box.text == ""
        session.serve(model(Rung.LOADED, Rung.LOADING))
        await until(pilot, lambda: "echo hello" in shown(app), "the reply")
        assert [prompt for prompt, _ in session.prompts] == ["hello"], "sent once"


async def test_a_queued_prompt_outlives_the_console_and_can_be_taken_back(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADING))
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await pilot.press(*"later", "enter")
        await until(pilot, lambda: "queued, not sent" in shown(app), "it is queued")
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADING))
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await until(pilot, lambda: "queued, not sent: /sax/test/spmd is loading" in shown(app), "it is still queued")
        screen_of(app).log_view.focus()
        await pilot.press("d")
        await until(pilot, lambda: screen_of(app).box.text == "later", "it is back in the box")
        await until(pilot, lambda: "queued" not in shown(app).partition("prompts are")[0], "and not queued")
    assert session.prompts == []


async def test_the_way_to_models(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.serve()
    async with opened(session, tmp_path, "chat") as (app, pilot):
        assert "is not published: Models (^o)" in shown(app)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.current_mode == "models", "Models")


async def test_parameters_are_closed_on_the_old_server(tmp_path: Path) -> None:
    session = loaded()
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await until(pilot, lambda: "takes no parameters" in shown(app), "it says why")
        assert not app.screen.query_one("#sampling").display
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: session.prompts, "it is sent")
        assert session.prompts == [("hi", None)]


async def test_parameters_are_sent_to_the_new_server(tmp_path: Path) -> None:
    session = loaded(dialect=Dialect.NEW)
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await until(pilot, lambda: app.screen.query_one("#sampling").display, "they can be set")
        app.screen.query_one("#sampling-top-p", Input).value = "2"
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: "top-p: a number from 0 to 1" in shown(app), "the refusal")
        assert session.prompts == [] and screen_of(app).box.text == "hi"
        app.screen.query_one("#sampling-top-p", Input).value = "0.9"
        app.screen.query_one("#sampling-max-steps", Input).value = "64"
        await pilot.press("enter")
        await until(pilot, lambda: session.prompts, "it is sent")
        assert session.prompts == [("hi", Sampling(None, None, 0.9, 64))]
        await until(pilot, lambda: "top-p 0.9, max steps 64" in shown(app), "the turn says with what")


async def test_conversations_outlive_the_console(tmp_path: Path) -> None:
    async with opened(loaded(), tmp_path, "chat") as (app, pilot):
        await pilot.press(*"remember me", "enter")
        await until(pilot, lambda: "echo remember me" in shown(app), "the reply")
    async with opened(loaded(), tmp_path, "chat") as (app, pilot):
        await until(pilot, lambda: "echo remember me" in shown(app), "it is still there")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "remember me" not in shown(app), "a new one")
        await pilot.press(*"second", "enter")
        await until(pilot, lambda: "echo second" in shown(app), "the second conversation")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "Earlier conversations" in shown(app), "the list")
        await pilot.pause()
        assert "remember me" in shown(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "echo remember me" in shown(app), "the first one again")


async def test_export_writes_markdown(tmp_path: Path) -> None:
    async with opened(loaded(), tmp_path, "chat") as (app, pilot):
        await pilot.press(*"keep ```this", "enter")
        await until(pilot, lambda: "echo keep" in shown(app), "the reply")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "written to" in shown(app), "it says where")
    check_export(tmp_path)


def check_export(state: Path) -> None:
    (path,) = state.glob("exports/*.md")
    text = path.read_text()
    assert "````text\nkeep ```this\n````" in text
    assert "````text\necho keep ```this\n````" in text
    assert path.stat().st_mode & 0o777 == 0o600
