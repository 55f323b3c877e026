"""What was found out about a project before anything is made, a row a question. Pure."""

from __future__ import annotations

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
