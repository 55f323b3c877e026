"""A report of causes as lines: the chain with its evidence, the next action, and what it costs meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saxtui.model.diagnosis import Action, Certainty, Clue, Diagnosis, Gravity, Link, Report
from saxtui.present.times import clock
from saxtui.present.words import Sign, age

GRAVITY = {
    Gravity.BROKEN: Sign("✗", "x", "broken", "bad"),
    Gravity.WAITING: Sign("◐", "~", "waiting", "busy"),
    Gravity.WARNING: Sign("▲", "!", "warning", "warn"),
}
WELL = Sign("●", "*", "well", "ok")
PARTLY = Sign("?", "?", "not all was seen", "doubt")
UNKNOWN = Sign("?", "?", "unknown", "doubt")
NOTHING = "nothing is red or grey"
NOTHING_SEEN = "nothing is red or grey in what was seen"
NOT_KNOWN = "something is wrong, and no rule knows why; the raw facts:"


@dataclass(frozen=True, slots=True)
class WhyLine:
    """One line: how deep it is set in, a label ("" for none), the text, its colour role."""

    text: str
    role: str = ""
    label: str = ""
    indent: int = 0


def about(report: Report, slice_index: int = -1, pod: str = "") -> tuple[Diagnosis, ...]:
    """The diagnoses that have to do with that slice or pod; without either, all."""
    if slice_index < 0 and not pod:
        return report.diagnoses
    return tuple(item for item in report.diagnoses if item.about(slice_index, pod))


def broken_slices(report: Report | None) -> frozenset[int]:
    """The slices of which it is known that they do not work."""
    found = report.diagnoses if report is not None else ()
    return frozenset().union(*(item.slices for item in found if item.gravity is Gravity.BROKEN))


def sign(report: Report) -> Sign:
    """The worst there is; well is only what was looked at."""
    if not report.known:
        return UNKNOWN
    if report.diagnoses:
        return GRAVITY[min(item.gravity for item in report.diagnoses)]
    return PARTLY if report.unseen else WELL


def banner(diagnosis: Diagnosis, room: int) -> str:
    """One line: the symptom at the surface, and the root; the root alone where `room` characters do not hold both."""
    first, root = diagnosis.chain[0], diagnosis.root
    both = f"{first.said} ← {root.said}"
    return root.said if first is root or len(both) > room else both


def lines(diagnosis: Diagnosis, now: float, *, most_clues: int = 4) -> list[WhyLine]:
    """One diagnosis, symptom first and root last."""
    mark = GRAVITY[diagnosis.gravity]
    since = f"  since {clock(diagnosis.since)}, {age(now - diagnosis.since)}" if diagnosis.since else ""
    found = [WhyLine(f"{diagnosis.title}{since}", mark.role, mark.word)]
    for depth, link in enumerate(diagnosis.chain):
        found += _link(link, depth, last=depth == len(diagnosis.chain) - 1, most=most_clues)
    found += action_lines(diagnosis.action)
    for other in diagnosis.also:
        found += action_lines(other, "or")
    if diagnosis.billing:
        found.append(WhyLine(diagnosis.billing, "warn", "costs"))
    return found


def _link(link: Link, depth: int, *, last: bool, most: int) -> list[WhyLine]:
    arrow = "← " if depth else ""
    found = [WhyLine(f"{arrow}{link.said}", "head" if last else "", indent=1)]
    words = "proved by" if link.certainty is Certainty.PROVED else "fits"
    for number, clue in enumerate(link.clues[:most]):
        found.append(WhyLine(clue_text(clue), "dim", words if number == 0 else "", 2))
    return found


def clue_text(clue: Clue) -> str:
    """ "14:02:09 log of 1-0: text"."""
    when = f"{clock(clue.at)} " if clue.at else ""
    return f"{when}{clue.source}: {clue.text}"


def action_lines(action: Action, label: str = "next") -> list[WhyLine]:
    """What to do, the command for it, and what stops while it is done."""
    found = [WhyLine(action.said, "ok", label)]
    if action.command:
        found.append(WhyLine(action.command, "", "command"))
    if action.outage:
        found.append(WhyLine(action.outage, "warn", "outage"))
    return found


def nothing(report: Report) -> str:
    """What to say when nothing was found."""
    return NOTHING_SEEN if report.unseen else NOTHING


def unknown(report: Report) -> list[WhyLine]:
    """What is not as it should be, where no rule fits."""
    return [WhyLine(NOT_KNOWN, "doubt"), *(WhyLine(clue_text(fact), "dim", indent=1) for fact in report.facts)]


def unseen(report: Report) -> list[WhyLine]:
    """What could not be looked at."""
    return [WhyLine(text, "dim", "not seen") for text in report.unseen]


def record(diagnosis: Diagnosis) -> dict[str, Any]:
    """The fields of a `why` record."""
    return {
        "rule": diagnosis.rule,
        "title": diagnosis.title,
        "gravity": GRAVITY[diagnosis.gravity].word,
        "slices": sorted(diagnosis.slices),
        "pods": list(diagnosis.pods),
        "since": diagnosis.since or None,
        "chain": [
            {
                "said": link.said,
                "rule": link.rule or diagnosis.rule,
                "certainty": link.certainty.value,
                "clues": [clue_record(clue) for clue in link.clues],
            }
            for link in diagnosis.chain
        ],
        "action": _action(diagnosis.action),
        "also": [_action(item) for item in diagnosis.also],
        "billing": diagnosis.billing,
    }


def clue_record(clue: Clue) -> dict[str, Any]:
    """One line of evidence, or one raw fact."""
    return {"source": clue.source, "at": clue.at or None, "text": clue.text}


def _action(action: Action) -> dict[str, Any]:
    return {"said": action.said, "command": action.command, "outage": action.outage}
