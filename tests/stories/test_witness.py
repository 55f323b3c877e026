"""The real kubectl and gcloud, neither written by us, see what saxtui shows."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.stories.robot import EmbeddedCloud, Operator

pytestmark = pytest.mark.witness

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
needs_gcloud = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")


@pytest.fixture
def running(cloud: EmbeddedCloud, operator: Operator) -> str:
    """A deployment that is up."""
    cloud.env["HOME"] = operator.env["HOME"] = str(operator.folder)
    spmd = operator.deployment()
    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    return spmd


@needs_kubectl
@needs_gcloud
def test_kubectl_and_gcloud_agree_with_saxtui(running: str, operator: Operator) -> None:
    ours = operator.saxtui("pods", "-d", running, "--json").ok().of_type("pod")
    listed = json.loads(operator.run(["kubectl", "get", "pods", "-o", "json"]).ok().out)["items"]
    theirs = {item["metadata"]["name"]: item["status"]["phase"] for item in listed}
    assert {pod["name"]: pod["status"] for pod in ours} == theirs
    assert len(theirs) == 18

    table = operator.run(["kubectl", "get", "pods", "-o", "wide"]).ok().out.splitlines()
    assert table[0].split()[:5] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert len(table) == 19
    jobset = operator.run(["kubectl", "get", "jobset"]).ok().out
    assert "sax-model-server-set" in jobset
    service = operator.run(["kubectl", "get", "svc"]).ok().out
    assert "sax-http-lb" in service and "8888/TCP" in service
    primary = next(pod["name"] for pod in ours if pod["slice"] == 1 and pod["host"] == 0)
    log = operator.run(["kubectl", "logs", primary]).ok().out
    assert "Joined" in log
    mine = operator.saxtui("logs", "-d", running, primary, "--json").ok().of_type("log")
    assert [line["text"] for line in mine if "Joined" in line["text"]] == [
        line for line in log.splitlines() if "Joined" in line
    ]

    clusters = operator.run(["gcloud", "container", "clusters", "list", "--format=json"]).ok()
    assert [cluster["name"] for cluster in json.loads(clusters.out)] == ["saxml"]
    argv = ["gcloud", "container", "node-pools", "list", "--cluster=saxml", "--location=us-west4", "--format=json"]
    pools = {pool["name"] for pool in json.loads(operator.run(argv).ok().out)}
    assert pools == {"default-pool", "tpu1", "tpu2"}
