"""What can be done on the chat screen beside asking: compare, edit, copy, search, templates, and what is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from saxtui.console.app import ConsoleApp
from saxtui.console.chat_acts import code_blocks
from saxtui.console.modals.choose import ChooseModal
from saxtui.console.modals.confirm import ConfirmModal
from saxtui.console.modals.conversations import ConversationsModal
from saxtui.console.modals.text import BlockModal, LineModal
from saxtui.console.screens.chat import ChatScreen
from saxtui.console.widgets.rows import Rows
from saxtui.model.conversation import Template, TurnState
from saxtui.model.serving import Candidate, Rung
from tests.console.serving_fakes import FakeSession, deployment, model, opened, shown, until

OTHER = "/sax/test/other"


def loaded(**more: object) -> FakeSession:
    session = FakeSession(deployment(), **more)  # type: ignore[arg-type]
    session.serve(model(Rung.LOADED, Rung.LOADED), model(Rung.LOADED, name=OTHER))
    return session


def screen_of(app: ConsoleApp) -> ChatScreen:
    front = app.front
    assert isinstance(front, ChatScreen)
    return front


async def say(pilot: Pilot[int], app: ConsoleApp, prompt: str) -> None:
    """Type a prompt and wait for its answer; then the turns have the focus."""
    screen = screen_of(app)
    before = len(screen.turns)
    screen.box.focus()
    await pilot.press(*prompt, "enter")
    await until(
        pilot,
        lambda: len(screen.turns) > before and all(turn.state is TurnState.ANSWERED for turn in screen.turns),
        f"an answer to {prompt}",
    )
    screen.log_view.focus()
    await pilot.pause()


@pytest.mark.parametrize(("size", "beside"), [((120, 40), True), ((80, 24), False)])
async def test_two_models_answer_one_prompt(tmp_path: Path, size: tuple[int, int], beside: bool) -> None:
    """A7: two models side by side."""
    session = loaded()
    async with opened(session, tmp_path, "chat", size) as (app, pilot):
        await say(pilot, app, "first")
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ChooseModal), "the models")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "against" in shown(app), "the heading says so")
        assert "the two models are asked one after the other" in shown(app)
        await say(pilot, app, "which?")
        assert [ask.model for ask in session.asks] == ["/sax/test/spmd", "/sax/test/spmd", OTHER]
        lines = [line for line in shown(app).splitlines() if "echo which?" in line]
        assert [line.count("echo which?") for line in lines] == ([2] if beside else [1, 1])


async def test_what_has_come_is_shown_and_kept_when_it_is_stopped(tmp_path: Path) -> None:
    session = loaded(streams=True, gate=asyncio.Event())
    session.answer = lambda _prompt: (Candidate("halfway there", None),)
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await pilot.press(*"go", "enter")
        await until(pilot, lambda: "halfway" in shown(app) and "esc stops it" in shown(app), "the first word")
        await pilot.press("escape")
        await until(pilot, lambda: "no whole answer: you stopped waiting" in shown(app), "it is stopped")
        assert "halfway" in shown(app)


async def test_an_edited_prompt_takes_the_place_of_what_came_after(tmp_path: Path) -> None:
    session = loaded()
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await say(pilot, app, "one")
        await say(pilot, app, "two")
        await pilot.press("left_square_bracket", "e")
        screen = screen_of(app)
        await until(pilot, lambda: screen.box.text == "one", "the first prompt is in the box")
        await pilot.press(*" more", "enter")
        await until(pilot, lambda: len(screen.turns) == 3, "it is sent")
        await until(pilot, lambda: "echo one more" in shown(app), "the answer")
        assert [turn.replaced for turn in screen.turns] == [True, True, False]
        assert "edited and sent again below" in shown(app)


async def test_replies_and_code_are_copied(tmp_path: Path) -> None:
    session = loaded()
    reply = "Look:\n\n```python\nx = 1\n```\n\n~~~\nls -l\n~~~\n"
    session.answer = lambda _prompt: (Candidate(reply, None),)
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await say(pilot, app, "code?")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == reply, "the reply")
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, ChooseModal), "which block")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.clipboard == "ls -l", "the second block")


def test_code_blocks() -> None:
    text = "a\n```py\nx\n\ny\n```\nb\n````\n```\ninner\n```\n````\n```sh\nnot closed"
    assert code_blocks(text) == [("py", "x\n\ny"), ("", "```\ninner\n```"), ("sh", "not closed")]


async def test_search_within_the_conversation(tmp_path: Path) -> None:
    session = loaded()
    async with opened(session, tmp_path, "chat", (80, 24)) as (app, pilot):
        for prompt in ("needle", *"abcdef"):
            await say(pilot, app, prompt)
        assert "echo needle" not in shown(app)
        await pilot.press("slash", *"Needle")
        await until(pilot, lambda: "echo needle" in shown(app), "it goes there")
        await pilot.press("escape")
        await until(pilot, lambda: not screen_of(app).field.display, "the search ends")


async def test_conversations_are_searched_renamed_and_deleted(tmp_path: Path) -> None:
    session = loaded()
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await say(pilot, app, "about cats")
        await pilot.press("n")
        await say(pilot, app, "about dogs")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ConversationsModal) and "about cats" in shown(app), "both")
        await pilot.press("slash", *"CATS")
        await until(pilot, lambda: app.screen.query_one(Rows).count == 1, "only the one")
        await pilot.press("enter", "r")
        await until(pilot, lambda: isinstance(app.screen, LineModal), "the new title")
        await pilot.press("end", *"!", "enter")
        await until(pilot, lambda: "about cats!" in shown(app), "renamed")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal), "it asks")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "is in none of them" in shown(app), "deleted")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "echo about dogs" in shown(app), "the open one stays")
        memory = screen_of(app).memory
        assert memory is not None
        assert [one.title for one in await memory.all("abc123")] == ["about dogs"]


async def test_templates_are_filled_in(tmp_path: Path) -> None:
    async with opened(loaded(), tmp_path, "chat") as (app, pilot):
        screen = screen_of(app)
        assert screen.memory is not None
        await screen.memory.save_template(Template("greet", "Greet {name} twice"))
        await pilot.press("ctrl+b")
        await until(pilot, lambda: isinstance(app.screen, ChooseModal) and "greet" in shown(app), "the templates")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LineModal), "the placeholder")
        await pilot.press(*"Ada", "enter")
        await until(pilot, lambda: screen.box.text == "Greet Ada twice", "in the box")


async def test_the_system_text_heads_every_prompt_of_a_sax_server(tmp_path: Path) -> None:
    session = loaded()
    async with opened(session, tmp_path, "chat") as (app, pilot):
        await pilot.press("ctrl+g")
        await until(pilot, lambda: isinstance(app.screen, BlockModal), "the editor")
        await pilot.press(*"Be brief.", "ctrl+s")
        await until(pilot, lambda: "system text: Be brief." in shown(app), "the notice says so")
        await say(pilot, app, "hi")
        assert [prompt for prompt, _ in session.prompts] == ["Be brief.\n\nhi"]
        assert screen_of(app).turns[0].prompt == "hi"
