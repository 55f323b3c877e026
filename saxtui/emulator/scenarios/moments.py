"""Faults that wait for a moment: acts run by timer, and states that begin when something has happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from saxtui.emulator.scenarios import cloud_acts, cluster_acts, lookup, object_acts
from saxtui.emulator.scenarios.files import ACT, TABLE
from saxtui.emulator.world import World

Json = dict[str, Any]
Act = Callable[[World, Json], None]

_ACTS: dict[str, Act] = {**cloud_acts.ACTS, **cluster_acts.ACTS, **object_acts.ACTS}


def attach(world: World) -> None:
    """Let this world's scenario act, whether its faults are there already or come later. Once a world."""
    world.on(ACT, lambda payload: _act(world, payload))
    cluster_acts.attach(world)
    cloud_acts.attach(world)
    for topic, name in (
        ("cluster.running", lambda payload: payload["cluster"].rsplit("/", 1)[1]),
        ("pool.nodes", lambda payload: payload["pool"]["name"]),
        ("container.started", lambda payload: payload["pod"]),
        ("service.address", lambda payload: payload["name"]),
        ("model.loaded", lambda payload: payload["model"]),
    ):
        _listen(world, topic, name)


def _listen(world: World, topic: str, name: Callable[[Json], str]) -> None:
    def heard(payload: Json) -> None:
        for key, row in world.table(TABLE).items():
            if row["_sort"] in ("act", "state") and lookup.meets(row["when"]["on"], topic, name(payload)):
                _due(world, key, row)

    world.hook(topic, heard)


def _due(world: World, key: str, row: Json) -> None:
    """The nth time is the one that counts."""
    row["_seen"] += 1
    if row["_seen"] != row["when"]["nth"]:
        return
    row["_open"] = world.now + row["when"]["after"]
    if row["_sort"] == "act":
        world.after(row["when"]["after"], ACT, fault=key)


def _act(world: World, payload: Json) -> None:
    row = world.table(TABLE)[payload["fault"]]
    when = row["when"]
    row["_struck"] += 1
    _ACTS[row["fault"]](world, row)
    if when["every"] and (when["times"] is None or row["_struck"] < when["times"]):
        world.after(when["every"], ACT, fault=payload["fault"])
