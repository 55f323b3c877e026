"""What the pod grid shows: every slice as a grid, made when it is asked for and kept while nothing changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from saxtui.console.pictures import SliceTitle, title
from saxtui.model.cluster import SlicePods
from saxtui.model.diagnosis import Gravity
from saxtui.model.phases import Phases, news
from saxtui.model.serving import ModelStatus, Rung
from saxtui.present.mesh import HostMesh, host_mesh
from saxtui.present.pods import SliceGrid, slice_grid, worst_sign
from saxtui.present.why import GRAVITY
from saxtui.present.words import Sign

if TYPE_CHECKING:
    from saxtui.model.deployment import Slices


@dataclass(frozen=True, slots=True)
class Plan:
    """What the deployment wants: `count` slices of `hosts` hosts, and the names of their node pools."""

    count: int
    hosts: int
    topology: str
    pools: tuple[str, ...] = ()

    @classmethod
    def of(cls, wanted: Slices) -> Plan:
        """The deployment's slices."""
        return cls(wanted.count, wanted.shape.hosts, wanted.topology, tuple(wanted.pools))


class Fleet:
    """Slices by place: the n-th one drawn. `update` says what changed; `grid` and `title` make what is looked at."""

    def __init__(self) -> None:
        self._slices: Mapping[int, SlicePods] = {}
        self._phases: Phases | None = None
        self._serving: frozenset[int] = frozenset()
        self._broken: frozenset[int] = frozenset()
        self._pools: Mapping[str, str] = {}
        self._plan = Plan(0, 0, "")
        self._mesh = HostMesh(1, 1)
        self._made: dict[int, tuple[SliceGrid, SliceTitle]] = {}
        self._signs: dict[int, Sign] = {}
        self._old: dict[int, SliceGrid] = {}
        """Grids of before the last change: they lend what is still right."""
        self.indexes: tuple[int, ...] = ()
        self.most_hosts = 1

    def __len__(self) -> int:
        return len(self.indexes)

    @property
    def mesh(self) -> HostMesh:
        """The mesh that every slice is drawn as: with room for the largest."""
        return self._mesh.grown(self.most_hosts)

    def update(
        self,
        slices: Mapping[int, SlicePods],
        plan: Plan,
        phases: Phases | None,
        models: Collection[ModelStatus] = (),
        broken: frozenset[int] = frozenset(),
        pools: Mapping[str, str] = MappingProxyType({}),
    ) -> frozenset[int] | None:
        """Take a new picture. The places whose slices changed, or None when slices came or went: draw all anew.

        `broken` are slices that are known not to work although their pods may look well; `pools` are node pools by
        the names of their nodes.
        """
        shape = (self.indexes, self.most_hosts, self._plan)
        serving = frozenset(
            replica.slice for model in models for replica in model.replicas
            if replica.rung in (Rung.LOADED, Rung.ANSWERED)
        )  # fmt: skip
        if plan != self._plan:
            self._plan, self._mesh = plan, host_mesh(plan.topology, plan.hosts)
        if slices.keys() != self._slices.keys() or plan != shape[2]:
            self.indexes = tuple(sorted({*range(plan.count), *slices}))
        before, self._slices = self._slices, slices
        if slices is not before:
            self.most_hosts = max((len(item.hosts) for item in slices.values()), default=0)
            self.most_hosts = max(1, plan.hosts, self.most_hosts)
        told = news(self._phases, phases)
        moved = pools is not self._pools and pools != self._pools
        everywhere = told is None or serving != self._serving or moved
        turned = broken ^ self._broken
        self._phases, self._serving, self._broken, self._pools = phases, serving, broken, pools
        if shape != (self.indexes, self.most_hosts, self._plan):
            self._made.clear()
            self._signs.clear()
            self._old.clear()
            return None
        changed = [
            place for place, index in enumerate(self.indexes)
            if everywhere or slices.get(index) is not before.get(index) or (told and index in told) or index in turned
        ]  # fmt: skip
        for place in changed:
            self._signs.pop(place, None)
            if (made := self._made.pop(place, None)) is not None:
                self._old[place] = made[0]
        return frozenset(changed)

    def pods(self, place: int) -> SlicePods:
        """The pods of that slice."""
        index = self.indexes[place]
        return self._slices.get(index) or SlicePods(index)

    def hosts(self, place: int) -> int:
        """How many hosts that slice has or should have."""
        return max(self._plan.hosts, len(self.pods(place).hosts))

    def grid(self, place: int) -> SliceGrid:
        """That slice as cells."""
        return self._at(place)[0]

    def sign(self, place: int) -> Sign:
        """The worst sign among that slice's hosts, without making its grid; a slice known as broken is bad."""
        found = self._signs.get(place)
        if found is None:
            found = worst_sign(self.pods(place), self._plan.hosts, self._phases)
            if self.indexes[place] in self._broken and found.role != "bad":
                found = GRAVITY[Gravity.BROKEN]
            self._signs[place] = found
        return found

    def signs(self, place: int) -> list[Sign]:
        """Every host's sign; a slice known as broken shows it where a healthy one has its star."""
        found = [cell.sign for cell in self.grid(place).cells]
        if self.indexes[place] in self._broken and found and found[0].role == "ok":
            found[0] = self.sign(place)
        return found

    def title(self, place: int) -> SliceTitle:
        """That slice's heading."""
        return self._at(place)[1]

    def _at(self, place: int) -> tuple[SliceGrid, SliceTitle]:
        made = self._made.get(place)
        if made is None:
            old = self._old.pop(place, None)
            grid = slice_grid(self.pods(place), self._plan.hosts, self._mesh, self._phases, old)
            made = grid, title(
                grid, self._plan.topology, self._pool(grid.index),
                serving=grid.index in self._serving, broken=grid.index in self._broken,
            )  # fmt: skip
            self._made[place] = made
        return made

    def _pool(self, index: int) -> str:
        """Where its pods are, whatever was planned: after a restart slices may have changed places."""
        known = self._slices.get(index)
        there = {self._pools[pod.node] for pod in known.hosts if pod and pod.node in self._pools} if known else set()
        if there - {""}:
            return ", ".join(sorted(there - {""}))
        planned: Sequence[str] = self._plan.pools
        return planned[index] if index < len(planned) else "not in the plan"
