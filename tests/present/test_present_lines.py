from datetime import UTC

import pytest

from saxtui.errors import Problem
from saxtui.model import cost
from saxtui.model import events as ev
from saxtui.model.cluster import LogLine
from saxtui.model.deployment import Deployment
from saxtui.model.progress import fold
from saxtui.present import events, logs, problems, receipt, spend, times

BASE = {"at": 3723.0, "run": "r", "step": "s"}
PROBLEM = Problem(
    "create", "cluster saxml", "quota", next_step="ask for more", reason="QUOTA", may_bill=None, command="gcloud x"
)


def test_problem_lines_say_all_five_things() -> None:
    found = problems.lines(PROBLEM)
    assert [(line.label, line.text) for line in found] == [
        ("", "create cluster saxml: quota"),
        ("answer", "QUOTA"),
        ("billing", "unknown whether something now bills"),
        ("next", "ask for more"),
        ("command", "gcloud x"),
    ]


@pytest.mark.parametrize(("may_bill", "word"), [(False, "no"), (True, "yes"), (None, "unknown")])
def test_billing(may_bill: bool | None, word: str) -> None:
    assert problems.billing(Problem("a", "b", "c", may_bill=may_bill)).startswith(word)


def test_a_problem_without_an_answer_still_says_all_five_things() -> None:
    assert [line.label for line in problems.lines(Problem("a", "b", "c"))] == [
        "", "answer", "billing", "next", "command",
    ]  # fmt: skip
    assert problems.answer(Problem("a", "b", "c", code="429", reason="X", request_id="r1")) == "429 X, request r1"


@pytest.mark.parametrize(
    ("event", "word", "text"),
    [
        (ev.RunStarted(at=0, run="r", kind="up", steps=("a", "b")), "begin", "up, 2 steps"),
        (ev.RunFinished(at=0, run="r", kind="up", outcome="failed", said="pool"), "failed", "up failed: pool"),
        (ev.StepStarted(**BASE), "start", ""),
        (ev.Intent(**BASE, kind="bucket", resource="b"), "intent", "bucket b"),
        (ev.Sent(**BASE, method="POST", target="clusters", command="gcloud y"), "sent", "POST clusters   gcloud y"),
        (ev.OperationSeen(**BASE, operation="op-1"), "operation", "op-1"),
        (ev.Progress(**BASE, said="3/8"), "wait", "3/8"),
        (ev.Owned(**BASE, kind="bucket", resource="b"), "created", "bucket b"),
        (ev.Owned(**BASE, kind="bucket", resource="b", created=False), "ours", "bucket b"),
        (ev.Foreign(**BASE, kind="bucket", resource="b", said="other"), "not ours", "bucket b: other"),
        (ev.Adopted(**BASE, kind="bucket", resource="b"), "adopted", "bucket b"),
        (ev.Doubt(**BASE, said="timeout"), "doubt", "timeout"),
        (ev.StepDone(**BASE, said="fine"), "done", "fine"),
        (ev.StepFailed(**BASE, problem=PROBLEM), "failed", "create cluster saxml: quota [QUOTA]"),
        (ev.Deleting(**BASE, kind="bucket", resource="b"), "delete", "bucket b"),
        (ev.Gone(**BASE, kind="bucket", resource="b", proof="GET 404"), "gone", "bucket b: GET 404"),
        (ev.Resizing(**BASE, kind="node-pool", resource="tpu1", hosts=0), "resize", "node-pool tpu1 to 0 hosts"),
        (
            ev.Resized(**BASE, kind="node-pool", resource="tpu1", hosts=0, said="tpu1: 0 hosts"),
            "at zero",
            "tpu1: 0 hosts",
        ),
        (
            ev.Resized(**BASE, kind="node-pool", resource="tpu1", hosts=8, said="tpu1: 8 hosts"),
            "resized",
            "tpu1: 8 hosts",
        ),
        (ev.TermSet(at=0, run="r", until=0.0), "term", "meant to live until -; nothing is deleted by itself"),
        (ev.Note(**BASE, said="hello"), "note", "hello"),
        (
            ev.ModelPublished(**BASE, model="/sax/test/m", path="a.B", checkpoint="None", replicas=2),
            "publish",
            "/sax/test/m (B) on 2 slices",
        ),
        (ev.ModelUnpublished(**BASE, model="/sax/test/m"), "unpublish", "/sax/test/m"),
        (
            ev.ModelLoaded(**BASE, model="/sax/test/m", path="a.B", slice=1, seconds=578.0, loaded=9.0),
            "loaded",
            "/sax/test/m on slice 1 in 9:38",
        ),
        (
            ev.ModelAnswered(**BASE, model="/sax/test/m", seconds=8.04),
            "answered",
            "/sax/test/m for the first time, in 8.0 s",
        ),
    ],
)
def test_every_event_is_a_line(event: ev.Event, word: str, text: str) -> None:
    row = events.row(event, UTC)
    assert (row.word, row.text) == (word, text)


def test_every_event_type_is_covered_above() -> None:
    mark = next(m for m in test_every_event_is_a_line.pytestmark if m.name == "parametrize")
    assert {type(case[0]) for case in mark.args[1]} == set(ev.ALL)


