"""From findings to diagnoses: one a cause, symptoms folded into what brought them about, the worst first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from saxtui.engine.diagnosis.case import Case, host
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.engine.diagnosis.rules import ALL
from saxtui.model.cluster import Freshness, HostState
from saxtui.model.diagnosis import Clue, Diagnosis, Gravity, Link, Report
from saxtui.model.progress import StepState

_FACTS = 12


@dataclass
class _Found:
    """A finding, where its rule stands, and the symptoms it explains."""

    rule: Rule
    place: int
    finding: Finding
    symptoms: list[_Found] = field(default_factory=list)


def fired(case: Case, rules: Sequence[Rule] = ALL) -> list[tuple[Rule, Finding]]:
    """Everything every rule found, before symptoms are folded in."""
    return [(rule, finding) for rule in rules for finding in rule.look(case)]


def diagnose(case: Case, rules: Sequence[Rule] = ALL, rest: Callable[[], None] = lambda: None) -> tuple[Diagnosis, ...]:
    """One diagnosis a cause, the worst and deepest first. `rest` is called after every rule."""
    found: list[_Found] = []
    for place, rule in enumerate(rules):
        found += [_Found(rule, place, finding) for finding in rule.look(case)]
        rest()
    roots = []
    # The shallowest first, so that a symptom of a symptom hangs in the right place of the chain.
    for item in sorted(found, key=lambda item: -item.place):
        cause = next((other for other in found if other is not item and _explains(other, item)), None)
        if cause is None:
            roots.append(item)
        else:
            cause.symptoms.append(item)
    roots.sort(key=lambda item: (_worst(item), item.place, item.finding.since))
    return tuple(_diagnosis(case, item) for item in roots)


def _explains(cause: _Found, item: _Found) -> bool:
    if cause.rule.id not in item.rule.symptom_of:
        return False
    one, other = cause.finding, item.finding
    if not (one.slices or one.pods) or not (other.slices or other.pods):
        return True
    return bool(one.slices & other.slices) or bool(set(one.pods) & set(other.pods))


def _worst(item: _Found) -> Gravity:
    return min([item.finding.gravity, *(_worst(symptom) for symptom in item.symptoms)])


def _everything(item: _Found) -> list[_Found]:
    return [found for symptom in item.symptoms for found in (*_everything(symptom), symptom)]


def _diagnosis(case: Case, item: _Found) -> Diagnosis:
    root, symptoms = item.finding, _everything(item)
    links = [
        *(_link(found) for found in symptoms),
        *root.effects,
        Link(root.said, root.clues, root.certainty),
    ]
    every = [found.finding for found in (item, *symptoms)]
    return Diagnosis(
        rule=item.rule.id,
        title=item.rule.title,
        gravity=_worst(item),
        chain=tuple(links),
        action=root.action,
        also=(*root.also, *(found.finding.action for found in symptoms if found.finding.action.outage)),
        slices=frozenset().union(*(finding.slices for finding in every)),
        pods=tuple(dict.fromkeys(name for finding in every for name in finding.pods)),
        since=root.since,
        billing=case.billing,
    )


def _link(found: _Found) -> Link:
    finding = found.finding
    return Link(finding.said, finding.clues, finding.certainty, found.rule.id)


def report(case: Case, rules: Sequence[Rule] = ALL, rest: Callable[[], None] = lambda: None) -> Report:
    """The diagnoses, or the raw facts where none fits what is wrong. `rest` is called after every rule."""
    diagnoses = diagnose(case, rules, rest)
    facts = tuple(_facts(case))
    unseen = [f"{kind}: {said}" for kind, said in sorted(case.view.hidden.items())]
    if case.view.freshness is Freshness.CONNECTING and case.up:
        unseen.append("the cluster: not looked at yet")
    return Report(diagnoses, facts[:_FACTS], tuple(unseen), not diagnoses and not facts, case.now)


def _facts(case: Case) -> list[Clue]:
    """What is not as it should be, in the objects' own words."""
    found = []
    for pod in case.everyone:
        if pod.state not in (HostState.RUNNING, HostState.DONE, HostState.LEAVING):
            found.append(Clue(f"{host(pod)}", f"{pod.status} {pod.message}".strip(), pod.created))
    for step in case.progress.steps.values():
        if step.state in (StepState.FAILED, StepState.DOUBT, StepState.FOREIGN):
            found.append(Clue(f"step {step.id}", step.said, step.ended or step.started or 0.0))
    for model in case.models:
        if model.failed:
            found.append(Clue(model.id, f"{model.failed} replicas failed", model.as_of))
    warnings = [event for event in case.view.events if event.warning and case.now - event.at < 600]
    if found:
        found += [Clue(f"event of {event.kind.lower()}/{event.name}", f"{event.reason}: {event.message}", event.at)
                  for event in warnings[-5:]]  # fmt: skip
    return found
