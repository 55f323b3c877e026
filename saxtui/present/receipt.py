"""The receipt of a teardown: every resource ever intended, and what proves it gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saxtui.model.progress import Ownership, RunProgress, StepProgress
from saxtui.present.words import Sign

_GONE = Sign("✓", "+", "gone", "ok")
_KEPT = Sign("=", "=", "kept", "dim")
_FOREIGN = Sign("▲", "!", "not ours, left alone", "warn")
_DOUBT = Sign("?", "?", "in doubt", "doubt")
_THERE = Sign("✗", "x", "still there", "bad")
_SIGNS = {
    Ownership.GONE: _GONE,
    Ownership.FOREIGN: _FOREIGN,
    Ownership.ADOPTED: _FOREIGN,
    Ownership.INTENT: _DOUBT,
    Ownership.OPERATION: _DOUBT,
    Ownership.UNKNOWN: _DOUBT,
    Ownership.DELETING: _DOUBT,
    Ownership.OWNED: _THERE,
}


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One resource. `proof` says by which reads it is absent, or why it is not."""

    step: str
    kind: str
    resource: str
    sign: Sign
    proof: str


def rows(progress: RunProgress, kept: Iterable[str] = ()) -> tuple[ReceiptRow, ...]:
    """Every step with a resource of its own. `kept` names steps whose resource was kept on purpose."""
    wanted = frozenset(kept)
    return tuple(_row(step, step.id in wanted) for step in progress.steps.values() if step.ownership in _SIGNS)


def _row(step: StepProgress, kept: bool) -> ReceiptRow:
    sign = _KEPT if kept and step.ownership is Ownership.OWNED else _SIGNS[step.ownership]
    return ReceiptRow(step.id, step.kind, step.resource, sign, step.proof or step.said)


def verdict(found: Iterable[ReceiptRow]) -> str:
    """The last line. "all gone" only when every row is proved; anything else is counted."""
    listed = tuple(found)
    counts = {sign.word: sum(1 for row in listed if row.sign is sign) for sign in (_GONE, _KEPT, _FOREIGN)}
    counts |= {sign.word: sum(1 for row in listed if row.sign is sign) for sign in (_THERE, _DOUBT)}
    if counts["gone"] == len(listed):
        return f"all gone: {len(listed)} of {len(listed)} resources proved absent"
    return " · ".join(f"{count} {word}" for word, count in counts.items() if count)
