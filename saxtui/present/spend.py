"""The cost meter in words: what bills now and what has been spent. An unknown price is said, never taken for zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saxtui.model.progress import Ownership, RunProgress
from saxtui.present.words import money, rate

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

_DOUBTFUL = frozenset({Ownership.INTENT, Ownership.UNKNOWN})
_UNDER_WAY = frozenset({Ownership.OPERATION, Ownership.DELETING})


@dataclass(frozen=True, slots=True)
class Meter:
    """US dollars an hour now and so far, both without the lines named in `unpriced`; None when nothing has a price.

    `doubtful` names the steps whose resource may exist or not, `under_way` those the cloud was told to make or delete.
    """

    usd_per_hour: float | None
    spent: float | None
    unpriced: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """ "$77.18/h, $41.02 spent, and an unknown price for: GKE cluster fee"."""
        more = f", and an unknown price for: {', '.join(self.unpriced)}" if self.unpriced else ""
        return f"{rate(self.usd_per_hour)}, {money(self.spent)} spent{more}"


def meter(deployment: Deployment, progress: RunProgress, now: float) -> Meter:
    """From list prices and the journal's fold. `now` in epoch seconds on the product's clock."""
    from saxtui.model import cost  # brings pydantic along: not before the first frame

    running = cost.running(deployment, progress)
    spent = cost.spent(deployment, progress, now)
    doubtful = tuple(step.id for step in progress.steps.values() if step.ownership in _DOUBTFUL)
    under_way = tuple(step.id for step in progress.steps.values() if step.ownership in _UNDER_WAY)
    unpriced = tuple(dict.fromkeys((*running.unknown, *spent.unknown)))
    return Meter(running.usd, spent.usd, unpriced, doubtful, under_way)
