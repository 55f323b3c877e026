"""What the cluster's picture is worth, in words: connecting, empty, failed, old or live. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from saxtui.engine.store import Part
from saxtui.model.cluster import ClusterView, Freshness, HostState
from saxtui.model.diagnosis import Gravity
from saxtui.present.pods import SliceGrid
from saxtui.present.times import clock
from saxtui.present.why import GRAVITY
from saxtui.present.words import Sign, age

_BEFORE_SERVING = frozenset({"running", "joined", "loaded"})


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
    if view.freshness in (Freshness.OFFLINE, Freshness.STALE):
        word = (
            "stale: the cluster is silent" if view.freshness is Freshness.STALE else "offline: this is the last picture"
        )
        return Picture(f"▲ {word}.{seen}" + (f"\n{error}" if error else ""), "warn", True)
    if not view.pods:
        if view.freshness is Freshness.CONNECTING:
            return Picture("Connecting to the cluster …" + (f"\n{error}" if error else ""), "busy")
        return Picture("No pods yet: model servers come after the pools.\nProvision (3) shows how far they are.", "dim")
    return Picture()


def title(grid: SliceGrid, topology: str, pool: str, *, serving: bool = False, broken: bool = False) -> SliceTitle:
    """A slice's heading: how it stands, its topology and node pool.

    `serving`: the model list proves that the slice has loaded its model. `broken`: it is known that the slice does
    not work, however well its pods look.
    """
    sign, headline = grid.sign, grid.headline
    if broken and sign.role != "bad":
        sign, headline = GRAVITY[Gravity.BROKEN], _with_word(headline, GRAVITY[Gravity.BROKEN].word)
    elif serving and all(cell.state is HostState.RUNNING for cell in grid.cells):
        word = headline.partition(" ")[2].partition(" · ")[0]
        headline = _with_word(headline, "serving") if word in _BEFORE_SERVING else headline
    return SliceTitle(sign, f"{headline}  {topology}  {pool}")


def _with_word(headline: str, word: str) -> str:
    figures, _, rest = headline.partition(" ")
    _, dot, more = rest.partition(" · ")
    return f"{figures} {word}{dot}{more}"
