"""What a Deployment accepts, refuses and derives."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from saxtui.model import naming
from saxtui.model.deployment import Deployment
from saxtui.model.presets import preset


def made(**changes: Any) -> Deployment:
    base = preset("tutorial", "demo-project", deployment_id="abc234").model_dump(mode="json")
    for key, value in changes.items():
        base[key] = {**base[key], **value} if isinstance(value, dict) else value
    return Deployment.model_validate(base)


def test_the_tutorials_shape() -> None:
    wanted = made()
    assert (wanted.name, wanted.chips, wanted.replicas) == ("spmd-175b", 64, 2)
    assert wanted.slices.pools == ("tpu1", "tpu2")
    assert wanted.slices.shape.hosts == 8
    assert wanted.exposure == "private"
    assert wanted.identity.role_scope == "bucket"
    assert wanted.bucket == "demo-project-sax-abc234"
    assert wanted.labels == {"saxtui-deployment": "abc234", "saxtui-name": "spmd-175b"}
    assert wanted.workload_pool == "demo-project.svc.id.goog"
    assert wanted.release == "v1.1.0"


def test_smoke() -> None:
    wanted = preset("smoke", "demo-project", zone="us-central1-a")
    assert wanted.model.path.endswith("LmCloudSpmd2B8Test")
    assert (wanted.slices.count, wanted.slices.topology, wanted.region) == (1, "2x4", "us-central1")
    assert wanted.slices.shape.hosts == 2
    with pytest.raises(ValueError, match="unknown preset 'x'"):
        preset("x", "demo-project")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slices": {"topology": "3x3"}}, "'3x3' is not a v5e topology"),
        ({"slices": {"generation": "v9"}}, "unknown TPU generation 'v9'"),
        ({"slices": {"topology": "4x4"}}, "needs a slice of 32 chips, but v5e 4x4 has 16"),
        ({"slices": {"count": 0}}, "greater than or equal to 1"),
        ({"slices": {"spot": True, "reservation": "r"}}, "exclude each other"),
        ({"model": {"replicas": 3}}, "3 replicas need 3 slices, but there are 2"),
        ({"zone": "us-west1-c"}, "not in region us-west4"),
        ({"bucket": "my-google-bucket"}, "not a legal bucket name"),
        ({"bucket": "1.2.3.4"}, "not a legal bucket name"),
        ({"project": "Demo"}, "should match pattern"),
        ({"source_ranges": ["300.1.1.1/8"]}, "does not appear to be"),
        ({"typo": 1}, "Extra inputs"),
        (
            {
                "model": {"path": "saxml.server.pax.lm.params.lm_cloud.LLaMA70BFP16TPUv5e16"},
                "slices": {"topology": "4x4"},
            },
            "comes with Sax nightly, but images.model is v1.1.0",
        ),
        (
            {"model": {"path": "saxml.server.pax.lm.params.lm_cloud.LLaMA65B"}, "slices": {"topology": "2x2"}},
            "has 65 GB of weights, but v5e 2x2 has 64 GB",
        ),
        (
            {"model": {"path": "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B"}, "slices": {"topology": "4x4"}},
            "needs a checkpoint",
        ),
    ],
)
def test_what_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(**changes)
    assert said in str(caught.value)


def test_an_unknown_class_is_left_to_the_operator() -> None:
    assert made(model={"path": "my.own.Class"}, slices={"topology": "4x4"}).slices.shape.chips == 16


@pytest.mark.parametrize("project", ["demo-project", "a" * 30, "my-google-project", "abcdefghijklmnopqrstuvwxyz-a-b"])
def test_bucket_names_are_legal_and_carry_the_id(project: str) -> None:
    name = naming.bucket_name(project, "abc234xyz567")
    assert len(name) <= 63
    assert name.endswith("sax-abc234xyz567")
    assert "google" not in name


def test_ids() -> None:
    ids = {naming.new_id() for _ in range(200)}
    assert len(ids) == 200
    for identity in ids:
        assert made(id=identity).id == identity


@pytest.mark.parametrize(("name", "good"), [("a", True), ("spmd-175b", True), ("-x", False), ("X", False), ("", False)])
def test_names(name: str, good: bool) -> None:
    assert (naming.name_problem(name) == "") is good
