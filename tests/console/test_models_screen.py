"""The Models screen over a fake session: the ladder, publishing and unpublishing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from saxtui.console.modals.publish import PublishModal, check, offered
from saxtui.console.modals.replicas import ReplicasModal
from saxtui.console.screens.models import ModelsScreen
from saxtui.engine.store import Part
from saxtui.errors import Invalid, Problem
from saxtui.model.serving import Beat, Dialect, Pulse, Reached, Rung
from tests.console.serving_fakes import NOW, FakeSession, deployment, model, opened, shown, until

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])


@SIZES
async def test_the_ladder_and_its_evidence(tmp_path: Path, size: tuple[int, int]) -> None:
    """A7: assigned 2 of 2, loaded 1 of 2, and what proves it."""
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADED, Rung.LOADING))
    async with opened(session, tmp_path, "models", size) as (app, pilot):
        await until(pilot, lambda: "assigned 2/2 · loaded 1/2" in shown(app), "the ladder")
        assert "assigned is not loaded" in shown(app)
        assert "can answer" in shown(app) and "of 9-10 min" in shown(app)
        assert "Successfully loaded model for key" in shown(app), "evidence of slice 0"
        await pilot.press("enter", "down")
        await until(pilot, lambda: "evidence: slice 1" in shown(app), "slice 1's evidence")
        assert "Successfully loaded" not in shown(app)


async def test_assigned_is_said_not_to_be_loaded(tmp_path: Path) -> None:
    """A7: what the admin server calls active is not green."""
    session = FakeSession(deployment())
    session.serve(model(Rung.ASSIGNED, Rung.ASSIGNED))
    async with opened(session, tmp_path, "models") as (app, pilot):
        await until(pilot, lambda: shown(app).count("assigned is not loaded") == 3, "both slices and the heading")


async def test_a_failed_load_says_what_to_do(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADED, Rung.FAILED))
    async with opened(session, tmp_path, "models") as (app, pilot):
        await until(pilot, lambda: "✗ failed" in shown(app), "the failure")
        assert "unpublish, fix, publish" in shown(app)


async def test_it_looks_until_nothing_moves(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADING, Rung.LOADING))
    async with opened(session, tmp_path, "models") as (app, pilot):
        await until(pilot, lambda: session.looked >= 3, "it looks again and again")
        session.serve(model(Rung.LOADED, Rung.LOADED))
        await until(pilot, lambda: not [w for w in app.screen.workers if w.group == "look"], "then it stops")
        await until(pilot, lambda: "loaded 2/2" in shown(app), "loaded")


@SIZES
async def test_empty_connecting_failed_and_stale(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.models_error = Invalid(Problem("list", "models", "connection refused"))
    async with opened(session, tmp_path, "models", size) as (app, pilot):
        assert "Asking the HTTP server" in shown(app)
        session.store.change(models=type(session.store.state.models)(error="connection refused"))
        await until(pilot, lambda: "Cannot ask the model servers yet: connection refused" in shown(app), "failed")
        session.serve()
        await until(pilot, lambda: "Nothing is published." in shown(app), "empty")
        assert "p publishes /sax/test/spmd (LmCloudSpmd175B32Test)" in shown(app)
        session.serve(model(Rung.LOADED, Rung.LOADED), error="timed out")
        await until(pilot, lambda: "the last look failed" in shown(app), "the last good one stays")
        await until(pilot, lambda: "loaded 2/2" in shown(app), "its figures with it")


@SIZES
async def test_publish_asks_and_sends(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.serve()
    async with opened(session, tmp_path, "models", size) as (app, pilot):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PublishModal), "the form")
        await pilot.pause()
        text = shown(app)
        for word in ("model id", "class", "checkpoint", "replicas", "Cancel", "Publish", "fit a slice of 32 chips"):
            assert word in text, text
        app.screen.query_one("#publish-replicas", Input).value = "3"
        await pilot.press("enter")
        await until(pilot, lambda: "replicas: a number from 1 to 2" in shown(app), "the refusal")
        assert session.published == []
        app.screen.query_one("#publish-replicas", Input).value = "1"
        await pilot.press("enter")
        path = "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B32Test"
        await until(pilot, lambda: session.published, "it is published")
        assert session.published == [("/sax/test/spmd", path, "None", 1)]
        await until(pilot, lambda: "assigned 0/1" in shown(app), "it is shown")


async def test_escape_publishes_nothing(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.serve()
    async with opened(session, tmp_path, "models") as (app, pilot):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PublishModal), "the form")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen), "back")
        assert session.published == []


async def test_unpublish_wants_the_name_typed(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADED, Rung.LOADED))
    async with opened(session, tmp_path, "models") as (app, pilot):
        await until(pilot, lambda: "loaded 2/2" in shown(app), "the model")
        await pilot.press("u")
        await until(pilot, lambda: "Unpublish /sax/test/spmd" in shown(app), "the question")
        await pilot.press("enter")
        assert session.unpublished == []
        await pilot.press(*"/sax/test/spmd", "enter")
        await until(pilot, lambda: session.unpublished == ["/sax/test/spmd"], "it is unpublished")
        await until(pilot, lambda: "Nothing is published." in shown(app), "it is gone")


async def test_a_read_only_session_publishes_nothing(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.journal.read_only = True
    session.serve()
    async with opened(session, tmp_path, "models") as (app, pilot):
        await pilot.press("p")
        await until(pilot, lambda: "another saxtui holds" in shown(app), "the reason")
        assert isinstance(app.screen, ModelsScreen)


def test_only_classes_that_fit_are_offered() -> None:
    wanted = deployment()
    names = [found.name for found in offered(wanted)]
    assert names == ["LmCloudSpmd175B32Test", "LLaMA70BFP16TPUv5e32", "LmCloudSpmd2B32Test"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("model id", ("/sax/other/spmd", "a.b.C", "None", "1")),
        ("model id", ("/sax/test/Spmd", "a.b.C", "None", "1")),
        ("class", ("/sax/test/spmd", "", "None", "1")),
        ("checkpoint", ("/sax/test/spmd", "a.b.C", "gs://b/x y", "1")),
        ("replicas", ("/sax/test/spmd", "a.b.C", "None", "0")),
        ("replicas", ("/sax/test/spmd", "a.b.C", "None", "")),
    ],
)
def test_bad_answers_name_their_field(field: str, values: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        check(deployment(), *values)


@SIZES
async def test_the_canary_and_the_way_are_one_line(tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADED, Rung.LOADED))
    beats = (Beat(NOW - 60, Pulse.OK, 0.9, "/sax/test/spmd"), Beat(NOW - 30, Pulse.TIMEOUT, 30.0, "/sax/test/spmd"))
    session.store.change(
        beats=Part(value=beats), reach=Part(value=Reached("API server", False, Dialect.OLD, False, NOW))
    )  # fmt: skip
    async with opened(session, tmp_path, "models", size) as (app, pilot):
        await until(pilot, lambda: "canary ▂✗ no answer in 30 s, 1 of 2" in shown(app), "the strip")
        assert "via API server" in shown(app)
        await pilot.press("b")
        await until(pilot, lambda: "off: b turns it on" in shown(app), "it is off")
        assert session.canary.on is False


async def test_replicas_are_changed_within_the_slices(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    session.serve(model(Rung.LOADED, Rung.LOADED))
    async with opened(session, tmp_path, "models") as (app, pilot):
        await until(pilot, lambda: "loaded 2/2" in shown(app), "the model")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ReplicasModal), "the question")
        app.screen.query_one("#replicas", Input).value = "3"
        await pilot.press("enter")
        await until(pilot, lambda: "a number from 1 to 2" in shown(app), "the refusal")
        app.screen.query_one("#replicas", Input).value = "1"
        await pilot.press("enter")
        await until(pilot, lambda: session.updated == [("/sax/test/spmd", 1)], "it is changed")


async def test_what_is_odd_is_said(tmp_path: Path) -> None:
    session = FakeSession(deployment())
    hurt = replace(model(Rung.LOADED, Rung.LOADED), ours=False)
    broken = tuple(replace(item, broken="host 1-5 is newer than the load") for item in hurt.replicas)
    session.serve(replace(hurt, replicas=broken))
    async with opened(session, tmp_path, "models") as (app, pilot):
        await until(pilot, lambda: "nobody published it from here" in shown(app), "the stranger")
        assert "cannot answer: host 1-5 is newer" in shown(app)
        assert "broken 2" in shown(app)
