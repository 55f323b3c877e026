"""The wizard's answers: defaults that are a good deployment, and a sentence for each bad one."""

from __future__ import annotations

import pytest

from saxtui.catalog.sax_models import all_models
from saxtui.console.setup.draft import (
    Draft,
    blank,
    check,
    fields_of_draft,
    fitting,
    from_preset,
    of_deployment,
    restored,
    unfinished,
    with_model,
)
from saxtui.console.setup.keeping import dump, load
from saxtui.console.setup.meaning import of_page, sized, sketch, why_not
from saxtui.console.setup.questions import ALL, PAGES, TYPED, VIEW, help_of, page_of
from saxtui.model import deployment_file, naming, presets
from saxtui.model.deployment import Deployment


def test_the_first_draft_is_a_good_deployment() -> None:
    made, wrong = check(blank("demo-project"))
    assert not wrong
    assert (made.slices.topology, made.slices.count, made.zone, made.region) == ("4x8", 2, "us-west4-a", "us-west4")
    assert made.bucket.startswith("demo-project-sax-")


@pytest.mark.parametrize(
    ("field", "value", "shown_on"),
    [
        ("project", "Bad Project", "Project"),
        ("model_id", "spmd", "Model"),
        ("model_path", "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B64Test", "Slice"),
        ("topology", "3x7", "Slice"),
        ("count", "many", "Slice"),
        ("count", "0", "Slice"),
        ("zone", "mars", "Slice"),
        ("name", "Not A Name", "Names"),
        ("name", "taken", "Names"),
        ("bucket", "google", "Names"),
        ("service_account", "x", "Names"),
    ],
)
def test_a_bad_answer_is_told_on_its_page(field: str, value: str, shown_on: str) -> None:
    draft = blank("demo-project", {"taken"}).put(field, value)
    made, wrong = check(draft)
    assert made is None
    assert [PAGES[page_of(name)][0] for name in wrong] == [shown_on]
    assert all(wrong.values())


def test_every_answer_has_a_page() -> None:
    assert fields_of_draft() == set(ALL) == {question.name for _, asked in PAGES for question in asked}


def test_every_field_of_every_page_has_help() -> None:
    assert all(len(help_of(name)) > 20 for name in (*ALL, TYPED.name, VIEW.name))


def test_every_field_of_a_deployment_can_be_answered() -> None:
    """What is left to the file, on purpose: its format, what follows from other answers, and a pinned manifest."""
    asked = {question.place for question in ALL.values()}
    left = set()
    for name, value in deployment().model_dump().items():
        inner = {(name, part) for part in value} if isinstance(value, dict) and name != "extra_labels" else {(name,)}
        left |= {".".join(place) for place in inner - asked}
    assert left == {
        "version",
        "id",
        "region",
        "slices.spot",
        "slices.flex_start",
        "attached",
        "jobset.manifest",
        "jobset.sha256",
    }


def deployment(**changes: str) -> Deployment:
    draft = blank("demo-project")
    for field, value in changes.items():
        draft = draft.put(field, value)
    made, wrong = check(draft)
    assert not wrong
    assert isinstance(made, Deployment)
    return made


@pytest.mark.parametrize("kind", presets.NAMES)
def test_a_presets_answers_are_that_preset(kind: str) -> None:
    draft = from_preset(blank("demo-project"), kind)
    wanted = presets.preset(kind, "demo-project", deployment_id=draft.id)
    assert check(draft) == (wanted, {})


ANSWERS = {
    "reservation": "lab-chips", "capacity": "reservation", "other_zones": "us-west4-b, us-west4-c", "adopt": "yes",
    "adopt_bucket": "yes", "bucket": "a-bucket-of-mine", "role_scope": "project", "exposure": "external",
    "source_ranges": "203.0.113.0/24 198.51.100.7/32", "cpu_nodes": "6", "every_zone": "yes", "network": "vpc-1",
    "subnetwork": "sub-1", "private_nodes": "yes", "channel": "stable", "version": "1.32", "pool_prefix": "mesh",
    "http_image": "us-docker.pkg.dev/cloud-tpu-images/inference/sax-http:v1.2.0", "extra_labels": "team=nlp cost=42",
    "cpu_machine_type": "n2-standard-4", "kubernetes_account": "pods", "jobset": "v0.8.1", "replicas": "1",
}  # fmt: skip


def test_every_answer_reaches_the_deployment_and_its_file() -> None:
    made = deployment(**ANSWERS)
    again = deployment_file.parse(deployment_file.render(made))
    found = of_deployment(again)
    for field, value in ANSWERS.items():
        assert found.answer(field) == value.replace(",", ""), field
    assert made.slices.reservation == "lab-chips"
    assert made.other_zones == ("us-west4-b", "us-west4-c")
    assert made.extra_labels == {"team": "nlp", "cost": "42"}


