"""Present rows as printed lines and as records: the same facts twice, once for people and once for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from saxtui.cli.output import Output
from saxtui.cli.style import Piece
from saxtui.model.checks import CheckRow
from saxtui.model.chips import Chips, HostChips
from saxtui.model.cluster import ClusterView, Pod
from saxtui.model.phases import Phases
from saxtui.model.plan import Plan
from saxtui.model.progress import RunProgress
from saxtui.model.serving import Beat, ModelStatus, Reached, Reply
from saxtui.present import canary, pod_facts
from saxtui.present import chips as present_chips
from saxtui.present import models as present_models
from saxtui.present import plan as present_plan
from saxtui.present import pods as present_pods
from saxtui.present import steps as present_steps
from saxtui.present.receipt import ReceiptRow, verdict
from saxtui.present.spend import Meter
from saxtui.present.words import CHECK, DIALECT, PRIMARY

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment
    from saxtui.ports import SavedReceipt


def plan(out: Output, found: Plan) -> None:
    """Consequences first, then the steps, then what it comes to."""
    for sentence in found.consequences:
        out.line(("! ", "warn"), sentence)
    rows = present_plan.rows(found)
    out.table(
        ("action", "step", "usual", "price", "resource"),
        [
            (
                out.style.sign(row.sign), row.title, row.usual + (" ═" if row.critical else ""), row.price,
                f"{row.resource}   {row.note}" if row.note else row.resource,
            )
            for row in rows
        ],
    )  # fmt: skip
    out.line(present_plan.counts(found))
    out.line(present_plan.price(found), " · ", present_plan.times(found))
    for step in found.steps:
        out.record(
            "planned-step", id=step.id, kind=step.kind.value, title=step.title, resource=step.resource,
            action=step.action.value, needs=step.needs, usual_seconds=step.usual, usd_per_hour=step.usd_per_hour,
            critical=step.id in found.critical_path, within=step.within, note=step.note,
            foreign=step.foreign, command=step.command,
        )  # fmt: skip
    out.record(
        "plan", deployment=found.deployment, project=found.project, digest=found.digest,
        usd_per_hour=found.usd_per_hour, seconds=found.seconds, sequential_seconds=found.sequential_seconds,
        critical_path=found.critical_path, times_from=found.times_from, risks=found.risks,
        consequences=found.consequences, changes=not present_plan.unchanged(found),
    )  # fmt: skip


def graph(out: Output, found: Plan) -> None:
    """The steps as a graph, each under what it waits for last."""
    for line in present_plan.graph(found):
        out.line(line)


def checks(out: Output, rows: Iterable[CheckRow]) -> None:
    """A line a check; what could not be known says so."""
    listed = tuple(rows)
    out.table(
        ("", "check", "found"),
        [(out.style.sign(CHECK[row.answer]), row.name, row.said) for row in listed],
    )
    for row in listed:
        out.record("check", name=row.name, answer=row.answer.value, said=row.said, problems=len(row.problems))


def step_lines(out: Output, found: Plan | None, progress: RunProgress, now: float) -> list[list[Piece]]:
    """The steps of a run as padded lines, for a table that is redrawn or printed once."""
    rows = [
        [
            out.style.sign(row.sign, word=False), row.title, row.elapsed, (row.usual, "dim"),
            (row.sign.word, row.sign.role), (f"slower than usual  {row.message}" if row.late else row.message, "dim"),
        ]
        for row in present_steps.rows(found, progress, now)
    ]  # fmt: skip
    head: list[Piece] = [("", ""), ("step", "head"), ("elapsed", "head"), ("usual", "head"), ("state", "head")]
    return out.style.columns([head, *rows])


def step_records(out: Output, found: Plan | None, progress: RunProgress, now: float) -> None:
    """One record a step."""
    for row in present_steps.rows(found, progress, now):
        step = progress.step(row.id)
        out.record(
            "step", id=row.id, title=row.title, state=step.state.value, ownership=step.ownership.value,
            resource=row.resource, said=step.said, seconds=row.length, started=step.started, ended=step.ended,
            uid=step.uid, operation=step.operation, proof=step.proof,
        )  # fmt: skip


def pods(
    out: Output, view: ClusterView, deployment: Deployment, now: float, phases: Phases | None = None,
    chips: Chips | None = None,
) -> None:  # fmt: skip
    """Slice by slice, host by host, then the pods that belong to no slice; with `chips` their TPU metrics too."""
    shape = deployment.slices.shape
    grids = present_pods.slice_grids(
        view, count=deployment.slices.count, hosts=shape.hosts, topology=deployment.slices.topology, phases=phases
    )
    listed = present_pods.pod_rows(view, now, phases)
    rows: list[Sequence[Piece]] = []
    metrics = ("duty", "HBM a chip") if chips is not None else ()
    for row in listed:
        rows.append(
            (
                (row.tag or "-") + (f" {PRIMARY}" if row.primary else ""), row.name,
                out.style.sign(row.sign, word=False), (row.status, row.sign.role), row.doing,
                *(_metrics(chips.get(row.uid)) if chips is not None else ()), row.ready,
                str(row.restarts), row.age, row.node, row.zone, (row.message, "dim"),
            )
        )  # fmt: skip
    out.table(
        ("host", "pod", "", "status", "process", *metrics, "ready", "restarts", "age", "node", "zone", "message"), rows
    )
    for grid in grids:
        out.line(out.style.sign(grid.sign, word=False), f" slice {grid.index}: {grid.headline}")
    if known := [item for item in (chips or {}).values() if item.known]:
        oldest = min(known, key=lambda item: item.at)
        out.line((f"TPU metrics {present_chips.read(oldest, now)}", "dim"))
    for said, tags in _unmetered(listed, chips or {}).items():
        out.line((f"no TPU metrics of {', '.join(tags)}: {said}", "warn"))
    for row in listed:
        pod_record(out, view, row, phases, chips)
    for grid in grids:
        out.record(
            "slice", index=grid.index, hosts=len(grid.cells), running=grid.running, state=grid.sign.word,
            rows=grid.mesh.rows, columns=grid.mesh.columns * grid.mesh.layers, layers=grid.mesh.layers,
        )  # fmt: skip


def _metrics(found: HostChips | None) -> tuple[Piece, Piece]:
    """A row's cells of the TPU metrics; a pod without chips has none."""
    if found is None:
        return "", ""
    return (present_chips.duty(found), "" if found.duty else "dim"), (
        present_chips.hbm(found),
        "" if found.hbm_used else "dim",
    )


