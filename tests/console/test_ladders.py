"""The truth ladder and its evidence as rows."""

from __future__ import annotations

import pytest

from saxtui.console import ladders
from saxtui.console.styling import Glyphs
from saxtui.model.serving import Evidence, ReplicaTruth, Rung
from saxtui.present import models as words
from tests.console.serving_fakes import NOW, model

GLYPHS = Glyphs(ascii_only=False)


def test_evidence_is_told_briefly_from_the_lowest_rung_up() -> None:
    found = ReplicaTruth(
        1,
        Rung.LOADING,
        (
            Evidence(Rung.ASSIGNED, "GET /listcell", "active_replicas 2 of 2", NOW + 50),
            Evidence(Rung.LOADING, "sax-model-server-set-sax-model-server-1-0-h689p",
                     "I1124 01:54:34.183692 1396 base.py:1] Loading model for key: /sax/test/spmd", NOW),
            Evidence(Rung.ASSIGNED, "sax-admin-server-7pzjdvbj9q-x2k4z", "Loading model onto server", NOW - 1),
            Evidence(Rung.FAILED, "sax-model-server-set-sax-model-server-1-0-h689p", "Error occurred", NOW + 9),
        ),
    )  # fmt: skip
    told = [(row.cells[0].text, row.cells[2].text, row.cells[3].text) for row in ladders.evidence_rows(found)]
    assert told == [
        ("assigned", "log sax-admin-server", "Loading model onto server"),
        ("assigned", "GET /listcell", "active_replicas 2 of 2"),
        ("loading", "log 1-0", "Loading model for key: /sax/test/spmd"),
        ("failed", "log 1-0", "Error occurred"),
    ]


@pytest.mark.parametrize(
    ("rung", "cells"),
    [
        (Rung.NONE, "○○○○○"),
        (Rung.PUBLISHED, "✓○○○○"),
        (Rung.ASSIGNED, "✓✓○○○"),
        (Rung.LOADING, "✓✓◐○○"),
        (Rung.LOADED, "✓✓✓✓○"),
        (Rung.ANSWERED, "✓✓✓✓✓"),
        (Rung.FAILED, "✓✓✓✗○"),
    ],
)
def test_each_rung_lights_only_what_is_proved(rung: Rung, cells: str) -> None:
    (shown,) = words.rows([model(rung)], NOW)
    (row,) = ladders.ladder_rows(shown, GLYPHS)
    assert "".join(cell.text[0] for cell in row.cells[1:6]) == cells


@pytest.mark.parametrize(
    ("rungs", "moves"),
    [
        ((Rung.LOADED, Rung.LOADED), False),
        ((Rung.LOADED, Rung.FAILED), False),
        ((Rung.LOADED, Rung.LOADING), True),
        ((Rung.ASSIGNED, Rung.PUBLISHED), True),
    ],
)
def test_it_moves_until_every_replica_is_loaded_or_failed(rungs: tuple[Rung, ...], moves: bool) -> None:
    assert ladders.moving([model(*rungs)]) is moves
