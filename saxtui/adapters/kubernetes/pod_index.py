"""Pods by uid and by slice, so that a picture of tens of thousands costs only what changed since the last one."""

from __future__ import annotations

from types import MappingProxyType

from saxtui.model.cluster import Gathered, HostState, Pod, SlicePods, slice_of


class PodIndex:
    """Keeps `pods` (uid to pod) and what follows from them; only `put` and `drop` may change it."""

    def __init__(self, pods: dict[str, Pod]) -> None:
        self._pods = pods
        self._members: dict[int, dict[str, Pod]] = {}
        self._seats: dict[int, tuple[list[Pod | None], dict[HostState, int]]] = {}
        """Hosts by completion index, and how many are in each state, of the slices that changed in place only since
        they were last taken."""
        self._regather: set[int] = set()
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

    def _leave(self, uid: str, pod: Pod) -> None:
        if pod.slice >= 0 and pod.host >= 0:
            self._members[pod.slice].pop(uid, None)
            self._regather.add(pod.slice)
        else:
            self._loose.pop(uid, None)

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
        for index, (seats, states) in self._seats.items():
            occurring = {state: count for state, count in states.items() if count}
            self._taken[index] = SlicePods(index, tuple(seats), self._taken[index].others, occurring)
        if self._regather:
            self._taken = dict(sorted(self._taken.items()))
        self._seats.clear()
        self._regather.clear()
        self._gathered = Gathered(
            MappingProxyType(self._pods.copy()), MappingProxyType(self._taken.copy()), tuple(self._loose.values())
        )
        return self._gathered
