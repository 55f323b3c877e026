"""Rendered manifests: equal in effect to the tutorial's, and following the Deployment."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.engine.runs import manifests
from tests.engine.harness import manifest, tutorial


def texts(value: Any) -> list[str]:
    return list(manifests._texts(value))


def test_the_tutorials_model_servers() -> None:
    jobset = manifests.model_servers(tutorial(), manifest)
    assert jobset["metadata"]["name"] == "sax-model-server-set"
    assert jobset["metadata"]["annotations"] == {
        "alpha.jobset.sigs.k8s.io/exclusive-topology": "cloud.google.com/gke-nodepool"
    }
    assert jobset["metadata"]["labels"]["saxtui-deployment"] == "abc234"
    assert jobset["spec"]["failurePolicy"] == {"maxRestarts": 4}
    (job,) = jobset["spec"]["replicatedJobs"]
    assert (job["name"], job["replicas"]) == ("sax-model-server", 2)
    spec = job["template"]["spec"]
    assert (spec["parallelism"], spec["completions"], spec["backoffLimit"]) == (8, 8, 0)
    pod = spec["template"]["spec"]
    assert (pod["serviceAccountName"], pod["hostNetwork"], pod["dnsPolicy"]) == (
        "sax-sa", True, "ClusterFirstWithHostNet",
    )  # fmt: skip
    assert pod["nodeSelector"] == {
        "cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice",
        "cloud.google.com/gke-tpu-topology": "4x8",
    }
    (container,) = pod["containers"]
    assert container["args"] == ["--port=10001", "--sax_cell=/sax/test", "--platform_chip=tpuv5e"]
    assert container["image"].endswith("/sax-model-server:v1.1.0")
    assert container["env"] == [
        {"name": "SAX_ROOT", "value": "gs://demo-project-sax-abc234/sax-root"},
        {"name": "MEGASCALE_NUM_SLICES", "value": ""},
    ]
    assert container["resources"] == {"requests": {"google.com/tpu": 4}, "limits": {"google.com/tpu": 4}}
    assert [port["containerPort"] for port in container["ports"]] == [10001, 8471]
    assert container["securityContext"] == {"privileged": True}


@pytest.mark.parametrize(("topology", "hosts"), [("2x2", 1), ("4x4", 4), ("8x8", 16)])
def test_hosts_follow_the_topology(topology: str, hosts: int) -> None:
    wanted = tutorial(slices={"topology": topology, "count": 3}, model={"path": "my.own.Class"})
    (job,) = manifests.model_servers(wanted, manifest)["spec"]["replicatedJobs"]
    assert (job["replicas"], job["template"]["spec"]["completions"]) == (3, hosts)


def test_the_admin_server() -> None:
    admin = manifests.admin_server(tutorial(), manifest)
    (container,) = admin["spec"]["template"]["spec"]["containers"]
    assert {"name": "GSBUCKET", "value": "demo-project-sax-abc234"} in container["env"]
    assert admin["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("exposure", "type_", "internal"),
    [("private", "ClusterIP", False), ("internal", "LoadBalancer", True), ("external", "LoadBalancer", False)],
)
def test_the_service_follows_the_exposure(exposure: str, type_: str, internal: bool) -> None:
    wanted = tutorial(exposure=exposure, source_ranges=["10.0.0.0/8"])
    _, service = manifests.http_server(wanted, manifest)
    assert service["spec"]["type"] == type_
    assert ("annotations" in service["metadata"]) is internal
    assert ("loadBalancerSourceRanges" in service["spec"]) is (type_ == "LoadBalancer")


def test_nothing_of_the_files_defaults_is_left() -> None:
    wanted = tutorial(bucket="other-bucket", namespace="serving", identity={"kubernetes_account": "ksa"})
    everything = [
        manifests.service_account(wanted, manifest),
        manifests.admin_server(wanted, manifest),
        manifests.model_servers(wanted, manifest),
        *manifests.http_server(wanted, manifest),
    ]
    for body in everything:
        assert body["metadata"]["namespace"] == "serving"
        for text in texts(body):
            assert "BUCKET_NAME" not in text
            assert "PROJECT_ID" not in text
            assert text != "sax-sa"


def test_a_placeholder_left_over_is_refused() -> None:
    def careless(name: str) -> str:
        return manifest(name).replace("containers:", "hostname: BUCKET_NAME\n      containers:", 1)

    with pytest.raises(ValueError, match="placeholder"):
        manifests.admin_server(tutorial(), careless)


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": 4}, {"a": "4"}, True),
        ({"a": ""}, {}, True),
        ({"a": False}, {}, True),
        ({"a": {}}, {}, True),
        ({"a": {"b": 1}}, {}, False),
        ({"e": [{"name": "x", "value": "1"}]}, {"e": [{"name": "x", "value": "1", "more": 1}]}, True),
        (
            {"e": [{"name": "x", "value": "1"}, {"name": "y"}]},
            {"e": [{"name": "y"}, {"name": "x", "value": "1"}]},
            True,
        ),
        ({"e": [{"name": "x"}]}, {"e": [{"name": "z"}]}, False),
        ({"p": [{"port": 1}]}, {"p": [{"port": 1, "nodePort": 30000}]}, True),
    ],
)
def test_differences(wanted: Any, found: Any, same: bool) -> None:
    assert (manifests.differences(wanted, found) == "") is same
