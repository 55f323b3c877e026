"""Pods by uid and by slice, so that a picture of tens of thousands costs only what changed since the last one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, ValuesView
from types import MappingProxyType

from saxtui.model.cluster import Gathered, HostState, Pod, SlicePods, slice_of


class PodsBySeat(Mapping[str, Pod]):
    """Pods by uid at one moment, found through their slices: no copy of fifty thousand entries for every picture.

    Such a copy costs little by itself, but Python's collector walks through each that is young again and again.
    """

    __slots__ = ("_loose", "_seats", "_slices")

    def __init__(
        self, seats: Mapping[str, tuple[int, int]], slices: Mapping[int, SlicePods], loose: Mapping[str, Pod]
    ) -> None:
        """`seats` has slice and host of every pod of a slice, also of those that lost their place to a younger."""
        self._seats = seats
        self._slices = slices
        self._loose = loose

    def __getitem__(self, uid: str) -> Pod:
        seat = self._seats.get(uid)
        if seat is None:
            return self._loose[uid]
        pods = self._slices[seat[0]]
        pod = pods.hosts[seat[1]]
        if pod is None or pod.uid != uid:
            pod = next((other for other in pods.others if other.uid == uid), None)
        if pod is None:
            raise KeyError(uid)
        return pod

    def __contains__(self, uid: object) -> bool:
        return uid in self._seats or uid in self._loose

    def __iter__(self) -> Iterator[str]:
        return (pod.uid for pod in self.values())

    def __len__(self) -> int:
        return len(self._seats) + len(self._loose)

    def values(self) -> ValuesView[Pod]:
        """The pods, slice by slice and host by host, then those of no slice."""
        return _Pods(self)

    def walk(self) -> Iterator[Pod]:
        """The same once."""
        for pods in self._slices.values():
            yield from pods.present
            yield from pods.others
        yield from self._loose.values()


class _Pods(ValuesView[Pod]):
    _mapping: PodsBySeat

    def __iter__(self) -> Iterator[Pod]:
        return self._mapping.walk()


class PodIndex:
    """Keeps `pods` (uid to pod) and what follows from them; only `put` and `drop` may change it."""

    def __init__(self, pods: dict[str, Pod]) -> None:
        self._pods = pods
        self._members: dict[int, dict[str, Pod]] = {}
        self._seats: dict[int, tuple[list[Pod | None], dict[HostState, int]]] = {}
        """Hosts by completion index, and how many are in each state, of the slices that changed in place only since
        they were last taken."""
        self._regather: set[int] = set()
        self._places: dict[str, tuple[int, int]] = {}
        """Slice and host by uid; a picture that was taken keeps it, so it is copied before it changes."""
        self._lent = False
        self._loose: dict[str, Pod] = {}
        self._taken: dict[int, SlicePods] = {}
        self._gathered: Gathered | None = None

    def put(self, uid: str, pod: Pod) -> None:
        """A new pod, or a pod's new state."""
        before = self._pods.get(uid)
        self._pods[uid] = pod
        self._gathered = None
        if before is not None and (before.slice, before.host) != (pod.slice, pod.host):
            self._leave(uid, before)
            before = None
        if pod.slice < 0 or pod.host < 0:
            self._loose[uid] = pod
            return
        if before is None:
            self._own_places()[uid] = pod.slice, pod.host
        self._members.setdefault(pod.slice, {})[uid] = pod
        if before is None or before.deleting != pod.deleting or pod.slice in self._regather:
            self._regather.add(pod.slice)
            return
        known = self._seats.get(pod.slice)
        if known is None:
            taken = self._taken[pod.slice]
            known = self._seats[pod.slice] = list(taken.hosts), dict(taken.states)
        seats, states = known
        if seats[pod.host] is not before:
            self._regather.add(pod.slice)
            return
        seats[pod.host] = pod
        if pod.state is not before.state:
            states[before.state] -= 1
            states[pod.state] = states.get(pod.state, 0) + 1

    def drop(self, uid: str) -> None:
        """A pod is gone."""
        pod = self._pods.pop(uid, None)
        if pod is not None:
            self._gathered = None
            self._leave(uid, pod)

    def _own_places(self) -> dict[str, tuple[int, int]]:
        if self._lent:
            self._places, self._lent = self._places.copy(), False
        return self._places

    def _leave(self, uid: str, pod: Pod) -> None:
        if pod.slice >= 0 and pod.host >= 0:
            self._own_places().pop(uid, None)
            self._members[pod.slice].pop(uid, None)
            self._regather.add(pod.slice)
        else:
            self._loose.pop(uid, None)

    def gather(self, most: int) -> bool:
        """Freeze so many of the slices that changed in place; whether there are more. `taken` then has less to do."""
        for index in list(itertools.islice(self._seats, most)):
            self._freeze(index)
        return bool(self._seats)

    def _freeze(self, index: int) -> None:
        seats, states = self._seats.pop(index)
        if index not in self._regather:
            occurring = {state: count for state, count in states.items() if count}
            self._taken[index] = SlicePods(index, tuple(seats), self._taken[index].others, occurring)

    def taken(self) -> Gathered:
        """The pods and slices now, frozen; what did not change is the same object as last time."""
        if self._gathered is not None:
            return self._gathered
        for index in self._regather:
            self._seats.pop(index, None)
            if self._members[index]:
                self._taken[index] = slice_of(index, self._members[index].values())
            else:
                del self._members[index]
                self._taken.pop(index, None)
        self.gather(len(self._seats))
        if self._regather:
            self._taken = dict(sorted(self._taken.items()))
        self._regather.clear()
        slices, loose = MappingProxyType(self._taken.copy()), self._loose.copy()
        self._lent = True
        self._gathered = Gathered(PodsBySeat(self._places, slices, loose), slices, tuple(loose.values()))
        return self._gathered
