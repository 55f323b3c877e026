"""`?` lists every key; `:` goes by name."""

from __future__ import annotations

import pytest

from saxtui.console.modals.go import GoModal
from saxtui.console.screens.help import HelpScreen, screens
from tests.console.fakes import FakeRuntime, summary
from tests.console.screens import SIZES, console, shown, until


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_has_every_command_of_every_screen(key: str) -> None:
    async with console(FakeRuntime(summary()), (120, 200)) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "Everywhere" in shown(app))
        screen = shown(app)
        for commands in screens().values():
            assert all(command.title in screen for command in commands)
        assert screen.index("Home (this screen)") < screen.index("Everywhere") < screen.index("Provision")


@pytest.mark.parametrize("size", SIZES)
async def test_the_go_prompt_completes_and_runs(size: tuple[int, int]) -> None:
    async with console(FakeRuntime(summary()), size) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("colon", *"nonsense", "enter")
        await until(pilot, lambda: "names nothing here" in shown(app))
        assert isinstance(app.screen, GoModal)
        await pilot.press(*["backspace"] * 8, *"set", "tab")
        await until(pilot, lambda: "setup" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "setup")
