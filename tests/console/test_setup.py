"""The wizard by keys alone, at both sizes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from saxtui.console.screens.setup import SetupScreen
from saxtui.console.setup.questions import PAGES
from saxtui.errors import Problem, Refused
from saxtui.model.deployment import Exposure
from tests.console.fakes import FakeRuntime, summary
from tests.console.screens import SIZES, console, shown, shows, until


def wizard(app: object) -> SetupScreen:
    front = getattr(app, "front", None)
    assert isinstance(front, SetupScreen)
    return front


@pytest.mark.parametrize("size", SIZES)
async def test_enter_alone_reaches_review_and_the_project_id_starts_the_run(size: tuple[int, int]) -> None:
    runtime = FakeRuntime()
    async with console(runtime, size) as (app, pilot):
        await until(pilot, lambda: "No deployment yet" in shown(app))
        await pilot.press("n")
        for number, text in enumerate(
            ("Which Google Cloud project", "Which model", "Which slices", "Names and network", "Advanced: nodes")
        ):
            await until(pilot, lambda text=text: text in shown(app))
            await until(pilot, lambda number=number: wizard(app).page == number and not wizard(app).page_problem())
            await pilot.press("enter")
        await until(pilot, lambda: "11 to create" in shown(app))
        await pilot.press(*"wrong", "enter")
        await pilot.pause()
        assert app.current_mode == "setup"
        assert not runtime.library.saved
        assert "demo-project" in runtime.library.draft
        await pilot.press(*["backspace"] * 5, *"demo-project", "enter")
        await until(pilot, lambda: app.current_mode == "provision")
        await until(pilot, lambda: "up done" in shown(app))
        assert list(runtime.library.saved) == ["spmd-175b"]
        assert runtime.sessions["spmd-175b"].runs == ["up"]
        await until(pilot, lambda: not runtime.library.draft)
        await pilot.press("escape")
        await until(pilot, lambda: app.current_mode == "home" and "spmd-175b" in shown(app))


async def test_back_and_forth_and_other_screens_lose_nothing() -> None:
    async with console(FakeRuntime()) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: app.current_mode == "setup" and wizard(app).query("#input-project"))
        await pilot.press("enter", "enter", "enter")
        await until(pilot, lambda: wizard(app).page == 3)
        await pilot.press(*"mine")
        await pilot.press("escape", "escape", "escape", "escape")
        await until(pilot, lambda: app.current_mode == "home")
        await pilot.press("2", "f4", "f4", "f4")
        await until(pilot, lambda: wizard(app).page == 3)
        assert wizard(app).draft.name == "mine"
        assert wizard(app).draft.project == "demo-project"


async def test_every_field_says_what_it_is_about() -> None:
    async with console(FakeRuntime()) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: app.current_mode == "setup" and wizard(app).query("#input-project"))
        for number, (_, questions) in enumerate(PAGES):
            await until(pilot, lambda number=number: wizard(app).page == number and not wizard(app).page_problem())
            told: set[str] = set()
            first, around = app.focused, False
            while not around:  # the right side takes the focus too while it has more to say than fits
                await pilot.press("tab")
                await pilot.pause()
                told |= {line.text for line in wizard(app).about.lines}
                around = app.focused is first
            assert {question.help for question in questions} <= told
            await pilot.press("f4")


async def test_a_bad_answer_holds_the_page_and_says_why() -> None:
    async with console(FakeRuntime()) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: app.current_mode == "setup" and "demo-project" in shown(app))
        await pilot.press(*["backspace"] * 12, "X")
        await until(pilot, lambda: "a project id: 6 to 30" in shown(app))
        await pilot.press("enter")
        await pilot.pause()
        assert wizard(app).page == 0


async def test_the_slice_page_does_the_arithmetic() -> None:
    async with console(FakeRuntime()) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: app.current_mode == "setup" and "demo-project" in shown(app))
        await pilot.press("f4", "f4")
        await until(pilot, lambda: "Which slices" in shown(app))
        await shows(app, pilot, "fits", "too small memory", "64 x $1.20 = $76.80/h", "16 hosts", "h0 ★", "offers it")
        await pilot.press("down")
        await until(pilot, lambda: "needs a slice of 32 chips" in shown(app))
        await pilot.press("enter")
        await pilot.pause()
        assert wizard(app).page == 2


async def test_choosing_a_model_moves_the_topology() -> None:
    async with console(FakeRuntime()) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: app.current_mode == "setup" and "demo-project" in shown(app))
        await pilot.press("f4")
        await until(pilot, lambda: wizard(app).page == 1)
        await pilot.press("down")
        await until(pilot, lambda: wizard(app).draft.model_path.endswith("175B64Test"))
        assert wizard(app).draft.topology == "8x8"


async def test_the_project_answers_while_one_types() -> None:
    runtime = FakeRuntime()
    async with console(runtime) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: "operator@example.com" in shown(app))
        await until(pilot, lambda: "are fine" in shown(app))
        runtime.projects.refusal = Refused(Problem("read", "credentials", "expired", "gcloud auth login"))
        await pilot.press("f5")
        await until(pilot, lambda: "gcloud auth login" in shown(app))


async def test_a_name_in_the_library_is_not_offered_again() -> None:
    async with console(FakeRuntime(summary())) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("n", "f4", "f4", "f4")
        await until(pilot, lambda: app.current_mode == "setup" and wizard(app).page == 3)
        await shows(app, pilot, "spmd-175b-2")


async def test_nothing_is_saved_before_the_word_is_typed() -> None:
    runtime = FakeRuntime()
    async with console(runtime) as (app, pilot):
        await pilot.press("n", "f4", "f4", "f4", "f4", "f4")
        await until(pilot, lambda: "11 to create" in shown(app))
        await pilot.press("enter")
        await asyncio.sleep(0)
        assert wizard(app).page == len(PAGES) - 1
        assert not runtime.library.saved
        assert not runtime.sessions


async def click(app: Any, pilot: Pilot[Any], selector: str, text: str) -> None:
    """Click on the text within the widget, where it stands on the screen."""
    found: list[tuple[int, int]] = []

    def there() -> bool:
        region = app.screen.query_one(selector).region
        rows = shown(app).splitlines()[region.y : region.bottom]
        found[:] = [
            (row[region.x : region.right].index(text) + len(text) // 2, y)
            for y, row in enumerate(rows)
            if text in row[region.x : region.right]
        ]
        return bool(found)

    await until(pilot, there)
    assert await pilot.click(selector, offset=found[0])


async def test_the_whole_wizard_by_mouse_alone() -> None:
    """Also the consent: what is in the terminal's clipboard is pasted by a mouse button."""
    runtime = FakeRuntime()
    async with console(runtime, SIZES[0]) as (app, pilot):
        await until(pilot, lambda: "No deployment yet" in shown(app))
        await click(app, pilot, "KeyFooter", "new")
        await until(pilot, lambda: app.current_mode == "setup" and "demo-project" in shown(app))
        await click(app, pilot, "#choice-preset", "tutorial-exact")
        await until(pilot, lambda: wizard(app).draft.exposure == "external")
        await click(app, pilot, "#turns", "next")
        await until(pilot, lambda: wizard(app).page == 1 and "LmCloudSpmd175B32Test" in shown(app))
        await click(app, pilot, "#turns", "next")
        await until(pilot, lambda: wizard(app).page == 2 and "Which slices" in shown(app))
        await click(app, pilot, "#shapes", "4x4")
        await until(pilot, lambda: "needs a slice of 32 chips" in wizard(app).page_problem())
        await click(app, pilot, "#turns", "next")
        assert wizard(app).page == 2
        await click(app, pilot, "#shapes", "4x8")
        await until(pilot, lambda: not wizard(app).page_problem())
        await click(app, pilot, "#choice-capacity", "spot")
        await until(pilot, lambda: wizard(app).draft.capacity == "spot")
        await click(app, pilot, "#progress", "Names")
        await until(pilot, lambda: wizard(app).page == 3)
        await click(app, pilot, "#choice-role_scope", "bucket")
        await until(pilot, lambda: "least privilege" in shown(app))
        await click(app, pilot, "#turns", "back")
        await until(pilot, lambda: wizard(app).page == 2)
        await click(app, pilot, "#progress", "Review")
        await until(pilot, lambda: "11 to create" in shown(app))
        await click(app, pilot, "#choice-view", "graph")
        await until(pilot, lambda: "|- " in shown(app))
        await pilot.click("#input-typed")
        wizard(app).review.typed.post_message(events.Paste("demo-project"))
        await until(pilot, lambda: wizard(app).review.typed.value == "demo-project")
        await click(app, pilot, "#turns", "start")
        await until(pilot, lambda: app.current_mode == "provision")
        made = runtime.library.saved["spmd-175b"]
        assert (made.slices.spot, made.exposure, made.identity.role_scope) == (True, Exposure.EXTERNAL, "bucket")


async def test_a_setup_that_was_broken_off_is_gone_on_with() -> None:
    runtime = FakeRuntime()
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "No deployment yet" in shown(app))
        assert "goes on with" not in shown(app)
        await pilot.press("n", "f4", "f4", "f4")
        await until(pilot, lambda: app.current_mode == "setup" and wizard(app).page == 3)
        await pilot.press(*"mine")
        identity = wizard(app).draft.id
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code is not None)
    async with console(runtime) as (app, pilot):
        await shows(app, pilot, "goes on with the setup begun for demo-project: page Names")
        await pilot.press("n")
        await until(pilot, lambda: app.current_mode == "setup" and wizard(app).page == 3)
        assert (wizard(app).draft.name, wizard(app).draft.id) == ("mine", identity)
        await pilot.press("f8")
        await until(pilot, lambda: not runtime.library.draft)
        await pilot.press("escape")
        await until(pilot, lambda: app.current_mode == "home" and "goes on with" not in shown(app))