def _unmetered(listed: Iterable[present_pods.PodRow], chips: Chips) -> dict[str, list[str]]:
    """Hosts by the reason why nothing is told of them."""
    found: dict[str, list[str]] = {}
    for row in listed:
        if row.uid in chips and chips[row.uid].said:
            found.setdefault(chips[row.uid].said, []).append(row.tag or row.name)
    return found


def pod(out: Output, view: ClusterView, found: Pod, now: float, phases: Phases, chips: Chips | None = None) -> None:
    """One pod whole, section by section; as records the pod's own, then a fact a line."""
    pod_record(out, view, present_pods.pod_row(found, now, phases, present_pods.zones_of(view)), phases, chips)
    out.line((found.name, "head"))
    for section in pod_facts.sections(view, found, phases, now, chips):
        out.line((section.title, "head"))
        wide = max((len(fact.label) for fact in section.facts), default=0)
        for fact in section.facts:
            out.line(f"  {fact.label:<{wide}}  ", (fact.text, fact.role))
            out.record("pod-fact", name=found.name, section=section.title, label=fact.label, text=fact.text)
        if not section.facts and section.said:
            out.line((f"  {section.said}", "dim"))


def pod_record(
    out: Output, view: ClusterView, row: present_pods.PodRow, phases: Phases | None, chips: Chips | None = None
) -> None:
    """One pod's record. `process` is what its process is at, null where its log was not read.

    `tpu` is its metrics, null where nobody asked for them; in it each metric that is not told is null, and `said` why.
    """
    pod, process = view.pods[row.uid], (phases or {}).get(row.uid)
    out.record(
        "pod", name=row.name, namespace=row.namespace, uid=row.uid, slice=row.slice, host=row.host,
        primary=row.primary, state=pod.state.value, phase=pod.phase, status=row.status, ready=row.ready,
        restarts=row.restarts, created=pod.created, node=row.node, ip=pod.pod_ip, app=pod.app, message=row.message,
        zone=row.zone, process=None if process is None else {
            "phase": process.phase.value, "model": process.model, "peers": process.peers, "hosts": process.hosts,
            "line": process.line, "at": process.at,
        },
        tpu=_tpu((chips or {}).get(row.uid)),
    )  # fmt: skip


def _tpu(found: HostChips | None) -> dict[str, object] | None:
    if found is None:
        return None
    gauges = {
        "duty_cycle": found.duty, "hbm_used": found.hbm_used, "hbm_total": found.hbm_total,
        "tensorcore_utilization": found.tensorcore, "hbm_bandwidth_utilization": found.hbm_bandwidth,
    }  # fmt: skip
    told = {name: None if gauge is None else asdict(gauge) for name, gauge in gauges.items()}
    return {"at": found.at, "said": found.said, **told}


