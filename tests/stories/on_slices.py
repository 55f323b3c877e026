"""Where the stories of watching begin: a deployment that is up on an embedded cloud, and the console on its slices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.slices import SlicesScreen
from saxtui.engine.runtime import Runtime
from saxtui.engine.session import Session
from saxtui.errors import ExitCode
from saxtui.model.deployment import Deployment
from tests.console.serving_fakes import shown, until

WANTED = Deployment(id="abcdef", name="spmd", project="demo-project", bucket="demo-project-spmd")
"""Two slices of eight hosts."""


async def bring_up(environ: dict[str, str], deployment: Deployment = WANTED) -> None:
    """Make it, and save its file."""
    runtime = Runtime.open(environ)
    try:
        session = await runtime.session(deployment)
        result = await session.up(await session.plan())
        assert result.exit_code is ExitCode.DONE, result.problems
    finally:
        await runtime.close()
    runtime.library.save(deployment)


@asynccontextmanager
async def console(
    environ: dict[str, str], size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[ConsoleApp, Pilot[int], SlicesScreen, Session]]:
    """The console on Slices, with all of WANTED's hosts there."""
    app = ConsoleApp(environ)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.sessions.summaries is not None, "the engine is open")
        live = await app.sessions.open(WANTED.name)
        app.go("slices")
        await until(pilot, lambda: shown(app).count("8/8") == 2, "the slices")
        screen = app.front
        assert isinstance(screen, SlicesScreen)
        yield app, pilot, screen, live.session


def streaming(screen: SlicesScreen) -> int:
    """How many hosts' logs the pane follows."""
    return len({(source.slice, source.host) for source in screen.pane.view.store.sources})
