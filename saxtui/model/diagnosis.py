"""Why something is red or grey: a chain of causes with the lines that prove it, and the next safe action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Gravity(IntEnum):
    """How bad: what is broken stays so by itself, what waits may heal, a warning still works."""

    BROKEN = 0
    WAITING = 1
    WARNING = 2


class Certainty(StrEnum):
    """How sure: the lines say it themselves, or they fit and nothing contradicts."""

    PROVED = "proved by"
    FITS = "fits"


@dataclass(frozen=True, slots=True)
class Clue:
    """One line of evidence: where it was read, when it was written (epoch seconds, 0.0 for a state), and the text."""

    source: str
    text: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """One cause in the chain, with its evidence. `rule` is "" for a link that belongs to the rule of the diagnosis."""

    said: str
    clues: tuple[Clue, ...] = ()
    certainty: Certainty = Certainty.PROVED
    rule: str = ""


class Deed(StrEnum):
    """What saxtui itself can do about it; the value is the command's name."""

    NONE = ""
    MEND = "mend"
    UNPUBLISH = "unpublish"
    UP = "up"
    LOGS = "logs"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Action:
    """The next safe action: in words, as a command line, and (where saxtui does it) which deed on what.

    `outage` says what stops while it is done, "" when nothing does; then no consent is needed.
    """

    said: str
    command: str = ""
    deed: Deed = Deed.NONE
    target: str = ""
    outage: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One cause and all it brought about. `chain` is symptom first, root last, never empty.

    `slices` and `pods` (names) are what it is about; both empty: the whole deployment. `since` in epoch seconds, 0.0
    unknown; `billing` says what it costs meanwhile.
    """

    rule: str
    title: str
    gravity: Gravity
    chain: tuple[Link, ...]
    action: Action
    also: tuple[Action, ...] = ()
    slices: frozenset[int] = frozenset()
    pods: tuple[str, ...] = ()
    since: float = 0.0
    billing: str = ""

    @property
    def root(self) -> Link:
        """The cause at the end of the chain."""
        return self.chain[-1]

    @property
    def one_line(self) -> str:
        """symptom <- ... <- root"""
        return " <- ".join(link.said for link in self.chain)

    def about(self, slice_index: int = -1, pod: str = "") -> bool:
        """Whether it has to do with that slice or pod; one of the whole deployment has to do with all."""
        if not self.slices and not self.pods:
            return True
        return (slice_index >= 0 and slice_index in self.slices) or (bool(pod) and pod in self.pods)


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules found, worst and deepest first, and the raw facts for when they found nothing.

    `unseen` names what could not be looked at, so that "nothing found" is not read as "nothing wrong".
    """

    diagnoses: tuple[Diagnosis, ...] = ()
    facts: tuple[Clue, ...] = ()
    unseen: tuple[str, ...] = ()
    healthy: bool = True
    at: float = 0.0

    @property
    def known(self) -> bool:
        """False when something is wrong and no rule says why."""
        return self.healthy or bool(self.diagnoses)
