"""Shipped scenarios on the Google side, in virtual time: what an operator's client sees of each."""

from __future__ import annotations

import json

import pytest

from tests.emulator.scenarios.rehearsal import (
    ACCOUNT_POLICY,
    ACCOUNTS,
    BUCKETS,
    CLUSTERS,
    HOME,
    POLICY,
    POOLS,
    Rehearsal,
)
from tests.emulator.tutorial import BUCKET, EMAIL, PROJECT


def names(listed: list[dict]) -> list[str]:
    return [each["name"] for each in listed]


def test_stockout_of_the_second_pool() -> None:
    cloud = Rehearsal("stockout-second-pool")
    cloud.cluster()
    first, second = (cloud.ask_pool(name).ok() for name in ("tpu1", "tpu2"))
    assert "error" not in cloud.ended(first)
    start = cloud.world.now
    ended = cloud.ended(second)
    assert 1800 < cloud.world.now - start < 2105
    assert ended["nodepoolConditions"][0]["code"] == "GCE_STOCKOUT"
    assert "after 35m4.000s. Expected 8, running 3, transitioning 5" in ended["statusMessage"]
    pool = cloud.read(f"{POOLS}/tpu2").ok()
    assert (pool["status"], pool["conditions"][0]["code"]) == ("ERROR", "GCE_STOCKOUT")
    cloud.ended(cloud.ask_google("DELETE", f"{POOLS}/tpu2").ok())
    assert "error" not in cloud.ended(cloud.ask_pool("tpu2").ok())


def test_stockout_on_resume() -> None:
    cloud = Rehearsal("stockout-on-resume")
    cloud.pools()
    for name in ("tpu1", "tpu2"):
        assert "error" not in cloud.ended(cloud.send(f"{POOLS}/{name}:setSize", {"nodeCount": 0}).ok())
    assert "error" not in cloud.ended(cloud.send(f"{POOLS}/tpu1:setSize", {"nodeCount": 8}).ok())
    ended = cloud.ended(cloud.send(f"{POOLS}/tpu2:setSize", {"nodeCount": 8}).ok(), at_most=310)
    assert ended["nodepoolConditions"][0]["code"] == "GCE_STOCKOUT"
    assert cloud.read(f"{POOLS}/tpu2").ok()["initialNodeCount"] == 0
    assert "error" not in cloud.ended(cloud.send(f"{POOLS}/tpu2:setSize", {"nodeCount": 8}).ok())


def test_stockout_at_once() -> None:
    cloud = Rehearsal("stockout-at-once")
    cloud.cluster()
    for name in ("tpu1", "tpu2"):
        ended = cloud.ended(cloud.ask_pool(name).ok(), at_most=20)
        assert "IGM after 14s. Expected 8, running 0" in ended["error"]["message"]


def test_quota_short() -> None:
    cloud = Rehearsal("quota-short")
    cloud.cluster()
    cloud.ask_pool("tpu1").ok()
    error = cloud.ask_pool("tpu2").error
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert "project has a quota of '32.0' with '0.0' available" in error["message"]
    quotas = cloud.read(f"/compute/v1/projects/{PROJECT}/regions/us-west4").ok()["quotas"]
    found = next(each for each in quotas if each["metric"] == "TPU_LITE_PODSLICE_V5")
    assert (found["limit"], found["usage"]) == (32.0, 32.0)


def test_ssd_quota() -> None:
    cloud = Rehearsal("ssd-quota")
    cloud.cluster()
    ended = cloud.ended(cloud.ask_pool("tpu1").ok(), at_most=60)
    assert ended["nodepoolConditions"][0]["code"] == "GCE_QUOTA_EXCEEDED"
    assert "Quota 'SSD_TOTAL_GB' exceeded. Limit: 250.0 in region us-west4." in ended["statusMessage"]


def test_api_disabled() -> None:
    cloud = Rehearsal("api-disabled")
    refused = cloud.ask_cluster()
    assert (refused.status, refused.reason) == (403, "SERVICE_DISABLED")
    assert "Kubernetes Engine API has not been used in project" in refused.error["message"]
    cloud.send(f"/v1/projects/{PROJECT}/services/container.googleapis.com:enable").ok()
    cloud.ask_cluster().ok()


def test_permission_missing() -> None:
    cloud = Rehearsal("permission-missing")
    asked = ["container.clusters.create", "container.clusters.get"]
    held = cloud.send(f"/v1/projects/{PROJECT}:testIamPermissions", {"permissions": asked}).ok()
    assert held == {"permissions": ["container.clusters.get"]}
    error = cloud.ask_cluster().error
    wanted = f'Required "container.clusters.create" permission(s) for "projects/{PROJECT}".'
    assert (error["code"], error["message"]) == (403, wanted)
    assert cloud.read(CLUSTERS).ok() == {}


