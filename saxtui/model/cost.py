"""What a deployment costs, as lines whose price may be unknown. An unknown price never counts as zero. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saxtui.catalog import prices
from saxtui.model import events as ev
from saxtui.model.deployment import Deployment
from saxtui.model.progress import EXISTS, RunProgress, StepProgress, apply


@dataclass(frozen=True, slots=True)
class CostLine:
    """One thing that bills. `usd` and `unit_usd` are per hour, None where no price is known; `source` is the list.

    `main` marks the slices: a sum without them would be a fraction of the bill and read as the whole.
    """

    step: str
    name: str
    quantity: int
    unit: str
    unit_usd: float | None
    source: str = ""
    main: bool = False

    @property
    def usd(self) -> float | None:
        """US dollars an hour for the whole line."""
        return None if self.unit_usd is None else self.unit_usd * self.quantity


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum with its unknown part beside it. `usd` None: nothing in it, or not its main part, has a known price."""

    usd: float | None
    unknown: tuple[str, ...] = ()


def lines(deployment: Deployment) -> tuple[CostLine, ...]:
    """Every line of the finished deployment, one a node pool, the cluster's CPU nodes and its fee."""
    slices = deployment.slices
    price = prices.chip_hour(slices.generation, deployment.zone, slices.spot)
    node = prices.node_hour(deployment.cluster.cpu_machine_type, deployment.zone)
    fee = prices.cluster_hour()
    kind = f"{slices.generation} chips" + (" (spot)" if slices.spot else "")
    pools = tuple(
        CostLine(
            f"pool/{pool}",
            f"{pool}: {slices.shape.chips} {kind}",
            slices.shape.chips,
            "chip-hour",
            price.usd if price else None,
            f"{price.source}, {price.date}" if price else "",
            main=True,
        )
        for pool in slices.pools
    )
    if deployment.cluster.adopt:
        return pools
    cpu = deployment.cluster
    return (
        *pools,
        CostLine(
            "cluster",
            f"{cpu.cpu_nodes} CPU nodes {cpu.cpu_machine_type}",
            cpu.cpu_nodes,
            "node-hour",
            node.usd if node else None,
            node.source if node else "",
        ),
        CostLine(
            "cluster",
            "GKE cluster fee",
            1,
            "cluster-hour",
            fee.usd if fee else None,
            fee.source if fee else "",
        ),
    )


def total(parts: Iterable[CostLine]) -> Cost:
    """The sum of the known prices, with the names of the lines whose price is not known."""
    parts = tuple(parts)
    if any(line.main and line.usd is None for line in parts):
        return Cost(None, tuple(line.name for line in parts if line.usd is None))
    known = [line.usd for line in parts if line.usd is not None]
    unknown = tuple(line.name for line in parts if line.usd is None)
    return Cost(sum(known) if known or not parts else None, unknown)


def of_step(deployment: Deployment, step: str) -> float | None:
    """US dollars an hour one step's resource bills: 0.0 for a step that has no line, None when no price is known."""
    own = [line for line in lines(deployment) if line.step == step]
    return total(own).usd if own else 0.0


def running(deployment: Deployment, progress: RunProgress) -> Cost:
    """What bills now, as far as the journal knows: the lines of what exists or may exist, and is not at zero.

    Of an attached cluster all lines: it stood when it was looked at, and no journal tells of its end.
    """
    if deployment.attached:
        return total(lines(deployment))
    return total(line for line in lines(deployment) if _bills(progress.step(line.step)))


def paused(deployment: Deployment, progress: RunProgress) -> Cost:
    """What would go on billing with every slice at zero hosts."""
    return total(line for line in lines(deployment) if not line.main and _bills(progress.step(line.step)))


def _bills(step: StepProgress) -> bool:
    return step.ownership in EXISTS and not step.at_zero


def since(deployment: Deployment, progress: RunProgress) -> float | None:
    """From when the longest-lived of what bills now has been ours, in epoch seconds; None when nothing of it is yet."""
    steps = (progress.step(line.step) for line in lines(deployment))
    owned = (step.owned_at for step in steps if step.ownership in EXISTS and step.owned_at is not None)
    return min(owned, default=None)


def spent(deployment: Deployment, progress: RunProgress, now: float) -> Cost:
    """US dollars so far: each line's rate over the time its resource was owned. `now` in epoch seconds.

    An estimate from list prices and from when saxtui saw the resource appear and go; never the invoice.
    """
    if deployment.attached:
        return Cost(None)
    usd: float | None = None
    unknown: list[str] = []
    billed = main_unknown = False
    for line in lines(deployment):
        step = progress.step(line.step)
        seconds = step.owned_seconds + (max(0.0, now - step.owned_at) if step.owned_at is not None else 0.0)
        if seconds <= 0:
            continue
        billed = True
        if line.usd is None:
            unknown.append(line.name)
            main_unknown = main_unknown or line.main
        else:
            usd = (usd or 0.0) + line.usd * seconds / 3600
    if main_unknown:
        return Cost(None, tuple(unknown))
    return Cost(usd if billed else 0.0, tuple(unknown))


def first_answer(deployment: Deployment, events: Iterable[ev.Event]) -> tuple[float, Cost] | None:
    """Seconds from the first `up` of its present life to the first answer, and what was spent before it; or None."""
    state, began, found = RunProgress(), None, None
    for event in events:
        state = apply(state, event)
        match event:
            case ev.RunStarted(kind="up"):
                began = event.at if began is None else began
            case ev.RunFinished(kind="down", outcome="done"):
                began = found = None
            case ev.ModelAnswered() if began is not None and found is None:
                found = event.at - began, spent(deployment, state, event.at)
    return found
