"""The log pane's keys on the Slices screen: fold, jump, save, regex, pause, errors, as a person presses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.slices import SlicesScreen
from saxtui.model.cluster import LogLine
from tests.console.serving_fakes import NOW, FakeSession, deployment, opened, pod, shown, slices, until

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])


def lock_step() -> list[LogLine]:
    """Eight hosts of slice 1 say the same three times; host 5 runs out of memory in the middle and says no more."""
    found = []
    for step in range(3):
        for host in range(8):
            at = NOW + 40 * step + host / 10
            if host == 5 and step == 1:
                found.append(LogLine(pod(1, 5).name, at, "E0905 22:09:56.7 1 b.py:2] RESOURCE_EXHAUSTED: hbm", 1, 5))
            elif host != 5 or step == 0:
                found.append(
                    LogLine(pod(1, host).name, at, f"I0905 22:09:56.7 1 a.py:1] waiting for peers {step}", 1, host)
                )
    return [*found, LogLine(pod(1, 0).name, NOW + 130, "I0905 22:09:56.7 1 a.py:1] the end", 1, 0)]


def row_with(app: ConsoleApp, text: str) -> str:
    return next(row for row in shown(app).split("\n") if text in row)


@SIZES
async def test_keys_of_the_log(tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        screen = app.front
        assert isinstance(screen, SlicesScreen)
        view = screen.pane.view
        await pilot.press("a", "z")
        await until(pilot, lambda: session.asked_logs, "a log is asked for")
        for line in lock_step():
            session.lines.put_nowait(line)
        await until(pilot, lambda: "the end" in shown(app), "the lines")

        await pilot.press("o")
        await until(pilot, lambda: "folded to 5" in screen.pane.heading, "folded")
        assert "x7" in row_with(app, "waiting for peers 1") and "all but 1-5" in row_with(app, "waiting for peers 1")
        assert "only this host" in row_with(app, "RESOURCE_EXHAUSTED")
        assert "host 1-5 silent for 89s" in screen.pane.heading
        await pilot.press("o")
        assert len(view.rows) == len(lock_step()), "folding drops nothing"

        await pilot.press("E")
        assert view.current is not None and "RESOURCE_EXHAUSTED" in view.current.text
        assert not view.following
        await pilot.press("J", *"-2m", "enter")
        assert view.current is not None and view.current.at == pytest.approx(NOW + 40, abs=35)
        await pilot.press("G", "J", *"gap", "enter")
        await until(pilot, lambda: "gap mark is nowhere" in shown(app), "said so")

        await pilot.press("ampersand", "ctrl+r", *r"peers [12]", "enter")
        await until(pilot, lambda: "filter /peers [12]/: 14" in screen.pane.heading, "the regex")
        await pilot.press("ampersand")
        screen.pane._find.value = "!peers"
        await pilot.press("ctrl+r", "enter")
        await until(pilot, lambda: "filter not 'peers': 2" in screen.pane.heading, "what does not hold it")
        await pilot.press("ampersand", "ctrl+r")
        screen.pane._find.value = "("
        await pilot.press("enter")
        await until(pilot, lambda: "not a regex" in shown(app), "a fault is named")
        await pilot.press("escape", "escape")
        assert len(view.rows) == len(lock_step())

        await pilot.press("S", "enter")
        await until(pilot, lambda: "24 lines written to" in shown(app), "saved")
        saved = next(tmp_path.glob("saxtui-logs-all-hosts-*.log"))
        assert len(saved.read_text().splitlines()) == 24

        await pilot.press("space")
        await until(pilot, lambda: "paused" in screen.pane.heading, "paused")
        for text in ("first after", "second after"):
            session.lines.put_nowait(LogLine(pod(0, 0).name, NOW + 140, text, 0, 0))
            await pilot.pause(0.05)
        assert len(view.store) <= len(lock_step()) + 1
        await pilot.press("space")
        await until(pilot, lambda: len(view.store) == len(lock_step()) + 2, "nothing was lost")
