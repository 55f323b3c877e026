"""Which requests to a cluster count as changes."""

from __future__ import annotations

import pytest

from saxtui.emulator.request_log import classify_kubernetes

PROXY = "/api/v1/namespaces/default/services/sax-http-lb:8888/proxy"


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/api/v1/pods", {}, ("kubernetes", False)),
        ("POST", "/api/v1/namespaces/default/pods", {}, ("kubernetes", True)),
        ("PATCH", "/apis/apps/v1/namespaces/default/deployments/a", {}, ("kubernetes", True)),
        ("PATCH", "/apis/apps/v1/namespaces/default/deployments/a", {"dryRun": "All"}, ("kubernetes", False)),
        ("DELETE", "/api/v1/namespaces/default/pods/a", {}, ("kubernetes", True)),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, ("kubernetes", False)),
        ("GET", f"{PROXY}/listcell", {}, ("sax", False)),
        ("POST", f"{PROXY}/generate", {}, ("sax", False)),
        ("POST", f"{PROXY}/publish", {}, ("sax", True)),
        ("POST", f"{PROXY}/unpublish", {}, ("sax", True)),
        ("PUT", f"{PROXY}/update", {}, ("sax", True)),
    ],
)
def test_classification(method: str, path: str, query: dict[str, str], expected: tuple[str, bool]) -> None:
    assert classify_kubernetes(method, path, query) == expected
