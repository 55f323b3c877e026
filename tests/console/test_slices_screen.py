"""The Slices screen over a fake session: what it shows, and what its keys do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from saxtui.console.app import ConsoleApp
from saxtui.console.screens.slices import SlicesScreen
from saxtui.engine.store import Part
from saxtui.engine.watching.logs import LogSelection
from saxtui.errors import Problem
from saxtui.model.chips import Gauge, HostChips
from saxtui.model.cluster import ClusterEvent, Freshness, HostState, LogLine
from saxtui.model.diagnosis import Action, Diagnosis, Gravity, Link, Report
from saxtui.model.phases import HostPhase, Phase
from saxtui.model.serving import Rung
from tests.console.serving_fakes import NOW, FakeSession, deployment, model, opened, pod, shown, slices, until, view

GIB = 2**30
SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])


def screen_of(app: ConsoleApp) -> SlicesScreen:
    front = app.front
    assert isinstance(front, SlicesScreen)
    return front


def name(slice_index: int, host: int) -> str:
    return pod(slice_index, host).name


@SIZES
async def test_sixteen_hosts_and_the_log_of_the_one_under_the_cursor(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await until(pilot, lambda: session.asked_logs, "a log is asked for")
        assert "slice 0 ● 8/8 running" in shown(app) and "slice 1 ● 8/8 running" in shown(app)
        assert session.asked_logs[-1] == LogSelection(pod=name(0, 0))
        await pilot.press("right", "down")
        await until(pilot, lambda: session.asked_logs[-1] == LogSelection(pod=name(0, 5)), "the log of host 0-5")
        session.lines.put_nowait(LogLine(name(0, 5), NOW, "I0905 22:09:56.7 1 a.py:1] JAX process: 5 / 8", 0, 5))
        await until(pilot, lambda: "JAX process: 5 / 8" in shown(app), "the line is shown")
        assert "0-5   JAX process" in shown(app)
        session.lines.put_nowait(LogLine(name(0, 5), NOW, "and it moves", 0, 5))
        await until(pilot, lambda: "and it moves" in shown(app), "the log moves")


@SIZES
async def test_scopes_ask_for_their_streams(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        for key, wanted, heading in (
            ("s", LogSelection(slice=0), "logs: slice 0"),
            ("p", LogSelection(primaries=True), "logs: primaries"),
            ("a", LogSelection(), "logs: all hosts"),
            ("l", LogSelection(pod=name(0, 0)), "logs: 0-0"),
        ):
            await pilot.press(key)
            await until(pilot, lambda wanted=wanted: session.asked_logs[-1:] == [wanted], f"{wanted} is asked for")
            assert heading in screen_of(app).pane.heading
        await pilot.press("s", "right_square_bracket")
        await until(pilot, lambda: session.asked_logs[-1] == LogSelection(slice=1), "the scope goes with the cursor")


async def test_a_pod_that_comes_back_under_another_name_is_followed_again(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices") as (_app, pilot):
        await until(pilot, lambda: session.asked_logs, "a log is asked for")
        others = [pod(s, h) for s in range(2) for h in range(8) if (s, h) != (0, 0)]
        session.show(view(*others, pod(0, 0, uid="new", name="again-0-0")))
        await until(pilot, lambda: session.asked_logs[-1] == LogSelection(pod="again-0-0"), "the new pod's log")


@SIZES
async def test_a_hole_in_the_mesh_says_so(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.show(slices(holes=((0, 1),)))
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        assert "│1 ··· │" in shown(app)
        await pilot.press("right")
        await until(pilot, lambda: "slice 0 host 1: no pod here" in shown(app), "the hole is described")
        assert "JobSet sax-model-server-set: restarts 1 of 4" in shown(app)


@SIZES
async def test_the_detail_names_the_reason(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    bad = pod(0, 0, state=HostState.FAILED, status="OOMKilled", restarts=2)
    event = ClusterEvent("e", NOW, "Pod", bad.name, "BackOff", "back-off restarting", warning=True)
    session.show(view(bad, events=(event,)))
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await until(pilot, lambda: "✗ OOMKilled  restarts 2" in shown(app), "the state is shown")
        assert "BackOff: back-off restarting" in shown(app)


@SIZES
async def test_whatever_the_pod_is_at_its_names_end_can_be_read(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.show(view(pod(0, 0, state=HostState.FAILED, status="CreateContainerError", restarts=12), pod(0, 1)))
    waits = HostPhase(Phase.WAITING, peers=1, hosts=8)
    session.store.change(phases=Part(value={"uid-0-0": HostPhase(Phase.LOADED, "/sax/m"), "uid-0-1": waits}))
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await until(pilot, lambda: "CreateContainerError" in shown(app), "the state is shown")
        assert "-0-0-abcde" in shown(app)
        assert "loaded" not in shown(app), "what ran there before is not what it is at"
        await pilot.press("right")
        await until(pilot, lambda: "Running · waiting for peers 1 of 8" in shown(app), "the phase is shown")
        assert "-0-1-abcde" in shown(app) or size[0] < 100, "the phase comes first where there is no room for both"


async def test_the_detail_moves_with_the_cursor_and_not_a_frame_later(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices") as (app, pilot):
        await until(pilot, lambda: "-0-0-abcde" in shown(app), "the first pod is shown")
        screen_of(app).grid.action_move(1, 0)
        assert "-0-1-abcde" in screen_of(app).detail.render().plain


@SIZES
async def test_the_list_keeps_the_pod(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await pilot.press("down", "right", "m")
        await until(pilot, lambda: "restarts  age" in shown(app), "the list is shown")
        assert (chosen := screen_of(app).selected) is not None and chosen.tag == "0-5"
        await pilot.press("down", "down", "m")
        await pilot.pause()
        assert (chosen := screen_of(app).selected) is not None and chosen.tag == "0-7"


async def test_the_admin_server_is_in_the_list(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    admin = pod(-1, -1, uid="adm", name="sax-admin-server-7f9c")
    session.show(view(*slices().pods.values(), admin))
    async with opened(session, tmp_path, "slices") as (_app, pilot):
        await pilot.press("m", "end")
        await until(
            pilot, lambda: session.asked_logs[-1:] == [LogSelection(pod="sax-admin-server-7f9c")], "the admin's log"
        )


@SIZES
async def test_four_states(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        assert "Connecting to the cluster" in shown(app)
        session.show(None, "connection refused")
        await until(pilot, lambda: "Cannot see the cluster: connection refused" in shown(app), "the failure")
        session.show(view())
        await until(pilot, lambda: "No pods yet: model servers come after the pools" in shown(app), "empty")
        session.show(slices())
        await until(pilot, lambda: "8/8 running" in shown(app), "live")
        assert "offline" not in shown(app)
        session.show(replace(slices(), freshness=Freshness.STALE, seen=NOW - 12, error="no answer for 4 s"))
        await until(pilot, lambda: "stale: the cluster is silent" in shown(app), "stale")
        assert "12s ago" in shown(app) and "8/8 running" in shown(app) and "no answer for 4 s" in shown(app)
        assert screen_of(app).grid.parent.has_class("-stale"), "what is old is dimmed"  # type: ignore[union-attr]
        session.show(replace(slices(), freshness=Freshness.OFFLINE, seen=NOW - 125, error="no route"))
        await until(pilot, lambda: "offline: this is the last picture" in shown(app), "offline")
        assert "2m ago" in shown(app) and "8/8 running" in shown(app) and "no route" in shown(app)


async def test_a_slice_that_has_loaded_is_serving(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    session.serve(model(Rung.LOADED, Rung.LOADING))
    async with opened(session, tmp_path, "slices") as (app, pilot):
        await until(pilot, lambda: "slice 0 ● 8/8 serving" in shown(app), "serving")
        assert "slice 1 ● 8/8 running" in shown(app)


async def test_a_broken_stream_says_why(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.logs_error = Problem("follow", "logs", "forbidden: pods/log")
    session.show(slices())
    async with opened(session, tmp_path, "slices") as (app, pilot):
        await until(pilot, lambda: "forbidden: pods/log" in shown(app), "the reason")


@SIZES
async def test_log_keys_work_from_the_mesh(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await until(pilot, lambda: session.asked_logs, "a log is asked for")
        for number in range(60):
            session.lines.put_nowait(LogLine("p", NOW + number, f"step {number} of the load", 0, 0))
        screen = screen_of(app)
        await until(pilot, lambda: "step 59" in shown(app), "the lines")
        await pilot.press("f")
        assert not screen.pane.view.following
        await pilot.press("g")
        await until(pilot, lambda: "step 0 of" in shown(app), "the top")
        await pilot.press("G")
        await until(pilot, lambda: "step 59" in shown(app), "the end")
        await pilot.press("slash", *"step 31", "enter")
        await until(pilot, lambda: screen.pane.view.current and "step 31" in screen.pane.view.current.text, "found")
        await pilot.press("W", "t", "b")
        view = screen.pane.view
        assert (view.wrapped, view.times, view.brief) == (True, False, False)
        await pilot.press("y")
        assert app.clipboard == "step 31 of the load"
        await pilot.press("z")
        await until(pilot, lambda: "slice 0" not in shown(app), "the log alone")
        await pilot.press("escape")
        assert not screen.pane.view.needle
        await pilot.press("escape")
        await until(pilot, lambda: "slice 0" in shown(app), "the slices are back")


async def test_tab_goes_between_the_panes(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices") as (app, pilot):
        screen = screen_of(app)
        assert screen.grid.has_focus
        await pilot.press("tab")
        assert screen.pane.view.has_focus
        await pilot.press("tab")
        assert screen.grid.has_focus
        await pilot.press("enter")
        assert screen.pane.view.has_focus


async def test_the_cursor_survives_another_screen(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices") as (app, pilot):
        await pilot.press("right", "right")
        app.go("models")
        await pilot.pause()
        app.go("slices")
        await pilot.pause()
        assert (chosen := screen_of(app).selected) is not None and chosen.tag == "0-2"


@SIZES
async def test_tpu_metrics_of_the_host_under_the_cursor(tmp_path: Path, size: tuple[int, int]) -> None:
    """With their age; what is not told is no metric, never a zero, and says why."""
    session = FakeSession(deployment())
    session.show(slices())
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await until(pilot, lambda: "TPU not read yet" in shown(app), "nothing is known yet")
        assert session.metered == (0,)
        told = {
            pod(0, 0).uid: HostChips(NOW - 12, Gauge(80, 86, 93, 4), None, Gauge(5 * GIB, 5 * GIB, 5 * GIB, 4),
                                     Gauge(15.75 * GIB, 15.75 * GIB, 15.75 * GIB, 4)),
            pod(0, 1).uid: HostChips(NOW - 12, tensorcore=Gauge(0, 0, 0, 4)),
            pod(1, 0).uid: HostChips(said="not allowed: pods is forbidden"),
        }  # fmt: skip
        session.store.change(chips=Part(value=told, as_of=NOW))
        line = "TPU duty 80-93%  HBM 5.0 of 15.8 GiB a chip  read under 20s ago"
        await until(pilot, lambda: line in shown(app), "the metrics")
        await pilot.press("right")
        line = "TPU duty no metric  HBM no metric  tensor cores 0%  read under 20s ago"
        await until(pilot, lambda: line in shown(app), "no metric")
        await pilot.press("right_square_bracket", "left")
        await until(pilot, lambda: session.metered == (1,), "the other slice is asked for")
        await until(pilot, lambda: "TPU no metric: not allowed: pods is forbidden" in shown(app), "the reason")
        old = replace(told[pod(0, 0).uid], said="the exporter does not answer: no answer in time")
        session.store.change(chips=Part(value={pod(1, 0).uid: old}, as_of=NOW))
        await until(pilot, lambda: "read under 20s ago, not since" in shown(app), "the last good reading")
        await pilot.press("d")
        await until(pilot, lambda: "esc closes" in shown(app), "the dialog")
        await pilot.press("c")
        for text in ("duty cycle: 80-93%", "HBM: 5.0 of 15.8 GiB a chip", "tensor cores: no metric"):
            assert f"  {text}\n" in app.clipboard


@SIZES
async def test_a_slice_that_hangs_is_not_shown_as_well_however_well_its_pods_look(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    session = FakeSession(deployment())
    session.show(slices())
    hung = Diagnosis(
        "mesh-hung", "it hangs", Gravity.BROKEN, (Link("no answer"),), Action("mend"), slices=frozenset({1})
    )
    async with opened(session, tmp_path, "slices", size) as (app, pilot):
        await until(pilot, lambda: "slice 1 ● 8/8 running" in shown(app), "all is well")
        session.store.change(why=Part(Report((hung,), healthy=False, at=NOW)))
        await until(pilot, lambda: "slice 1 ✗ 8/8 broken" in shown(app), "the heading tells it")
        assert "slice 0 ● 8/8 running" in shown(app)
        await pilot.press("minus", "minus")
        await until(pilot, lambda: "★●●●●●●● ✗●●●●●●●" in shown(app), "the whole fleet tells it")
        session.store.change(why=Part(Report(at=NOW)))
        await until(pilot, lambda: "★●●●●●●● ★●●●●●●●" in shown(app), "all is well again")