def test_a_broken_off_setup_is_read_again_as_it_was() -> None:
    draft = blank("demo-project").put("bucket", "a-bucket-of-mine").put("private_nodes", "yes")
    kept = unfinished(draft, 3, 1_764_000_000.0)
    assert kept is not None
    assert load(dump(kept)) == kept
    assert restored(kept) == draft
    assert unfinished(blank("demo-project"), 0, 0.0) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "answers": 3}', "null"])
def test_a_draft_that_cannot_be_read_is_none(text: str) -> None:
    assert load(text) is None


def test_a_kept_draft_cannot_bring_what_the_terminal_must_not_see() -> None:
    row = '{"format": 1, "id": "x y", "page": 99, "at": 0, "answers": {"project": "a\\u001b]0;b", "nonsense": "1", '
    kept = load(row + '"exposure": "sideways"}}')
    assert kept is not None
    draft = restored(kept)
    assert "\x1b" not in draft.project
    assert draft.exposure == "private"
    assert draft.id != "x y"


def test_the_sizing_counts_bytes_cache_and_headroom() -> None:
    draft = blank("demo-project").put("weights", "bf16").put("cache_gb", "40").put("headroom", "10")
    found = sized(draft)
    assert found is not None
    assert found.arithmetic.startswith(
        "175e9 x 2 B = 350 GB + 40 GB cache + 10% headroom = 429 GB / 16 GB = 26.81 -> 27"
    )
    big = draft.put("cache_gb", "400")
    assert check(big)[0] is not None
    assert "do not fit" in why_not(big, check(big)[0].slices.shape)
    own = draft.put("model_path", "mine.Own").put("weights", "int8").put("params_b", "70")
    assert sized(own) is not None
    assert sized(own.put("params_b", "")) is None


@pytest.mark.parametrize(
    ("field", "value"), [("cache_gb", "-1"), ("cache_gb", "x"), ("headroom", "nan"), ("params_b", "0")]
)
def test_numbers_of_the_sizing_are_checked(field: str, value: str) -> None:
    assert set(check(blank("demo-project").put(field, value))[1]) == {field}


def test_a_newer_class_takes_its_images_along() -> None:
    newer = next(model for model in all_models() if model.since == "v1.2.0" and model.test_mode)
    made, wrong = check(with_model(blank("demo-project"), newer.path))
    assert not wrong
    assert made.release == "v1.2.0"


def test_a_reservation_needs_a_name() -> None:
    assert set(check(blank("demo-project").put("capacity", "reservation"))[1]) == {"reservation"}


def test_a_free_name_is_found() -> None:
    assert naming.free({"spmd-175b", "spmd-175b-2"}, "spmd-175b") == "spmd-175b-3"


def test_another_model_takes_its_topology_with_it() -> None:
    draft = blank("demo-project").put("model_path", "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B64Test")
    assert fitting(draft).topology == "8x8"
    assert not check(fitting(draft))[1]


def test_another_generation_takes_topology_and_zone_with_it() -> None:
    made, wrong = check(fitting(blank("demo-project").put("generation", "v6e")))
    assert not wrong
    assert made.slices.generation == "v6e"


@pytest.mark.parametrize("page", range(len(PAGES)))
@pytest.mark.parametrize("change", [{}, {"topology": "3x7"}, {"count": "x"}, {"model_path": "own.Model"}, {"zone": ""}])
def test_every_page_says_something_whatever_was_typed(page: int, change: dict[str, str]) -> None:
    draft: Draft = blank("demo-project")
    for field, value in change.items():
        draft = draft.put(field, value)
    made, _ = check(draft)
    assert of_page(page, draft, made)


def test_the_sketch_is_the_mesh_of_hosts() -> None:
    assert sketch(blank("p"), plain=False)[1] == "│h0 ★│ h1 │ h2 │ h3 │"
    assert len(sketch(blank("p"), plain=False)) == 5
    assert all(line.isascii() for line in sketch(blank("p"), plain=True))
    assert sketch(blank("p").put("topology", "16x16"), plain=True) == ["8 x 8 hosts, 4 chips each"]


@pytest.mark.parametrize(
    ("capacity", "spot", "flex"), [("on demand", False, False), ("spot", True, False), ("flex-start", False, True)]
)
def test_the_way_to_have_chips_reaches_the_deployment(capacity: str, spot: bool, flex: bool) -> None:
    made, wrong = check(blank("demo-project").put("capacity", capacity))
    assert not wrong
    assert (made.slices.spot, made.slices.flex_start) == (spot, flex)
    assert made.slices.capacity.value == capacity
