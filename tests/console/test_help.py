"""`?` lists every key; `:` goes by name."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from saxtui.console.modals.go import GoModal
from saxtui.console.screens.help import MOVING, HelpScreen, screens
from saxtui.console.widgets.log_view import LogView
from saxtui.console.widgets.pod_grid import PodGrid
from saxtui.console.widgets.rows import Rows
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


async def test_no_cursor_blinks_under_a_dialog() -> None:
    """Each blink under it would paint the whole screen anew, twice a second for as long as help is read."""
    async with console(FakeRuntime(summary())) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.focused, Input))
        field = app.focused
        assert isinstance(field, Input) and field.cursor_blink
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert not field.cursor_blink
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is field)
        assert field.cursor_blink


def test_the_keys_for_moving_are_those_the_widgets_have() -> None:
    told = [key for keys, _, _ in MOVING for key in keys.split()]
    names = {"↑": "up", "↓": "down", "←": "left", "→": "right", "pgup": "pageup", "pgdn": "pagedown",
             "[": "left_square_bracket", "]": "right_square_bracket"}  # fmt: skip
    have = {key for kind in (PodGrid, Rows, LogView) for keys, *_ in kind._merged_bindings or () for key in [keys]}
    assert {names.get(key, key) for key in told} - {"tab", "click"} <= have


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
