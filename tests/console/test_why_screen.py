"""The key `w`: the banner, the chain with its evidence, and the remedy behind a typed consent."""

from __future__ import annotations

import pytest

from saxtui.console.modals.why import WhyModal
from saxtui.engine.store import Part
from saxtui.model.diagnosis import Action, Certainty, Clue, Deed, Diagnosis, Gravity, Link, Report
from tests.console.fakes import NOW, FakeRuntime, FakeSession, deployment, summary
from tests.console.screens import SIZES, console, shown, until

HUNG = Diagnosis(
    "mesh-hung", "A slice looks green and hangs", Gravity.BROKEN,
    (Link("slice 1 does not answer", (Clue("canary", "no answer in 30 s", NOW),), Certainty.PROVED, "slice-mute"),
     Link("host 1-5 came back alone: the mesh of slice 1 does not re-form",
          (Clue("pod 1-5", "started 2692 s after its peers", NOW - 60),))),
    Action("recreate the JobSet", "saxtui mend -d spmd-175b", Deed.MEND, outage="all slices stop"),
    slices=frozenset({1}), since=NOW - 240, billing="$77.18 an hour meanwhile",
)  # fmt: skip


def runtime() -> tuple[FakeRuntime, FakeSession]:
    made = FakeRuntime(summary())
    session = made.sessions["spmd-175b"] = FakeSession(deployment(), made.clock)
    return made, session


@pytest.mark.parametrize("size", SIZES)
async def test_the_chain_reads_from_the_symptom_to_the_root_and_names_the_next_action(size: tuple[int, int]) -> None:
    made, session = runtime()
    session.store.change(why=Part(Report((HUNG,), healthy=False, at=NOW)))
    async with console(made, size) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WhyModal) and "costs" in shown(app))
        seen = shown(app)
        assert "broken" in seen
        order = [seen.index(part) for part in
                 ("slice 1 does not answer", "no answer in 30 s", "host 1-5 came back alone", "2692 s after",
                  "recreate the JobSet", "saxtui mend", "all slices stop", "$77.18 an hour")]  # fmt: skip
        assert order == sorted(order)
        assert "x mend" in seen


async def test_the_remedy_asks_for_the_name_and_only_then_runs() -> None:
    made, session = runtime()
    session.store.change(why=Part(Report((HUNG,), healthy=False, at=NOW)))
    async with console(made) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("w")
        await until(pilot, lambda: "x mend" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "Type spmd-175b" in shown(app))
        assert "all slices stop" in shown(app)
        await pilot.press("enter")
        assert session.runs == []
        await pilot.press(*"spmd-175b", "enter")
        await until(pilot, lambda: session.runs == ["mend"])


async def test_slices_says_it_in_one_line_and_nothing_when_all_is_well() -> None:
    made, session = runtime()
    async with console(made, (80, 24)) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#slices-why"))
        assert not app.screen.query_one("#slices-why").display
        session.store.change(why=Part(Report((HUNG,), healthy=False, at=NOW)))
        await until(pilot, lambda: "host 1-5 came back alone" in shown(app))
        session.store.change(why=Part(Report(at=NOW)))
        await until(pilot, lambda: "host 1-5 came back alone" not in shown(app))


async def test_what_nobody_knows_is_shown_with_the_raw_facts() -> None:
    made, session = runtime()
    odd = Report((), (Clue("sax-http-1", "Strange"),), healthy=False, at=NOW)
    session.store.change(why=Part(odd))
    async with console(made) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("w")
        await until(pilot, lambda: "no rule knows why" in shown(app))
        assert "sax-http-1: Strange" in shown(app)


async def test_all_is_well_only_where_all_was_seen() -> None:
    made, session = runtime()
    session.store.change(why=Part(Report(unseen=("the cluster: not looked at yet",), at=NOW)))
    async with console(made) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("w")
        await until(pilot, lambda: "nothing is red or grey in what was seen" in shown(app))
        assert "All is well" not in shown(app) and "not looked at yet" in shown(app)
        session.store.change(why=Part(Report(at=NOW)))
        await until(pilot, lambda: "All is well" in shown(app) and "in what was seen" not in shown(app))


@pytest.mark.parametrize(("width", "said"), [
    (200, "slice 1 does not answer ← host 1-5 came back alone: the mesh of slice 1 does not re-form"),
    (80, "✗ w host 1-5 came back alone: the mesh of slice 1 does not re-form"),
])  # fmt: skip
async def test_the_banner_names_the_root_where_there_is_no_room_for_both(width: int, said: str) -> None:
    made, session = runtime()
    session.store.change(why=Part(Report((HUNG,), healthy=False, at=NOW)))
    async with console(made, (120, 24)) as (app, pilot):
        await until(pilot, lambda: "spmd-175b" in shown(app))
        await pilot.press("enter")
        await pilot.resize_terminal(width, 24)
        await until(pilot, lambda: said in shown(app))