def test_times() -> None:
    assert times.clock(3723.0, UTC) == "01:02:03"
    assert times.clock(None) == "-"
    assert times.moment(86_400.0 * 2, UTC) == "1970-01-03 00:00"
    assert times.usual((5.0, 5.2)) == "0:05"
    assert times.minutes((10.0, 20.0)) == "under 1 min"
    assert times.minutes((300.0, 540.0)) == "5-9 min"


def test_log_rows() -> None:
    host = logs.row(LogLine("set-1-5-x", 3723.0, "hello", slice=1, host=5), UTC)
    assert (host.time, host.tag, host.text, host.hue) == ("01:02:03", "1-5", "hello", 1)
    gap = logs.row(LogLine("admin", 0.0, "3 s missing", gap=True), UTC)
    assert (gap.tag, gap.text, gap.gap) == ("admin", "── 3 s missing ──", True)


def owned(step: str, at: float, kind: str = "pool") -> ev.Event:
    return ev.Owned(at=at, run="r", step=step, kind=kind, resource=step)


WANTED = Deployment(id="abcdef12", name="d", project="my-project", bucket="my-bucket")
POOL = cost.of_step(WANTED, "pool/tpu1")


def test_meter_runs_from_owned_to_gone() -> None:
    assert POOL is not None
    progress = fold([owned("bucket", 0.0), owned("pool/tpu1", 1000.0)])
    found = spend.meter(WANTED, progress, 1000.0 + 1800)
    assert (found.usd_per_hour, found.spent, found.doubtful) == (pytest.approx(POOL), pytest.approx(POOL / 2), ())
    gone = ev.Gone(at=4600.0, run="r", step="pool/tpu1", kind="pool", resource="tpu1", proof="404")
    after = spend.meter(WANTED, fold([gone], progress), 90_000.0)
    assert (after.usd_per_hour, after.spent) == (0.0, pytest.approx(POOL))


def test_meter_names_what_is_in_doubt_and_keeps_billing_while_deleting() -> None:
    sent = ev.Intent(at=1.0, run="r", step="pool/tpu2", kind="pool", resource="tpu2")
    doubt = ev.Doubt(at=2.0, run="r", step="pool/tpu2", said="timeout")
    deleting = ev.Deleting(at=50.0, run="r", step="pool/tpu1", kind="pool", resource="tpu1")
    found = spend.meter(WANTED, fold([owned("pool/tpu1", 0.0), sent, doubt, deleting]), 100.0)
    assert (found.doubtful, found.under_way) == (("pool/tpu2",), ("pool/tpu1",))
    assert found.usd_per_hour is not None and found.usd_per_hour > 0


def test_meter_unknown_price_is_said() -> None:
    assert spend.Meter(None, None, ("a", "b")).words == "unknown, unknown spent, and an unknown price for: a, b"
    assert spend.Meter(1.0, 2.0).words == "$1.00/h, $2.00 spent"


def test_meter_says_since_when_and_about_how_much() -> None:
    progress = fold([owned("pool/tpu2", 48_600.0), owned("pool/tpu1", 46_800.0)])
    found = spend.meter(WANTED, progress, 50_400.0)
    assert found.since == 46_800.0 and found.bills
    assert POOL is not None
    assert found.sentence(UTC) == f"${2 * POOL:,.2f}/h since 13:00, about ${POOL * 1.5:,.2f} so far"
    ended = [ev.Gone(at=50_400.0, run="r", step=f"pool/tpu{n}", kind="pool", resource="x", proof="404") for n in (1, 2)]
    after = spend.meter(WANTED, fold(ended, progress), 90_000.0)
    assert not after.bills
    assert after.sentence(UTC) == f"nothing, about ${POOL * 1.5:,.2f} in all"


@pytest.mark.parametrize(
    ("parts", "bills", "rate_text"),
    [
        ((), False, "$0.00/h"),
        ((spend.Meter(1.0, 2.0), spend.Meter(2.0, 3.0)), True, "$3.00/h"),
        ((spend.Meter(0.0, 2.0), spend.Meter(None, None)), True, "unknown/h"),
        ((spend.Meter(1.0, 2.0), spend.Meter(None, None)), True, "$1.00/h+"),
        ((spend.Meter(1.0, 2.0, ("fee",)),), True, "$1.00/h+"),
    ],
)
def test_meters_add_up_and_unknown_is_never_nothing(
    parts: tuple[spend.Meter, ...], bills: bool, rate_text: str
) -> None:
    found = spend.total(parts)
    assert (found.bills, found.rate_text) == (bills, rate_text)


def test_receipt_says_all_gone_only_when_all_is_proved() -> None:
    gone = [ev.Gone(at=9.0, run="r", step=s, kind="pool", resource=s, proof="GET 404 x2, LIST x2") for s in ("a", "b")]
    before = [owned("a", 1.0), owned("b", 1.0), owned("c", 1.0, "bucket")]
    found = receipt.rows(fold([*before, *gone]), kept=("c",))
    assert [(row.resource, row.sign.word) for row in found] == [("a", "gone"), ("b", "gone"), ("c", "kept")]
    assert receipt.verdict(found) == "2 gone · 1 kept"
    assert receipt.verdict(found[:2]) == "all gone: 2 of 2 resources proved absent"
    left = receipt.rows(fold([*before, *gone]))
    assert receipt.verdict(left) == "2 gone · 1 still there"
    doubt = ev.Doubt(at=9.0, run="r", step="c", said="timeout")
    assert receipt.verdict(receipt.rows(fold([*before, *gone, doubt]))) == "2 gone · 1 in doubt"
