"""Models, their truth ladder and its evidence as table rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from saxtui.console.log_level import message
from saxtui.console.styling import Glyphs
from saxtui.console.widgets.table_layout import Cell, Column, Row
from saxtui.model.serving import ModelStatus, ReplicaTruth, Rung
from saxtui.present import models as words
from saxtui.present.models import LadderRow, ModelRow, RungMark
from saxtui.present.times import clock
from saxtui.present.words import RUNG

MODEL_COLUMNS = (
    Column("model", most=40), Column("state", most=16), Column("class", least=16, grow=True),
    Column("wanted", right=True, drop=3), Column("assigned", right=True), Column("loaded", right=True),
    Column("failed", right=True, drop=1), Column("checkpoint", most=30, drop=2),
)  # fmt: skip
LADDER_COLUMNS = (
    Column("slice", width=6), Column(RUNG[Rung.PUBLISHED].word, width=9, drop=1),
    *(Column(RUNG[rung].word, width=9) for rung in words.LADDER[1:]), Column(least=22, grow=True),
)  # fmt: skip
EVIDENCE_COLUMNS = (Column(width=9), Column(width=8), Column(most=28), Column(least=20, grow=True))
_HOST = re.compile(r"-(\d+)-(\d+)-[a-z0-9]{5}$")  # JobSet: NAME-JOB-JOBINDEX-COMPLETIONINDEX-RANDOM
_SERVER = re.compile(r"-[a-z0-9]{6,10}-[a-z0-9]{5}$")  # Deployment: NAME-TEMPLATEHASH-RANDOM
_BAR = 8
"""Cells of a load's progress."""


def model_rows(models: Iterable[ModelRow], glyphs: Glyphs) -> list[Row]:
    """One row a published model, its id as row id."""
    return [
        Row(
            model.id,
            (
                Cell(model.id),
                Cell(f"{glyphs.sign(model.sign)} {model.sign.word}", model.sign.role),
                Cell(model.short),
                Cell(str(model.wanted)),
                Cell(str(model.assigned)),
                Cell(str(model.loaded), "ok" if model.loaded and model.loaded >= model.wanted else "strong"),
                Cell(str(model.failed), "bad" if model.failed else "dim"),
                Cell(model.checkpoint, "dim"),
            ),
        )
        for model in models
    ]


def ladder_rows(model: ModelRow | None, glyphs: Glyphs) -> list[Row]:
    """One row a slice: which rung is lit since when, and what that means."""
    if model is None:
        return []
    return [
        Row(f"{model.id}#{row.slice}", (Cell(str(row.slice)), *_marks(row, glyphs), _remark(row, glyphs)))
        for row in model.ladder
    ]


def _marks(row: LadderRow, glyphs: Glyphs) -> list[Cell]:
    cells = []
    failed_here = row.failed
    for mark in row.rungs:
        if not mark.reached and failed_here:
            failed_here = False
            cells.append(Cell(f"{glyphs.sign(RUNG[Rung.FAILED])} failed", "bad"))
        else:
            cells.append(_mark(mark, row, glyphs))
    return cells


def _mark(mark: RungMark, row: LadderRow, glyphs: Glyphs) -> Cell:
    if not mark.reached:
        return Cell(glyphs.pick("○", "."), "wait")
    if mark.current and mark.rung is Rung.LOADING:
        return Cell(f"{glyphs.sign(RUNG[Rung.LOADING])} {row.since}", "busy")
    return Cell(glyphs.pick("✓", "+") + (f" {clock(mark.at)[:5]}" if mark.at else ""), "ok")


def _remark(row: LadderRow, glyphs: Glyphs) -> Cell:
    if row.share is None or row.remark_role != "dim":
        return Cell(row.remark, row.remark_role)
    full = round(row.share * _BAR)
    bar = glyphs.pick("█", "#") * full + glyphs.pick("░", "-") * (_BAR - full)
    return Cell(f"{bar} {row.remark}", "busy")


def replica(models: Iterable[ModelStatus], row_id: str) -> ReplicaTruth | None:
    """The replica a ladder row stands for."""
    model_id, _, index = row_id.rpartition("#")
    for model in models:
        for found in model.replicas:
            if model.id == model_id and str(found.slice) == index:
                return found
    return None


def evidence_rows(found: ReplicaTruth | None) -> list[Row]:
    """Why each rung of one replica is lit, from the lowest rung up; a failure last."""
    if found is None:
        return []
    ordered = sorted(found.evidence, key=lambda item: (item.rung is Rung.FAILED, item.rung, item.at))
    return [
        Row(
            str(number),
            (Cell(RUNG[item.rung].word, RUNG[item.rung].role), Cell(clock(item.at)), Cell(_source(item.source), "dim"),
             Cell(message(item.line))),
        )
        for number, item in enumerate(ordered)
    ]  # fmt: skip


def _source(source: str) -> str:
    """A pod's name as a person would say it: "log 1-0" for a host of a slice, a server's name without its suffix."""
    host = _HOST.search(source)
    if host:
        return f"log {host[1]}-{host[2]}"
    return "log " + _SERVER.sub("", source) if _SERVER.search(source) else source


def moving(models: Iterable[ModelStatus]) -> bool:
    """Whether some wanted replica may still change by itself: it is not loaded, and its load did not fail."""
    return any(model.loaded + model.failed < model.max_replicas for model in models)
