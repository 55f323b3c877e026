"""How long steps take: published figures until three runs of the operator's own are known."""

from __future__ import annotations

import pytest

from saxtui.engine.runs import planning, usual
from saxtui.model import events as ev
from saxtui.model.plan import StepKind
from tests.engine.harness import manifest, tutorial


def journal(seconds: float, *, outcome: str = "done", created: bool = True, run: str = "up-1") -> list[ev.Event]:
    """One run of `up` whose cluster took that long."""
    return [
        ev.RunStarted(at=0.0, run=run, kind="up"),
        ev.StepStarted(at=10.0, run=run, step="cluster"),
        ev.Owned(at=12.0, run=run, step="cluster", kind="cluster", resource="c", created=created),
        ev.StepDone(at=10.0 + seconds, run=run, step="cluster"),
        ev.RunFinished(at=1000.0, run=run, kind="up", outcome=outcome),
    ]


def test_published_figures_until_there_are_three_runs() -> None:
    few = usual.learn([journal(100.0), journal(200.0)])
    assert few == usual.Times()
    assert few.source == "published figures"
    assert few.of(StepKind.CLUSTER) == usual.SEEDED[StepKind.CLUSTER]


def test_three_good_runs_teach_the_median_and_the_ninth_tenth() -> None:
    known = usual.learn([journal(100.0), journal(200.0), journal(300.0)])
    assert known.of(StepKind.CLUSTER) == (pytest.approx(200.0), pytest.approx(280.0))
    assert known.of(StepKind.NODE_POOL) == usual.SEEDED[StepKind.NODE_POOL]
    assert known.source == "your own 3 runs and published figures"
    plan = planning.plan(tutorial(), {}, manifest, known)
    assert plan.step("cluster").usual[0] == pytest.approx(200.0)
    assert plan.times_from == known.source
    assert plan.digest == planning.plan(tutorial(), {}, manifest).digest, "times are no part of what is consented to"


@pytest.mark.parametrize("bad", [journal(9.0, outcome="failed"), journal(9.0, outcome="paused"),
                                 journal(9.0, created=False)])  # fmt: skip
def test_a_run_that_was_broken_off_or_found_everything_there_teaches_nothing(bad: list[ev.Event]) -> None:
    assert usual.learn([journal(100.0), journal(200.0), bad]) == usual.Times()


def test_runs_of_one_journal_count_each() -> None:
    events = [*journal(100.0, run="a"), *journal(200.0, run="b"), *journal(300.0, run="c")]
    assert usual.learn([events]).runs == 3


@pytest.mark.parametrize("step", [step.id for step in planning.plan(tutorial(), {}, manifest).steps])
def test_every_step_has_a_kind_and_a_published_time(step: str) -> None:
    p50, p90 = usual.SEEDED[usual.kind_of(step)]
    assert 0 < p50 < p90


def test_three_loads_of_a_class_teach_how_long_it_takes() -> None:
    tutorial_class, other = next(iter(usual.LOADS)), "a.b.C"

    def load(path: str, seconds: float) -> ev.Event:
        return ev.ModelLoaded(at=1.0, run="", model="/sax/test/m", path=path, slice=0, seconds=seconds, loaded=seconds)

    assert usual.Times().load(tutorial_class) == ((540.0, 600.0), "the tutorial")
    assert usual.Times().load(other) == (None, "")
    known = usual.learn([[load(tutorial_class, 500.0), load(tutorial_class, 510.0)], [load(tutorial_class, 520.0)],
                         [load(other, 9.0)]])  # fmt: skip
    assert known.load(tutorial_class) == ((pytest.approx(510.0), pytest.approx(518.0)), "your own loads")
    assert known.load(other) == (None, "")
    assert known.of(StepKind.CLUSTER) == usual.SEEDED[StepKind.CLUSTER]
