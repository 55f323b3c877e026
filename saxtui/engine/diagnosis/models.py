"""Models that do not come: loads that failed or drag on, classes that fit no slice, too few slices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from saxtui.catalog import sax_models
from saxtui.engine.diagnosis.case import ADMIN, Case, said_by, slices_of
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.cluster import LogLine, Pod
from saxtui.model.diagnosis import Action, Clue, Deed, Gravity
from saxtui.model.serving import ModelStatus, Rung

_FAILED = re.compile(
    r"(?:Invalid load request\. model_key: |Internal error during loading\.* ?model_key: |"
    r"Error occurred during loading: )(?P<key>[^\s,]+), error: (?P<error>.*)"
)
_SLOW = 15 * 60.0
"""Seconds after which a load is slower than any that was seen (the tutorial says up to ten minutes)."""
_UNASSIGNED = 60.0
"""Seconds within which Sax deals a published model to servers (it looks every ten)."""


def _kind(error: str) -> str:
    if "RESOURCE_EXHAUSTED" in error or "hbm" in error:
        return "hbm"
    if "is not registered" in error or "No such model class" in error:
        return "class"
    if "checkpoint" in error:
        return "checkpoint"
    return "other"


def _failures(case: Case) -> dict[tuple[str, str], list[tuple[Pod, LogLine, str]]]:
    """The last load of each host and model, where it failed, by (model, kind)."""
    found: dict[tuple[str, str], list[tuple[Pod, LogLine, str]]] = {}
    for pod in case.hosts:
        last: dict[str, tuple[LogLine, str]] = {}
        for line in case.log(pod):
            if "oad" not in line.text:
                continue
            match = _FAILED.search(line.text)
            if match:
                last[match["key"].rstrip(".,")] = (line, match["error"])
            else:
                again = re.search(r"(?:Loading model for key|[Uu]nload[a-z]* (?:model for key)?): ?(\S+)", line.text)
                if again:
                    last.pop(again[1], None)
        for key, (line, error) in last.items():
            if any(model.id == key for model in case.models) or not case.models:
                found.setdefault((key, _kind(error)), []).append((pod, line, error))
    return found


_SAID = {
    "hbm": "it does not fit into the chips' memory",
    "class": "the servers have no such class",
    "checkpoint": "its checkpoint is no directory",
    "other": "its load failed",
}
_WAY = {
    "hbm": "unpublish, and publish a class that fits",
    "class": "unpublish, and publish a class from their catalogue",
    "checkpoint": "unpublish, mend the checkpoint's path, publish again",
    "other": "unpublish, read the words, publish again",
}


def failed(case: Case, kind: str) -> Iterator[Finding]:
    """Loads that failed for that kind of reason. Sax never tries again by itself."""
    for (key, why), hosts in _failures(case).items():
        primaries = [item for item in hosts if item[0].primary]
        if why != kind or not primaries:
            continue
        pod, line, _ = primaries[0]
        where = ", ".join(str(item[0].slice) for item in primaries)
        clues = [said_by(line, pod)]
        if kind == "class":
            offered = [found[1] for _, _, found in case.lines(r"Servable model (\S+)", [pod])]
            clues += [Clue(f"log of {pod.slice}-0", f"Servable model {name}") for name in offered]
        if kind == "hbm":
            clues += _fit(case, key)
        yield Finding(
            f"{key} failed on slice {where}: {_SAID[kind]}",
            tuple(clues),
            _unpublish(case, key, _WAY[kind]),
            slices=slices_of(item[0] for item in primaries),
            pods=tuple(item[0].name for item in primaries),
            since=line.at,
        )


def _fit(case: Case, key: str) -> list[Clue]:
    model = next((item for item in case.models if item.id == key), None)
    klass = sax_models.find(model.path) if model is not None else None
    chips = case.deployment.slices.shape.chips
    if klass is None or not klass.weights_gb:
        return []
    return [Clue("catalogue", f"{klass.name}: {klass.weights_gb:g} GB of weights on {chips} chips, "
                              f"{klass.weights_gb / chips:.1f} GB each")]  # fmt: skip


def _unpublish(case: Case, key: str, said: str) -> Action:
    return Action(
        f"{said} (Sax does not try again)",
        f"saxtui unpublish -d {case.name} --model {key}",
        Deed.UNPUBLISH,
        key,
        "the model stops being served",
    )


def secondary(case: Case) -> Iterator[Finding]:
    """The primary has it loaded and a secondary does not: the next prompt breaks the slice."""
    for (key, _), hosts in _failures(case).items():
        alone = [item for item in hosts if not item[0].primary]
        for pod, line, _ in alone:
            first = case.slice(pod.slice)[:1]
            loaded = list(case.lines(rf"Successfully loaded model for key: {re.escape(key)}", first))
            if loaded and loaded[0][0].primary:
                yield Finding(
                    f"host {pod.slice}-{pod.host} failed to load {key}, and its primary does not know: "
                    "the next prompt breaks the slice",
                    (said_by(line, pod), said_by(loaded[0][1], loaded[0][0])),
                    _unpublish(case, key, "unpublish before anybody asks it"),
                    slices=frozenset({pod.slice}),
                    pods=(pod.name,),
                    since=line.at,
                )
                break


def slow(case: Case) -> Iterator[Finding]:
    """A load that takes longer than any should."""
    for model in case.models:
        late = [item for item in model.replicas if item.rung is Rung.LOADING and case.now - item.since > _SLOW]
        if late:
            line = late[0].evidence[-1]
            yield Finding(
                f"{model.id} loads for {(case.now - late[0].since) / 60:.0f} min on slice "
                f"{', '.join(str(item.slice) for item in late)} (usual 9 to 10)",
                (Clue(f"log of {line.source}", line.line, line.at),),
                Action("read on in the primaries' logs", f"saxtui logs -d {case.name} --primaries --tail 30"),
                Gravity.WAITING,
                slices=frozenset(item.slice for item in late),
                since=late[0].since,
            )


def _unassigned(case: Case) -> Iterator[tuple[ModelStatus, float]]:
    """Models that no slice took, with the time since when, where the admin's log tells it."""
    for model in case.models:
        if model.max_replicas and not model.active_replicas:
            since = _published(case, model)
            if case.now - since > _UNASSIGNED:
                yield model, since


