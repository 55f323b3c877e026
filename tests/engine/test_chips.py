"""TPU metrics through the real adapter, from the embedded cloud's device plugins, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from saxtui.emulator.assembly import Cloud
from saxtui.engine.session import Session
from saxtui.model.chips import HostChips
from saxtui.model.cluster import ClusterView, Pod
from saxtui.ports import Ref
from tests.engine import virtual_cloud
from tests.engine.scenario_schedules import small

Work = Callable[[Session, ClusterView], Awaitable[None]]
GIB = 2**30
DENIED = """
title: No proxy
description: The account may not use the API server's proxy to pods.
faults:
  - when: {request: {service: kubernetes, method: GET, path: /pods/.*/proxy/}, times: 1000000}
    fault: error
    status: 403
    message: 'pods "x" is forbidden: User "ann@example.com" cannot get resource "pods/proxy"'
"""


def with_a_cloud(tmp_path: Path, work: Work, scenario: str | Path | None = None) -> virtual_cloud.Wire:
    """Bring a small deployment up, then do `work` with its session and picture."""
    wire = virtual_cloud.Wire(Cloud(start=virtual_cloud.START, seed=1, scenario=scenario))

    async def whole() -> None:
        wanted = small()
        process = virtual_cloud.runtime(wire, tmp_path)
        session = await process.session(wanted)
        result = await session.up(await session.plan())
        assert result.outcome == "done", result.problems
        await work(session, await session.look())
        await process.close()
        await wire.close()

    virtual_cloud.run(wire, whole())
    return wire


def hosts(view: ClusterView) -> list[Pod]:
    return [pod for pod in view.pods.values() if pod.chips]


def test_every_host_tells_what_its_chips_are_at(tmp_path: Path) -> None:
    async def work(session: Session, view: ClusterView) -> None:
        empty = await session.chips(hosts(view))
        assert len(empty) == len(hosts(view)) > 1
        for found in empty.values():
            assert found.duty is not None and (found.duty.high, found.duty.chips) == (0, 4), found
            assert found.hbm_total is not None and found.hbm_total.low == int(15.75 * GIB)
            assert not found.said and abs(found.at - session.cloud.clock.now()) < 5
        assert session.store.state.chips.value == empty
        await session.publish()
        await session.wait_loaded(timeout=7200)
        loaded = await session.chips(hosts(view))
        for uid, found in loaded.items():
            before = empty[uid].hbm_used
            assert found.hbm_used is not None and before is not None and found.hbm_used.low > before.high

    with_a_cloud(tmp_path, work)


@pytest.mark.parametrize(
    ("scenario", "said"),
    [("tpu-metrics-off", "the node's device plugin serves none (connection refused)"), (DENIED, "not allowed: pods")],
)
def test_where_none_are_offered_or_allowed_the_reason_is_said(tmp_path: Path, scenario: str, said: str) -> None:
    path: Any = scenario
    if "\n" in scenario:
        path = tmp_path / "scenario.yaml"
        path.write_text(scenario)

    async def work(session: Session, view: ClusterView) -> None:
        found = await session.chips(hosts(view))
        assert found and all(not item.known and item.said.startswith(said) for item in found.values()), found
        assert len({item.said for item in found.values()}) == 1, "one trouble, one reason"

    with_a_cloud(tmp_path, work, path)


def test_a_runtime_that_is_too_old_leaves_the_hosts_own_figures(tmp_path: Path) -> None:
    async def work(session: Session, view: ClusterView) -> None:
        for found in (await session.chips(hosts(view))).values():
            assert (found.duty, found.hbm_used, found.said) == (None, None, "") and found.tensorcore is not None

    with_a_cloud(tmp_path, work, "tpu-metrics-bare")


def test_a_plugin_that_goes_leaves_the_last_reading_and_the_next_one_is_found(tmp_path: Path) -> None:
    async def work(session: Session, view: ClusterView) -> None:
        pod = hosts(view)[0]
        before = (await session.chips([pod]))[pod.uid]
        kubernetes = await session.connection.kubernetes()
        plugins = await kubernetes.list("v1", "Pod", "kube-system", "k8s-app=tpu-device-plugin")
        mine = next(item for item in plugins if item["spec"]["nodeName"] == pod.node)["metadata"]["name"]
        assert await kubernetes.delete(Ref("v1", "Pod", mine, "kube-system"))
        await asyncio.sleep(2.5)  # virtual time: the loop's clock jumps
        gone = (await session.chips([pod]))[pod.uid]
        assert (gone.duty, gone.at) == (before.duty, before.at) and "gone" in gone.said
        await asyncio.sleep(10)  # virtual time: the loop's clock jumps
        again = (await session.chips([pod]))[pod.uid]
        assert again.at > before.at and not again.said

    with_a_cloud(tmp_path, work)


def test_only_the_slices_looked_at_are_read_and_seldom(tmp_path: Path) -> None:
    async def work(session: Session, view: ClusterView) -> None:
        meter = asyncio.create_task(session.meter())
        await asyncio.sleep(30)  # virtual time: the loop's clock jumps
        assert session.store.state.chips.value is None, "nobody looks"
        session.look_at((0,))
        at: set[float] = set()
        for _ in range(60):
            await asyncio.sleep(1)  # virtual time: the loop's clock jumps
            at |= {item.at for item in read(session).values()}
        assert {view.pods[uid].slice for uid in read(session)} == {0}
        rounds = len({round(moment) for moment in at})
        assert 3 <= rounds <= 5, "about every fifteen seconds"
        session.look_at((1,))
        await asyncio.sleep(2)  # virtual time: the loop's clock jumps
        assert {view.pods[uid].slice for uid in read(session)} == {0, 1}
        meter.cancel()

    def read(session: Session) -> dict[str, HostChips]:
        return dict(session.store.state.chips.value or {})

    with_a_cloud(tmp_path, work)
