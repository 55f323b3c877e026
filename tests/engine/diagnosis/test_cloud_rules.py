"""Rules about provisioning and the way to the cluster: fired by what the embedded cloud's Google APIs answer.

`RECORDED` are pictures kept as data, for what no answer of a cloud brings about; each says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from saxtui.adapters.kubernetes.watch import freshness
from saxtui.emulator import scenarios
from saxtui.engine.diagnosis import Case, diagnose, fired
from saxtui.errors import Problem
from saxtui.model import events as ev
from saxtui.model.cluster import ClusterView, HostState, JobSetStatus, Pod
from saxtui.model.progress import RunProgress, fold
from saxtui.model.workloads import Condition, Container
from tests.emulator.scenarios.rehearsal import BUCKETS, Rehearsal, Said
from tests.engine.diagnosis.picture import DEPLOYMENT, STEPS, failed, google_problem, stood

AT = 1_790_000_000.0


def case(progress: RunProgress, **more: Any) -> Case:
    return Case(AT + 60, DEPLOYMENT, progress=progress, usd_per_hour=38.4, **more)


def rules(found: Case) -> set[str]:
    return {rule.id for rule, _ in fired(found)}


def ended_badly(cloud: Rehearsal, said: Said, step: str) -> RunProgress:
    """The step of an operation that ends with an error."""
    error = cloud.ended(said.ok(), 4000.0)["error"]
    return failed(step, Problem("create", step, str(error["message"]), may_bill=None), cloud.world.now)


def refused(said: Said, step: str) -> RunProgress:
    return failed(step, google_problem(said, "create", step), AT)


def stockout(name: str) -> RunProgress:
    cloud = Rehearsal(name)
    cloud.cluster()
    return ended_badly(cloud, cloud.ask_pool("tpu2"), "pool/tpu2")


def cluster(name: str) -> RunProgress:
    cloud = Rehearsal(name)
    said = cloud.ask_cluster()
    return ended_badly(cloud, said, "cluster") if said.status == 200 else refused(said, "cluster")


def busy(name: str) -> RunProgress:
    cloud = Rehearsal(name)
    cloud.cluster()
    cloud.advance(20)
    return refused(cloud.ask_pool("tpu1"), "pool/tpu1")


def often(name: str) -> RunProgress:
    """The first request that is refused with what the scenario is about."""
    cloud = Rehearsal(name)
    for _ in range(200):
        said = cloud.read("/v1/projects/demo-project/locations/us-west4/clusters")
        if said.status != 200 or not said.raw.lstrip().startswith(b"{"):
            return refused(said, "cluster")
        cloud.advance(1)
    raise AssertionError("never refused")


def taken(name: str) -> RunProgress:
    cloud = Rehearsal(name)
    said = cloud.send(BUCKETS, {"name": DEPLOYMENT.bucket, "location": "us-west4"})
    # The product looks whose it is before it judges; the words are those of its own check.
    assert said.status == 409
    return failed("bucket", Problem("use", DEPLOYMENT.bucket, said.error["message"], reason="BUCKET_TAKEN"), AT)


FROM_GOOGLE: dict[str, tuple[str, Callable[[str], RunProgress]]] = {
    "cloud-stockout": ("stockout-at-once", stockout),
    "cloud-quota": ("ssd-quota", stockout),
    "cloud-api-disabled": ("api-disabled", cluster),
    "cloud-permission": ("permission-missing", cluster),
    "cloud-bucket-taken": ("bucket-taken", taken),
    "cloud-signed-out": ("token-expired", often),
    "cloud-throttled": ("rate-limited", often),
    "cloud-not-google": ("captive-portal", often),
    "cloud-busy": ("cluster-upgrade", busy),
    "cloud-cluster-error": ("cluster-fails", cluster),
}


@pytest.mark.parametrize("rule", FROM_GOOGLE)
def test_rule_of_provisioning(rule: str) -> None:
    scenario, walk = FROM_GOOGLE[rule]
    found = case(walk(scenario))
    assert rule in rules(found)
    first = diagnose(found)[0]
    assert first.rule == rule
    assert first.action.command
    assert "38.40" in first.billing


def begun(step: str, *more: ev.Event) -> RunProgress:
    return fold([ev.RunStarted(at=AT, run="r", kind="up", steps=STEPS),
                 ev.StepStarted(at=AT, run="r", step=step), *more])  # fmt: skip


def step(sort: type[ev.Event], name: str, /, **more: Any) -> ev.Event:
    return sort(at=AT, run="r", step=name, **more)


PULLED = Container("sax-http", "SAX/http:v1", waiting="InvalidImageName", message="couldn't parse image reference")
MISNAMED = Pod("u", "sax-http-1", "default", app="sax-http", created=AT, state=HostState.FAILED, states=(PULLED,))
UNPAID = "it has no billing account, so nothing can be made in it"
ODD = Problem("create", "cluster", "I am a teapot", code="418")
FAILED = JobSetStatus("sax-model-server-set", 0, 0, "Failed", wanted_jobs=2, conditions=(
    Condition("Failed", True, "FailedJobs", "jobset failed due to one or more job failures", AT),))  # fmt: skip
SILENT = ClusterView(freshness=freshness(30.0, True), seen=AT, error="watch Pod: 503", jobset=FAILED)
RECORDED: dict[str, tuple[str, Case]] = {
    "cloud-billing": ("worded by the product's own check, which the story of failed checks drives over the wire",
                      case(failed("check", Problem("use", "project", UNPAID, reason="BILLING_DISABLED"), AT))),
    "cloud-manifest": ("the product compares the hash; no cloud is asked",
                       case(failed("jobset-controller", Problem("check", "manifest", "its SHA-256 is other",
                                                                reason="HASH_MISMATCH"), AT))),
    "cloud-foreign": ("the journal's word for what the product found",
                      case(begun("bucket", step(ev.Foreign, "bucket", kind="bucket", resource="b")))),
    "cloud-doubt": ("the journal's word for an answer that never came",
                    case(begun("bucket", step(ev.Intent, "bucket", kind="bucket", resource="b"),
                               step(ev.Doubt, "bucket", said="no answer")))),
    "cloud-interrupted": ("the journal of a process that died", case(begun("cluster"))),
    "cloud-slow-pool": ("the journal of a run that has waited long", Case(AT + 900, DEPLOYMENT,
                                                                          progress=begun("pool/tpu2"), at_work=True)),
    "cloud-other": ("an answer that no rule knows", case(failed("cluster", ODD, AT))),
    "api-unreachable": ("the watch's own word after 25 s without an answer",
                        case(stood(AT), view=SILENT)),
    "api-stale": ("the watch's own word while it is refused", case(stood(AT), view=ClusterView(
        freshness=freshness(10.0, True), seen=AT, error="watch Pod: 503"))),
    "image-misnamed": ("the embedded cloud refuses such a name when it is applied", case(
        stood(AT), view=ClusterView(pods={"u": MISNAMED}))),
    "jobset-failed": ("a JobSet's failure policy cannot be changed, and ours has one", case(
        stood(AT), view=ClusterView(jobset=FAILED, seen=AT))),
}  # fmt: skip


@pytest.mark.parametrize("rule", RECORDED)
def test_rule_of_a_recorded_picture(rule: str) -> None:
    assert rule in rules(RECORDED[rule][1])


def test_nodes_that_may_not_be_seen() -> None:
    cloud = Rehearsal("nodes-hidden")
    fault = scenarios.on_request(cloud.world, "kubernetes", "GET", "/api/v1/nodes")
    assert fault is not None
    found = case(stood(AT), view=ClusterView(hidden={"Node": fault["message"]}))
    assert rules(found) == {"api-hidden"}