def _published(case: Case, model: ModelStatus) -> float:
    told = [line.at for _, line, _ in case.lines(r"Published with overrides", case.apps(ADMIN))]
    evidence = [item.at for truth in model.replicas for item in truth.evidence if item.rung is Rung.PUBLISHED]
    return max(told, default=0.0) or min(evidence, default=0.0)


def misfit(case: Case) -> Iterator[Finding]:
    """Its mesh is not the slice's: published, and never assigned."""
    for model, since in _unassigned(case):
        primaries = [pod for pod in case.hosts if pod.primary]
        skipped = list(case.lines(rf"Skipping unsupported model {re.escape(model.path)}, (.*)", primaries))
        klass = sax_models.find(model.path)
        chips = case.deployment.slices.shape.chips
        wrong = klass is not None and chips not in klass.chips
        if not skipped and not wrong:
            continue
        needs = f" (it needs {' or '.join(map(str, klass.chips))} chips, a slice has {chips})" if klass else ""
        fits = ", ".join(item.name for item in sax_models.fitting(chips)[:3])
        yield Finding(
            f"{model.id}: no slice can serve class {model.path.rpartition('.')[2]}{needs}",
            (*(said_by(line, pod) for pod, line, _ in skipped[:1]),
             Clue("GET /listcell", f"active_replicas 0 of {model.max_replicas}", model.as_of)),
            _unpublish(case, model.id, f"unpublish; classes that fit: {fits}"),
            since=since,
        )  # fmt: skip


def not_offered(case: Case) -> Iterator[Finding]:
    """A class that no server offers, nor skips: misspelt, or of another release."""
    for model, since in _unassigned(case):
        primaries = [pod for pod in case.hosts if pod.primary and case.log(pod)]
        named = list(case.lines(rf"model {re.escape(model.path)}\b", primaries))
        offered = [found[1] for _, _, found in case.lines(r"Servable model (\S+)", primaries)]
        if sax_models.find(model.path) is None and not named and primaries:
            yield Finding(
                f"{model.id}: no server offers class {model.path.rpartition('.')[2]}",
                (Clue("GET /listcell", f"active_replicas 0 of {model.max_replicas}", model.as_of),
                 *(Clue("log of the primaries", f"servers offer: {name}") for name in offered[:2])),
                _unpublish(case, model.id, "unpublish, and publish a class they offer"),
                since=since,
            )  # fmt: skip


def busy(case: Case) -> Iterator[Finding]:
    """Every slice holds another model."""
    for model, since in _unassigned(case):
        klass = sax_models.find(model.path)
        holders = [other for other in case.models if other.id != model.id and other.active_replicas]
        held = sum(other.active_replicas for other in holders)
        if holders and held >= case.deployment.slices.count and (klass is None or _fits(case, model)):
            names = ", ".join(other.id for other in holders)
            yield Finding(
                f"{model.id} waits for a slice: {names} holds all {held}",
                tuple(Clue("GET /listcell", f"{other.id}: active_replicas {other.active_replicas}", other.as_of)
                      for other in holders),
                _unpublish(case, holders[0].id, "a slice holds one model: unpublish one"),
                Gravity.WAITING,
                since=since,
            )  # fmt: skip


def _fits(case: Case, model: ModelStatus) -> bool:
    klass = sax_models.find(model.path)
    return klass is None or case.deployment.slices.shape.chips in klass.chips


def short(case: Case) -> Iterator[Finding]:
    """More replicas are wanted than there are slices."""
    for model in case.models:
        slices = max(case.deployment.slices.count, len(case.view.slice_indexes))
        if model.max_replicas > slices:
            yield Finding(
                f"{model.id}: {model.max_replicas} replicas wanted, {slices} slices: {model.active_replicas} assigned",
                (Clue("GET /listcell", f"max_replicas {model.max_replicas}, active_replicas {model.active_replicas}",
                      model.as_of),),
                Action("publish it with fewer replicas", f"saxtui publish -d {case.name} --replicas {slices}"),
                Gravity.WARNING,
            )  # fmt: skip


RULES = (
    Rule("load-hbm", "The model does not fit into HBM", partial(failed, kind="hbm")),
    Rule("load-class", "The servers have no such model class", partial(failed, kind="class")),
    Rule("load-checkpoint", "The checkpoint is no directory", partial(failed, kind="checkpoint")),
    Rule("load-fails", "A load failed", partial(failed, kind="other")),
    Rule("load-secondary", "A secondary failed to load, its primary did not notice", secondary),
    Rule("load-slow", "A load drags on", slow,
         ("mesh-hung", "mesh-waiting", "jobset-restarting", "load-hbm", "load-class", "load-checkpoint", "load-fails")),
    Rule("model-misfit", "A model's mesh is not the slice's", misfit),
    Rule("model-not-offered", "No server offers the class", not_offered),
    Rule("model-busy", "Every slice holds another model", busy, ("model-misfit", "model-not-offered")),
    Rule("model-short", "More replicas than slices", short),
)  # fmt: skip