@pytest.mark.parametrize(
    ("url", "role"),
    [
        (POLICY, "roles/storage.objectAdmin"),
        (ACCOUNT_POLICY, "roles/viewer"),
        (f"/v1/projects/{PROJECT}", "roles/editor"),
    ],
)
def test_policy_conflicts(url: str, role: str) -> None:
    cloud = Rehearsal("policy-conflicts")
    cloud.storage()
    member = f"serviceAccount:{EMAIL}"
    first = cloud.grant(url, role, member)
    if url == POLICY:
        assert first.status == 412
    else:
        assert (first.status, first.error["status"]) == (409, "ABORTED")
    written = cloud.grant(url, role, member).ok()
    members = {each for binding in written["bindings"] for each in binding["members"]}
    assert {member, "user:colleague@example.com"} <= members


def test_list_lag() -> None:
    cloud = Rehearsal("list-lag")
    cloud.send(BUCKETS, {"name": BUCKET}).ok()
    cloud.ask_account().ok()
    made = cloud.ask_cluster().ok()
    everywhere = CLUSTERS.replace("us-west4", "-")
    assert cloud.read(f"{CLUSTERS}/saxml").status == 200
    assert cloud.read(CLUSTERS).ok() == cloud.read(everywhere).ok() == {}
    assert "items" not in cloud.read(BUCKETS).ok()
    assert EMAIL not in json.dumps(cloud.read(ACCOUNTS).ok())
    cloud.advance(61)
    assert names(cloud.read(everywhere).ok()["clusters"]) == ["saxml"]
    assert names(cloud.read(BUCKETS).ok()["items"]) == [BUCKET]
    assert EMAIL in json.dumps(cloud.read(ACCOUNTS).ok())
    cloud.ended(made)
    cloud.ask_google("DELETE", f"/storage/v1/b/{BUCKET}")
    assert cloud.read(f"/storage/v1/b/{BUCKET}").status == 404
    assert names(cloud.read(BUCKETS).ok()["items"]) == [BUCKET]
    cloud.advance(61)
    assert "items" not in cloud.read(BUCKETS).ok()


def test_lost_responses() -> None:
    cloud = Rehearsal("lost-responses")
    assert cloud.send(BUCKETS, {"name": BUCKET}).status == 0
    again = cloud.send(BUCKETS, {"name": BUCKET})
    assert (again.status, "you already own it" in again.error["message"]) == (409, True)
    assert cloud.ask_cluster().status == 0
    assert cloud.ask_cluster().status == 409
    operation = cloud.read(f"{HOME}/operations").ok()["operations"][0]
    cloud.ended(operation)
    assert cloud.ask_pool("tpu1").status == 0
    assert cloud.read(f"{POOLS}/tpu1").ok()["status"] == "PROVISIONING"
    cloud.ask_pool("tpu2").ok()


def test_late_create() -> None:
    cloud = Rehearsal("late-create")
    cloud.cluster()
    refused = cloud.ask_pool("tpu1")
    assert (refused.status, refused.error["status"]) == (503, "UNAVAILABLE")
    cloud.advance(89)
    assert cloud.read(f"{POOLS}/tpu1").status == 404
    cloud.advance(2)
    assert cloud.read(f"{POOLS}/tpu1").ok()["status"] == "PROVISIONING"
    assert cloud.ask_pool("tpu1").status == 409
    cloud.advance(600)
    assert cloud.read(f"{POOLS}/tpu1").ok()["status"] == "RUNNING"


def test_iam_delay_of_a_new_account() -> None:
    cloud = Rehearsal("iam-delay")
    cloud.storage()
    assert cloud.read(f"{ACCOUNTS}/{EMAIL}").status == 404
    refused = cloud.grant(POLICY, "roles/storage.objectAdmin", f"serviceAccount:{EMAIL}")
    assert (refused.status, f"{EMAIL} does not exist" in refused.error["message"]) == (400, True)
    cloud.advance(31)
    cloud.read(f"{ACCOUNTS}/{EMAIL}").ok()
    cloud.bind_bucket()


def test_bucket_taken() -> None:
    cloud = Rehearsal("bucket-taken")
    refused = cloud.send(BUCKETS, {"name": BUCKET})
    assert (refused.status, "not available" in refused.error["message"]) == (409, True)
    assert cloud.read(f"/storage/v1/b/{BUCKET}").status == 403
    cloud.send(BUCKETS, {"name": BUCKET + "-2"}).ok()


