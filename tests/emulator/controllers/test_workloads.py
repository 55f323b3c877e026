"""Deployments, ReplicaSets, Jobs, the kubelet."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.controllers import exit_container
from saxtui.emulator.controllers.job import ranges
from tests.emulator.tutorial import CLUSTER, Cloud

Json = dict[str, Any]


def cloud_with_nodes() -> Cloud:
    cloud = Cloud()
    cloud.pool("default-pool", "e2-standard-4", 4)
    cloud.advance(30)
    return cloud


def deployment(name: str, image: str, replicas: int = 1, **strategy: Any) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            **({"strategy": strategy} if strategy else {}),
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
        },
    }


def job(name: str, *, completions: int = 1, indexed: bool = False, command: str = "", **spec: Any) -> Json:
    container: Json = {"name": "main", "image": "busybox:1"}
    if command:
        container["command"] = ["sh", "-c", command]
    restart = spec.pop("restart", "Never")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "completions": completions,
            "parallelism": completions,
            "completionMode": "Indexed" if indexed else "NonIndexed",
            **spec,
            "template": {"spec": {"restartPolicy": restart, "containers": [container]}},
        },
    }


def end(cloud: Cloud, pod: Json, code: int, reason: str = "") -> None:
    exit_container(cloud.world, CLUSTER, "default", pod["metadata"]["name"], "main", code, reason)


def test_deployment_names_counts_and_conditions() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(deployment("web", "nginx:1", 3))
    cloud.until(lambda: cloud.available("default", "web"))
    cloud.until(lambda: len([pod for pod in cloud.pods(app="web") if pod["status"]["phase"] == "Running"]) == 3)
    found = cloud.store.get("Deployment", "default", "web")
    assert found is not None
    status = found["status"]
    assert (status["replicas"], status["updatedReplicas"], status["readyReplicas"]) == (3, 3, 3)
    words = {each["type"]: (each["status"], each["reason"]) for each in status["conditions"]}
    assert words == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    [replica_set] = cloud.store.list("ReplicaSet")
    code = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{code}"
    assert all(pod["metadata"]["name"].startswith(f"web-{code}-") for pod in cloud.pods(app="web"))


def test_a_new_template_rolls_without_a_gap() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(deployment("web", "nginx:1", 1))
    cloud.until(lambda: cloud.available("default", "web"))
    found = cloud.store.get("Deployment", "default", "web")
    assert found is not None
    found["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
    cloud.store.update(found)

    def images() -> list[str]:
        return [pod["spec"]["containers"][0]["image"] for pod in cloud.pods(app="web")]

    seconds = 0
    while images() != ["nginx:2"]:
        cloud.advance(1)
        seconds += 1
        assert any(pod["status"]["phase"] == "Running" for pod in cloud.pods(app="web"))
        assert seconds < 120
    sizes = sorted(each["spec"]["replicas"] for each in cloud.store.list("ReplicaSet"))
    assert sizes == [0, 1]


def test_recreate_stops_the_old_pod_first() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(deployment("web", "nginx:1", 1, type="Recreate"))
    cloud.until(lambda: cloud.available("default", "web"))
    found = cloud.store.get("Deployment", "default", "web")
    assert found is not None
    found["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
    cloud.store.update(found)
    most = 0
    for _ in range(60):
        cloud.advance(1)
        alive = [pod for pod in cloud.pods(app="web") if "deletionTimestamp" not in pod["metadata"]]
        most = max(most, len(alive))
    assert most == 1
    assert cloud.pods(app="web")[0]["spec"]["containers"][0]["image"] == "nginx:2"


def test_deleting_a_deployment_removes_everything_it_made() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(deployment("web", "nginx:1", 2))
    cloud.until(lambda: cloud.available("default", "web"))
    cloud.store.delete("Deployment", "default", "web")
    cloud.until(lambda: not cloud.pods(app="web"), 60)
    assert not cloud.store.list("ReplicaSet")


def test_a_tag_that_does_not_exist_backs_off() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(deployment("bad", "us-docker.pkg.dev/cloud-tpu-images/inference/sax-http:v1.1.0"))
    cloud.advance(30)
    [pod] = cloud.pods(app="bad")
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"
    assert not cloud.available("default", "bad")


def test_crash_loop_backs_off_longer_each_time() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(deployment("web", "nginx:1"))
    cloud.until(lambda: cloud.available("default", "web"))
    waits = []
    for _ in range(4):
        [pod] = cloud.pods(app="web")
        end(cloud, pod, 1)

        def running() -> bool:
            [again] = cloud.pods(app="web")
            return "running" in again["status"]["containerStatuses"][0]["state"]

        waits.append(cloud.until(running))
    assert waits == sorted(waits) and waits[0] < 5 and waits[3] >= 40
    [pod] = cloud.pods(app="web")
    status = pod["status"]["containerStatuses"][0]
    assert status["restartCount"] == 4
    assert status["lastState"]["terminated"]["exitCode"] == 1


def test_indexed_job_completes() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(job("train", completions=3, indexed=True, command="sleep 5"))
    cloud.advance(2)
    assert [pod["metadata"]["name"][:-5] for pod in cloud.pods()] == ["train-0-", "train-1-", "train-2-"]
    pod = cloud.pods()[1]
    assert pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == "1"
    assert pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == "1"
    assert pod["spec"]["hostname"] == "train-1"
    assert pod["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"
    cloud.advance(90)
    found = cloud.store.get("Job", "default", "train")
    assert found is not None
    assert found["status"]["succeeded"] == 3
    assert found["status"]["completedIndexes"] == "0-2"
    assert [each["type"] for each in found["status"]["conditions"]] == ["SuccessCriteriaMet", "Complete"]


def test_failures_beyond_the_limit_fail_the_job() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(job("train", command="sleep infinity", backoffLimit=1))
    for _ in range(2):
        cloud.until(lambda: any(pod["status"]["phase"] == "Running" for pod in cloud.pods()))
        end(cloud, next(pod for pod in cloud.pods() if pod["status"]["phase"] == "Running"), 3)
    cloud.advance(5)
    found = cloud.store.get("Job", "default", "train")
    assert found is not None
    words = {each["type"]: each["reason"] for each in found["status"]["conditions"]}
    assert words == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
    assert found["status"]["failed"] == 2


def test_a_restart_in_place_fails_a_job_with_limit_zero() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(job("train", command="sleep infinity", restart="OnFailure", backoffLimit=0))
    cloud.until(lambda: any(pod["status"]["phase"] == "Running" for pod in cloud.pods()))
    end(cloud, cloud.pods()[0], 137, "OOMKilled")
    cloud.advance(10)
    found = cloud.store.get("Job", "default", "train")
    assert found is not None and found["status"]["conditions"][-1]["type"] == "Failed"
    assert not cloud.pods()


def test_a_missing_service_account_is_told_and_mended() -> None:
    cloud = cloud_with_nodes()
    wanted = deployment("web", "nginx:1")
    wanted["spec"]["template"]["spec"]["serviceAccountName"] = "sax-sa"
    cloud.store.create(wanted)
    cloud.advance(5)
    assert not cloud.pods(app="web")
    [event] = cloud.events("FailedCreate")
    assert 'serviceaccount "sax-sa" not found' in event["message"]
    cloud.account()
    cloud.until(lambda: cloud.available("default", "web"), 120)


def test_kubelet_tells_the_story_of_a_pod() -> None:
    cloud = cloud_with_nodes()
    cloud.store.create(deployment("web", "nginx:1"))
    cloud.until(lambda: cloud.available("default", "web"))
    [pod] = cloud.pods(app="web")
    name = pod["metadata"]["name"]
    told = [event["reason"] for event in cloud.store.list("Event") if event["involvedObject"]["name"] == name]
    assert sorted(told) == ["Created", "Pulled", "Pulling", "Scheduled", "Started"]
    assert pod["status"]["podIP"].startswith("10.48.")
    assert pod["status"]["podIP"] != pod["status"]["hostIP"]


def test_ranges() -> None:
    assert ranges({0, 1, 2, 3, 7}) == "0-3,7"
    assert ranges(set()) == ""
