"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from saxtui.engine.diagnosis.case import Case
from saxtui.model.diagnosis import Action, Certainty, Clue, Gravity, Link


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause as a rule sees it. `effects` are what it brought about, nearest to the surface first."""

    said: str
    clues: tuple[Clue, ...]
    action: Action
    gravity: Gravity = Gravity.BROKEN
    certainty: Certainty = Certainty.PROVED
    effects: tuple[Link, ...] = ()
    also: tuple[Action, ...] = ()
    slices: frozenset[int] = frozenset()
    pods: tuple[str, ...] = ()
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. What it finds is only a symptom where a rule of `symptom_of` finds something about the same."""

    id: str
    title: str
    look: Callable[[Case], Iterable[Finding]]
    symptom_of: tuple[str, ...] = ()
