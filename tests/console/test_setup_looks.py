"""Every page of the wizard as it looks, at both sizes, in a dark, a light and a no-colour theme, in one start-up."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.setup import SetupScreen
from saxtui.console.setup.draft import Draft
from saxtui.console.setup.keeping import Unfinished, dump
from saxtui.console.setup.questions import PAGES
from tests.console.fakes import NOW, FakeRuntime
from tests.console.screens import SIZES, console, shown, until
from tests.console.snapshots import Seen, compare

HEADINGS = (
    "Which Google Cloud project?", "Which model?", "Which slices?", "Names and network", "Advanced: nodes", "Review",
)  # fmt: skip
THEMES = ("saxtui", "textual-light")


def runtime() -> FakeRuntime:
    """With a setup that was begun, so that no name in it is made by chance."""
    found = FakeRuntime()
    answers = tuple(Draft("d7f3a9c1", project="demo-project").answers.items())
    found.library.draft = dump(Unfinished("d7f3a9c1", answers, 0, NOW))
    return found


async def turned(app: ConsoleApp, pilot: Pilot[Any], setup: SetupScreen, page: int) -> None:
    """That page as on the way to it for the first time, with everything on it that comes later."""
    setup._seen = set(range(page))
    setup.turn(page)
    app.clear_notifications()
    await until(pilot, lambda: any("are fine" in line.text for line in setup.answered.lines))
    await until(pilot, lambda: setup.about.lines and not app.screen.query("Toast"))
    if page == len(PAGES) - 1:
        await until(pilot, lambda: setup.review.rows.count and "to create" in shown(app))
    await until(pilot, lambda: HEADINGS[page] in shown(app))
    last: list[str] = []
    while len(last) < 4 or len(set(last[-4:])) > 1:  # a scrollbar that appears makes columns give way once more
        await pilot.pause(0.03)
        last.append(shown(app))


async def test_every_page_looks_as_it_did() -> None:
    found: dict[str, dict[str, Seen]] = {}
    async with console(runtime(), SIZES[0]) as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen) and app.screen.draft.id == "d7f3a9c1")
        setup = app.screen
        assert isinstance(setup, SetupScreen)
        for field in setup.query(Input):
            field.cursor_blink = False
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for theme in THEMES:
                app.theme = theme
                for page, (title, _) in enumerate(PAGES):
                    await turned(app, pilot, setup, page)
                    name = f"setup-{page + 1}-{title.lower()}-{size[0]}x{size[1]}"
                    found.setdefault(name, {})[theme] = Seen.on(app)
    for name, (dark, light) in ((name, (seen[THEMES[0]], seen[THEMES[1]])) for name, seen in found.items()):
        assert dark.lines == light.lines, "a theme changes colours, never words"
        assert dark.bare == light.bare
        light_roles = ["as dark"] if light.roles == dark.roles else light.roles
        parts = [*dark.lines, "--- dark", *dark.roles, "--- light", *light_roles, "--- no colour", *dark.bare]
        compare(name, "\n".join(parts) + "\n")
