"""What bills now and what it has cost, as the header and the dialogs say it. Pure; model.cost does the sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.engine.runtime import Summary


@dataclass(frozen=True, slots=True)
class Meter:
    """`usd_per_hour` now and `spent` so far in USD, as far as prices are known; `unpriced`: some are not."""

    usd_per_hour: float = 0.0
    spent: float = 0.0
    unpriced: bool = False

    @property
    def bills(self) -> bool:
        """Whether something may bill now; an unknown price counts as yes."""
        return self.unpriced or self.usd_per_hour > 0

    @property
    def rate_text(self) -> str:
        """$77.18/h; "$77.18/h+" when more is there than could be priced; "unknown" when nothing could."""
        if self.unpriced and not self.usd_per_hour:
            return "unknown/h"
        return f"${self.usd_per_hour:,.2f}/h" + ("+" if self.unpriced else "")

    @property
    def spent_text(self) -> str:
        """$41.02, with the same mark as `rate_text`."""
        return f"${self.spent:,.2f}" + ("+" if self.unpriced else "")


def of_summary(line: Summary) -> Meter:
    """One saved deployment as its journal tells it."""
    unpriced = line.usd_per_hour is None or line.spent is None
    return Meter(line.usd_per_hour or 0.0, line.spent or 0.0, unpriced)


def all_deployments(summaries: Iterable[Summary]) -> Meter:
    """The sum over all saved deployments."""
    meters = [of_summary(line) for line in summaries]
    return Meter(
        sum(meter.usd_per_hour for meter in meters),
        sum(meter.spent for meter in meters),
        any(meter.unpriced for meter in meters),
    )


def of_live(live: Live, now: float) -> Meter:
    """The opened deployment at `now` (epoch seconds), from what the journal says exists."""
    from saxtui.model import cost

    wanted, progress = live.session.deployment, live.state.progress
    running = cost.running(wanted, progress)
    spent = cost.spent(wanted, progress, now)
    return Meter(running.usd or 0.0, spent.usd or 0.0, bool(running.unknown))
