"""A Problem as labelled lines: what was tried, where, what came back, what it costs, and the way out."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.errors import Problem


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One line. `label` is "" for the headline; `role` a colour role of present/words.py, or "" for plain."""

    label: str
    text: str
    role: str = ""


def lines(problem: Problem) -> tuple[ProblemLine, ...]:
    """The headline first, then only the lines that say something."""
    code = " ".join(part for part in (problem.code, problem.reason) if part)
    found = [ProblemLine("", f"{problem.tried} {problem.target}: {problem.said}".strip(), "bad")]
    found += [ProblemLine("", f"- {detail}") for detail in problem.details]
    for label, text, role in (
        ("where", problem.where, ""),
        ("answer", code, ""),
        ("request", problem.request_id, "dim"),
        ("billing", billing(problem), "warn"),
        ("next", problem.next_step, "ok"),
        ("command", problem.command, "dim"),
    ):
        if text:
            found.append(ProblemLine(label, text, role))
    return tuple(found)


def billing(problem: Problem) -> str:
    """ "" when nothing bills; otherwise a sentence. Unknown is said, never taken for no."""
    if problem.may_bill is None:
        return "unknown whether something now bills"
    return "something that was created may bill" if problem.may_bill else ""
