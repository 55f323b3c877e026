"""What the cluster's picture is worth, in words: connecting, empty, failed, old or live. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from saxtui.engine.store import Part
from saxtui.model.cluster import ClusterView, Freshness, HostState
from saxtui.model.serving import ModelStatus, Rung
from saxtui.present.pods import SliceGrid
from saxtui.present.times import clock
from saxtui.present.words import HOST, Sign, age


@dataclass(frozen=True, slots=True)
class Picture:
    """`said` is what to tell above the picture ("" = nothing, it is live); `old`: dim it, it is the last good one."""

    said: str = ""
    role: str = ""
    old: bool = False


class SliceTitle(NamedTuple):
    """A slice's heading: its sign, and the words after it."""

    sign: Sign
    words: str


def picture(part: Part[ClusterView] | None, now: float) -> Picture:
    """How the cluster's part stands. None: no deployment is open. `now` in epoch seconds."""
    if part is None:
        return Picture("No deployment is open: choose one on Home (1).", "dim")
    view = part.value
    if view is None:
        if part.error:
            return Picture(f"Cannot see the cluster: {part.error}\nIt is tried again by itself.", "bad")
        return Picture("Connecting to the cluster …\nIt answers once its pools are being made.", "busy")
    since = view.seen or part.as_of
    seen = f" Last heard {clock(since)}, {age(now - since)} ago." if since else ""
    error = view.error or part.error
    if view.freshness is Freshness.OFFLINE or (part.error and view.freshness is not Freshness.LIVE):
        return Picture(f"▲ offline: this is the last picture.{seen}" + (f"\n{error}" if error else ""), "warn", True)
    if view.freshness is Freshness.STALE:
        return Picture(f"▲ stale: the cluster is silent.{seen}", "warn", True)
    if not view.pods:
        if view.freshness is Freshness.CONNECTING:
            return Picture("Connecting to the cluster …" + (f"\n{error}" if error else ""), "busy")
        return Picture("No pods yet: model servers come after the pools.\nProvision (3) shows how far they are.", "dim")
    return Picture()


def titles(
    grids: Sequence[SliceGrid], topology: str, pools: Sequence[str], models: Sequence[ModelStatus]
) -> tuple[SliceTitle, ...]:
    """Each slice's heading: how it stands, its topology and node pool. A hole among pods asks for attention."""
    serving = {
        replica.slice for model in models for replica in model.replicas if replica.rung in (Rung.LOADED, Rung.ANSWERED)
    }
    found = []
    for grid in grids:
        pool = pools[grid.index] if grid.index < len(pools) else "not in the plan"
        headline = grid.headline
        if grid.index in serving and all(cell.state is HostState.RUNNING for cell in grid.cells):
            headline = headline.replace("running", "serving", 1)
        holed = grid.sign is HOST[HostState.ABSENT] and any(cell.pod for cell in grid.cells)
        sign = HOST[HostState.ATTENTION] if holed else grid.sign
        found.append(SliceTitle(sign, f"{headline}  {topology}  {pool}"))
    return tuple(found)
