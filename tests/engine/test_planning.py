"""The plan: steps, edges, times, prices, digest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.catalog import sax_models, tpus
from saxtui.engine.protocol.step import Observation, Presence
from saxtui.engine.runs import planning
from saxtui.engine.steps import catalog
from saxtui.model import sizing
from saxtui.model.plan import Action, Plan
from saxtui.model.presets import preset
from tests.engine.harness import manifest, tutorial


def planned(observed: dict[str, Observation] | None = None, **changes: Any) -> Plan:
    return planning.plan(tutorial(**changes), observed or {}, manifest)


def test_the_tutorials_steps() -> None:
    plan = planned()
    assert [step.id for step in plan.steps] == [
        "check", "bucket", "service-account", "cluster", "binding/bucket", "binding/workload-identity", "pool/tpu1",
        "pool/tpu2", "kubernetes-account", "jobset-controller", "admin-server", "model-servers", "http-server",
        "readiness",
    ]  # fmt: skip
    assert plan.usd_per_hour == pytest.approx(76.90)
    assert plan.critical_path == ("check", "bucket", "cluster", "pool/tpu1", "model-servers", "readiness")
    assert plan.seconds[0] == pytest.approx(4 + 3 + 378 + 240 + 120 + 5)
    assert plan.seconds[0] < plan.seconds[1]
    assert plan.sequential_seconds > plan.seconds[0]
    assert all(step.command for step in plan.steps if step.action is Action.CREATE)


@pytest.mark.parametrize(
    ("step", "part"),
    [
        ("cluster", "gcloud container clusters create saxml --project=demo-project --location=us-west4"),
        ("pool/tpu1", "--tpu-topology=4x8"),
        ("pool/tpu1", "--node-locations=us-west4-a"),
        ("bucket", "gcloud storage buckets create gs://demo-project-sax-abc234"),
        ("binding/bucket", "gcloud storage buckets add-iam-policy-binding gs://demo-project-sax-abc234"),
        ("binding/workload-identity", "demo-project.svc.id.goog[default/sax-sa]"),
        ("jobset-controller", "releases/download/v0.8.2/manifests.yaml"),
    ],
)
def test_commands(step: str, part: str) -> None:
    assert part in planned().step(step).command


def test_consequences() -> None:
    said = "\n".join(planned().consequences)
    assert "$76.80/h from the moment the slices are up: 64 v5e chips x $1.20 (list price, undated)" in said
    assert "$0.10/h for the GKE cluster" in said
    assert "no price is known for: 4 CPU nodes e2-standard-4" in said
    assert "nothing public" in said
    assert "the one bucket gs://demo-project-sax-abc234" in said
    public = "\n".join(planned(exposure="external", identity={"role_scope": "project"}).consequences)
    assert "PUBLIC" in public
    assert "PROJECT-WIDE" in public


def test_a_finished_deployment_is_kept() -> None:
    ours = Observation(Presence.OURS, "there")
    plan = planned({step.id: ours for step in planned().steps})
    assert {step.action for step in plan.steps} == {Action.KEEP, Action.CHECK}
    assert plan.seconds[0] < 60


@pytest.mark.parametrize(
    ("seen", "action", "foreign"),
    [
        (Observation(Presence.ABSENT), Action.CREATE, ""),
        (Observation(Presence.OURS), Action.KEEP, ""),
        (Observation(Presence.OURS, differs="image"), Action.CHANGE, ""),
        (Observation(Presence.KEPT), Action.ADOPT, ""),
        (Observation(Presence.LEAVING), Action.CREATE, ""),
        (Observation(Presence.FOREIGN, "theirs"), Action.CREATE, "theirs"),
    ],
)
def test_actions(seen: Observation, action: Action, foreign: str) -> None:
    step = planned({"cluster": seen}).step("cluster")
    assert (step.action, step.foreign) == (action, foreign)


def test_the_digest_covers_what_consent_is_given_to() -> None:
    assert planned().digest == planned().digest
    assert planned().digest != planned(exposure="external").digest
    assert planned().digest != planned({"cluster": Observation(Presence.OURS)}).digest


MULTI = [shape for shape in tpus.topologies("v5e") if sax_models.fitting(shape.chips) and shape.chips > 1]


@given(st.sampled_from(MULTI), st.integers(1, 8), st.sampled_from(["private", "internal", "external"]), st.booleans())
def test_every_plan_is_sound(shape: tpus.SliceShape, count: int, exposure: str, wide: bool) -> None:
    model = next(item for item in sax_models.fitting(shape.chips) if item.test_mode and not sizing.fit(item, shape))
    plan = planned(
        slices={"topology": shape.topology, "count": count},
        model={"path": model.path},
        exposure=exposure,
        identity={"role_scope": "project" if wide else "bucket"},
    )
    done: set[str] = set()
    for step in plan.steps:
        assert set(step.needs) <= done, "needs come first"
        done.add(step.id)
    assert plan.usd_per_hour == pytest.approx(1.2 * shape.chips * count + 0.10)
    assert sum(step.id.startswith("pool/") for step in plan.steps) == count
    assert plan.critical_path[0] == "check"
    assert plan.critical_path[-1] == "readiness"
    assert sum(plan.step(name).usual[0] for name in plan.critical_path) == pytest.approx(plan.seconds[0])
    assert plan.seconds[0] <= plan.sequential_seconds


def test_tutorial_exact_marks_each_of_its_risks() -> None:
    plan = planning.plan(preset("tutorial-exact", "demo-project", deployment_id="abc234"), {}, manifest)
    public, wide, nodes = plan.risks
    assert "PUBLIC: plain HTTP without a password" in public and "anybody on the Internet" in public
    assert "PROJECT-WIDE" in wide and "roles/storage.admin" in wide
    assert "4 CPU nodes in EACH zone" in nodes and "12 in all" in nodes
    assert "--node-locations" not in plan.step("cluster").command
    assert "--num-nodes=4" in plan.step("cluster").command
    assert planned().risks == ()


@pytest.mark.parametrize(
    ("slices", "flags", "said"),
    [
        ({}, [], "whether us-west4-a has the chips free cannot be known beforehand"),
        ({"spot": True}, ["--spot"], "SPOT: a slice may be taken away"),
        ({"reservation": "res1"}, ["--reservation=res1"], "the slices use reservation res1"),
        ({"flex_start": True}, ["--flex-start", "--num-nodes=0", "--max-nodes=8"], "FLEX-START: pools begin empty"),
    ],
)
def test_the_ways_to_have_chips(slices: dict[str, Any], flags: list[str], said: str) -> None:
    plan = planned(slices=slices)
    assert any(sentence.startswith(said) for sentence in plan.consequences)
    for flag in flags:
        assert flag in plan.step("pool/tpu1").command.split()


def test_a_flex_start_pool_begins_empty_with_room_for_one_slice() -> None:
    pool = catalog.build(tutorial(slices={"flex_start": True}), manifest)["pool/tpu1"].body()["nodePool"]
    assert pool["initialNodeCount"] == 0
    assert pool["autoscaling"] == {"enabled": True, "minNodeCount": 0, "maxNodeCount": 8}
    assert pool["config"]["flexStart"] is True
    assert pool["placementPolicy"] == {"type": "COMPACT", "tpuTopology": "4x8"}


def test_tpu7x_is_placed_by_a_workload_policy() -> None:
    wanted = tutorial(
        zone="us-central1-c",
        region="us-central1",
        slices={"generation": "tpu7x", "topology": "2x2x2", "count": 1, "placement_policy": "wp"},
        model={"path": "my.own.Class"},
    )
    pool = catalog.build(wanted, manifest)["pool/tpu1"]
    assert pool.body()["nodePool"]["placementPolicy"] == {"policyName": "wp", "tpuTopology": "2x2x2"}
    assert "--placement-policy=wp" in pool.command.split()
    assert any("not confirmed" in said for said in planning.consequences(wanted))


def test_consent_covers_the_zones_to_fall_back_on() -> None:
    plan = planned(other_zones=["us-west4-b"])
    assert any("; then us-west4-b" in said for said in plan.consequences)
    assert plan.digest != planned().digest


def test_what_the_file_no_longer_names_is_told_and_never_destroyed() -> None:
    plan = planning.plan(tutorial(slices={"count": 1}), {}, manifest, left=("tpu2 of saxml",))
    assert plan.consequences[0].startswith("LEFT OVER: tpu2 of saxml is ours")
    assert "pool/tpu2" not in [step.id for step in plan.steps]
