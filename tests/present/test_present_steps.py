import pytest

from saxtui.errors import Problem
from saxtui.model import events as ev
from saxtui.model.plan import Plan, PlannedStep, StepKind
from saxtui.model.progress import StepState, fold
from saxtui.present import steps as present

CLUSTER = PlannedStep("cluster", StepKind.CLUSTER, "Cluster", "saxml", usual=(100.0, 150.0), note="waits")
POOL1 = PlannedStep("pool/tpu1", StepKind.NODE_POOL, "Pool", "tpu1", needs=("cluster",), usual=(200.0, 300.0))
POOL2 = PlannedStep("pool/tpu2", StepKind.NODE_POOL, "Pool", "tpu2", needs=("cluster",), usual=(50.0, 60.0))
PLAN = Plan("d", "p", (CLUSTER, POOL1, POOL2), "", 1.0, ("cluster", "pool/tpu1"), (300.0, 450.0), 350.0)


def at(time: float, cls: type[ev.Event], step: str = "", **more: object) -> ev.Event:
    return cls(at=time, run="r", step=step, **more)  # type: ignore[arg-type]


START = at(1000.0, ev.RunStarted, kind="up", steps=("cluster", "pool/tpu1", "pool/tpu2"))


def test_waiting_running_done_and_failed_rows() -> None:
    problem = Problem("create", "pool tpu2", "no capacity", reason="GCE_STOCKOUT")
    progress = fold(
        [
            START,
            at(1000.0, ev.StepStarted, "cluster"),
            at(1090.0, ev.StepDone, "cluster", said="RUNNING"),
            at(1090.0, ev.StepStarted, "pool/tpu1"),
            at(1095.0, ev.Progress, "pool/tpu1", said="3/8 nodes", fraction=0.375),
            at(1090.0, ev.StepStarted, "pool/tpu2"),
            at(1120.0, ev.StepFailed, "pool/tpu2", problem=problem),
        ]
    )
    cluster, tpu1, tpu2 = present.rows(PLAN, progress, now=1130.0)
    assert (cluster.sign.word, cluster.elapsed, cluster.usual, cluster.critical) == ("done", "1:30", "1:40-2:30", True)
    assert (cluster.begin, cluster.length) == (0.0, 90.0)
    assert (tpu1.begin, tpu1.length, tpu1.expected, tpu1.fraction) == (90.0, 40.0, 200.0, 0.375)
    assert (tpu1.message, tpu1.late) == ("3/8 nodes", False)
    assert (tpu2.state, tpu2.message, tpu2.problem, tpu2.elapsed) == (StepState.FAILED, "no capacity", problem, "0:30")


def test_nothing_started_yet() -> None:
    row = present.rows(PLAN, fold([START]), now=1130.0)[0]
    assert (row.begin, row.elapsed, row.message, row.expected) == (None, "", "waits", 100.0)


def test_late_only_beyond_p90_and_only_while_running() -> None:
    events = [START, at(1000.0, ev.StepStarted, "cluster")]
    assert not present.rows(PLAN, fold(events), now=1150.0)[0].late
    assert present.rows(PLAN, fold(events), now=1150.1)[0].late
    events.append(at(1400.0, ev.StepDone, "cluster"))
    assert not present.rows(PLAN, fold(events), now=1500.0)[0].late


def test_a_step_its_run_left_behind_is_stopped_not_running() -> None:
    events = [START, at(1000.0, ev.StepStarted, "cluster"), at(1060.0, ev.RunFinished, kind="up", outcome="paused")]
    found = present.rows(PLAN, fold(events), now=9000.0)
    assert (found[0].sign.word, found[0].elapsed, found[0].late) == ("stopped", "1:00", False)
    assert present.tally(found) == "0 of 3 done · 1 stopped"


def test_steps_only_the_journal_knows_are_shown() -> None:
    progress = fold([START, at(1001.0, ev.StepStarted, "pool/tpu9")])
    assert [row.id for row in present.rows(PLAN, progress, 1002.0)][-1] == "pool/tpu9"
    assert [row.id for row in present.rows(None, progress, 1002.0)] == [
        "cluster",
        "pool/tpu1",
        "pool/tpu2",
        "pool/tpu9",
    ]


@pytest.mark.parametrize(
    ("events", "now", "left"),
    [
        ([], 1000.0, (300.0, 450.0)),
        ([at(1000.0, ev.StepStarted, "cluster")], 1050.0, (250.0, 400.0)),
        ([at(1000.0, ev.StepStarted, "cluster")], 9000.0, (200.0, 300.0)),
        ([at(1000.0, ev.StepStarted, "cluster"), at(1100.0, ev.StepDone, "cluster")], 1100.0, (200.0, 300.0)),
    ],
)
def test_remaining_is_the_longest_path_left(events: list[ev.Event], now: float, left: tuple[float, float]) -> None:
    assert present.remaining(PLAN, fold([START, *events]), now) == left


def test_tally() -> None:
    progress = fold([START, at(1.0, ev.StepDone, "cluster"), at(2.0, ev.StepStarted, "pool/tpu1")])
    assert present.tally(present.rows(PLAN, progress, 3.0)) == "1 of 3 done · 1 running"
