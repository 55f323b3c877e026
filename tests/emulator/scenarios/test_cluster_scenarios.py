"""Shipped scenarios inside a cluster, in virtual time: pods, nodes, controllers and models."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from saxtui.emulator import scenarios
from saxtui.emulator.kubernetes.proxy import ProxyRequest, ProxyResponse, forward
from saxtui.emulator.kubernetes.status import ApiError
from tests.emulator.scenarios.rehearsal import POLICY, Rehearsal
from tests.emulator.tutorial import BUCKET, EMAIL, http_service, model_servers

SET = "sax-model-server-set"


def uids(cloud: Rehearsal) -> set[str]:
    return {pod["metadata"]["uid"] for pod in cloud.hosts()}


def restarts(cloud: Rehearsal) -> int:
    found = cloud.store.get("JobSet", "default", SET) or {}
    return int((found.get("status") or {}).get("restarts", 0))


def pending(cloud: Rehearsal) -> list[dict[str, Any]]:
    return [pod for pod in cloud.hosts() if pod["status"].get("phase") == "Pending"]


def nodes(cloud: Rehearsal, pool: str) -> list[dict[str, Any]]:
    return cloud.store.list("Node", labels={"cloud.google.com/gke-nodepool": pool})


async def test_host_exits() -> None:
    cloud = Rehearsal("host-exits")
    await cloud.generating()
    before = uids(cloud)
    cloud.until(lambda: restarts(cloud) == 1, 400)
    assert cloud.events("BackoffLimitExceeded")
    cloud.until(lambda: cloud.all_running() and not uids(cloud) & before, 300)
    cloud.until(cloud.loaded, 1500)
    assert restarts(cloud) == 1


async def test_max_restarts() -> None:
    cloud = Rehearsal("max-restarts")
    await cloud.generating()
    cloud.until(lambda: cloud.condition("JobSet", SET, "Failed"), 4000)
    failed = cloud.condition("JobSet", SET, "Failed")
    assert (failed["reason"], restarts(cloud)) == ("ReachedMaxRestarts", 4)
    assert failed["message"] == "jobset failed due to reaching max number of restarts"


async def test_pod_deleted() -> None:
    cloud = Rehearsal("pod-deleted")
    await cloud.generating()
    before = uids(cloud)
    cloud.advance(400)
    assert len(uids(cloud) & before) == 15 and len(uids(cloud)) == 16
    assert restarts(cloud) == 0 and cloud.all_running()
    lost = cloud.host(1, 5)
    assert not any("JAX process" in line for line in cloud.log(lost))


async def test_pod_evicted() -> None:
    cloud = Rehearsal("pod-evicted")
    await cloud.generating()
    before = uids(cloud)
    evicted: list[dict[str, Any]] = []

    def seen(change: str, obj: dict[str, Any], _: Any) -> None:
        if obj["kind"] == "Pod" and (obj.get("status") or {}).get("reason") == "Evicted":
            evicted.append(obj)

    cloud.store.listen(seen)
    cloud.until(lambda: restarts(cloud) == 1, 400)
    status = evicted[0]["status"]
    assert (status["phase"], status["message"][:36]) == ("Failed", "The node was low on resource: memory")
    assert "DisruptionTarget" in {each["type"] for each in status["conditions"] if each["status"] == "True"}
    assert cloud.events("Evicted")[0]["involvedObject"]["name"] == evicted[0]["metadata"]["name"]
    cloud.until(lambda: cloud.all_running() and not uids(cloud) & before, 300)


def test_an_evicted_pod_never_starts_what_it_was_pulling() -> None:
    cloud = Rehearsal()
    cloud.serving()
    cloud.until(lambda: cloud.events("Pulling") and cloud.pods(app="sax-http"), 60)
    evicted = cloud.app("sax-http")["metadata"]["name"]
    cloud.advance(10)
    scenarios.install(cloud.world, {"faults": [{"when": {"at": 0}, "fault": "pod-evicted", "pods": evicted}]})
    cloud.advance(120)
    pod = cloud.store.peek("Pod", "default", evicted) or {}
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "Evicted")


async def test_node_drained() -> None:
    cloud = Rehearsal("node-drained")
    await cloud.generating()
    cloud.until(lambda: pending(cloud), 500)
    cloud.advance(30)
    (waiting,) = pending(cloud)
    scheduled = next(each for each in waiting["status"]["conditions"] if each["type"] == "PodScheduled")
    assert scheduled["reason"] == "Unschedulable"
    assert [bool(node["spec"].get("unschedulable")) for node in nodes(cloud, "tpu1")].count(True) == 1
    assert restarts(cloud) == 0


async def test_node_cordoned() -> None:
    cloud = Rehearsal("node-cordoned")
    await cloud.generating()
    before = uids(cloud)
    cloud.advance(400)
    assert [bool(node["spec"].get("unschedulable")) for node in nodes(cloud, "tpu1")].count(True) == 1
    assert cloud.events("NodeNotSchedulable")
    assert uids(cloud) == before and cloud.all_running()


async def test_slice_lost() -> None:
    cloud = Rehearsal("slice-lost")
    await cloud.generating()
    old = {node["metadata"]["name"] for node in nodes(cloud, "tpu2")}
    cloud.until(lambda: cloud.events("NodeNotReady"), 400)
    words = {
        each["reason"]
        for node in nodes(cloud, "tpu2")
        for each in node["status"]["conditions"]
        if each["type"] == "Ready"
    }
    assert words == {"NodeStatusUnknown"}
    cloud.until(lambda: not nodes(cloud, "tpu2"), 60)
    cloud.advance(60)
    assert restarts(cloud) >= 1
    cloud.until(lambda: len(nodes(cloud, "tpu2")) == 8, 400)
    assert not old & {node["metadata"]["name"] for node in nodes(cloud, "tpu2")}
    cloud.until(cloud.all_running, 600)
    cloud.until(cloud.loaded, 1500)


async def test_load_out_of_memory() -> None:
    cloud = Rehearsal("load-out-of-memory")
    cloud.serving()
    cloud.until(cloud.joined, 900)
    await cloud.publish()
    words = "RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space hbm."
    cloud.until(lambda: all(any(words in line for line in cloud.log(cloud.host(each, 0))) for each in (0, 1)), 900)
    cloud.advance(30)
    assert any(
        "Failed to load model /sax/test/spmd onto server" in line for line in cloud.log(cloud.app("sax-admin-server"))
    )
    cloud.advance(1200)
    assert not cloud.loaded()


async def test_wrong_model_path() -> None:
    cloud = Rehearsal("wrong-model-path")
    cloud.serving()
    cloud.until(cloud.joined, 900)
    await cloud.publish()
    cloud.advance(60)
    for index in (0, 1):
        lines = [line for line in cloud.log(cloud.host(index, 0)) if "Invalid load request" in line]
        assert len(lines) == 1 and "is not registered." in lines[0]
    await cloud.call("POST", "/unpublish", {"model": "/sax/test/spmd"})
    cloud.advance(60)
    await cloud.publish()
    cloud.until(cloud.loaded, 1500)


async def test_no_checkpoint() -> None:
    cloud = Rehearsal("no-checkpoint")
    cloud.serving()
    cloud.until(cloud.joined, 900)
    await cloud.publish()
    cloud.advance(60)
    assert any("Invalid checkpoint path None. Must be a directory." in line for line in cloud.log(cloud.host(0, 0)))
    assert any("Error occurred during loading" in line for line in cloud.log(cloud.host(0, 4)))


def test_load_balancer_pending() -> None:
    cloud = Rehearsal("load-balancer-pending")
    cloud.cluster()
    cloud.store.create(http_service("LoadBalancer"))
    cloud.advance(7200)
    service = cloud.store.get("Service", "default", "sax-http-lb") or {}
    assert not (service.get("status") or {}).get("loadBalancer")
    (failed,) = cloud.events("SyncLoadBalancerFailed")
    assert "Quota 'IN_USE_ADDRESSES' exceeded." in failed["message"] and failed["count"] > 50
    assert not cloud.world.table("compute.forwardingRules")


@pytest.mark.parametrize(("name", "comes"), [("webhook-never-ready", False), ("webhook-slow", True)])
def test_webhook(name: str, comes: bool) -> None:
    cloud = Rehearsal(name)
    cloud.cluster()
    cloud.storage()
    cloud.account()
    cloud.jobset_controller()
    cloud.advance(200)
    with pytest.raises(ApiError, match='no endpoints available for service "jobset-webhook-service"') as caught:
        cloud.store.create(model_servers())
    assert caught.value.code == 500
    cloud.advance(200 if comes else 3600)
    assert cloud.available("jobset-system", "jobset-controller-manager") is comes
    if comes:
        cloud.store.create(model_servers())


def test_image_pull_fails() -> None:
    cloud = Rehearsal("image-pull-fails")
    cloud.serving()
    cloud.advance(120)
    waiting = Counter(
        each["state"]["waiting"]["reason"] for pod in cloud.hosts() for each in pod["status"]["containerStatuses"]
    )
    assert waiting == {"ImagePullBackOff": 16}
    assert any("unexpected status: 403 Forbidden" in event["message"] for event in cloud.events("Failed"))
    cloud.until(cloud.all_running, 1800)


async def test_access_removed() -> None:
    cloud = Rehearsal("access-removed")
    await cloud.generating()
    cloud.until(lambda: cloud.events("BackOff"), 600)
    admin = cloud.app("sax-admin-server")
    assert admin["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    key = ("default", admin["metadata"]["name"], "sax-admin-server")
    assert any("does not have storage.objects" in line.text for line in cloud.store.logs.lines(key) or [])
    assert f"serviceAccount:{EMAIL}" not in str(cloud.read(POLICY).ok())
    cloud.bind_bucket()
    cloud.until(lambda: cloud.available("default", "sax-admin-server"), 400)


def test_iam_delay_holds_the_admin_up() -> None:
    cloud = Rehearsal("iam-delay")
    cloud.cluster()
    cloud.storage()
    cloud.advance(31)
    cloud.bind_bucket()
    cloud.bind_identity()
    cloud.account()
    from tests.emulator.tutorial import admin_server

    cloud.store.create(admin_server())
    cloud.until(lambda: cloud.events("BackOff"), 100)
    assert cloud.store.peek("Pod", "default", cloud.app("sax-admin-server")["metadata"]["name"])
    cloud.until(lambda: f"{BUCKET}/sax-root/sax/test/location.proto" in cloud.world.table("storage.objects"), 400)
    restarts_ = cloud.app("sax-admin-server")["status"]["containerStatuses"][0]["restartCount"]
    assert restarts_ >= 1


@pytest.mark.parametrize("name", ["host-exits", "slice-lost"])
async def test_the_same_seed_gives_the_same_history(name: str) -> None:
    async def history(seed: int) -> str:
        cloud = Rehearsal(name, seed)
        await cloud.generating()
        cloud.advance(1200)
        return cloud.history()

    first = await history(3)
    assert first == await history(3)
    assert first != await history(4)


@pytest.mark.parametrize(("name", "told"), [("tpu-metrics-off", ()), ("tpu-metrics-bare", ("tensorcore_utilization",))])
async def test_tpu_metrics(name: str, told: tuple[str, ...]) -> None:
    cloud = Rehearsal(name)
    cloud.serving()
    cloud.until(cloud.joined, 900)
    host = cloud.host(0, 0)
    plugin = next(
        pod for pod in cloud.store.list("Pod", "kube-system") if pod["spec"]["nodeName"] == host["spec"]["nodeName"]
    )
    request = ProxyRequest("GET", "/metrics")
    answer = await forward(cloud.world, cloud.store.key, "kube-system", plugin["metadata"]["name"], 2112, request)
    found = answer.body.decode() if isinstance(answer, ProxyResponse) else ""
    assert tuple(each for each in ("duty_cycle", "tensorcore_utilization") if each in found) == told
