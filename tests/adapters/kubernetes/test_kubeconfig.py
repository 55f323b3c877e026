"""KUBECONFIG is honoured as a way to the same cluster, and cannot send our token anywhere else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from saxtui.adapters.kubernetes.kubeconfig import Route, files, route
from saxtui.ports import ClusterInfo

CA = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n"
CLUSTER = ClusterInfo("saxml", "us-west4", "RUNNING", endpoint="203.0.113.9", ca_pem=CA)
CONTEXT = "gke_my-project_us-west4_saxml"
PLAIN = Route("https://203.0.113.9", CA)


def _write(path: Path, server: str, ca: str = CA, context: str = CONTEXT, **more: object) -> str:
    cluster: dict[str, object] = {"server": server, **more}
    if ca:
        cluster["certificate-authority-data"] = base64.b64encode(ca.encode()).decode()
    contexts = [{"name": context, "context": {"cluster": "c", "user": "u"}}]
    path.write_text(yaml.safe_dump({"clusters": [{"name": "c", "cluster": cluster}], "contexts": contexts}))
    return str(path)


def _route(*paths: str) -> Route:
    return route(CLUSTER, "my-project", {"KUBECONFIG": ":".join(paths)})


def test_a_tunnel_to_the_same_cluster_is_used(tmp_path: Path) -> None:
    assert _route(_write(tmp_path / "a", "https://127.0.0.1:8443/")) == Route("https://127.0.0.1:8443", CA)


def test_a_dns_endpoint_with_a_public_certificate_is_used(tmp_path: Path) -> None:
    server = "https://gke-12ab.us-west4.gke.goog"
    assert _route(_write(tmp_path / "a", server, ca="")) == Route(server, "")


@pytest.mark.parametrize(
    ("server", "ca", "more"),
    [
        ("https://198.51.100.1", "another CA", {}),
        ("https://198.51.100.1", "", {}),
        ("https://evil.example/.gke.goog", "", {}),
        ("https://user:word@198.51.100.1", CA, {}),
        ("http://198.51.100.1", CA, {}),
        ("https://198.51.100.1", CA, {"insecure-skip-tls-verify": True}),
    ],
)
def test_anything_else_is_not(tmp_path: Path, server: str, ca: str, more: dict[str, object]) -> None:
    assert _route(_write(tmp_path / "a", server, ca, **more)) == PLAIN


def test_nothing_that_it_names_is_run(tmp_path: Path) -> None:
    """Neither an exec plugin nor an auth provider of the user that the context names."""
    path, ran = tmp_path / "a", tmp_path / "ran"
    _write(path, "https://127.0.0.1:8443")
    document = yaml.safe_load(path.read_text())
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [str(ran)]}
    user = {"exec": command, "auth-provider": {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": str(ran)}}}
    document["users"] = [{"name": "evil", "user": user}]
    document["contexts"][0]["context"]["user"] = "evil"
    path.write_text(yaml.safe_dump(document))
    assert _route(str(path)) == Route("https://127.0.0.1:8443", CA)
    assert not ran.exists()


def test_the_first_file_that_names_it_counts_and_broken_ones_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("contexts: [")
    first = _write(tmp_path / "first", "https://127.0.0.1:1111")
    second = _write(tmp_path / "second", "https://127.0.0.1:2222")
    missing = str(tmp_path / "missing")
    assert _route(missing, str(tmp_path / "broken"), first, second).server == "https://127.0.0.1:1111"


def test_another_clusters_context_says_nothing(tmp_path: Path) -> None:
    assert _route(_write(tmp_path / "a", "https://127.0.0.1:1111", context="gke_other_us-west4_saxml")) == PLAIN


def test_which_files() -> None:
    assert files({"KUBECONFIG": "/a::/b", "HOME": "/h"}) == [Path("/a"), Path("/b")]
    assert files({"HOME": "/h"}) == [Path("/h/.kube/config")]
    assert files({}) == []
