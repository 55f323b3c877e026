"""JobSets: names, labels, placement, restarts."""

from __future__ import annotations

import pytest

from saxtui.emulator.controllers import exit_container
from saxtui.emulator.kubernetes.store import ApiError
from tests.emulator.tutorial import CLUSTER, Cloud, model_servers

NAME = "sax-model-server-set"
PREFIX = "jobset.sigs.k8s.io/"


def serving(seed: int = 1, slices: int = 2) -> Cloud:
    cloud = Cloud(seed)
    cloud.serving(slices)
    cloud.until(lambda: cloud.all_running(8 * slices))
    return cloud


def jobset_status(cloud: Cloud) -> dict:
    found = cloud.store.get("JobSet", "default", NAME)
    assert found is not None
    return found["status"]


def test_sixteen_hosts_on_two_pools() -> None:
    cloud = serving()
    hosts = cloud.hosts()
    assert [host["metadata"]["name"].rsplit("-", 1)[0] for host in hosts] == [
        f"{NAME}-sax-model-server-{job}-{index}" for job in range(2) for index in range(8)
    ]
    pools = [
        {host["spec"]["nodeName"].split("-")[2] for host in hosts if f"server-{job}-" in host["metadata"]["name"]}
        for job in (0, 1)
    ]
    assert sorted(pool for each in pools for pool in each) == ["tpu1", "tpu2"], "each Job has one pool of its own"
    assert len({host["spec"]["nodeName"] for host in hosts}) == 16
    assert all(host["status"]["podIP"] == host["status"]["hostIP"] for host in hosts), "host network"


def test_labels_of_jobs_and_pods() -> None:
    cloud = serving()
    host = cloud.host(1, 3)
    labels, notes = host["metadata"]["labels"], host["metadata"]["annotations"]
    expected = {
        "jobset-name": NAME,
        "replicatedjob-name": "sax-model-server",
        "replicatedjob-replicas": "2",
        "global-replicas": "2",
        "job-index": "1",
        "job-global-index": "1",
        "restart-attempt": "0",
    }
    for key, value in expected.items():
        assert labels[PREFIX + key] == value
        assert notes[PREFIX + key] == value
    assert len(labels[PREFIX + "job-key"]) == 40
    assert labels["batch.kubernetes.io/job-completion-index"] == "3"
    assert labels["batch.kubernetes.io/job-name"] == f"{NAME}-sax-model-server-1"
    job = cloud.store.get("Job", "default", f"{NAME}-sax-model-server-1")
    assert job is not None and job["metadata"]["labels"][PREFIX + "job-index"] == "1"
    service = cloud.store.get("Service", "default", NAME)
    assert service is not None and service["spec"]["clusterIP"] == "None"


def test_leader_first_then_followers() -> None:
    cloud = serving()
    leader, follower = cloud.host(0, 0), cloud.host(0, 5)
    assert "podAntiAffinity" in leader["spec"]["affinity"]
    assert leader["metadata"]["creationTimestamp"] <= follower["metadata"]["creationTimestamp"]
    pool = follower["spec"]["nodeSelector"]["cloud.google.com/gke-nodepool"]
    node = cloud.store.get("Node", "", leader["spec"]["nodeName"])
    assert node is not None and node["metadata"]["labels"]["cloud.google.com/gke-nodepool"] == pool
    assert any("leader pod not yet scheduled" in event["message"] for event in cloud.events("FailedCreate"))


def test_status_of_a_healthy_set_has_no_conditions() -> None:
    status = jobset_status(serving())
    assert "conditions" not in status and "terminalState" not in status
    assert status["replicatedJobsStatus"] == [
        {"name": "sax-model-server", "ready": 2, "succeeded": 0, "failed": 0, "active": 2, "suspended": 0}
    ]


def test_old_release_spells_its_status_its_own_way() -> None:
    cloud = Cloud()
    cloud.pools()
    cloud.storage()
    cloud.account()
    cloud.jobset_controller("v0.2.3")
    cloud.until(lambda: cloud.available("jobset-system", "jobset-controller-manager"))
    cloud.store.create(model_servers())
    cloud.until(cloud.all_running)
    cloud.advance(2)
    assert jobset_status(cloud)["ReplicatedJobsStatus"][0]["ready"] == 2


def test_a_deleted_pod_is_replaced_without_a_restart() -> None:
    cloud = serving()
    lost = cloud.host(1, 3)["metadata"]["name"]
    cloud.store.delete("Pod", "default", lost)
    cloud.advance(90)
    assert cloud.all_running()
    assert cloud.host(1, 3)["metadata"]["name"] != lost
    assert jobset_status(cloud)["restarts"] == 0


def test_one_dead_host_restarts_every_slice() -> None:
    cloud = serving()
    before = {host["metadata"]["uid"] for host in cloud.hosts()}
    exit_container(cloud.world, CLUSTER, "default", cloud.host(1, 3)["metadata"]["name"], "sax-model-server", 137)
    cloud.advance(120)
    assert cloud.all_running()
    assert not before & {host["metadata"]["uid"] for host in cloud.hosts()}
    assert jobset_status(cloud)["restarts"] == 1
    assert all(host["metadata"]["labels"][PREFIX + "restart-attempt"] == "1" for host in cloud.hosts())


def test_restarts_run_out() -> None:
    cloud = Cloud()
    cloud.serving()
    for attempt in range(5):
        cloud.until(cloud.all_running)
        assert jobset_status(cloud)["restarts"] == attempt
        exit_container(cloud.world, CLUSTER, "default", cloud.host(0, 7)["metadata"]["name"], "sax-model-server", 137)
        cloud.advance(20)
    cloud.advance(60)
    status = jobset_status(cloud)
    assert status["terminalState"] == "Failed"
    assert status["conditions"][0]["reason"] == "ReachedMaxRestarts"
    assert not [host for host in cloud.hosts() if host["status"]["phase"] == "Running"]


def test_deleting_the_set_removes_jobs_pods_and_service() -> None:
    cloud = serving()
    cloud.store.delete("JobSet", "default", NAME)
    cloud.until(lambda: not cloud.hosts(), 60)
    assert not cloud.store.list("Job")
    assert cloud.store.get("Service", "default", NAME) is None


def test_nothing_happens_until_the_controller_is_up() -> None:
    cloud = Cloud()
    cloud.pools()
    cloud.storage()
    cloud.account()
    cloud.jobset_controller()
    with pytest.raises(ApiError, match="no endpoints available"):
        cloud.store.create(model_servers())
    took = cloud.until(lambda: cloud.available("jobset-system", "jobset-controller-manager"))
    assert 20 < took < 75
    cloud.store.create(model_servers())
    cloud.until(cloud.all_running, 120)
    found = cloud.store.list("Pod", "jobset-system")[0]
    lines = cloud.store.logs.lines(("jobset-system", found["metadata"]["name"], "manager"))
    assert lines and any("starting manager" in line.text for line in lines)


def test_three_slices_on_two_pools_leave_one_waiting() -> None:
    cloud = serving()
    cloud.store.delete("JobSet", "default", NAME)
    cloud.until(lambda: not cloud.hosts())
    cloud.store.create(model_servers(3))
    cloud.advance(120)
    running = [host for host in cloud.hosts() if host["status"]["phase"] == "Running"]
    waiting = [host for host in cloud.hosts() if host["status"]["phase"] == "Pending"]
    assert len(running) == 16
    assert [host["metadata"]["labels"][PREFIX + "job-index"] for host in waiting] == ["2"], "the leader alone, unplaced"
    assert jobset_status(cloud)["replicatedJobsStatus"][0]["ready"] == 2
