"""How a run ended, as the front doors report it."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.errors import ExitCode, Problem
from saxtui.model.choices import Choice


@dataclass(frozen=True, slots=True)
class Proof:
    """One resource that was ever ours, with what proves it gone ("" = still there or in doubt)."""

    step: str
    kind: str
    resource: str
    proof: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """How an `up` or `down` ended. `outcome`: done, failed, paused, doubt. `proofs` only after `down`."""

    kind: str
    outcome: str
    exit_code: ExitCode
    seconds: float
    problems: tuple[Problem, ...] = ()
    proofs: tuple[Proof, ...] = ()
    choices: tuple[Choice, ...] = ()
    """The ways on, after an `up` that did not reach its goal."""
