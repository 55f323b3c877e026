"""Prices: known ones add up, unknown ones stay unknown."""

from __future__ import annotations

import pytest

from saxtui.model import cost
from saxtui.model import events as ev
from saxtui.model.deployment import Deployment
from saxtui.model.presets import preset
from saxtui.model.progress import fold

WANTED = preset("tutorial", "demo-project", deployment_id="abc234")
UNKNOWN = ("4 CPU nodes e2-standard-4",)


def owned(step: str, at: float) -> ev.Owned:
    return ev.Owned(at=at, run="r", step=step, kind="k", resource=step)


def gone(step: str, at: float) -> ev.Gone:
    return ev.Gone(at=at, run="r", step=step, kind="k", resource=step, proof="p")


def test_the_tutorial() -> None:
    found = cost.total(cost.lines(WANTED))
    assert found.usd == pytest.approx(76.90)
    assert found.unknown == UNKNOWN


def test_an_unknown_price_is_none_not_zero() -> None:
    nowhere = Deployment.model_validate({**WANTED.model_dump(mode="json"), "region": "us-east9", "zone": "us-east9-a"})
    assert cost.total(cost.lines(nowhere)).usd is None
    assert cost.of_step(nowhere, "pool/tpu1") is None
    assert cost.of_step(WANTED, "cluster") == pytest.approx(0.10)
    assert cost.of_step(WANTED, "check") == 0.0
    assert cost.of_step(WANTED, "pool/tpu1") == pytest.approx(38.40)


def test_spent_follows_the_windows_of_ownership() -> None:
    progress = fold(
        [owned("pool/tpu1", 0), gone("pool/tpu1", 3600), owned("pool/tpu1", 7200), owned("pool/tpu2", 7200)]
    )
    assert cost.spent(WANTED, progress, 9000).usd == pytest.approx(38.40 + 2 * 38.40 / 2)
    assert cost.running(WANTED, progress).usd == pytest.approx(76.80)


def test_spent_names_what_it_cannot_price() -> None:
    progress = fold([owned("cluster", 0)])
    found = cost.spent(WANTED, progress, 3600)
    assert (found.usd, found.unknown) == (pytest.approx(0.10), UNKNOWN)
    assert cost.spent(WANTED, fold([]), 3600) == cost.Cost(0.0)


def test_nothing_runs_after_it_is_gone() -> None:
    progress = fold([owned("pool/tpu1", 0), gone("pool/tpu1", 3600)])
    assert cost.running(WANTED, progress) == cost.Cost(0.0)


def test_what_it_took_to_the_first_answer() -> None:
    def run(kind: str, at: float, outcome: str = "done") -> list[ev.Event]:
        return [ev.RunStarted(at=at, run=kind, kind=kind), ev.RunFinished(at=at, run=kind, kind=kind, outcome=outcome)]

    def answered(at: float) -> ev.ModelAnswered:
        return ev.ModelAnswered(at=at, run="", model="m", seconds=1.0)

    up = [*run("up", 100.0, "failed"), *run("up", 500.0), owned("pool/tpu1", 1000)]
    assert cost.first_answer(WANTED, up) is None
    first = [*up, answered(4600), owned("pool/tpu2", 4600), answered(8200)]
    found = cost.first_answer(WANTED, first)
    assert found is not None and found[0] == 4500.0 and found[1].usd == pytest.approx(38.40)
    assert fold(first).answered == 4600
    assert cost.first_answer(WANTED, [*first, *run("pause", 9000.0)]) == found
    over = [*first, *run("down", 9000.0)]
    assert (cost.first_answer(WANTED, over), fold(over).answered) == (None, None)
    again = cost.first_answer(WANTED, [*over, *run("up", 10_000.0), answered(10_060)])
    assert again is not None and again[0] == 60.0
