"""The controllers of emulated clusters. `install(world)` after the Kubernetes room's, before Sax's."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.controllers.base import Controller
from saxtui.emulator.controllers.deployment import Deployments
from saxtui.emulator.controllers.device_plugin import DevicePlugins
from saxtui.emulator.controllers.job import Jobs
from saxtui.emulator.controllers.jobset import JobSets
from saxtui.emulator.controllers.kubelet import Kubelet, exit_container
from saxtui.emulator.controllers.nodes import Nodes
from saxtui.emulator.controllers.programs import Programs
from saxtui.emulator.controllers.replicaset import ReplicaSets
from saxtui.emulator.controllers.scheduler import Scheduler
from saxtui.emulator.controllers.services import Services
from saxtui.emulator.world import World

Json = dict[str, Any]

__all__ = ["exit_container", "install"]


def install(world: World) -> None:
    """Make the controllers, which start to work on every cluster that begins to run."""
    Nodes(world)
    Programs(world)
    controllers: tuple[Controller, ...] = (
        Deployments(world),
        ReplicaSets(world),
        Jobs(world),
        JobSets(world),
        Scheduler(world),
        Kubelet(world),
        DevicePlugins(world),
        Services(world),
    )

    def attach(payload: Json) -> None:
        store = world.kube[payload["cluster"]]

        def changed(event: str, obj: Json, before: Json | None) -> None:
            for controller in controllers:
                if obj["kind"] in controller.kinds:
                    controller.changed(store, event, obj, before)

        store.listen(changed)

    world.hook("cluster.running", attach)
    world.hook("cluster.resumed", attach)
