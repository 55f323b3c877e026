"""Terminals that show ASCII only: when, and that every sign of the screens has a plain one of the same width."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from saxtui.console.app import ConsoleApp
from saxtui.console.driver import TolerantDriver
from saxtui.console.plain_driver import PLAIN, PlainDriver
from saxtui.console.styling import wants_ascii
from tests.console.fakes import FakeRuntime, summary
from tests.console.screens import console, shown, until


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({}, False),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.utf8", "TERM": "xterm-256color"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, True),
        ({"TERM": "dumb"}, True),
        ({"SAXTUI_ASCII": "1", "LANG": "C.UTF-8"}, True),
    ],
)
def test_which_terminals_are_plain(environ: dict[str, str], plain: bool) -> None:
    assert wants_ascii(environ) is plain
    assert ConsoleApp(environ).driver_class is (PlainDriver if plain else TolerantDriver)


def test_a_plain_sign_is_ascii_and_as_wide() -> None:
    for code, sign in PLAIN.items():
        assert sign.isascii()
        assert cell_len(chr(code)) == len(sign), f"{chr(code)!r} -> {sign!r}"


@pytest.mark.parametrize("mode", ["home", "setup", "provision", "slices", "models", "chat"])
async def test_no_screen_has_a_sign_without_a_plain_one(mode: str) -> None:
    runtime = FakeRuntime(summary())
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        app.go(mode)
        await until(pilot, lambda: app.current_mode == mode and app.screen.is_mounted)
        await pilot.press("f1")
        await until(pilot, lambda: "(this screen)" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "quit" in shown(app) or "help" in shown(app))
        text = shown(app).translate(PLAIN)
        assert text.isascii(), sorted({letter for letter in text if not letter.isascii()})
