"""The Kubernetes API of the embedded cloud: a store per cluster, and the HTTP server in front of it (`api`)."""

from __future__ import annotations

from saxtui.emulator.kubernetes.bootstrap import make_store
from saxtui.emulator.world import World


def install(world: World) -> None:
    """Give every running cluster a KubeStore at `world.kube[key]`, and take it away when the cluster is deleted."""

    def running(payload: dict[str, object]) -> None:
        key = str(payload["cluster"])
        if key not in world.kube:
            world.kube[key] = make_store(world, key)

    def deleted(payload: dict[str, object]) -> None:
        world.kube.pop(str(payload["cluster"]), None)

    world.hook("cluster.running", running)
    world.hook("cluster.deleted", deleted)
