"""What a host's process is at, beyond its pod's state: the mesh, the load, the answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from saxtui.model.cluster import HostState, Pod, SlicePods


class Phase(StrEnum):
    """How far a model server's process is known to be."""

    UNHEARD = "unheard"
    """Its log was not read, or tells nothing yet."""
    WAITING = "waiting"
    """It runs, and waits for the other hosts of its slice to start."""
    JOINED = "joined"
    """All hosts of the slice found each other; no model is loaded."""
    LOADING = "loading"
    LOADED = "loaded"
    SERVING = "serving"
    """Loaded, and a prompt was answered since."""
    FAILED = "failed"
    """Its last load failed; Sax does not try again by itself."""

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class HostPhase:
    """One host's phase, and the log line that proves it. `model` is the model loading, loaded or failed.

    `peers` of `hosts` are waiting with it (itself included) while WAITING. `at` is the line's time in epoch seconds;
    `read` says whether the log could be read at all.
    """

    phase: Phase = Phase.UNHEARD
    model: str = ""
    line: str = ""
    at: float = 0.0
    peers: int = 0
    hosts: int = 0
    read: bool = False

    @property
    def words(self) -> str:
        """ "waiting for peers 7 of 8", "loading /sax/test/spmd", or the phase's own word."""
        if self.phase is Phase.WAITING:
            return f"waiting for peers {self.peers} of {self.hosts}"
        return f"{self.phase} {self.model}".rstrip() if self.phase is not Phase.UNHEARD else ""


Phases = Mapping[str, HostPhase]
"""Phases by pod uid; a pod that is missing was not heard."""


class PhasesBySlice(dict[str, HostPhase]):
    """Phases by pod uid, not changed once made. `slices`, by slice index, keeps what did not change the same object."""

    def __init__(self, slices: Mapping[int, Phases]) -> None:
        super().__init__()
        self.slices = slices
        for phases in slices.values():
            self.update(phases)


def news(before: Phases | None, now: Phases | None) -> frozenset[int] | None:
    """The slices whose phases are not those of before; None when that cannot be told: any slice's may differ."""
    if before is now:
        return frozenset()
    if not isinstance(before, PhasesBySlice) or not isinstance(now, PhasesBySlice):
        return None
    indexes = before.slices.keys() | now.slices.keys()
    return frozenset(index for index in indexes if before.slices.get(index) is not now.slices.get(index))


def in_slice(pods: SlicePods, heard: Mapping[str, HostPhase], hosts: int) -> dict[str, HostPhase]:
    """The phases of one slice's hosts by uid, each in the light of the others. `hosts`: how many the slice should have.

    A process says nothing while it waits for its peers, so a running host whose log was read and is silent about the
    mesh waits: together with those that are silent too. Hosts that joined an older mesh do not come to meet it. The
    hosts of a slice answer in lock step, and the primary does not log prompts: when one serves, all that loaded do.
    """
    running = [pod for pod in pods.present if pod.uid in heard and pod.state is HostState.RUNNING]
    found = {pod.uid: heard[pod.uid] for pod in running}
    serving = {item.model for item in found.values() if item.phase is Phase.SERVING}
    peers = 0
    for uid, item in found.items():
        if item.phase is Phase.UNHEARD and item.read:
            peers = peers or _silent(pods, heard)
            found[uid] = replace(item, phase=Phase.WAITING, peers=peers, hosts=max(hosts, len(pods.hosts)))
        elif item.phase is Phase.LOADED and item.model in serving:
            found[uid] = replace(item, phase=Phase.SERVING)
    return found


def _silent(pods: SlicePods, heard: Mapping[str, HostPhase]) -> int:
    """How many hosts run and have said nothing of the mesh."""
    return sum(
        1 for pod in pods.present if pod.state is HostState.RUNNING and heard.get(pod.uid, _NONE).phase is Phase.UNHEARD
    )


def together(pods: SlicePods, phases: Phases) -> Phase | None:
    """The one phase that all hosts of a slice are in; None when they differ, or one was not heard or does not run."""
    first: Phase | None = None
    for pod in pods.hosts:
        item = phases.get(pod.uid) if pod is not None else None
        if item is None or pod is None or pod.state is not HostState.RUNNING or first not in (None, item.phase):
            return None
        first = item.phase
    return None if first is Phase.UNHEARD else first


def of(pod: Pod, phases: Phases | None) -> HostPhase:
    """This pod's phase."""
    return (phases or {}).get(pod.uid, _NONE)


_NONE = HostPhase()
