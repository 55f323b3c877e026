"""The acceptance stories A8a, A8c and A12 as the operator reads them, in virtual time (A8b is in tests/stories)."""

from __future__ import annotations

from saxtui.engine.diagnosis import diagnose
from saxtui.model.diagnosis import Deed, Diagnosis, Gravity
from saxtui.present import why as words
from tests.emulator.scenarios.rehearsal import Rehearsal
from tests.engine.diagnosis.picture import Witness, stood
from tests.engine.diagnosis.roads import ROADS, joined, now, travel


def read(found: Diagnosis) -> str:
    """What the operator reads, as one text."""
    return "\n".join(line.text for line in words.lines(found, found.since + 5))


async def test_a8a_a_host_exits_137_and_everything_comes_back_by_itself() -> None:
    cloud = Rehearsal("host-exits")
    witness = Witness(cloud)
    await cloud.generating()
    witness.progress = stood(cloud.world.now)
    took = witness.until("exit-memory", 400, 5.0)
    assert took <= 310, "the fault comes 300 s after the load: seen within ten seconds"
    (first,) = diagnose(witness.case())
    text = read(first)
    assert "host 0-3 killed for memory (exit 137, OOMKilled)" in text
    witness.until("jobset-restarting", 60, 5.0)
    text = read(diagnose(witness.case())[0])
    assert "JobSet restarts all slices (1 of 4): service down, models reload" in text
    # The pod is gone; what it said last can still be read.
    (fallen,) = {item.pod: item for item in witness.fallen.values() if item.host == 3 and item.slice == 0}.values()
    assert not any(pod.uid == fallen.uid for pod in witness.case().view.pods.values())
    assert "Successfully loaded model" in "\n".join(line.text for line in fallen.lines)
    # Sax hands the model out again, and no operator did anything.
    cloud.until(lambda: cloud.all_running() and cloud.loaded(), 1800, 20.0)
    assert diagnose(witness.case()) == ()
    await witness.prompt()
    assert witness.heard[-1].ok


async def test_a8c_after_the_fifth_failure_the_set_is_dead_and_what_it_costs_is_said() -> None:
    witness = await travel(next(road for road in ROADS if road.name == "exits"))
    first = diagnose(witness.case())[0]
    assert (first.rule, first.gravity) == ("jobset-max-restarts", Gravity.BROKEN)
    text = read(first)
    assert "failed for good after 4 restarts of 4" in text
    assert "ReachedMaxRestarts" in text
    assert "$77.18 an hour meanwhile" in text
    assert first.action.deed is Deed.MEND
    assert "saxtui down -d spmd-175b" in text


async def test_a12_a_webhook_that_is_starting_is_no_failure_and_one_that_never_comes_names_the_full_cpu_pool() -> None:
    witness = await travel(next(road for road in ROADS if road.name == "webhook"))
    # Five minutes in: the controller's pod has no CPU node, and that is the root.
    first = diagnose(witness.case())[0]
    assert first.rule == "pending-cpu-full"
    assert first.gravity is Gravity.BROKEN
    text = read(first)
    assert "the CPU node pool is full" in text
    assert "has not become ready in" in text
    assert "no endpoints available" in text

    early = Rehearsal("webhook-slow")
    early.pools()
    early.jobset_controller()
    early.advance(40)
    looker = Witness(early)
    looker.progress, looker.more = witness.progress, {"at_work": True}
    (starting,) = diagnose(looker.case())
    assert (starting.rule, starting.gravity) == ("webhook-starting", Gravity.WAITING)
    assert words.GRAVITY[starting.gravity].role != "bad"
    assert "tried again by itself" in starting.action.said


async def test_a_drained_node_leads_from_the_slice_that_waits_to_the_node_that_is_cordoned() -> None:
    cloud = Rehearsal()
    witness = Witness(cloud)
    await joined(witness)
    now(cloud, "node-drained")
    witness.until("mesh-waiting", 300, 20.0)
    first = diagnose(witness.case())[0]
    assert [link.rule for link in first.chain] == ["mesh-waiting", ""]
    assert "is cordoned" in first.root.said
    assert first.action.command.startswith("kubectl uncordon gke-")