def models(out: Output, found: Iterable[ModelStatus], now: float) -> None:
    """Each model with its ladder, slice by slice."""
    listed = tuple(found)
    if not listed:
        out.line("no model is published")
    for row in present_models.rows(listed, now):
        facts = f"  {row.id}  {row.short}  checkpoint {row.checkpoint}  active_replicas {row.assigned}  {row.state}"
        out.line(out.style.sign(row.sign), facts)
        if row.note:
            out.line(("  " + row.note, "warn"))
        for ladder in row.ladder:
            out.line(
                f"  slice {ladder.slice}  ",
                out.style.sign(ladder.sign),
                f"  for {ladder.since}",
                (f"  {ladder.remark}" if ladder.remark_role != "dim" else "", ladder.remark_role),
                (f"  {ladder.proof}", "dim"),
            )
    for model in listed:
        out.record(
            "model", id=model.id, path=model.path, checkpoint=model.checkpoint, max_replicas=model.max_replicas,
            active_replicas=model.active_replicas, loaded=model.loaded, able=model.able, failed=model.failed,
            ours=model.ours, usual_seconds=model.usual, usual_from=model.usual_from, offered=model.offered,
            standing=present_models.standing(model).name.lower(), as_of=model.as_of,
            replicas=[
                {
                    "slice": replica.slice, "rung": replica.rung.name.lower(), "since": replica.since,
                    "broken": replica.broken,
                    "evidence": [
                        {"rung": e.rung.name.lower(), "source": e.source, "line": e.line, "at": e.at}
                        for e in replica.evidence
                    ],
                }
                for replica in model.replicas
            ],
        )  # fmt: skip


def reached(out: Output, found: Reached | None) -> None:
    """How the HTTP server is reached."""
    if found is None:
        return
    out.line(("via ", "dim"), found.way, (f"  {DIALECT[found.dialect]}", "dim"))
    out.record("reach", way=found.way, straight=found.straight, dialect=found.dialect.name.lower(),
               blocked=found.blocked, since=found.since)  # fmt: skip


def beats(out: Output, found: Sequence[Beat]) -> None:
    """What the canary was answered."""
    for beat in found:
        shown = canary.strip([beat], 1)
        out.line(("canary ", "dim"), beat.model, "  ", (shown.said, shown.role))
        out.record("beat", **_beat(beat))


def _beat(beat: Beat) -> dict[str, Any]:
    return {
        "at": beat.at, "pulse": beat.pulse.value, "seconds": round(beat.seconds, 3), "model": beat.model,
        "said": beat.said,
    }  # fmt: skip


def beat_data(beat: Beat | None, now: float) -> dict[str, Any] | None:
    """A beat with its age in seconds, for a record."""
    return {**_beat(beat), "age": round(now - beat.at, 3)} if beat is not None else None


def reply(out: Output, found: Reply) -> None:
    """The best candidate on stdout; how long it took as prose."""
    out.record(
        "reply", model=found.model, prompt=found.prompt, text=found.text, seconds=round(found.seconds, 3),
        candidates=[{"text": candidate.text, "score": candidate.score} for candidate in found.candidates],
    )  # fmt: skip
    if not out.as_json:
        out.line(found.text)


def receipt(out: Output, rows: Sequence[ReceiptRow]) -> None:
    """Every resource with its proof, and the verdict."""
    if not rows:
        out.line("nothing was ever created")
        return
    out.table(
        ("", "kind", "proof", "resource"),
        [(out.style.sign(row.sign), row.kind, (row.proof, "dim"), row.resource) for row in rows],
    )
    for row in rows:
        out.record("receipt", step=row.step, kind=row.kind, resource=row.resource, state=row.sign.word, proof=row.proof)
    out.line(verdict(rows))


def receipt_file(out: Output, saved: SavedReceipt) -> None:
    """Where the receipt was written, and what it comes to."""
    verdict_ = str(saved.body["verdict"])
    out.line(("receipt: ", "dim"), saved.path, (f"   {verdict_}", "ok" if saved.body["clean"] else "doubt"))
    out.record(
        "receipt-file", path=saved.path, json_path=saved.json_path, sha256=saved.sha256, clean=saved.body["clean"],
        verdict=verdict_,
    )  # fmt: skip


def bills(out: Output, meter: Meter) -> None:
    """What bills now and what was spent."""
    out.line("bills now: ", meter.words)
    if meter.under_way:
        out.line(("under way in the cloud: ", "warn"), ", ".join(meter.under_way))
    if meter.doubtful:
        out.line(("in doubt: ", "doubt"), ", ".join(meter.doubtful))
