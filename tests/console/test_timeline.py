"""Bars on one axis: what has run, what will, and what was done before."""

from __future__ import annotations

from types import MappingProxyType

from saxtui.console import timeline
from saxtui.model.progress import RunProgress, StepProgress, StepState
from tests.console.fakes import NOW, deployment, plan


def run(**steps: StepProgress) -> RunProgress:
    named = {name.replace("__", "/"): step for name, step in steps.items()}
    return RunProgress(run="r", kind="up", started=NOW, steps=MappingProxyType(named))


def test_a_running_step_reaches_to_now_and_on_to_its_usual_end() -> None:
    bars = timeline.bars(
        plan(deployment()), run(cluster=StepProgress("cluster", StepState.RUNNING, started=NOW + 10)), NOW + 110
    )
    assert (bars["cluster"].begin, bars["cluster"].solid, bars["cluster"].end) == (10, 110, 350)


def test_what_waits_is_planned_after_what_it_needs() -> None:
    bars = timeline.bars(
        plan(deployment()), run(cluster=StepProgress("cluster", StepState.RUNNING, started=NOW)), NOW + 100
    )
    assert bars["pool/tpu1"].planned
    assert bars["pool/tpu1"].begin == bars["cluster"].end
    assert bars["readiness"].begin == bars["model-servers"].end


def test_a_step_done_in_an_earlier_run_has_no_bar() -> None:
    done = StepProgress("bucket", StepState.DONE, started=NOW - 500, ended=NOW - 490)
    assert "bucket" not in timeline.bars(plan(deployment()), run(bucket=done), NOW + 1)


def test_a_bar_fills_no_more_than_its_width_and_no_less_than_a_cell() -> None:
    for width in (1, 14, 50):
        for bar in (timeline.Bar(0, 0, 0, "ok"), timeline.Bar(90, 100, 100, "ok"), timeline.Bar(5, 5, 99, "dim", True)):
            drawn = "".join(text for text, _ in timeline.draw_bar(bar, 100, width, plain=False))
            assert len(drawn) <= width
            assert drawn.strip()


def test_plain_bars_are_ascii() -> None:
    drawn = "".join(text for text, _ in timeline.draw_bar(timeline.Bar(0, 50, 100, "ok"), 100, 30, plain=True))
    assert drawn.isascii()


def test_the_axis_starts_at_zero_and_fits() -> None:
    for seconds in (10, 61, 700, 4000, 90_000):
        axis = "".join(text for text, _ in timeline.draw_axis(seconds, 50))
        assert len(axis) == 50
        assert axis.startswith("0")
