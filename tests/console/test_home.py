"""Home: four states, and what its keys lead to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from saxtui.console.app import ConsoleApp
from saxtui.console.modals.confirm import ConfirmModal
from saxtui.console.modals.leaving import LeaveModal
from saxtui.errors import ExitCode, Problem, Refused
from tests.console.fakes import NOW, FakeRuntime, FakeSession, deployment, summary
from tests.console.screens import SIZES, console, shown, shows, until


@pytest.mark.parametrize("size", SIZES)
async def test_loading_then_ready(size: tuple[int, int]) -> None:
    runtime = FakeRuntime(summary(), summary("llama-70b", state="stopped", said="stopped at tpu2", usd_per_hour=38.59))
    runtime.hold = asyncio.Event()
    async with console(runtime, size) as (app, pilot):
        await pilot.pause()
        await shows(app, pilot, "reading the journals")
        runtime.hold.set()
        await until(pilot, lambda: "llama-70b" in shown(app))
        await shows(
            app, pilot, *("spmd-175b", "serving 2/2", "$77.18/h", "stopped at tpu2", "EMULATED x60", "$115.77/h")
        )


@pytest.mark.parametrize("size", SIZES)
async def test_empty_names_the_next_key_and_the_demo(size: tuple[int, int]) -> None:
    async with console(FakeRuntime(), size) as (app, pilot):
        await until(pilot, lambda: "No deployment yet" in shown(app))
        await shows(app, pilot, "saxtui demo")


async def test_failed_says_why_and_keeps_the_last_good_lines() -> None:
    runtime = FakeRuntime(summary())
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "serving 2/2" in shown(app))
        runtime.error = Refused(Problem("list", "/nowhere/deployments", "permission denied"))
        await pilot.press("f5")
        await until(pilot, lambda: "permission denied" in shown(app))
        await shows(app, pilot, "serving 2/2")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "Messages" in shown(app))
        await shows(app, pilot, "permission denied")


async def test_failed_at_the_start_is_not_taken_for_empty() -> None:
    runtime = FakeRuntime()
    runtime.error = Refused(Problem("list", "/nowhere/deployments", "permission denied"))
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "permission denied" in shown(app))
        assert "No deployment yet" not in shown(app)


async def test_open_goes_to_the_slices_of_what_stands_and_to_the_run_of_what_does_not() -> None:
    runtime = FakeRuntime(summary(), summary("fresh", state="new", said="", usd_per_hour=0.0))
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "fresh" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "slices")
        await pilot.press("1", "down", "enter")
        await until(pilot, lambda: app.current_mode == "provision")
        assert app.sessions.current is not None
        assert app.sessions.current.name == "fresh"


async def test_take_down_needs_the_name_and_shows_the_run() -> None:
    runtime = FakeRuntime(summary())
    session = FakeSession(deployment(), runtime.clock)
    await session.up(await session.plan())
    runtime.sessions["spmd-175b"] = session
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press(*"spmd", "enter")
        assert isinstance(app.screen, ConfirmModal)
        assert session.runs == ["up"]
        await pilot.press(*"-175b", "enter")
        await until(pilot, lambda: session.runs == ["up", "down"])
        await until(pilot, lambda: "down done" in shown(app))
        assert app.current_mode == "provision"
        await shows(app, pilot, "gone")


async def test_escape_takes_nothing_down() -> None:
    runtime = FakeRuntime(summary())
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmModal))
        assert runtime.sessions["spmd-175b"].runs == []


async def test_a_key_that_cannot_work_says_why() -> None:
    said: list[str] = []

    class Heard(ConsoleApp):
        def tell(self, text: str, severity: Any = "information") -> None:
            said.append(text)

    runtime = FakeRuntime(summary("smoke", state="down", said="taken down, proved", usd_per_hour=0.0))
    async with console(runtime, kind=Heard) as (app, pilot):
        await until(pilot, lambda: "smoke" in shown(app))
        await pilot.press("x", "slash", "4")
        assert app.current_mode == "home"
    assert said == [
        "take down: it is down: nothing of it exists",
        "filter: nothing to filter on this screen",
        "slices: open a deployment on Home first",
    ]


async def test_held_by_another_saxtui_opens_read_only() -> None:
    runtime = FakeRuntime(summary("held", state="new", usd_per_hour=0.0))
    runtime.held_by_other = True
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "held" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "provision" and "read-only" in shown(app))
        assert "pid 4711" in app.sessions.messages[0].said


async def test_leaving_asks_when_something_bills_and_twice_is_enough() -> None:
    async with console(FakeRuntime(summary())) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, LeaveModal))
        await shows(app, pilot, "goes on billing $77.18/h")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.return_code is not None)
        assert app.return_code == ExitCode.DONE


async def test_leaving_does_not_ask_when_nothing_bills() -> None:
    runtime = FakeRuntime(summary("smoke", state="down", usd_per_hour=0.0))
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: "smoke" in shown(app))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code is not None)
        assert runtime.closed


async def test_leaving_a_run_pauses_it_and_exits_3() -> None:
    runtime = FakeRuntime(summary())
    session = FakeSession(deployment(), runtime.clock)
    session.gates["pool/tpu2"] = asyncio.Event()
    runtime.sessions["spmd-175b"] = session
    async with console(runtime) as (app, pilot):
        await until(pilot, lambda: app.sessions.summaries is not None)
        live = await app.sessions.open("spmd-175b")
        app.sessions.up(live, await session.plan())
        await until(pilot, lambda: live.state.progress.step("pool/tpu1").owned_at is not None)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeaveModal))
        await shows(app, pilot, "up of spmd-175b is at work")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code is not None)
        assert session.paused
        assert app.return_code == ExitCode.BILLABLE


async def test_hostile_names_stay_text() -> None:
    lines: list[Any] = [summary("[red]x[/red]", state="failed", said="[@click=app.quit]no[/]", since=NOW)]
    async with console(FakeRuntime(*[summary()])) as (app, pilot):
        app.sessions.summaries = tuple(lines)
        app.bridge.poke()
        await until(pilot, lambda: "[@click=app.quit]no[/]" in shown(app))
        await shows(app, pilot, "[red]x[/red]")
