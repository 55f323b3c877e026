"""The fold from events to progress."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.errors import Problem
from saxtui.model import events as ev
from saxtui.model.progress import Ownership, StepState, fold

PROBLEM = Problem(tried="create", target="x", said="no", details=("a",))
BASE: dict[str, Any] = {"at": 5.0, "run": "r", "step": "cluster"}
NAMED: dict[str, Any] = {**BASE, "kind": "cluster", "resource": "saxml"}
STARTED = ev.StepStarted(**BASE)
INTENT = ev.Intent(**NAMED, body="b")
SENT = ev.Sent(**BASE, method="POST", target="t")
OPERATION = ev.OperationSeen(**BASE, operation="operation-1")
OWNED = ev.Owned(**NAMED, uid="u")
FOREIGN = ev.Foreign(**NAMED)
DOUBT = ev.Doubt(**BASE, said="?")
DONE = ev.StepDone(**BASE, said="ok")
FAILED = ev.StepFailed(**BASE, problem=PROBLEM)
DELETING = ev.Deleting(**NAMED)
GONE = ev.Gone(**NAMED, proof="404")
EVERY = (STARTED, INTENT, SENT, OPERATION, OWNED, FOREIGN, DOUBT, DONE, FAILED, DELETING, GONE)


@pytest.mark.parametrize(
    ("events", "state", "ownership"),
    [
        ([], StepState.WAITING, Ownership.NONE),
        ([STARTED], StepState.RUNNING, Ownership.NONE),
        ([STARTED, INTENT], StepState.RUNNING, Ownership.INTENT),
        ([STARTED, INTENT, SENT, OPERATION], StepState.RUNNING, Ownership.OPERATION),
        ([STARTED, INTENT, OPERATION, OWNED], StepState.RUNNING, Ownership.OWNED),
        ([STARTED, INTENT, OWNED, DONE], StepState.DONE, Ownership.OWNED),
        ([STARTED, INTENT, FAILED], StepState.FAILED, Ownership.INTENT),
        ([STARTED, INTENT, DOUBT], StepState.DOUBT, Ownership.UNKNOWN),
        ([STARTED, INTENT, DOUBT, FAILED], StepState.DOUBT, Ownership.UNKNOWN),
        ([STARTED, INTENT, DOUBT, INTENT], StepState.RUNNING, Ownership.INTENT),
        ([STARTED, INTENT, DOUBT, OWNED], StepState.RUNNING, Ownership.OWNED),
        ([STARTED, INTENT, DOUBT, OPERATION], StepState.RUNNING, Ownership.OPERATION),
        ([STARTED, FOREIGN, FAILED], StepState.FOREIGN, Ownership.FOREIGN),
        ([STARTED, FOREIGN, DONE], StepState.DONE, Ownership.FOREIGN),
        ([OWNED, DELETING], StepState.DELETING, Ownership.DELETING),
        ([OWNED, DELETING, DOUBT], StepState.DOUBT, Ownership.DELETING),
        ([OWNED, DELETING, GONE], StepState.GONE, Ownership.GONE),
    ],
)
def test_states(events: list[ev.Event], state: StepState, ownership: Ownership) -> None:
    step = fold(events).step("cluster")
    assert (step.state, step.ownership) == (state, ownership)


def test_a_new_run_waits_again_but_forgets_nothing_that_is_owned_or_in_doubt() -> None:
    before = [STARTED, INTENT, OWNED, FAILED]
    doubtful = ev.Doubt(at=5.0, run="r", step="bucket", said="?")
    start = ev.RunStarted(at=6.0, run="r2", kind="up", steps=("cluster", "bucket"))
    progress = fold([*before, doubtful, start])
    assert progress.running
    cluster, bucket = progress.step("cluster"), progress.step("bucket")
    assert (cluster.state, cluster.ownership, cluster.uid, cluster.problem) == (
        StepState.WAITING, Ownership.OWNED, "u", None,
    )  # fmt: skip
    assert (bucket.state, bucket.ownership) == (StepState.DOUBT, Ownership.UNKNOWN)


@given(st.lists(st.sampled_from(EVERY), max_size=20), st.integers(0, 20))
def test_live_or_replayed_in_two_parts_is_the_same(events: list[ev.Event], cut: int) -> None:
    replayed = [ev.from_record(event.record()) for event in events]
    assert replayed == events
    assert fold(events[cut:], fold(events[:cut])) == fold(replayed)


@given(st.lists(st.sampled_from(EVERY), max_size=20))
def test_what_was_sent_is_never_forgotten(events: list[ev.Event]) -> None:
    """Once there is an intent, the step says none again only through a proof or a foreign finding."""
    step = fold([INTENT, *events]).step("cluster")
    assert step.ownership is not Ownership.NONE
