"""The official client libraries against the embedded cloud, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud import container_v1, storage
from google.oauth2.credentials import Credentials

PARENT = "projects/demo-project/locations/us-west4"


@pytest.fixture
def gke(served: Any) -> container_v1.ClusterManagerClient:
    return container_v1.ClusterManagerClient(
        transport="rest", credentials=Credentials(served.token), client_options={"api_endpoint": served.endpoint}
    )


def until(true: Callable[[], Any], limit: float = 30.0) -> Any:
    """Ask until the answer is true."""
    end = time.monotonic() + limit
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, "never came true"


def finished(gke: container_v1.ClusterManagerClient, operation: Any) -> Any:
    name = f"{PARENT}/operations/{operation.name}"

    def look() -> Any:
        row = gke.get_operation(name=name)
        return row if row.status == container_v1.Operation.Status.DONE else None

    return until(look)


def make_cluster(gke: container_v1.ClusterManagerClient) -> Any:
    cluster = container_v1.Cluster(
        name="saxml",
        locations=["us-west4-a"],
        workload_identity_config=container_v1.WorkloadIdentityConfig(workload_pool="demo-project.svc.id.goog"),
        release_channel=container_v1.ReleaseChannel(channel=container_v1.ReleaseChannel.Channel.REGULAR),
        node_pools=[container_v1.NodePool(name="default-pool", initial_node_count=2)],
    )
    return finished(gke, gke.create_cluster(parent=PARENT, cluster=cluster))


def test_gke_from_cluster_to_slice_to_nothing(gke: container_v1.ClusterManagerClient, served: Any) -> None:
    operation = make_cluster(gke)
    assert operation.error.code == 0
    cluster = gke.get_cluster(name=f"{PARENT}/clusters/saxml")
    assert cluster.status == container_v1.Cluster.Status.RUNNING
    assert cluster.release_channel.channel == container_v1.ReleaseChannel.Channel.REGULAR
    assert cluster.current_node_count == 2
    assert cluster.endpoint.startswith("127.0.0.1:")

    pool = container_v1.NodePool(
        name="tpu1",
        config=container_v1.NodeConfig(machine_type="ct5lp-hightpu-4t"),
        initial_node_count=8,
        locations=["us-west4-a"],
        max_pods_constraint=container_v1.MaxPodsConstraint(max_pods_per_node=15),
        placement_policy=container_v1.NodePool.PlacementPolicy(
            type_=container_v1.NodePool.PlacementPolicy.Type.COMPACT, tpu_topology="4x8"
        ),
    )
    finished(gke, gke.create_node_pool(parent=f"{PARENT}/clusters/saxml", node_pool=pool))
    found = gke.get_node_pool(name=f"{PARENT}/clusters/saxml/nodePools/tpu1")
    assert found.status == container_v1.NodePool.Status.RUNNING
    assert found.max_pods_constraint.max_pods_per_node == 15
    assert found.placement_policy.tpu_topology == "4x8"

    finished(gke, gke.delete_cluster(name=f"{PARENT}/clusters/saxml"))
    assert not gke.list_clusters(parent="projects/demo-project/locations/-").clusters
    with pytest.raises(NotFound):
        gke.get_cluster(name=f"{PARENT}/clusters/saxml")


def test_a_refusal_carries_its_reason(gke: container_v1.ClusterManagerClient) -> None:
    cluster = container_v1.Cluster(name="saxml", initial_node_count=1)
    gke.create_cluster(parent=PARENT, cluster=cluster)
    with pytest.raises((BadRequest, Conflict)) as caught:
        gke.delete_cluster(name=f"{PARENT}/clusters/saxml")
    assert caught.value.reason == "CLUSTER_ALREADY_HAS_OPERATION"


def test_without_the_token_nothing_is_answered(served: Any) -> None:
    answer = requests.get(f"{served.endpoint}/v1/projects/demo-project/locations/-/clusters", timeout=10)
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    wrong = {"Authorization": "Bearer ya29.somebody-else"}
    answer = requests.get(f"{served.endpoint}/storage/v1/b?project=demo-project", headers=wrong, timeout=10)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (401, "authError")


def test_storage_client(served: Any) -> None:
    client = storage.Client(
        project="demo-project", credentials=Credentials(served.token), client_options={"api_endpoint": served.endpoint}
    )
    bucket = client.bucket("demo-project-gke-bucket")
    bucket.labels = {"saxtui-deployment": "abc123"}
    bucket.create(location="us-west4")
    assert [each.name for each in client.list_buckets()] == ["demo-project-gke-bucket"]
    assert client.lookup_bucket("nobody-has-this-one") is None
    with pytest.raises(Conflict):
        client.create_bucket("demo-project-gke-bucket")

    blob = bucket.blob("sax-root/a file?.txt")
    blob.upload_from_string(b"x" * 5000, checksum="crc32c")
    assert client.bucket("demo-project-gke-bucket").blob("sax-root/a file?.txt").download_as_bytes() == b"x" * 5000
    assert [each.name for each in client.list_blobs(bucket, prefix="sax-root/")] == ["sax-root/a file?.txt"]
    with pytest.raises(Conflict):
        bucket.delete()

    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectAdmin", "members": {"user:a@example.com"}})
    bucket.set_iam_policy(policy)
    roles = {binding["role"] for binding in bucket.get_iam_policy(requested_policy_version=3).bindings}
    assert "roles/storage.objectAdmin" in roles

    bucket.delete(force=True)
    with pytest.raises(NotFound):
        bucket.reload()


def test_every_request_is_logged_with_what_it_could_change(served: Any) -> None:
    headers = {"Authorization": f"Bearer {served.token}"}

    def call(method: str, path: str, body: Any = None) -> None:
        requests.request(method, served.endpoint + path, json=body, headers=headers, timeout=10)

    call("GET", "/v1/projects/demo-project")
    call("POST", "/v1/projects/demo-project:getIamPolicy", {})
    call("POST", "/v3/projects/demo-project:testIamPermissions", {"permissions": []})
    call("POST", "/storage/v1/b?project=demo-project", {"name": "gke-bucket"})
    call("POST", "/v1/projects/demo-project/services/tpu.googleapis.com:enable")
    call("GET", "/v1/nothing/here")
    records = requests.get(f"{served.endpoint}/_emulator/requests", headers=headers, timeout=10).json()
    assert [(each["service"], each["method"], each["status"], each["mutating"]) for each in records] == [
        ("cloudresourcemanager", "GET", 200, False),
        ("cloudresourcemanager", "POST", 200, False),
        ("cloudresourcemanager", "POST", 200, False),
        ("storage", "POST", 409, True),
        ("serviceusage", "POST", 200, True),
        ("", "GET", 404, False),
    ]
