"""What a cluster may leave behind: planted, listed, deleted, and met by the product's adapter in the same shape."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.adapters.google.leftovers import collections
from saxtui.emulator.google.leftovers import TABLE

P = "/compute/v1/projects/demo-project"


@pytest.mark.parametrize("path", collections("us-west4", "us-west4-a").values())
def test_a_planted_row_is_listed_and_deleted_once(simulated: Any, path: str) -> None:
    simulated.world.table(TABLE)[f"demo-project/{path}/mine"] = {"name": "mine", "description": "x"}
    assert [row["name"] for row in simulated.get(f"{P}/{path}").ok()["items"]] == ["mine"]
    assert simulated.call("DELETE", f"{P}/{path}/mine").ok()["status"] == "DONE"
    assert simulated.get(f"{P}/{path}").ok()["items"] == []
    simulated.call("DELETE", f"{P}/{path}/mine").refused(404, "was not found")
