"""Ready-made deployments."""

from __future__ import annotations

import pytest

from saxtui.catalog import sax_models, tpus
from saxtui.model import presets, sizing
from saxtui.model.deployment import Capacity, Slices


def test_tutorial_exact_has_the_tutorials_values_to_the_letter() -> None:
    exact = presets.preset("tutorial-exact", "demo-project")
    assert (exact.cluster.cpu_nodes, exact.cluster.every_zone, exact.cluster.cpu_machine_type) == (4, True, "e2-medium")
    assert exact.exposure == "external" and exact.source_ranges == ()
    assert exact.identity.role_scope == "project"
    assert exact.bucket == "demo-project-gke-bucket"
    usual = presets.preset("tutorial", "demo-project")
    assert (usual.cluster.cpu_nodes, usual.cluster.every_zone) == (4, False)
    assert (usual.exposure, usual.identity.role_scope) == ("private", "bucket")
    assert usual.slices == exact.slices and usual.model == exact.model and usual.images == exact.images


def test_smoke_is_the_smallest_slice_of_several_hosts() -> None:
    wanted = presets.preset("smoke", "demo-project")
    several = [shape for shape in tpus.topologies("v5e") if shape.multi_host]
    assert wanted.slices.shape == several[0]
    assert wanted.slices.count == 1


@pytest.mark.parametrize("kind", presets.names())
def test_every_preset_is_a_legal_deployment(kind: str) -> None:
    wanted = presets.preset(kind, "demo-project", checkpoint="gs://b/checkpoint_00000000")
    assert tpus.offers(wanted.zone, wanted.slices.generation)
    known = sax_models.find(wanted.model.path)
    assert known is not None and sizing.fit(known, wanted.slices.shape) == ""
    assert known.in_release(wanted.release)
    if kind.startswith(presets.CLASS):
        assert wanted.model.path.endswith(kind.removeprefix(presets.CLASS))
        assert wanted.slices.count == 1


def test_one_for_each_class_that_fits() -> None:
    classes = {name.removeprefix(presets.CLASS) for name in presets.names() if name.startswith(presets.CLASS)}
    assert classes == {model.name for model in sax_models.all_models()}
    big = presets.preset("class:LLaMA65B", "demo-project")
    assert big.slices.generation == "v6e"  # 65 GB on four chips is more than v5e has


def test_what_cannot_be_made_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="unknown preset 'x'; known: tutorial, tutorial-exact, smoke, class:NAME"):
        presets.preset("x", "demo-project")
    with pytest.raises(ValueError, match="no class 'Nope' is in the catalogue"):
        presets.preset("class:Nope", "demo-project")
    with pytest.raises(ValueError, match="needs a checkpoint directory: pass --checkpoint"):
        presets.preset("class:LLaMA7BFP16TPUv5e", "demo-project")


def test_the_ways_to_have_chips() -> None:
    assert Slices().capacity is Capacity.ON_DEMAND
    assert Slices(spot=True).capacity is Capacity.SPOT
    assert Slices(reservation="r").capacity is Capacity.RESERVATION
    assert Slices(flex_start=True).capacity is Capacity.FLEX_START
    with pytest.raises(ValueError, match="spot and flex_start exclude each other"):
        Slices(spot=True, flex_start=True)
    with pytest.raises(ValueError, match="placement_policy is for TPU7x"):
        Slices(placement_policy="p")
