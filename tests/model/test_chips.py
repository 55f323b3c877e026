"""Samples of chips joined to hosts: whose they are, what is missing, and what stands while there is nothing newer."""

from __future__ import annotations

from dataclasses import replace

from saxtui.model.chips import NOT_RUNNING, NOT_TOLD, ChipSample, Gauge, HostChips, NodeChips, join
from saxtui.model.cluster import HostState, Pod

NOW = 1_790_000_000.0
POD = Pod(uid="u", name="p-0", namespace="ns", state=HostState.RUNNING, node="n", chips=4)


def samples(name: str, *values: float, pod: str = "p-0", namespace: str = "ns") -> tuple[ChipSample, ...]:
    return tuple(ChipSample(name, namespace, pod, f"m-{chip}", value) for chip, value in enumerate(values))


def joined(*told: tuple[ChipSample, ...], said: str = "", before: HostChips | None = None, pod: Pod = POD) -> HostChips:
    node = NodeChips(NOW, tuple(item for group in told for item in group), said)
    return join([pod], {"n": node}, {pod.uid: before} if before else {})[pod.uid]


def test_gauges_over_the_hosts_own_chips() -> None:
    found = joined(
        samples("duty_cycle", 80, 90, 85, 85),
        samples("duty_cycle", 1, pod="another"),
        samples("duty_cycle", 2, namespace="elsewhere"),
        samples("memory_used", 4e9, 4e9),
    )
    assert found == HostChips(NOW, duty=Gauge(80, 85, 90, 4), hbm_used=Gauge(4e9, 4e9, 4e9, 2))


def test_what_is_not_told_is_not_zero() -> None:
    assert joined(samples("tensorcore_utilization", 0)).duty is None
    assert joined(samples("duty_cycle", 0)).duty == Gauge(0, 0, 0, 1)
    assert joined(samples("duty_cycle", float("nan"))) == HostChips(NOW, said=NOT_TOLD)
    assert joined() == HostChips(NOW, said=NOT_TOLD)


def test_why_nothing_is_known() -> None:
    assert joined(said="no exporter") == HostChips(NOW, said="no exporter")
    assert joined(samples("duty_cycle", 5), pod=replace(POD, state=HostState.WAITING)).said == NOT_RUNNING
    assert not join([replace(POD, node="m")], {}, {})["u"].known


def test_the_last_good_reading_stands_while_its_pod_runs() -> None:
    good = HostChips(NOW - 30, duty=Gauge(5, 5, 5, 4))
    assert joined(said="refused", before=good) == replace(good, said="refused")
    assert joined(samples("duty_cycle", 7), before=replace(good, said="refused")) == HostChips(
        NOW, duty=Gauge(7, 7, 7, 1)
    )
    gone = joined(said="refused", before=good, pod=replace(POD, state=HostState.FAILED))
    assert gone == HostChips(said=NOT_RUNNING)
