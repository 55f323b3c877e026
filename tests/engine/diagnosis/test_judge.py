"""How findings become diagnoses: one a cause, symptoms in the chain, and honest ignorance."""

from __future__ import annotations

from dataclasses import replace

from saxtui.engine.diagnosis import Case, diagnose, report
from saxtui.model.cluster import ClusterView, HostState, Pod
from saxtui.model.diagnosis import Certainty
from tests.emulator.scenarios.rehearsal import Rehearsal
from tests.engine.diagnosis.picture import DEPLOYMENT, Witness, stood
from tests.engine.diagnosis.roads import ROADS, joined, now, travel


async def test_eight_pods_with_one_cause_are_one_diagnosis_with_both_lines_as_evidence() -> None:
    """A12: the topology selector that somebody made wrong."""
    witness = await travel(next(road for road in ROADS if road.name == "wrong topology"))
    found = diagnose(witness.case())
    assert [item.rule for item in found] == ["pending-selector"]
    (first,) = found
    assert "selector 4x4, pools have 4x8" in first.root.said
    texts = [clue.text for clue in first.root.clues]
    assert any(text.endswith("gke-tpu-topology: 4x4") for text in texts)
    assert any(text.endswith("gke-tpu-topology: 4x8") for text in texts)
    assert first.root.certainty is Certainty.PROVED
    assert first.slices == {1}
    assert "$77.18 an hour" in first.billing
    # Followers that are refused because of their leader are a symptom of the same, nearer to the surface.
    assert [link.rule for link in first.chain] == ["pending-leader", ""]


async def test_a_restart_is_the_symptom_of_the_host_that_ended() -> None:
    cloud = Rehearsal()
    witness = Witness(cloud)
    await joined(witness)
    now(cloud, "host-exits")
    witness.until("jobset-restarting", 60, 2.0)
    first = diagnose(witness.case())[0]
    assert first.rule == "exit-memory"
    assert "host 0-3 killed for memory" in first.root.said
    assert any("JobSet restarts all slices (1 of 4)" in link.said for link in first.chain[:-1])
    assert first.slices == {0, 1}
    # Its last lines are kept, although the pod is gone.
    assert witness.fallen
    assert all(item.lines for item in witness.fallen.values())
    cloud.until(cloud.joined, 400, 5.0)
    assert diagnose(witness.case()) == ()


async def test_a_deleted_pod_is_told_from_a_restart_and_from_a_slow_start() -> None:
    cloud = Rehearsal("pod-deleted")
    witness = Witness(cloud)
    await cloud.generating()
    witness.progress = stood(cloud.world.now)
    while not [pod for pod in witness.case().hosts if cloud.world.now - pod.created < 60]:
        assert diagnose(witness.case()) == ()
        cloud.advance(20)
    witness.until("mesh-hung", 300, 10.0)
    case = witness.case()
    assert {pod.state for pod in case.hosts} == {HostState.RUNNING}
    (first,) = diagnose(case)
    assert (first.rule, first.slices, first.root.certainty) == ("mesh-hung", {1}, Certainty.PROVED)
    assert first.action.command == "saxtui mend -d spmd-175b"
    assert "11 minutes" in first.action.outage
    # Were the replacement's log unread, the rest would still fit.
    lone = next(pod for pod in case.hosts if pod.slice == 1 and pod.host == 5)
    unread = replace(case, logs={uid: lines for uid, lines in case.logs.items() if uid != lone.uid})
    assert diagnose(unread)[0].root.certainty is Certainty.FITS
    # Had it found its peers, nothing would be wrong.
    peer = next(pod for pod in case.hosts if pod.slice == 1 and pod.host == 4)
    assert diagnose(replace(case, logs={**case.logs, lone.uid: case.log(peer)})) == ()


def test_what_no_rule_knows_is_said_with_the_raw_facts() -> None:
    odd = Pod("u", "sax-http-1", "default", app="sax-http", status="Strange", state=HostState.ATTENTION, message="hm")
    case = Case(2_000.0, DEPLOYMENT, progress=stood(1.0), view=ClusterView(pods={"u": odd}))
    found = report(case)
    assert found.diagnoses == ()
    assert not found.known
    assert [(fact.source, fact.text) for fact in found.facts] == [("sax-http-1", "Strange hm")]


def test_nothing_wrong_is_said_too_and_what_was_not_seen() -> None:
    found = report(Case(2_000.0, DEPLOYMENT, progress=stood(1.0)))
    assert found.known
    assert found.healthy
    assert found.unseen == ("the cluster: not looked at yet",)
