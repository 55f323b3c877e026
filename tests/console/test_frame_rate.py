"""Textual reads how often it may paint when it is imported: the console says so before that."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("asked", "found"), [("", "240"), ("30", "30")])
def test_the_console_paints_often_unless_the_operator_asks_otherwise(asked: str, found: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "TEXTUAL_FPS"}
    code = "import saxtui.console.app, textual.constants; print(textual.constants.MAX_FPS)"
    asking = {"TEXTUAL_FPS": asked} if asked else {}
    said = subprocess.run(
        [sys.executable, "-c", code], env={**environ, **asking}, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == found
