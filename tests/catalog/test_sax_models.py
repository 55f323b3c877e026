"""The model classes of the Sax images."""

from __future__ import annotations

from saxtui.catalog import sax_models, tpus


def names(chips: int, release: str = sax_models.TUTORIAL_RELEASE) -> set[str]:
    return {model.name for model in sax_models.fitting(chips, release)}


def test_what_a_4x8_slice_serves_with_the_tutorials_images() -> None:
    assert names(32) == {"LmCloudSpmd2B32Test", "LmCloudSpmd175B32Test", "LLaMA70BFP16TPUv5e32"}


def test_newer_releases_have_more() -> None:
    assert "Gemma7BFP16Test" not in names(8)
    assert "Gemma7BFP16Test" in names(8, "v1.2.0")
    assert "LLaMA70BFP16TPUv5e16" in names(16, "nightly")
    assert names(16, "some-tag-of-ours") == names(16, "nightly")


def test_find_by_path_and_by_name() -> None:
    found = sax_models.find("saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B32Test")
    assert found is not None
    assert (found.chips, found.test_mode, found.in_tokens, found.out_tokens) == ((32,), True, 128, 128)
    assert found.weights_gb == 175
    assert sax_models.find("LmCloudSpmd175B32Test") is found
    assert sax_models.find("no.such.Class") is None


def test_every_class_fits_some_v5e_topology() -> None:
    legal = {shape.chips for shape in tpus.topologies("v5e")}
    paths = [model.path for model in sax_models.all_models()]
    assert len(paths) == len(set(paths))
    for model in sax_models.all_models():
        assert set(model.chips) <= legal, model.name
        assert model.since in sax_models.RELEASES


def test_only_classes_known_to_define_them_take_all_parameters() -> None:
    small = sax_models.find("LmCloudSpmd2B32Test")
    big = sax_models.find("LmCloudSpmd175B32Test")
    assert small is not None
    assert big is not None
    assert (small.all_sampling, big.all_sampling) == (False, True)
