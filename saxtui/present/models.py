"""Published models as a truth ladder: assigned is not loaded, and each rung names its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saxtui.model.serving import ModelStatus, ReplicaTruth, Rung
from saxtui.present.words import RUNG, Sign, duration

LADDER = (Rung.PUBLISHED, Rung.ASSIGNED, Rung.LOADING, Rung.LOADED, Rung.ANSWERED)


@dataclass(frozen=True, slots=True)
class RungMark:
    """One rung of one replica. `at` is None where it is not reached; `proof` is "source: line"."""

    rung: Rung
    word: str
    reached: bool
    current: bool
    at: float | None = None
    proof: str = ""


@dataclass(frozen=True, slots=True)
class LadderRow:
    """One slice's replica: its rungs from published to answered, where it stands and for how long."""

    slice: int
    sign: Sign
    rungs: tuple[RungMark, ...]
    since: str
    proof: str
    failed: bool


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One published model. `state` is the sentence for a line: "assigned 2/2 · loaded 1/2"."""

    id: str
    path: str
    short: str
    checkpoint: str
    wanted: int
    assigned: int
    loaded: int
    failed: int
    sign: Sign
    state: str
    ladder: tuple[LadderRow, ...]


def rows(models: Iterable[ModelStatus], now: float) -> tuple[ModelRow, ...]:
    """One row a model. `now` in epoch seconds on the product's clock."""
    return tuple(_model(model, now) for model in models)


def _model(model: ModelStatus, now: float) -> ModelRow:
    return ModelRow(
        id=model.id,
        path=model.path,
        short=model.path.rsplit(".", 1)[-1],
        checkpoint=model.checkpoint,
        wanted=model.max_replicas,
        assigned=model.active_replicas,
        loaded=model.loaded,
        failed=model.failed,
        sign=RUNG[standing(model)],
        state=sentence(model),
        ladder=tuple(_ladder(replica, now) for replica in sorted(model.replicas, key=lambda r: r.slice)),
    )


def standing(model: ModelStatus) -> Rung:
    """Where the model as a whole stands: failed if any replica failed, else its least advanced wanted replica."""
    if model.failed:
        return Rung.FAILED
    reached = sorted((replica.rung for replica in model.replicas), reverse=True)[: max(1, model.max_replicas)]
    if not reached or len(reached) < model.max_replicas:
        return Rung.PUBLISHED if model.active_replicas < max(1, model.max_replicas) else Rung.ASSIGNED
    return max(Rung.PUBLISHED, reached[-1])


def sentence(model: ModelStatus) -> str:
    """ "assigned 2/2 · loaded 1/2 · failed 1": what is known, with assignment never passing for readiness."""
    parts = [f"assigned {model.active_replicas}/{model.max_replicas}", f"loaded {model.loaded}/{model.max_replicas}"]
    if model.failed:
        parts.append(f"failed {model.failed}")
    return " · ".join(parts)


def _ladder(replica: ReplicaTruth, now: float) -> LadderRow:
    proofs = {evidence.rung: evidence for evidence in replica.evidence}
    top = max((e.rung for e in replica.evidence), default=Rung.NONE) if replica.failed else replica.rung
    marks = tuple(
        RungMark(
            rung=rung,
            word=RUNG[rung].word,
            reached=rung <= top,
            current=rung == top and not replica.failed,
            at=proofs[rung].at if rung in proofs else None,
            proof=f"{proofs[rung].source}: {proofs[rung].line}" if rung in proofs else "",
        )
        for rung in LADDER
    )
    last = proofs.get(replica.rung)
    return LadderRow(
        slice=replica.slice,
        sign=RUNG[replica.rung],
        rungs=marks,
        since=duration(now - replica.since) if replica.since else "-",
        proof=f"{last.source}: {last.line}" if last else "",
        failed=replica.failed,
    )
