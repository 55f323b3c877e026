"""What was found out about a project before anything is made, a row a question. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from saxtui.errors import Problem


class Answer(StrEnum):
    """How one check came out. UNKNOWN: it could not be asked, or nobody can know."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check: its name, how it came out, what was found in a line, and the problems with the way out of each."""

    name: str
    answer: Answer
    said: str
    problems: tuple[Problem, ...] = field(default=())


_FIRST = ("account", "project")


def root(rows: Iterable[CheckRow]) -> CheckRow | None:
    """The failed check of which every other failure is an echo: who is asking, or where; None when both are fine."""
    return next((row for row in rows if row.name in _FIRST and row.answer is Answer.PROBLEM), None)
