"""The receipt of a teardown, from nothing but the journal."""

from __future__ import annotations

import json

import pytest

from saxtui.model import events as ev
from saxtui.model.deployment import Deployment
from saxtui.model.receipt import Fate, Receipt, digest, of

WANTED = Deployment(id="abcdef12", name="d", project="my-project", bucket="my-bucket")
POOL = {"run": "u", "step": "pool/tpu1", "kind": "node-pool", "resource": "tpu1"}


def intent(at: float = 1.0, **more: str) -> ev.Event:
    return ev.Intent(at=at, **{**POOL, **more})


def owned(at: float = 2.0) -> ev.Event:
    return ev.Owned(at=at, uid="u1", **POOL)


def gone(at: float = 9.0) -> ev.Event:
    return ev.Gone(at=at, proof="absent twice by GET and by LIST", **POOL)


def began(kind: str) -> ev.Event:
    return ev.RunStarted(at=5.0, run=f"{kind}-1", kind=kind)


def fates(found: Receipt) -> list[Fate]:
    return [entry.fate for entry in found.entries]


@pytest.mark.parametrize(
    ("events", "fate", "clean"),
    [
        ([intent()], Fate.UNKNOWN, False),
        ([intent(), owned()], Fate.THERE, False),
        ([intent(), ev.Doubt(at=3.0, run="u", step="pool/tpu1", said="timeout")], Fate.UNKNOWN, False),
        ([intent(), owned(), began("down"), ev.Deleting(at=6.0, **POOL)], Fate.UNKNOWN, False),
        ([intent(), owned(), began("down"), ev.Deleting(at=6.0, **POOL), gone()], Fate.GONE, True),
        ([intent(), ev.Foreign(at=3.0, said="another's", **POOL)], Fate.FOREIGN, True),
        ([owned(), began("down"), ev.StepDone(at=6.0, run="d", step="pool/tpu1", said="kept")], Fate.KEPT, True),
        (
            [owned(), began("down"), ev.StepDone(at=6.0, run="d", step="pool/tpu1", said="kept"), began("up")],
            Fate.THERE, False,
        ),
        ([began("up"), owned(), ev.StepDone(at=6.0, run="u", step="pool/tpu1", said="there")], Fate.THERE, False),
    ],
)  # fmt: skip
def test_what_became_of_it(events: list[ev.Event], fate: Fate, clean: bool) -> None:
    found = of(WANTED, events)
    assert fates(found) == [fate]
    assert found.clean is clean
    assert found.verdict.startswith("clean") is clean
    assert found.body()["clean"] is clean


def test_one_unknown_row_among_many_keeps_the_word_clean_away() -> None:
    found = of(WANTED, [intent(), owned(), gone(), intent(step="bucket", kind="bucket", resource="b")])
    assert fates(found) == [Fate.GONE, Fate.UNKNOWN]
    assert "clean" not in found.verdict and "clean" not in found.text()


def test_every_intent_is_counted_and_every_life_is_a_row() -> None:
    found = of(WANTED, [intent(), intent(1.5), owned(), gone(), intent(20.0), owned(21.0), gone(30.0)])
    assert [(entry.sent, entry.began, entry.ended) for entry in found.entries] == [(2, 1.0, 9.0), (1, 20.0, 30.0)]


def test_a_new_name_is_a_row_of_its_own() -> None:
    found = of(WANTED, [intent(), intent(resource="tpu1-new"), gone()])
    assert {entry.resource: entry.fate for entry in found.entries} == {
        "tpu1": Fate.GONE, "tpu1-new": Fate.UNKNOWN,
    }  # fmt: skip


def test_text_and_body_carry_the_same_sum_and_no_floats() -> None:
    found = of(WANTED, [intent(), owned(), began("down"), gone(), ev.RunFinished(
        at=10.0, run="down-1", kind="down", outcome="done")])  # fmt: skip
    body = found.body()
    assert digest(body) in found.text()
    assert digest(json.loads(json.dumps(body))) == digest(body)
    assert body["run"] == {
        "id": "down-1", "outcome": "done", "began": "1970-01-01T00:00:05Z", "ended": "1970-01-01T00:00:10Z",
    }  # fmt: skip
    assert "." not in json.dumps([row["began"] for row in body["resources"]])
