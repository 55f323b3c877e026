"""A disk that is full at any record: what could not be recorded is not sent, in `up` and in `down`."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
from pathlib import Path

from saxtui.adapters.disk.journal import open_journal
from saxtui.engine.kit import Kit
from saxtui.engine.runs.lease import Holder
from saxtui.engine.runs.running import Runs
from saxtui.engine.store import Store
from saxtui.engine.watching.connection import Connection
from saxtui.errors import Refused
from saxtui.model import events as ev
from saxtui.model.progress import fold
from saxtui.ports import Journal
from tests.engine.fake_world import FakeCloud, World
from tests.engine.harness import JOBSET_SOURCE, Process, manifest, tutorial

BOOKKEEPING = ("put object saxtui/", "delete object saxtui/")
"""The lease and the journal's copy: they tell of what is recorded, and make nothing."""


def runs_of(world: World, journal: Journal, events: list[ev.Event]) -> Runs:
    store = Store()
    store.restore(fold(events), tuple(events))
    deployment, cloud = tutorial(), FakeCloud(world)
    kit = Kit(deployment, store, cloud, journal, manifest, JOBSET_SOURCE, Holder())
    return Runs(kit, Connection(deployment, cloud))


async def sent(path: Path, verb: str) -> dict[str, object]:
    """Run it on the real journal; what was sent before the disk was full, and what the journal says then."""
    world = World()
    if verb == "down":
        await Process(world).up()
    before = len(world.mutations)
    try:
        async with open_journal(path, "x", write=True) as journal:
            runs = runs_of(world, journal, await journal.events())
            result = await (runs.up(await runs.plan()) if verb == "up" else runs.down())
            outcome, said = result.outcome, [problem.said for problem in result.problems]
    except Refused as error:
        outcome, said = "refused", [error.problem.said]
    changes = [call for call in world.mutations[before:] if not call.startswith(BOOKKEEPING)]
    return {"outcome": outcome, "changes": changes, "said": said}


def in_a_child(path: Path, verb: str, limit: int) -> dict[str, object]:
    """With files that may grow to `limit` bytes."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            os.write(write, json.dumps(asyncio.run(sent(path, verb))).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    assert text, f"{verb} under a limit of {limit} bytes ended without a result"
    found: dict[str, object] = json.loads(text)
    return found


def recorded(path: Path) -> list[ev.Event]:
    async def read() -> list[ev.Event]:
        async with open_journal(path, "x", write=True) as journal:
            return await journal.events()

    return asyncio.run(read())


async def seeded(path: Path) -> None:
    """The journal of a deployment that is up."""
    world = World()
    await Process(world).up()
    async with open_journal(path, "x", write=True) as journal:
        for event in world.journal:
            await journal.append(event)


def test_up_sends_nothing_that_is_not_recorded(tmp_path: Path) -> None:
    outcomes = set()
    for number, limit in enumerate([*range(13_000, 300_000, 14_000), 3_000_000]):
        path = tmp_path / f"{number}.sqlite3"
        found = in_a_child(path, "up", limit)
        outcomes.add(str(found["outcome"]))
        changes = list(found["changes"])  # type: ignore[call-overload]
        intents = [event for event in recorded(path) if isinstance(event, ev.Intent)]
        assert len(changes) == 0 or intents, limit
        steps = {event.resource for event in intents}
        assert len({change.split()[-1] for change in changes if change.startswith("create ")}) <= len(steps), limit
        if found["outcome"] != "done":
            assert found["said"], limit
    assert outcomes == {"done", "failed", "refused"}


def test_down_sends_nothing_that_is_not_recorded(tmp_path: Path) -> None:
    outcomes = set()
    for number, limit in enumerate([*range(60_000, 200_000, 14_000), 3_000_000]):
        path = tmp_path / f"{number}.sqlite3"
        asyncio.run(seeded(path))
        found = in_a_child(path, "down", limit)
        outcomes.add(str(found["outcome"]))
        deletes = [str(call) for call in found["changes"] if str(call).startswith("delete ")]  # type: ignore[attr-defined]
        deleting = [event for event in recorded(path) if isinstance(event, ev.Deleting)]
        assert len(deletes) <= len(deleting) + 2, limit  # the HTTP server's service goes with its deployment
    assert outcomes >= {"done", "failed"}
