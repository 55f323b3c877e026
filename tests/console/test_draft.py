"""The wizard's answers: defaults that are a good deployment, and a sentence for each bad one."""

from __future__ import annotations

import pytest

from saxtui.console.screens.setup import fitting
from saxtui.console.setup.draft import PAGES, Draft, blank, check, fields_of_draft, free_name, page_of
from saxtui.console.setup.meaning import of_page, sketch


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
        ("name", "Not A Name", "Names & network"),
        ("name", "taken", "Names & network"),
        ("bucket", "google", "Names & network"),
        ("service_account", "x", "Names & network"),
    ],
)
def test_a_bad_answer_is_told_on_its_page(field: str, value: str, shown_on: str) -> None:
    draft = blank("demo-project", {"taken"}).put(field, value)
    made, wrong = check(draft)
    assert made is None
    assert [PAGES[page_of(name)][0] for name in wrong] == [shown_on]
    assert all(wrong.values())


def test_every_answer_has_a_page() -> None:
    assert fields_of_draft() == {field for _, fields in PAGES for field in fields}


def test_a_free_name_is_found() -> None:
    assert free_name({"spmd-175b", "spmd-175b-2"}) == "spmd-175b-3"


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
