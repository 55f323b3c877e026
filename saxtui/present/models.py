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
    """One slice's replica: its rungs from published to answered, where it stands and for how long.

    `remark` says what that means, in the colour role `remark_role`; `share` is how much of a load's usual time is
    over, 0..1, None when it is not loading or nobody knows what is usual.
    """

    slice: int
    sign: Sign
    rungs: tuple[RungMark, ...]
    since: str
    proof: str
    failed: bool
    remark: str = ""
    remark_role: str = "dim"
    share: float | None = None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One published model. `state` is the sentence for a line: "assigned 2/2 · loaded 1/2"; `note` what is odd."""

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
    note: str = ""


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
        ladder=tuple(_ladder(model, replica, now) for replica in sorted(model.replicas, key=lambda r: r.slice)),
        note=note(model),
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
    if model.able < model.loaded:
        parts.append(f"broken {model.loaded - model.able}")
    return " · ".join(parts)


def note(model: ModelStatus) -> str:
    """What is odd about a published model, "" for nothing."""
    if model.offered:
        offered = ", ".join(path.rpartition(".")[2] for path in model.offered)
        return f"no server offers this class; servers offer: {offered}"
    if not model.ours:
        return "nobody published it from here: it came back with the bucket, or somebody else did"
    return ""


def load_time(usual: tuple[float, float] | None) -> str:
    """How long a load usually takes: "9-10 min", or "" where nobody knows."""
    if usual is None:
        return ""
    low, high = (max(1, round(seconds / 60)) for seconds in usual)
    return f"{low} min" if low == high else f"{low}-{high} min"


def _remark(model: ModelStatus, replica: ReplicaTruth, now: float) -> tuple[str, str]:
    if replica.failed:
        return "final: unpublish, fix, publish (Sax never tries again)", "bad"
    if replica.broken:
        return f"cannot answer: {replica.broken}", "bad"
    match replica.rung:
        case Rung.NONE:
            return "not assigned", "dim"
        case Rung.PUBLISHED:
            return "waits to be assigned: within about 10 s of an idle slice", "dim"
        case Rung.ASSIGNED:
            return "assigned is not loaded", "warn"
        case Rung.LOADING:
            late = model.usual is not None and replica.since and now - replica.since > model.usual[1] * 1.25
            usual = load_time(model.usual)
            return (f"slower than its usual {usual}", "warn") if late else (f"of {usual}" if usual else "", "dim")
        case Rung.LOADED:
            return "can answer", "ok"
    return "has answered", "ok"


def _share(model: ModelStatus, replica: ReplicaTruth, now: float) -> float | None:
    if replica.rung is not Rung.LOADING or model.usual is None or not replica.since:
        return None
    return min(0.99, max(0.0, (now - replica.since) / model.usual[0]))


def _ladder(model: ModelStatus, replica: ReplicaTruth, now: float) -> LadderRow:
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
        remark=_remark(model, replica, now)[0],
        remark_role=_remark(model, replica, now)[1],
        share=_share(model, replica, now),
    )