def test_slow_cluster() -> None:
    cloud = Rehearsal("slow-cluster")
    operation = cloud.ask_cluster().ok()
    cloud.advance(1200)
    running = cloud.read(f"{HOME}/operations/{operation['name']}").ok()
    assert running["status"] == "RUNNING"
    assert running["progress"]["metrics"]
    cloud.ended(operation, at_most=600)
    assert cloud.read(f"{CLUSTERS}/saxml").ok()["status"] == "RUNNING"


def test_cluster_fails() -> None:
    cloud = Rehearsal("cluster-fails")
    ended = cloud.ended(cloud.ask_cluster().ok())
    assert "private IP space in 10.0.0.0/9" in ended["error"]["message"]
    found = cloud.read(f"{CLUSTERS}/saxml").ok()
    assert (found["status"], found["statusMessage"]) == ("ERROR", ended["statusMessage"])
    cloud.ended(cloud.ask_google("DELETE", f"{CLUSTERS}/saxml").ok())
    assert cloud.read(CLUSTERS).ok() == {}


def test_cluster_upgrade() -> None:
    cloud = Rehearsal("cluster-upgrade")
    cloud.cluster()
    cloud.advance(11)
    assert cloud.read(f"{CLUSTERS}/saxml").ok()["status"] == "RECONCILING"
    refused = cloud.ask_pool("tpu1")
    assert (refused.status, refused.reason) == (400, "CLUSTER_ALREADY_HAS_OPERATION")
    upgrade = next(
        each
        for each in cloud.read(f"{HOME}/operations").ok()["operations"]
        if each["operationType"] == "UPGRADE_MASTER"
    )
    assert upgrade["name"] in refused.error["message"]
    cloud.ended(upgrade)
    assert cloud.read(f"{CLUSTERS}/saxml").ok()["status"] == "RUNNING"
    cloud.ask_pool("tpu1").ok()


def test_captive_portal() -> None:
    cloud = Rehearsal("captive-portal")
    page = cloud.read(CLUSTERS)
    assert (page.status, b"<html>" in page.raw) == (200, True)
    cloud.send(BUCKETS, {"name": BUCKET}).ok()
    cloud.advance(61)
    for _ in range(2):
        noise = cloud.read(CLUSTERS)
        assert noise.status == 200
        with pytest.raises(ValueError, match=r"decode|Expecting|utf|character"):
            json.loads(noise.raw)
    assert cloud.read(CLUSTERS).ok() == {}


def test_rate_limited() -> None:
    cloud = Rehearsal("rate-limited")
    answers = [cloud.read(CLUSTERS) for _ in range(200)]
    limited = [each for each in answers if each.status == 429]
    assert 5 <= len(limited) <= 40
    assert limited[0].headers["Retry-After"] == "5"
    assert limited[0].error["status"] == "RESOURCE_EXHAUSTED"
    again = Rehearsal("rate-limited")
    assert [again.read(CLUSTERS).status for _ in range(200)] == [each.status for each in answers]


def test_token_expired() -> None:
    cloud = Rehearsal("token-expired")
    assert [cloud.read(CLUSTERS).status for _ in range(12)] == [200] * 9 + [401] * 3
    assert cloud.read(CLUSTERS).error["status"] == "UNAUTHENTICATED"
    cloud.advance(59)
    assert cloud.read(CLUSTERS).status == 401
    cloud.advance(2)
    assert cloud.read(CLUSTERS).status == 200


def test_slow_api() -> None:
    cloud = Rehearsal("slow-api")
    assert [cloud.read(CLUSTERS).delay for _ in range(6)] == [30.0] * 5 + [0.0]


def test_flaky_network() -> None:
    cloud = Rehearsal("flaky-network")
    effects = 0
    for number in range(200):
        if cloud.send(BUCKETS, {"name": f"bucket-{number:03}"}).status == 0:
            effects += f"bucket-{number:03}" in cloud.world.table("storage.buckets")
    assert len(cloud.world.table("storage.buckets")) - 8 < 200
    assert 0 < effects < 20


@pytest.mark.parametrize("name", ["rate-limited", "list-lag", "iam-delay", "stockout-second-pool"])
def test_the_same_seed_gives_the_same_history(name: str) -> None:
    def history(seed: int) -> str:
        cloud = Rehearsal(name, seed)
        cloud.send(BUCKETS, {"name": BUCKET})
        cloud.ask_account()
        cloud.ask_cluster()
        for _ in range(50):
            cloud.advance(30)
            cloud.read(CLUSTERS)
            cloud.ask_pool("tpu2")
        return cloud.history()

    assert history(3) == history(3) != history(4)
