"""Which logs are read for the hosts' phases, and how often: bounded, whatever the size of the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from saxtui.engine.store import Part, Store
from saxtui.engine.watching.hearing import Hearing
from saxtui.engine.watching.phasing import HEARD_IN_FULL, Phasing
from saxtui.model.cluster import ClusterView, Freshness, HostState, LogLine, Pod
from saxtui.model.phases import Phase, PhasesBySlice, news
from saxtui.ports import Kubernetes, LogRequest


class Logs:
    """A cluster's logs as a table; remembers what was read."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.at_once = self.most = 0

    async def read_log(self, request: LogRequest) -> list[LogLine]:
        self.asked.append(request.pod)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        lines = [LogLine(request.pod, 1.0 + n, text) for n, text in enumerate(self.texts.get(request.pod, ()))]
        return [line for line in lines if request.since is None or line.at > request.since]


def cluster(slices: int, hosts: int, **more: Any) -> ClusterView:
    found = [
        Pod(f"{s}-{h}", f"{s}-{h}", "default", state=HostState.RUNNING, slice=s, host=h, jobset="set", **more)
        for s in range(slices)
        for h in range(hosts)
    ]
    return ClusterView(pods={pod.uid: pod for pod in found}, freshness=Freshness.LIVE)


def phasing(logs: Logs, hosts: int) -> tuple[Phasing, Store]:
    store = Store()
    shape = SimpleNamespace(slices=SimpleNamespace(shape=SimpleNamespace(hosts=hosts)))

    async def kubernetes() -> Kubernetes:
        return cast(Kubernetes, logs)

    connection = SimpleNamespace(deployment=shape, kubernetes=kubernetes)
    return Phasing(store, cast(Any, connection), Hearing(), cast(Any, SimpleNamespace(now=lambda: 5.0))), store


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_every_host_of_a_small_cluster_is_heard_a_few_at_a_time() -> None:
    logs = Logs()
    logs.texts = {f"0-{h}": ["JAX process: 0 / 8"] for h in range(8)}
    found = await phasing(logs, 8)[0].look(cluster(2, 8))
    assert sorted(logs.asked) == sorted(f"{s}-{h}" for s in range(2) for h in range(8))
    assert logs.most <= 8
    assert {found[f"0-{h}"].phase for h in range(8)} == {Phase.JOINED}
    assert {found[f"1-{h}"].words for h in range(8)} == {"waiting for peers 8 of 8"}


async def test_a_large_cluster_is_heard_by_two_hosts_a_slice() -> None:
    logs = Logs()
    view = cluster(8, 64)
    assert len(view.pods) > HEARD_IN_FULL
    await phasing(logs, 64)[0].look(view)
    assert sorted(logs.asked) == sorted(f"{s}-{h}" for s in range(8) for h in (0, 1))


async def test_slices_looked_at_are_heard_in_full_and_a_restart_is_heard_anew() -> None:
    logs = Logs()
    logs.texts["3-1"] = ["Successfully loaded model for key: /sax/m"]
    hearing, store = phasing(logs, 64)
    store.change(cluster=Part(value=cluster(8, 64)))
    task = asyncio.create_task(hearing.run(lambda: (3,)))
    await until(lambda: len(set(logs.asked)) == 7 * 2 + 64 and "3-1" in (store.state.phases.value or {}))
    assert {pod for pod in logs.asked if pod.startswith("3-")} == {f"3-{h}" for h in range(64)}
    assert store.state.phases.value is not None and store.state.phases.value["3-1"].phase is Phase.LOADED
    logs.texts["3-1"] = []
    store.change(cluster=Part(value=cluster(8, 64, restarts=1)))
    await until(lambda: (store.state.phases.value or {})["3-1"].phase is Phase.WAITING)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_slice_that_says_nothing_new_keeps_its_phases() -> None:
    logs = Logs()
    hearing, store = phasing(logs, 4)
    view = cluster(3, 4)
    first = await hearing.look(view)
    logs.texts["1-2"] = ["JAX process: 2 / 4"]
    again = await hearing.look(view)
    assert isinstance(first, PhasesBySlice) and isinstance(again, PhasesBySlice)
    assert news(first, again) == {1} and news(again, again) == frozenset()
    assert news(None, again) is None and news(dict(first), again) is None
    assert store.state.phases.value == again and set(again) == set(view.pods)


async def test_what_a_container_said_is_forgotten_when_it_starts_again() -> None:
    hearing = Hearing()
    old, new = (Pod("u", "p", "n", restarts=restarts) for restarts in (1, 2))
    first = hearing.of(old)
    hearing.forget({"u": old})
    assert hearing.known(old) is first and hearing.known(new) is None
    second = hearing.of(new)
    hearing.forget({"u": new})
    assert hearing.known(old) is None and hearing.known(new) is second
    hearing.forget({})
    assert hearing.known(new) is None
