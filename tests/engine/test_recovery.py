"""The journal's copy in the bucket, and beginning anew from it or from labels alone."""

from __future__ import annotations

import dataclasses
import json

import pytest

from saxtui.engine.runs import mirror
from saxtui.model import events as ev
from saxtui.model.progress import Ownership
from saxtui.ports import AccountInfo, ObjectInfo
from tests.engine.fake_world import World
from tests.engine.harness import Process, tutorial

BUCKET = "demo-project-sax-abc234"
OWNED = Ownership.OWNED


def ownership(process: Process) -> dict[str, Ownership]:
    return {name: step.ownership for name, step in process.store.state.progress.steps.items()}


def copy_of(world: World) -> list[ev.Event]:
    return mirror.parse(world.contents[BUCKET, mirror.KEY], "abc234")


async def made() -> World:
    world = World()
    assert (await Process(world).up()).outcome == "done"
    return world


async def test_copy_in_the_bucket_tells_every_ownership() -> None:
    world = await made()
    owned = {event.step for event in copy_of(world) if isinstance(event, ev.Owned)}
    journaled = {event.step for event in world.journal if isinstance(event, ev.Owned)}
    assert owned == journaled
    assert len(owned) > 9


async def test_second_up_writes_neither_lease_nor_copy() -> None:
    world = await made()
    before = list(world.mutations)
    assert (await Process(world).up()).outcome == "done"
    assert world.mutations == before


async def test_down_takes_lease_and_copy_along() -> None:
    world = await made()
    assert (await Process(world).down()).outcome == "done"
    assert not any(world.objects.values())
    assert world.buckets == {}


async def test_kept_bucket_keeps_the_copy_and_the_lease_is_given_back() -> None:
    world = await made()
    assert (await Process(world).down(keep_bucket=True)).outcome == "done"
    assert json.loads(world.contents[BUCKET, "saxtui/lease.json"])["held"] is False
    gone = {event.step for event in copy_of(world) if isinstance(event, ev.Gone)}
    assert "cluster" in gone


async def test_copy_that_cannot_be_written_stops_nothing() -> None:
    from saxtui.errors import Denied, Problem

    world = World()

    def rule(when: str, call: str) -> None:
        if when == "before" and call == f"put object {mirror.KEY}":
            raise Denied(Problem("put", mirror.KEY, "no"))

    world.rules.append(rule)
    assert (await Process(world).up()).outcome == "done"


@pytest.mark.parametrize("copied", [True, False])
async def test_lost_journal_is_rebuilt_to_the_same_ownership(copied: bool) -> None:
    world = await made()
    before = ownership(Process(world))
    world.journal.clear()
    if hasattr(world, "progress"):
        world.progress = type(world.progress)()
    if not copied:
        world.objects[BUCKET].pop(mirror.KEY)
    sent = list(world.mutations)
    process = Process(world)
    rows, said = await process.runs.recover()
    assert world.mutations == sent, "recovering sends nothing that changes anything"
    assert ("records taken" in said) is copied
    owned = {name for name, owner in before.items() if owner is OWNED}
    assert {row.step for row in rows if row.ownership == "owned"} == owned
    recovered = {event.step for event in world.journal if isinstance(event, ev.Owned) and event.recovered}
    assert recovered == (set() if copied else owned)
    again = Process(world)
    assert {name for name, owner in ownership(again).items() if owner is OWNED} == owned
    assert (await again.down()).outcome == "done"
    assert world.buckets == {}
    assert world.clusters == {}
    assert world.accounts == {}


async def test_what_is_not_ours_is_foreign_after_a_recovery_too() -> None:
    world = World()
    email = tutorial().service_account_email
    world.accounts[email] = AccountInfo(email, "theirs", "somebody's")
    process = Process(world)
    rows, _ = await process.runs.recover()
    assert [(row.step, row.ownership) for row in rows if row.ownership != "none"] == [("service-account", "foreign")]
    await Process(world).down()
    assert world.accounts[email].uid == "theirs"


async def test_unproved_intent_of_the_copy_stays_in_doubt() -> None:
    world = await made()
    intent = ev.Intent(at=world.time + 5, run="up-9", step="pool/tpu9", kind="node-pool", resource="tpu9")
    doubt = ev.Doubt(at=world.time + 6, run="up-9", step="pool/tpu9", said="the answer was lost")
    data = mirror.render("abc234", [*world.journal, intent, doubt])
    world.contents[BUCKET, mirror.KEY] = data
    world.journal.clear()
    process = Process(world)
    await process.runs.recover()
    assert ownership(process)["pool/tpu9"] is Ownership.UNKNOWN


async def test_copy_in_somebody_elses_bucket_is_not_believed() -> None:
    world = await made()
    world.journal.clear()
    world.buckets[BUCKET]["labels"] = {"owner": "them"}
    _, said = await Process(world).runs.recover()
    assert "no bucket of ours" in said


GOOD = mirror.render(
    "abc234", [ev.Note(at=1.0, run="r", said="not kept"), ev.Doubt(at=2.0, run="r", step="s", said="x")]
)


def test_copy_comes_back_without_what_only_tells() -> None:
    assert mirror.parse(GOOD, "abc234") == [ev.Doubt(at=2.0, run="r", step="s", said="x")]


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[]\n", b"{}\n", GOOD[:-1], GOOD.replace(b'"x"', b'"y"'), GOOD + b"\n{}", b"{" * 100_000]
)
def test_rubbish_is_no_copy(data: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        mirror.parse(data, "abc234")


def test_other_deployments_copy_is_no_copy() -> None:
    with pytest.raises(ValueError, match="not a copy"):
        mirror.parse(GOOD, "zzz999")


def test_text_in_the_copy_passes_the_gate() -> None:
    hostile = ev.Doubt(at=2.0, run="r", step="s", said="\x1b]52;c;aGk=\x07\u202e")
    (found,) = mirror.parse(mirror.render("abc234", [hostile]), "abc234")
    assert isinstance(found, ev.Doubt)
    assert "\x1b" not in found.said
    assert "\u202e" not in found.said


async def test_rubbish_in_the_bucket_is_told_and_labels_are_enough() -> None:
    world = await made()
    world.journal.clear()
    world.contents[BUCKET, mirror.KEY] = b"rubbish"
    info = world.objects[BUCKET][mirror.KEY]
    world.objects[BUCKET][mirror.KEY] = dataclasses.replace(info, size=7)
    assert isinstance(info, ObjectInfo)
    rows, said = await Process(world).runs.recover()
    assert "of no use" in said
    assert sum(row.ownership == "owned" for row in rows) > 9
