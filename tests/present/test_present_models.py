import pytest

from saxtui.model.serving import Evidence, ModelStatus, ReplicaTruth, Rung
from saxtui.present import models as present


def model(*rungs: Rung, wanted: int = 2, active: int = 2) -> ModelStatus:
    replicas = tuple(
        ReplicaTruth(i, rung, (Evidence(rung, f"{i}-0 log", "a line", 50.0),), since=40.0)
        for i, rung in enumerate(rungs)
    )
    return ModelStatus("/sax/test/spmd", "saxml.server.LmCloudSpmd175B32Test", "None", wanted, active, replicas)


@pytest.mark.parametrize(
    ("status", "word", "sentence"),
    [
        (model(Rung.LOADED, Rung.LOADED), "loaded", "assigned 2/2 · loaded 2/2"),
        (model(Rung.LOADED, Rung.ASSIGNED), "assigned", "assigned 2/2 · loaded 1/2"),
        (model(Rung.LOADED, Rung.FAILED), "failed", "assigned 2/2 · loaded 1/2 · failed 1"),
        (model(), "assigned", "assigned 2/2 · loaded 0/2"),
        (model(active=0), "published", "assigned 0/2 · loaded 0/2"),
        (model(Rung.ANSWERED, Rung.NONE, wanted=1, active=1), "answered", "assigned 1/1 · loaded 1/1"),
    ],
)
def test_a_model_stands_where_its_least_replica_does(status: ModelStatus, word: str, sentence: str) -> None:
    (row,) = present.rows((status,), now=100.0)
    assert (row.sign.word, row.state, row.short) == (word, sentence, "LmCloudSpmd175B32Test")


def test_assigned_everywhere_is_never_green() -> None:
    (row,) = present.rows((model(Rung.ASSIGNED, Rung.LOADING),), now=100.0)
    assert row.sign.role == "busy"


def test_ladder_names_its_proof() -> None:
    (row,) = present.rows((model(Rung.LOADED, Rung.ASSIGNED),), now=100.0)
    first = row.ladder[0]
    assert [mark.word for mark in first.rungs if mark.reached] == ["published", "assigned", "loading", "loaded"]
    assert [mark.word for mark in first.rungs if mark.current] == ["loaded"]
    assert (first.proof, first.since, first.rungs[3].at) == ("0-0 log: a line", "1:00", 50.0)


def test_a_failed_load_keeps_the_rungs_that_were_proved() -> None:
    evidence = (Evidence(Rung.LOADING, "log", "loading", 1.0), Evidence(Rung.FAILED, "log", "out of HBM", 2.0))
    failed = ReplicaTruth(0, Rung.FAILED, evidence)
    (row,) = present.rows((ModelStatus("/sax/a/b", "M", "None", 1, 1, (failed,)),), now=3.0)
    marks = row.ladder[0].rungs
    assert [mark.reached for mark in marks] == [True, True, True, False, False]
    assert not any(mark.current for mark in marks)
    assert (row.ladder[0].failed, row.ladder[0].proof) == (True, "log: out of HBM")
