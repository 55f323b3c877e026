"""A console on the scripted engine, what it shows as text, and waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from textual.pilot import Pilot

from saxtui.console.app import ConsoleApp
from tests.console.fakes import FakeRuntime

SIZES = [(80, 24), (120, 40)]


@asynccontextmanager
async def console(
    runtime: FakeRuntime, size: tuple[int, int] = (120, 40), kind: type[ConsoleApp] = ConsoleApp
) -> AsyncIterator[tuple[ConsoleApp, Pilot[Any]]]:
    """The console at that size, with `runtime` as its engine."""
    app = kind({}, lambda _environ: cast(Any, runtime))
    async with app.run_test(size=size) as pilot:
        yield app, pilot


def shown(app: ConsoleApp) -> str:
    """Everything on the screen, as lines of text."""
    lines = app.screen._compositor.render_strips() if app.is_running else []
    return "\n".join(strip.text.rstrip() for strip in lines)


async def until(pilot: Pilot[Any], condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for the condition; fails with what the screen shows."""
    app = cast(ConsoleApp, pilot.app)
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(f"still not so; the screen shows:\n{shown(app)}") from None


async def shows(app: ConsoleApp, pilot: Pilot[Any], *texts: str) -> None:
    """Wait until every text is on the screen: a layout may take a frame more than the first of them."""
    await until(pilot, lambda: all(text in shown(app) for text in texts))
