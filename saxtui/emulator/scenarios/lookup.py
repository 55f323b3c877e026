"""What the rooms ask before they act: does a fault strike here and now? All state is in the table "scenario.faults"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from saxtui.emulator.scenarios.files import TABLE
from saxtui.emulator.world import World

Json = dict[str, Any]


def on_request(world: World, service: str, method: str, path: str) -> Json | None:
    """The fault that strikes this request, or None; counts it."""
    for key, row in world.table(TABLE).items():
        wanted = row["when"]["request"]
        if wanted is None or wanted["service"] != service or wanted["method"] not in ("", method):
            continue
        if not re.search(wanted["path"], path) or row["fault"] == "list-lag":
            continue
        if counts(world, key, row):
            return row
    return None


def on_event(world: World, event: str, name: str, *kinds: str) -> Json | None:
    """The fault of one of these kinds that strikes what is about to be done, or None; counts it."""
    for key, row in world.table(TABLE).items():
        if row["fault"] in kinds and meets(row["when"]["on"], event, name) and counts(world, key, row):
            return row
    return None


def states(world: World, kind: str) -> Iterator[Json]:
    """The faults of that kind that hold now."""
    for row in world.table(TABLE).values():
        if row["fault"] == kind and row["_open"] is not None and row["_open"] <= world.now:
            lasting = row["when"]["for"]
            if lasting is None or world.now < row["_open"] + lasting:
                yield row


def meets(wanted: str, event: str, name: str) -> bool:
    """Whether an event with a name is the one a fault waits for."""
    topic, slash, pattern = wanted.partition("/")
    return topic == event and (not slash or fnmatchcase(name, pattern))


def counts(world: World, key: str, row: Json) -> bool:
    """Whether this occasion is one that the fault strikes: after its time, the nth on, so many times, by chance."""
    when = row["when"]
    if row["_open"] is None or world.now < row["_open"]:
        return False
    row["_seen"] += 1
    if row["_seen"] < when["nth"]:
        return False
    lasting = when["for"]
    if lasting is not None:
        # With `at` the time runs from there; otherwise from the first request that counts.
        began = row["_open"] if when["at"] is not None else row.setdefault("_began", world.now)
        if world.now >= began + lasting:
            return False
    most = when["times"] if when["times"] is not None else (None if lasting is not None else 1)
    if most is not None and row["_struck"] >= most:
        return False
    # A source of its own: how often requests come must not disturb the rest of the world.
    if Random(f"{world.seed}/{key}/{row['_seen']}").random() >= when["probability"]:
        return False
    row["_struck"] += 1
    return True
