"""What the TPU chips of hosts are at: duty cycle and HBM, joined from what each node's exporter tells. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from saxtui.model.cluster import HostState, Pod

DUTY, TENSORCORE = "duty_cycle", "tensorcore_utilization"
HBM_USED, HBM_TOTAL, HBM_BANDWIDTH = "memory_used", "memory_total", "memory_bandwidth_utilization"
NAMES = (DUTY, TENSORCORE, HBM_USED, HBM_TOTAL, HBM_BANDWIDTH)
"""The metrics of GKE's tpu-device-plugin, as its own code names them: percent, percent, bytes, bytes, percent."""


@dataclass(frozen=True, slots=True)
class ChipSample:
    """One value of one chip that a container holds. `chip` is the exporter's id of it."""

    name: str
    namespace: str
    pod: str
    chip: str
    value: float


@dataclass(frozen=True, slots=True)
class NodeChips:
    """What one node's exporter told at `at` (epoch seconds), or in `said` why it told nothing."""

    at: float
    samples: tuple[ChipSample, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric over the chips of a host."""

    low: float
    mean: float
    high: float
    chips: int


@dataclass(frozen=True, slots=True)
class HostChips:
    """One host's metrics as read at `at` (epoch seconds); each None where it is not told, which is not zero.

    `said` says why nothing is known, or, beside gauges, why nothing newer is. Memory in bytes a chip, the rest percent.
    """

    at: float = 0.0
    duty: Gauge | None = None
    tensorcore: Gauge | None = None
    hbm_used: Gauge | None = None
    hbm_total: Gauge | None = None
    hbm_bandwidth: Gauge | None = None
    said: str = ""

    @property
    def known(self) -> bool:
        """Whether any metric is told."""
        return any((self.duty, self.tensorcore, self.hbm_used, self.hbm_total, self.hbm_bandwidth))


Chips = Mapping[str, HostChips]
"""Metrics by pod uid; a pod that is missing was not asked about."""

NOT_RUNNING = "the pod does not run"
NOT_TOLD = "the node's exporter tells nothing of this pod"


def join(pods: Iterable[Pod], nodes: Mapping[str, NodeChips], before: Chips) -> dict[str, HostChips]:
    """Each pod's metrics, from its node's. Where its node now tells nothing, `before` stands with the reason beside."""
    return {pod.uid: _kept(_host(pod, nodes.get(pod.node)), before.get(pod.uid), pod) for pod in pods}


def _host(pod: Pod, node: NodeChips | None) -> HostChips:
    if pod.state is not HostState.RUNNING or node is None:
        return HostChips(said=NOT_RUNNING if pod.state is not HostState.RUNNING else "not read")
    if node.said:
        return HostChips(at=node.at, said=node.said)
    values: dict[str, dict[str, float]] = {}
    for sample in node.samples:
        if (sample.namespace, sample.pod) == (pod.namespace, pod.name) and math.isfinite(sample.value):
            values.setdefault(sample.name, {})[sample.chip] = sample.value
    gauges = {name: _gauge(values[name].values()) for name in values}
    found = HostChips(
        node.at, gauges.get(DUTY), gauges.get(TENSORCORE), gauges.get(HBM_USED), gauges.get(HBM_TOTAL),
        gauges.get(HBM_BANDWIDTH),
    )  # fmt: skip
    return found if found.known else replace(found, said=NOT_TOLD)


def _gauge(values: Iterable[float]) -> Gauge:
    found = list(values)
    return Gauge(min(found), sum(found) / len(found), max(found), len(found))


def _kept(now: HostChips, before: HostChips | None, pod: Pod) -> HostChips:
    """The last good reading goes on while its pod runs and there is no newer one."""
    if now.known or before is None or not before.known or pod.state is not HostState.RUNNING:
        return now
    return replace(before, said=now.said)
