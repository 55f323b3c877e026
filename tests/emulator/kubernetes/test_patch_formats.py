"""Merge, strategic merge and JSON patches."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.emulator.kubernetes import patch
from saxtui.emulator.kubernetes.status import ApiError

LIVE: dict[str, Any] = {
    "containers": [
        {"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
        {"name": "b", "image": "2"},
    ],
    "nodeSelector": {"k": "v"},
    "args": ["one", "two"],
    "finalizers": ["f/one", "f/two"],
}


def test_merge_replaces_lists_and_drops_nulls() -> None:
    out = patch.merge(LIVE, {"containers": [{"name": "z"}], "nodeSelector": {"k": None, "n": "w"}})
    assert out["containers"] == [{"name": "z"}] and out["nodeSelector"] == {"n": "w"}
    assert LIVE["nodeSelector"] == {"k": "v"}


STRATEGIC = [
    (
        {"containers": [{"name": "a", "env": [{"name": "X", "value": "9"}]}]},
        lambda out: out["containers"][0]["env"] == [{"name": "X", "value": "9"}, {"name": "Y", "value": "2"}],
    ),
    ({"containers": [{"$patch": "delete", "name": "b"}]}, lambda out: [c["name"] for c in out["containers"]] == ["a"]),
    (
        {"containers": [{"name": "c", "image": "3"}]},
        lambda out: [c["name"] for c in out["containers"]] == ["a", "b", "c"],
    ),
    (
        {"containers": [{"name": "c"}], "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}]},
        lambda out: [c["name"] for c in out["containers"]] == ["c", "b", "a"],
    ),
    ({"containers": [{"$patch": "replace"}, {"name": "q"}]}, lambda out: out["containers"] == [{"name": "q"}]),
    ({"nodeSelector": {"$patch": "replace", "n": "w"}}, lambda out: out["nodeSelector"] == {"n": "w"}),
    ({"nodeSelector": None}, lambda out: "nodeSelector" not in out),
    ({"args": ["three"]}, lambda out: out["args"] == ["three"]),
    ({"finalizers": ["f/three"]}, lambda out: out["finalizers"] == ["f/one", "f/two", "f/three"]),
    ({"$deleteFromPrimitiveList/finalizers": ["f/one"]}, lambda out: out["finalizers"] == ["f/two"]),
    ({"$retainKeys": ["args"], "args": ["x"]}, lambda out: out == {"args": ["x"]}),
]


@pytest.mark.parametrize(("given", "holds"), STRATEGIC)
def test_strategic(given: Any, holds: Any) -> None:
    assert holds(patch.strategic(LIVE, given)), patch.strategic(LIVE, given)
    assert LIVE["containers"][0]["env"][0]["value"] == "1"


def test_container_and_service_ports_have_their_own_keys() -> None:
    pod = patch.strategic(
        {"ports": [{"containerPort": 1, "name": "x"}]}, {"ports": [{"containerPort": 1, "name": "y"}]}
    )
    assert pod["ports"] == [{"containerPort": 1, "name": "y"}]
    service = patch.strategic({"ports": [{"port": 1, "nodePort": 3}]}, {"ports": [{"port": 1, "targetPort": 2}]})
    assert service["ports"] == [{"port": 1, "nodePort": 3, "targetPort": 2}]


JSON_PATCHES = [
    ([{"op": "add", "path": "/args/-", "value": "three"}], lambda out: out["args"] == ["one", "two", "three"]),
    ([{"op": "add", "path": "/args/0", "value": "zero"}], lambda out: out["args"][0] == "zero"),
    ([{"op": "remove", "path": "/containers/0"}], lambda out: len(out["containers"]) == 1),
    ([{"op": "replace", "path": "/nodeSelector/k", "value": "w"}], lambda out: out["nodeSelector"] == {"k": "w"}),
    ([{"op": "move", "from": "/args", "path": "/moved"}], lambda out: "args" not in out and len(out["moved"]) == 2),
    ([{"op": "copy", "from": "/args/0", "path": "/args/1"}], lambda out: out["args"] == ["one", "one", "two"]),
    ([{"op": "test", "path": "/args/0", "value": "one"}], lambda out: out == LIVE),
    ([{"op": "add", "path": "/nodeSelector/a~1b", "value": "c"}], lambda out: out["nodeSelector"]["a/b"] == "c"),
]


@pytest.mark.parametrize(("operations", "holds"), JSON_PATCHES)
def test_json_patch(operations: Any, holds: Any) -> None:
    assert holds(patch.json_patch(LIVE, operations))


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/args/0", "value": "other"},
        {"op": "remove", "path": "/absent"},
        {"op": "replace", "path": "/args/9", "value": 1},
        {"op": "add", "path": "/args/9", "value": 1},
    ],
)
def test_json_patch_that_does_not_fit(operation: Any) -> None:
    with pytest.raises(ApiError) as caught:
        patch.json_patch(LIVE, [operation])
    assert caught.value.code == 422
