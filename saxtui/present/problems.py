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
    """The headline, then always: what came back, what may be charged, the way out and the equivalent command."""
    found = [ProblemLine("", f"{problem.tried} {problem.target}: {problem.said}".strip(), "bad")]
    found += [ProblemLine("", f"- {detail}") for detail in problem.details]
    for label, text, role in (
        ("where", problem.where, ""),
        ("answer", answer(problem), ""),
        ("billing", billing(problem), "dim" if problem.may_bill is False else "warn"),
        ("next", problem.next_step or "correct what is named above, then run the same command again", "ok"),
        ("command", problem.command or "none", "dim"),
    ):
        if text:
            found.append(ProblemLine(label, text, role))
    return tuple(found)


def answer(problem: Problem) -> str:
    """Code, reason and request id of what came back: "429 GCE_STOCKOUT, request 17f3"."""
    code = " ".join(part for part in (problem.code, problem.reason) if part)
    request = f"request {problem.request_id}" if problem.request_id else ""
    return ", ".join(part for part in (code, request) if part) or "no code, no request id"


def billing(problem: Problem) -> str:
    """Whether anything may be charged: yes, no or unknown. Unknown is said, never taken for no."""
    if problem.may_bill is None:
        return "unknown whether something now bills"
    return "yes: something that was created may bill" if problem.may_bill else "no: nothing bills because of this"
