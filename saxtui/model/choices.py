"""What an operator may do about a run that stopped half-way, as data. Pure.

Nothing here is done by itself: each choice is an order, and one that changes the deployment file says how.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saxtui.errors import Problem
from saxtui.model import cost
from saxtui.model.progress import MAY_BE_OURS, Ownership, RunProgress, StepState

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

POOL = "pool/"
_CAPACITY = ("GCE_STOCKOUT", "ZONE_RESOURCE_POOL_EXHAUSTED", "does not have enough resources", "zonesAvailable")
_QUOTA = ("GCE_QUOTA_EXCEEDED", "QUOTA_EXCEEDED", "Quota exceeded", "Insufficient regional quota")
_ZONES = re.compile(r"zonesAvailable\W{0,8}((?:[a-z]+-[a-z]+\d+-[a-z]\b[\s,;'\"]*)+)")
_ZONE = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]\b")
_HALF_WAY = ("up", "resume", "pause", "rollback", "mend", "recover")
WAIT_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """One way on. `key` is what `--choose` takes; `changes` are (field, from, to) in the deployment file.

    `usd_per_hour` is what bills while it is followed, None where no price is known.
    """

    key: str
    title: str
    said: str
    usd_per_hour: float | None
    changes: tuple[tuple[str, str, str], ...] = ()


def choices(
    deployment: Deployment, progress: RunProgress, problems: Sequence[Problem], zones: Collection[str] = ()
) -> tuple[Choice, ...]:
    """The ways on after a run that failed or stopped half-way, the gentlest first; () when it reached its goal.

    A run without an outcome counts as stopped: whoever asks knows that no process is at work on it any more.

    `zones`: others of the region that offer the machines; those that the error itself names come before them.
    """
    if not progress.run or progress.outcome == "done" or progress.kind not in _HALF_WAY:
        return ()
    now = cost.running(deployment, progress).usd
    if progress.kind == "pause":
        return _of_a_pause(deployment, progress, now)
    failed = failed_pools(deployment, progress)
    short = [item for item in problems if any(word in _text(item) for word in (*_CAPACITY, *_QUOTA))]
    found = [] if short else [Choice("again", "go on", "run up again from where it stopped", now)]
    if failed and short:
        names = ", ".join(failed)
        left = "nothing of it runs" if half_made(deployment, progress) == () else f"delete what is left of {names}"
        said = f"{left}; ask again every few minutes; the rest stays up and bills"
        found.append(Choice(f"wait:{WAIT_MINUTES}", f"wait up to {WAIT_MINUTES} minutes", said, now))
        stockout = any(word in _text(item) for item in short for word in _CAPACITY)
        found += _other_zones(deployment, short, zones, now) if stockout else []
        found += _fewer(deployment, progress, now)
    if failed:
        rest = cost.total(line for line in cost.lines(deployment) if _stays(line.step, progress, failed)).usd
        said = f"delete {', '.join(failed)} with proof; what else is up stays"
        found.append(Choice("rollback", "roll back what failed", said, rest))
    if any(line.main and _stays(line.step, progress, ()) for line in cost.lines(deployment)):
        said = (
            "no slice keeps hosts, the cluster stays; "
            + ("what failed goes; " if half_made(deployment, progress) else "")
            + "resume later"
        )
        found.append(Choice("pause", "pause", said, cost.paused(deployment, progress).usd))
    if any(step.ownership in MAY_BE_OURS for step in progress.steps.values()):
        found.append(Choice("down", "take all down", "delete everything that is ours, with proof", 0.0))
    return tuple(found)


def _of_a_pause(deployment: Deployment, progress: RunProgress, now: float | None) -> tuple[Choice, ...]:
    """A pause that did not come to its end is gone on with, or turned round."""
    left = cost.paused(deployment, progress).usd
    return (
        Choice("pause", "go on pausing", "let go of the slices that still have hosts", left),
        Choice("again", "bring all back", "the slices that were let go, and the model servers", now),
        Choice("down", "take all down", "delete everything that is ours, with proof", 0.0),
    )


def troubles(progress: RunProgress) -> tuple[Problem, ...]:
    """Why the steps that failed did, as the journal has it: the same after a restart as right after the run."""
    return tuple(step.problem for step in progress.steps.values() if step.problem is not None)


def failed_pools(deployment: Deployment, progress: RunProgress) -> tuple[str, ...]:
    """Names of the pools that could not be made."""
    states = {name: progress.step(POOL + name).state for name in deployment.slices.pools}
    return tuple(name for name, state in states.items() if state is StepState.FAILED)


def half_made(deployment: Deployment, progress: RunProgress) -> tuple[str, ...]:
    """Those of the failed pools that are more than a size of zero: they go before they are asked for again."""
    return tuple(name for name in failed_pools(deployment, progress) if not progress.step(POOL + name).at_zero)


def zones_named(problem: Problem) -> tuple[str, ...]:
    """The zones that an error says have room (Compute Engine's zonesAvailable), in its order."""
    found = _ZONES.search(_text(problem))
    return tuple(dict.fromkeys(_ZONE.findall(found.group(1)))) if found else ()


def apply_to(deployment: Deployment, key: str) -> Deployment:
    """The deployment as the choice changes it; itself for one that changes nothing. Raises ValueError."""
    kind, _, value = key.partition(":")
    if kind == "zone":
        if not _ZONE.fullmatch(value):
            raise ValueError(f"{value!r} is not a zone")
        changed = {**deployment.model_dump(mode="json"), "zone": value}
        return type(deployment).model_validate(changed)
    if kind == "slices":
        if not value.isdigit() or not 1 <= int(value) < deployment.slices.count:
            raise ValueError(f"slices can be 1 to {deployment.slices.count - 1} here, not {value!r}")
        body = deployment.model_dump(mode="json")
        body["slices"]["count"] = int(value)
        body["model"]["replicas"] = min(body["model"]["replicas"], int(value))
        return type(deployment).model_validate(body)
    if kind == "wait" and value.isdigit() and 1 <= int(value) <= 1440:
        return deployment
    if key in ("again", "rollback", "pause", "down"):
        return deployment
    raise ValueError(
        f"no choice is called {key!r}; there are: wait:MINUTES, zone:ZONE, slices:N, rollback, pause, again, down"
    )


def _other_zones(
    deployment: Deployment, problems: Sequence[Problem], zones: Collection[str], now: float | None
) -> list[Choice]:
    named = [zone for item in problems for zone in zones_named(item)]
    offered = [zone for zone in (*named, *sorted(zones)) if zone.startswith(deployment.region + "-")]
    return [
        Choice(
            f"zone:{zone}",
            f"make it in {zone}",
            "the error says it has room" if zone in named else "it offers the machines; nobody said that it has room",
            now,
            (("zone", deployment.zone, zone),),
        )
        for zone in dict.fromkeys(offered)
        if zone != deployment.zone
    ]


def _fewer(deployment: Deployment, progress: RunProgress, now: float | None) -> list[Choice]:
    up = 0
    for name in deployment.slices.pools:
        if progress.step(POOL + name).state is not StepState.DONE:
            break
        up += 1
    if not 0 < up < deployment.slices.count:
        return []
    change = (("slices.count", str(deployment.slices.count), str(up)),)
    return [Choice(f"slices:{up}", f"serve with {up} of {deployment.slices.count} slices", "", now, change)]


def _stays(step: str, progress: RunProgress, failed: Sequence[str]) -> bool:
    known = progress.step(step)
    held = known.ownership in (Ownership.OWNED, Ownership.OPERATION, Ownership.UNKNOWN) and not known.at_zero
    return held and step.removeprefix(POOL) not in failed


def _text(problem: Problem) -> str:
    return " ".join((problem.reason, problem.code, problem.said, *problem.details))
