"""Each failure of the catalogue has a test that exists, or a reason; the page says what the catalogue says."""

from __future__ import annotations

import copy

import pytest

from tests import failure_table


def test_every_row_is_covered_or_excused() -> None:
    assert failure_table.faults(failure_table.read()) == []


def test_the_page_is_made_from_it() -> None:
    made = failure_table.render(failure_table.read(), failure_table.results())
    assert failure_table.PAGE.read_text(encoding="utf-8") == made, "run: python -m tests.failure_table"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tests": []}, "row 1 needs either tests"),
        ({"tests": ["engine/test_kills.py::test_nobody"]}, "there is no test engine/test_kills.py::test_nobody"),
        ({"tests": ["engine/gone.py::test_x"]}, "there is no test engine/gone.py::test_x"),
        ({"left_out": "no"}, "row 1 needs either tests"),
        (None, "row 1 is missing"),
    ],
)
def test_what_is_not_covered_is_told(change: dict[str, object] | None, said: str) -> None:
    catalogue = copy.deepcopy(failure_table.read())
    first = next(iter(catalogue.values()))
    if change is None:
        del first[1]
    else:
        first[1] = {**first[1], **change}
    assert any(said in text for text in failure_table.faults(catalogue))
