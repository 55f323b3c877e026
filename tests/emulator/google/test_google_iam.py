"""Service accounts, policies, Resource Manager and Service Usage."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from saxtui.emulator.google.policy import impersonates, may_use_bucket

ACCOUNTS = "/v1/projects/demo-project/serviceAccounts"
EMAIL = "sax-iam-sa@demo-project.iam.gserviceaccount.com"
POOL_MEMBER = "serviceAccount:demo-project.svc.id.goog[default/sax-sa]"


@pytest.fixture
def cloud(simulated: Any) -> Any:
    simulated.post(ACCOUNTS, {"accountId": "sax-iam-sa", "serviceAccount": {"description": "mine"}}).ok()
    return simulated


def bind(cloud: Any, resource: str, role: str, *members: str) -> Any:
    """The read-modify-write every client does."""
    policy = cloud.post(f"{resource}:getIamPolicy").ok()
    policy.setdefault("bindings", []).append({"role": role, "members": list(members)})
    return cloud.post(f"{resource}:setIamPolicy", {"policy": policy})


def test_an_account_from_create_to_delete(cloud: Any) -> None:
    row = cloud.get(f"{ACCOUNTS}/{EMAIL}").ok()
    assert (row["email"], row["description"], row["projectId"]) == (EMAIL, "mine", "demo-project")
    assert cloud.get(f"/v1/projects/-/serviceAccounts/{EMAIL}").ok() == row
    assert cloud.get(f"{ACCOUNTS}/{row['uniqueId']}").ok() == row
    base64.b64decode(row["etag"], validate=True)
    assert EMAIL in {each["email"] for each in cloud.get(ACCOUNTS).ok()["accounts"]}
    error = cloud.post(ACCOUNTS, {"accountId": "sax-iam-sa"}).refused(409, "already exists within project")
    assert error["status"] == "ALREADY_EXISTS"
    assert cloud.delete(f"/v1/projects/-/serviceAccounts/{EMAIL}").ok() == {}
    cloud.get(f"{ACCOUNTS}/{EMAIL}").refused(404, "Unknown service account")
    cloud.delete(f"{ACCOUNTS}/{EMAIL}").refused(404)


@pytest.mark.parametrize("account", ["short", "Upper-case", "ends-with-", "x" * 31])
def test_illegal_account_ids(simulated: Any, account: str) -> None:
    simulated.post(ACCOUNTS, {"accountId": account}).refused(400, account)


def test_unknown_fields_are_refused(simulated: Any) -> None:
    body = {"accountId": "sax-iam-sa", "serviceAccount": {"colour": "red"}}
    simulated.post(ACCOUNTS, body).refused(400, "Unknown name \"colour\" at 'service_account': Cannot find field.")


def test_a_stale_etag_is_refused(cloud: Any) -> None:
    policy = cloud.post("/v1/projects/demo-project:getIamPolicy").ok()
    bind(cloud, "/v3/projects/demo-project", "roles/storage.admin", f"serviceAccount:{EMAIL}").ok()
    error = cloud.post("/v1/projects/demo-project:setIamPolicy", {"policy": policy}).refused(
        409, "There were concurrent policy changes"
    )
    assert error["status"] == "ABORTED"


def test_every_policy_etag_is_base64(cloud: Any) -> None:
    for resource in ("/v1/projects/demo-project", f"{ACCOUNTS}/{EMAIL}"):
        for _ in range(2):
            base64.b64decode(cloud.post(f"{resource}:getIamPolicy").ok()["etag"], validate=True)
            bind(cloud, resource, "roles/viewer", "user:someone@example.com").ok()


def test_workload_identity_needs_a_cluster_first(cloud: Any) -> None:
    resource, role = f"{ACCOUNTS}/{EMAIL}", "roles/iam.workloadIdentityUser"
    bind(cloud, resource, role, POOL_MEMBER).refused(400, "Identity Pool does not exist (demo-project.svc.id.goog).")
    cloud.cluster()
    bind(cloud, resource, role, POOL_MEMBER).ok()
    world = cloud.world
    assert impersonates(world, EMAIL, "demo-project", "default", "sax-sa")
    assert not impersonates(world, EMAIL, "demo-project", "other", "sax-sa")
    assert not impersonates(world, EMAIL, "demo-project", "default", "default")
    cloud.delete("/v1/projects/demo-project/locations/us-west4/clusters/saxml").ok()
    cloud.pass_time(600)
    bind(cloud, resource, role, "serviceAccount:demo-project.svc.id.goog[default/b]").ok()


def test_members_must_exist_and_have_a_kind(cloud: Any) -> None:
    project = "/v1/projects/demo-project"
    gone = "serviceAccount:gone@demo-project.iam.gserviceaccount.com"
    bind(cloud, project, "roles/viewer", gone).refused(400, "gone@demo-project.iam.gserviceaccount.com does not exist")
    bind(cloud, project, "roles/viewer", "someone").refused(400, "Invalid member")
    bind(cloud, project, "viewer", "user:a@example.com").refused(400, "Role viewer")


def test_who_may_use_a_bucket(cloud: Any) -> None:
    cloud.post("/storage/v1/b?project=demo-project", {"name": "the-bucket"}).ok()
    world, member = cloud.world, f"serviceAccount:{EMAIL}"

    def allowed() -> bool:
        return may_use_bucket(world, "demo-project", EMAIL, "the-bucket")

    assert not allowed()
    bind(cloud, "/v1/projects/demo-project", "roles/storage.objectViewer", member).ok()
    assert not allowed()
    bind(cloud, "/v1/projects/demo-project", "roles/storage.admin", member).ok()
    assert allowed()
    assert not may_use_bucket(world, "demo-project", EMAIL, "gke-bucket")
    policy = cloud.post("/v1/projects/demo-project:getIamPolicy").ok()
    policy["bindings"] = [each for each in policy["bindings"] if member not in each["members"]]
    cloud.post("/v1/projects/demo-project:setIamPolicy", {"policy": policy}).ok()
    assert not allowed()
    on_bucket = cloud.get("/storage/v1/b/the-bucket/iam").ok()
    on_bucket["bindings"].append({"role": "roles/storage.objectAdmin", "members": [member]})
    cloud.call("PUT", "/storage/v1/b/the-bucket/iam", on_bucket).ok()
    assert allowed()
    cloud.delete(f"{ACCOUNTS}/{EMAIL}").ok()
    assert not allowed()


def test_a_deleted_account_stays_in_policies_as_deleted(cloud: Any) -> None:
    unique = cloud.get(f"{ACCOUNTS}/{EMAIL}").ok()["uniqueId"]
    bind(cloud, "/v1/projects/demo-project", "roles/storage.admin", f"serviceAccount:{EMAIL}").ok()
    cloud.delete(f"{ACCOUNTS}/{EMAIL}").ok()
    bindings = cloud.post("/v1/projects/demo-project:getIamPolicy").ok()["bindings"]
    members = [member for binding in bindings for member in binding["members"]]
    assert f"deleted:serviceAccount:{EMAIL}?uid={unique}" in members
    assert f"serviceAccount:{EMAIL}" not in members


def test_projects_in_both_versions(simulated: Any) -> None:
    one = simulated.get("/v1/projects/demo-project").ok()
    assert (one["projectNumber"], one["lifecycleState"]) == ("415104041262", "ACTIVE")
    three = simulated.get("/v3/projects/demo-project").ok()
    assert (three["name"], three["state"]) == ("projects/415104041262", "ACTIVE")
    assert simulated.get("/v1/projects?filter=lifecycleState:ACTIVE").ok()["projects"] == [one]
    assert simulated.get("/v3/projects:search?query=state:ACTIVE").ok()["projects"] == [three]
    assert simulated.get("/v3/projects:search?query=id:other").ok() == {}
    for unknown in ("nope", "someone-else"):
        simulated.get(f"/v1/projects/{unknown}").refused(403, "The caller does not have permission")
        simulated.get(f"/v3/projects/{unknown}").refused(403, "resourcemanager.projects.get", f"projects/{unknown}")


def test_an_owner_may_do_everything_and_others_nothing(simulated: Any) -> None:
    asked = {"permissions": ["container.clusters.create", "storage.buckets.create"]}
    url = "/v3/projects/demo-project:testIamPermissions"
    assert simulated.post(url, asked).ok() == asked
    policy = simulated.post("/v1/projects/demo-project:getIamPolicy").ok()
    policy["bindings"] = [each for each in policy["bindings"] if each["role"] != "roles/owner"]
    simulated.post("/v1/projects/demo-project:setIamPolicy", {"policy": policy}).ok()
    assert simulated.post(url, asked).ok() == {}


def test_services_are_enabled_one_by_one_and_together(simulated: Any) -> None:
    base = "/v1/projects/demo-project/services"
    assert simulated.get(f"{base}/container.googleapis.com").ok()["state"] == "ENABLED"
    assert simulated.get(f"{base}/tpu.googleapis.com").ok()["state"] == "DISABLED"
    operation = simulated.post(f"{base}:batchEnable", {"serviceIds": ["tpu.googleapis.com"]}).ok()
    assert operation["done"]
    assert simulated.get(f"/v1/{operation['name']}").ok() == operation
    enabled = simulated.get(f"{base}?filter=state:ENABLED").ok()["services"]
    assert "tpu.googleapis.com" in {row["config"]["name"] for row in enabled}
    simulated.get(f"{base}/nonsense.googleapis.com").refused(403, "nonsense.googleapis.com")
    simulated.get("/v1/projects/nope/services").refused(403, "Project 'nope' not found or permission denied.")
