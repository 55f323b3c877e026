"""10,000 pods, listed, selected and watched by the real kubectl. Memory and times go into the test's output."""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from saxtui.emulator import kubernetes
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.world import World
from tests.emulator.kubernetes.real_kubectl import MISSING, Shell, kubectl_132, served

pytestmark = [
    pytest.mark.long,
    pytest.mark.witness,
    pytest.mark.skipif(kubectl_132() is None, reason=MISSING),
    pytest.mark.timeout(300),
]
CLUSTER = "demo-project/us-west4/big"
PODS = 10_000
MOST_MEMORY_MB = 700
"""Of this process: the pods, their history of changes and what the answers take."""


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture
def store(build: Any) -> KubeStore:
    world = World(start=1_800_000_000.0, seed=3)
    kubernetes.install(world)
    world.tell("cluster.running", cluster=CLUSTER)
    store = world.kube[CLUSTER]
    for number in range(PODS):
        name = f"p-{number:05d}"
        store.create(build.pod(name, tier=str(number % 10)))
        build.run(store, name)
    return store


@pytest.fixture
def kubectl(store: KubeStore, tmp_path: Any) -> Iterator[Shell]:
    with served(store.world, CLUSTER, tmp_path, speed=0) as shell:
        yield shell


def test_listed_and_watched(kubectl: Shell, store: KubeStore, record_property: Any, build: Any) -> None:
    before = memory_mb()
    taken: dict[str, float] = {}

    def timed(what: str, *arguments: str) -> str:
        start = time.perf_counter()
        out = kubectl.ok(*arguments)
        taken[what] = round(time.perf_counter() - start, 2)
        return out

    assert len(timed("table", "get", "pods", "--no-headers").splitlines()) == PODS
    assert len(timed("wide, one page", "get", "pods", "-o", "wide", "--chunk-size=0").splitlines()) == PODS + 1
    assert len(json.loads(timed("json", "get", "pods", "-o", "json"))["items"]) == PODS
    assert len(timed("selected", "get", "pods", "-l", "tier=3", "-o", "name").split()) == PODS // 10
    with kubectl.started("get", "pods", "--watch", "--no-headers", "-l", "tier in (0,1,2,3,4,5,6,7,8,9)") as watching:
        stream = watching.stdout
        assert stream is not None
        first = [stream.readline() for _ in range(PODS)]
        assert all("Running" in line for line in first)

        def change() -> None:
            for number in range(0, PODS, 5):
                store.set_status("Pod", "default", f"p-{number:05d}", {"phase": "Failed"})

        worker = threading.Thread(target=kubectl.do, args=(change,))
        worker.start()
        seen = {stream.readline().split()[0] for _ in range(PODS // 5)}
        worker.join()
        assert seen == {f"p-{number:05d}" for number in range(0, PODS, 5)}
    after = memory_mb()
    record_property("seconds", taken)
    record_property("memory_mb", [round(before), round(after)])
    print(f"{PODS} pods: seconds {taken}, memory {before:.0f} MB before kubectl, {after:.0f} MB at most")  # noqa: T201
    assert after < MOST_MEMORY_MB
