"""What a cluster may leave behind: planted, listed, deleted, and met by the product's adapter in the same shape."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.adapters.google.leftovers import collections

P = "/compute/v1/projects/demo-project"


@pytest.mark.parametrize("path", collections("us-west4", "us-west4-a").values())
def test_a_planted_row_is_listed_and_deleted_once(simulated: Any, path: str) -> None:
    assert simulated.post(f"{P}/{path}", {"name": "mine", "description": "x"}).ok()["operationType"] == "insert"
    simulated.post(f"{P}/{path}", {"name": "mine"}).refused(409, "already exists")
    simulated.post(f"{P}/{path}", {"name": "Mine!"}).refused(400, "resource.name")
    simulated.post(f"{P}/{path}", {"name": "other", "colour": "red"}).refused(400, "colour")
    assert [row["name"] for row in simulated.get(f"{P}/{path}").ok()["items"]] == ["mine"]
    assert simulated.call("DELETE", f"{P}/{path}/mine").ok()["status"] == "DONE"
    assert simulated.get(f"{P}/{path}").ok()["items"] == []
    simulated.call("DELETE", f"{P}/{path}/mine").refused(404, "was not found")
