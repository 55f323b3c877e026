"""A setup that was broken off, as text on disk and back. Pure: the disk adapter reads and writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from saxtui.model.text import safe

_FORMAT = 1
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What was kept: the answers that could be read, the page in front, and when (epoch seconds, product's clock)."""

    id: str
    answers: tuple[tuple[str, str], ...]
    page: int
    at: float

    @property
    def project(self) -> str:
        """The project it is for, or ""."""
        return dict(self.answers).get("project", "")


def dump(found: Unfinished) -> str:
    """The text to keep."""
    row = {"format": _FORMAT, "id": found.id, "page": found.page, "at": found.at, "answers": dict(found.answers)}
    return json.dumps(row, indent=1) + "\n"


def load(text: str) -> Unfinished | None:
    """What was kept; None for nothing, or for what this saxtui cannot read: a draft is never worth an error."""
    try:
        row = json.loads(text)
        if row["format"] != _FORMAT:
            return None
        answers = tuple((str(name), safe(value, _LONGEST)) for name, value in row["answers"].items())
        return Unfinished(safe(row["id"], 40), answers, max(0, int(row["page"])), float(row["at"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
