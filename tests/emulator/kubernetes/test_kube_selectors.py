"""Label and field selectors."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.emulator.kubernetes import selectors
from saxtui.emulator.kubernetes.status import ApiError

POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "default", "labels": {"app": "x", "tier": "front", "a.io/b": "1"}},
    "spec": {"nodeName": "n1"},
    "status": {"phase": "Running"},
}
LABELS = [
    ("", True),
    ("app=x", True),
    ("app==x", True),
    ("app=y", False),
    ("app!=y", True),
    ("app!=x", False),
    ("absent!=x", True),
    ("app in (x, y)", True),
    ("app in (y)", False),
    ("app notin (y,z)", True),
    ("absent notin (y)", True),
    ("app", True),
    ("absent", False),
    ("!absent", True),
    ("! app", False),
    ("app=x,tier in (front,back),!absent", True),
    ("app=x,tier=back", False),
    ("a.io/b=1", True),
    ("empty=", False),
]


@pytest.mark.parametrize(("text", "expected"), LABELS)
def test_labels(text: str, expected: bool) -> None:
    assert selectors.matches_labels(selectors.parse_labels(text), POD) is expected


@pytest.mark.parametrize("text", ["app in x", "=x", "app=x,,", "(a)", "a b"])
def test_bad_labels(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        selectors.parse_labels(text)
    assert caught.value.code == 400


FIELDS = [
    ("", True),
    ("metadata.name=p", True),
    ("metadata.name==q", False),
    ("metadata.name!=q,spec.nodeName=n1", True),
    ("status.phase=Pending", False),
    ("spec.hostNetwork=false", True),
]


@pytest.mark.parametrize(("text", "expected"), FIELDS)
def test_fields(text: str, expected: bool) -> None:
    assert selectors.matches_fields(selectors.parse_fields("Pod", text), POD) is expected


def test_unsupported_field() -> None:
    with pytest.raises(ApiError) as caught:
        selectors.parse_fields("Pod", "spec.foo=1")
    assert str(caught.value) == "field label not supported: spec.foo"


def test_label_selector_objects() -> None:
    labels = {"app": "x"}
    exists = {"matchExpressions": [{"key": "app", "operator": "Exists"}]}
    absent = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}
    assert selectors.matches_label_selector(exists, labels) and not selectors.matches_label_selector(exists, {})
    assert not selectors.matches_label_selector(absent, labels)
    assert selectors.matches_label_selector(None, {}) and not selectors.matches_label_selector(
        {"matchLabels": labels}, {}
    )
