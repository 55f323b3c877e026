"""The cost meter in words: what bills now and what has been spent. An unknown price is said, never taken for zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Protocol

from saxtui.model.progress import Ownership, RunProgress
from saxtui.present.words import money, rate

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

_DOUBTFUL = frozenset({Ownership.INTENT, Ownership.UNKNOWN})
_UNDER_WAY = frozenset({Ownership.OPERATION, Ownership.DELETING})


class Priced(Protocol):
    """What has been priced before: a line of Home."""

    @property
    def usd_per_hour(self) -> float | None: ...
    @property
    def spent(self) -> float | None: ...
    @property
    def unpriced(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Meter:
    """US dollars an hour now and so far, both without the lines named in `unpriced`; None when nothing has a price.

    `doubtful` names the steps whose resource may exist or not, `under_way` those the cloud was told to make, to resize
    or to delete.
    `since`: from when the longest-lived of what bills now has been ours, in epoch seconds.
    """

    usd_per_hour: float | None = 0.0
    spent: float | None = 0.0
    unpriced: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    since: float | None = None

    @property
    def bills(self) -> bool:
        """Whether something may bill now; an unknown price counts as yes."""
        return self.usd_per_hour is None or self.usd_per_hour > 0

    @property
    def rate_text(self) -> str:
        """$77.18/h; "$77.18/h+" when more is there than could be priced; "unknown/h" when nothing could."""
        if self.usd_per_hour is None:
            return "unknown/h"
        return rate(self.usd_per_hour) + (self._mark if self.bills else "")

    @property
    def spent_text(self) -> str:
        """$41.02, with the same mark as `rate_text`."""
        return "unknown" if self.spent is None else money(self.spent) + self._mark

    @property
    def _mark(self) -> str:
        return "+" if self.unpriced else ""

    @property
    def words(self) -> str:
        """ "$77.18/h, $41.02 spent, and an unknown price for: GKE cluster fee"."""
        return f"{rate(self.usd_per_hour)}, {money(self.spent)} spent{self._more}"

    def sentence(self, zone: tzinfo | None = None) -> str:
        """ "$76.80/h since 13:29, about $41.02 so far"; "nothing, about $41.02 in all" once nothing bills."""
        from saxtui.present.times import clock

        about = f"about {money(self.spent)}" if self.spent is not None else "an unknown sum"
        if not self.bills:
            return f"nothing, {about} in all"
        since = f" since {clock(self.since, zone)[:5]}" if self.since is not None else ""
        return f"{rate(self.usd_per_hour)}{since}, {about} so far{self._more}"

    @property
    def _more(self) -> str:
        return f", and an unknown price for: {', '.join(self.unpriced)}" if self.unpriced else ""


def meter(deployment: Deployment, progress: RunProgress, now: float) -> Meter:
    """From list prices and the journal's fold. `now` in epoch seconds on the product's clock."""
    from saxtui.model import cost  # brings pydantic along: not before the first frame

    running = cost.running(deployment, progress)
    spent = cost.spent(deployment, progress, now)
    doubtful = tuple(step.id for step in progress.steps.values() if step.ownership in _DOUBTFUL)
    under_way = tuple(
        step.id for step in progress.steps.values() if step.ownership in _UNDER_WAY or step.resizing is not None
    )
    unpriced = tuple(dict.fromkeys((*running.unknown, *spent.unknown)))
    return Meter(running.usd, spent.usd, unpriced, doubtful, under_way, cost.since(deployment, progress))


def paused_meter(deployment: Deployment, progress: RunProgress, now: float) -> Meter:
    """The same with every slice at zero hosts: what pausing leaves."""
    from saxtui.model import cost

    left = cost.paused(deployment, progress)
    return Meter(left.usd, cost.spent(deployment, progress, now).usd, left.unknown)


def of_line(line: Priced) -> Meter:
    """One saved deployment as its line on Home tells it."""
    return Meter(line.usd_per_hour, line.spent, line.unpriced)


def total(meters: Iterable[Meter]) -> Meter:
    """The sum over deployments, without what has no known price."""
    parts = tuple(meters)
    unpriced = tuple(dict.fromkeys(name for part in parts for name in _unpriced(part)))
    return Meter(_sum(part.usd_per_hour for part in parts), _sum(part.spent for part in parts), unpriced)


def _unpriced(part: Meter) -> tuple[str, ...]:
    unknown = part.usd_per_hour is None or part.spent is None
    return part.unpriced or (("a deployment",) if unknown else ())


def _sum(values: Iterable[float | None]) -> float | None:
    """The known ones; None when there are unknown ones and nothing beside them."""
    given = tuple(values)
    known = sum(value for value in given if value is not None)
    return known if known or None not in given else None
