"""Provision: the timeline, the log, a failure in place, and the keys."""

from __future__ import annotations

import asyncio

import pytest

from saxtui.console import runs
from saxtui.console.modals.confirm import ConfirmModal
from tests.console.fakes import STOCKOUT, FakeRuntime, FakeSession, deployment, summary
from tests.console.screens import SIZES, console, shown, shows, until


def fresh() -> tuple[FakeRuntime, FakeSession]:
    runtime = FakeRuntime(summary("fresh", state="new", said="", usd_per_hour=0.0, spent=0.0))
    session = FakeSession(deployment("fresh"), runtime.clock)
    runtime.sessions["fresh"] = session
    return runtime, session


@pytest.mark.parametrize("size", SIZES)
async def test_the_run_grows_on_the_axis_and_its_requests_are_listed(size: tuple[int, int]) -> None:
    runtime, session = fresh()
    gate = session.gates["pool/tpu2"] = asyncio.Event()
    async with console(runtime, size) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: session.store.state.progress.step("pool/tpu1").owned_at is not None)
        await until(pilot, lambda: "node-pool tpu1" in shown(app))
        await shows(
            app,
            pilot,
            *("pool tpu2", "█", "░", "┄", "═", "critical path", "what was sent", "elapsed", "ready in about"),
        )
        gate.set()
        await until(pilot, lambda: "up done" in shown(app))
        assert "$77.18/h" in shown(app) or "/h" in shown(app).splitlines()[0]


@pytest.mark.parametrize("size", SIZES)
async def test_a_failure_opens_in_place(size: tuple[int, int]) -> None:
    runtime, session = fresh()
    session.failing["pool/tpu2"] = STOCKOUT
    async with console(runtime, size) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "up failed" in shown(app))
        await shows(app, pilot, "GCE_STOCKOUT", "us-west4-b", "x takes everything down")
        session.failing.clear()
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "up done" in shown(app))
        assert "x takes everything down" not in shown(app)


async def test_a_run_goes_on_while_another_screen_is_in_front() -> None:
    runtime, session = fresh()
    gate = session.gates["cluster"] = asyncio.Event()
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        live = await app.sessions.open("fresh")
        app.sessions.up(live, await session.plan())
        app.go("provision")
        await until(pilot, lambda: "POST saxml" in shown(app))
        await pilot.press("1")
        await until(pilot, lambda: app.current_mode == "home")
        gate.set()
        await until(pilot, lambda: live.result is not None)
        await pilot.press("3")
        await until(pilot, lambda: "up done" in shown(app))


async def test_enter_shows_everything_of_the_step() -> None:
    runtime, session = fresh()
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        live = await app.sessions.open("fresh")
        app.sessions.up(live, await session.plan())
        app.go("provision")
        await until(pilot, lambda: "up done" in shown(app))
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "gcloud ... sax-iam-sa" in shown(app) and "esc closes" in shown(app))
        await shows(app, pilot, "uid")
        await pilot.press("escape")
        await until(pilot, lambda: "esc closes" not in shown(app))


async def test_stop_and_go_on() -> None:
    runtime, session = fresh()
    session.gates["cluster"] = asyncio.Event()
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        live = await app.sessions.open("fresh")
        app.sessions.up(live, await session.plan())
        app.go("provision")
        await until(pilot, lambda: "POST saxml" in shown(app))
        await pilot.press("p")
        await until(pilot, lambda: "up stopped" in shown(app))
        session.paused = False
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "up done" in shown(app))


async def test_the_timeline_is_plain_where_the_terminal_is() -> None:
    runtime, session = fresh()
    async with console(runtime) as (app, pilot):
        app.glyphs = type(app.glyphs)(ascii_only=True)
        await until(pilot, lambda: "fresh" in shown(app))
        live = await app.sessions.open("fresh")
        app.sessions.up(live, await session.plan())
        app.go("provision")
        await until(pilot, lambda: "up done" in shown(app))
        table = [line for line in shown(app).splitlines() if " pool tpu" in line]
        assert table
        assert all("#" in line and line.isascii() for line in table)


@pytest.mark.parametrize("size", SIZES)
async def test_a_failure_offers_its_ways_on_and_what_each_bills(size: tuple[int, int]) -> None:
    runtime, session = fresh()
    session.failing["pool/tpu2"] = STOCKOUT
    async with console(runtime, size) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        live = await app.sessions.open("fresh")
        app.sessions.up(live, await session.plan())
        app.go("provision")
        await until(pilot, lambda: "up failed" in shown(app))
        await pilot.press("c")
        await shows(app, pilot, "how to go on", "wait up to 60 minutes", "roll back what failed", "bills meanwhile")
        await pilot.press("escape")
        await until(pilot, lambda: "how to go on" not in shown(app))
        session.failing.clear()
        await pilot.press("c")
        await shows(app, pilot, "how to go on")
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await shows(app, pilot, "Roll back fresh?", "Deleted and proved gone: tpu2")


@pytest.mark.parametrize("size", SIZES)
async def test_pausing_asks_shows_and_lowers_the_meter(size: tuple[int, int]) -> None:
    runtime, session = fresh()
    gate = session.gates["pause"] = asyncio.Event()
    async with console(runtime, size) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        live = await app.sessions.open("fresh")
        app.sessions.up(live, await session.plan())
        app.go("provision")
        await until(pilot, lambda: "up done" in shown(app))
        assert "$76.90/h" in shown(app).splitlines()[0]
        await pilot.press("z")
        await shows(app, pilot, "Pause fresh?", "while paused", "$0.10/h", "CPU nodes")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmModal))
        assert "pause" not in session.runs, "enter at once does nothing"
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await shows(app, pilot, "resize", "node-pool tpu1 to 0 hosts")
        assert "cluster" not in [line.split()[1] for line in shown(app).splitlines() if line.startswith(" ✓ ")]
        gate.set()
        await until(pilot, lambda: "pause done" in shown(app))
        await until(pilot, lambda: "$0.10/h" in shown(app).splitlines()[0])
        assert runs.no_pause(app.sessions.current).startswith("it is paused already")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "resume" in session.runs)
