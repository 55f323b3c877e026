"""What is risky in a cluster that others made, a finding a question. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How one question came out. UNKNOWN: it could not be asked here."""

    RISK = "risk"
    ATTENTION = "attention"
    FINE = "fine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: what was found, in a sentence, and the command that mends it ("" = nothing to mend)."""

    name: str
    level: Level
    said: str
    mend: str = ""
