"""Every command is said once and can be reached three ways; no key means two things on one screen."""

from __future__ import annotations

import importlib
from collections import Counter

import pytest

from saxtui.console.app import ConsoleApp
from saxtui.console.commands import GLOBAL, MODES, Command, find, key_name
from saxtui.console.screens.base import ConsoleScreen
from tests.console.fakes import FakeRuntime, summary

_MODE_NAMES = [mode for mode, _, _ in MODES]


def screen_class(mode: str) -> type[ConsoleScreen]:
    module = importlib.import_module(f"saxtui.console.screens.{mode}")
    kind: type[ConsoleScreen] = getattr(module, f"{mode.capitalize()}Screen")
    return kind


@pytest.mark.parametrize("mode", _MODE_NAMES)
def test_no_key_means_two_things_on_a_screen(mode: str) -> None:
    used = Counter(key for command in (*screen_class(mode).HERE, *GLOBAL) for key in command.keys)
    assert not [key for key, times in used.items() if times > 1]


@pytest.mark.parametrize("mode", _MODE_NAMES)
def test_ids_and_names_are_unique_on_a_screen(mode: str) -> None:
    commands = (*screen_class(mode).HERE, *GLOBAL)
    ids = Counter(command.id for command in commands)
    names = Counter(command.name for command in commands)
    assert not [name for name, times in {**ids, **names}.items() if times > 1]


@pytest.mark.parametrize("mode", _MODE_NAMES)
async def test_every_command_is_reached_by_key_palette_and_name(mode: str) -> None:
    app = ConsoleApp({}, lambda _environ: FakeRuntime(summary()))  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        app.switch_mode(mode)
        await pilot.pause()
        front = app.front
        assert front is not None
        app.set_focus(None)  # a field takes the letters and digits typed in it
        await pilot.pause()
        titles = {entry.title for entry in app.get_system_commands(app.screen)}
        bound = {binding.binding.id for binding in front.active_bindings.values()}
        for command in front.commands:
            assert any(command.id in title for title in titles), command.id
            assert find(front.commands, command.name) is command
            assert find(front.commands, command.id) is command
            if command.id not in {"app.palette", "app.quit"}:  # bound by the app, before the screen
                assert command.id in bound, command.id


def test_a_beginning_that_two_names_share_finds_none() -> None:
    both = [Command(f"x.{name}", (), name, name, lambda _s: None) for name in ("slices", "slow")]
    assert find(both, "sl") is None
    assert find(both, "sli") is both[0]
    assert find(both, "") is None


def test_keys_are_written_for_people() -> None:
    assert [key_name(key) for key in ("question_mark", "ctrl+p", "escape", "n")] == ["?", "^p", "esc", "n"]
