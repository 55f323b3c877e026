"""kubectl's STATUS word and the state of a host, as tables; records from the wire; text made harmless."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from saxtui.adapters.kubernetes import decode, wire
from saxtui.adapters.kubernetes import decode_workloads as around
from saxtui.adapters.kubernetes.times import epoch, stamp
from saxtui.model.cluster import HostState

S = HostState


def pod(**parts: Any) -> wire.Pod:
    body = {"metadata": {"name": "p", "uid": "u", **parts.pop("metadata", {})}, **parts}
    return msgspec.json.decode(json.dumps(body).encode(), type=wire.Pod)


def status(phase: str, *containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    statuses = [{"name": f"c{number}", **item} for number, item in enumerate(containers)]
    return {"phase": phase, "containerStatuses": statuses, **more}


RUNNING = {"ready": True, "state": {"running": {"startedAt": "2026-11-23T13:02:02Z"}}}
NOT_READY = {"ready": False, "state": {"running": {}}}


def waiting(reason: str) -> dict[str, Any]:
    return {"ready": False, "state": {"waiting": {"reason": reason, "message": f"why {reason}"}}}


def ended(code: int = 0, reason: str = "", signal: int = 0) -> dict[str, Any]:
    return {"ready": False, "state": {"terminated": {"exitCode": code, "reason": reason, "signal": signal}}}


DELETED = {"deletionTimestamp": "2026-11-23T13:02:02Z"}
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]


@pytest.mark.parametrize(
    ("found", "word", "state"),
    [
        (pod(status={"phase": "Pending", "conditions": UNSCHEDULABLE}), "Pending", S.WAITING),
        (pod(status=status("Pending", waiting("ContainerCreating"))), "ContainerCreating", S.STARTING),
        (pod(status=status("Pending", waiting("ErrImagePull"))), "ErrImagePull", S.ATTENTION),
        (pod(status=status("Pending", waiting("ImagePullBackOff"))), "ImagePullBackOff", S.ATTENTION),
        (pod(status=status("Pending", waiting("InvalidImageName"))), "InvalidImageName", S.FAILED),
        (pod(status=status("Running", RUNNING)), "Running", S.RUNNING),
        (pod(status=status("Running", RUNNING, NOT_READY)), "Running", S.STARTING),
        (pod(status=status("Running", waiting("CrashLoopBackOff"))), "CrashLoopBackOff", S.FAILED),
        (pod(status=status("Running", ended(137, "OOMKilled"))), "OOMKilled", S.FAILED),
        (pod(status=status("Failed", ended(1, "Error"))), "Error", S.FAILED),
        (pod(status=status("Failed", ended(1))), "ExitCode:1", S.FAILED),
        (pod(status=status("Failed", ended(0, "", 9))), "Signal:9", S.FAILED),
        (pod(status={"phase": "Failed", "reason": "Evicted"}), "Evicted", S.FAILED),
        (pod(status=status("Succeeded", ended(0, "Completed"))), "Completed", S.DONE),
        (pod(metadata=DELETED, status=status("Running", RUNNING)), "Terminating", S.LEAVING),
        (pod(metadata=DELETED, status=status("Succeeded", ended(0, "Completed"))), "Completed", S.DONE),
        (pod(metadata=DELETED, status={"phase": "Running", "reason": "NodeLost"}), "Unknown", S.LEAVING),
        (pod(status={"phase": "Unknown"}), "Unknown", S.ATTENTION),
        (
            pod(status=status("Running", RUNNING, ended(0, "Completed"),
                              conditions=[{"type": "Ready", "status": "True"}])), "Running", S.STARTING,
        ),
        (pod(status=status("Running", ended(0, "Completed"), RUNNING)), "NotReady", S.STARTING),
        (
            pod(status={"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
            "SchedulingGated", S.WAITING,
        ),
    ],
)  # fmt: skip
def test_status_word_and_host_state(found: wire.Pod, word: str, state: HostState) -> None:
    shown = decode.pod(found)
    assert shown.status == word
    expected = state
    if word == "Running" and state is S.STARTING and len(found.status.container_statuses or ()) == 2:
        assert shown.ready == 1
    assert shown.state is expected


@pytest.mark.parametrize(
    ("statuses", "specs", "word", "state"),
    [
        ([waiting("PodInitializing")], [{"name": "c0"}, {"name": "c1"}], "Init:0/2", S.STARTING),
        ([ended(0), {"state": {"running": {}}}], [{"name": "c0"}, {"name": "c1"}], "Init:1/2", S.STARTING),
        ([ended(1, "Error")], [{"name": "c0"}], "Init:Error", S.FAILED),
        ([ended(2)], [{"name": "c0"}], "Init:ExitCode:2", S.FAILED),
        ([waiting("ImagePullBackOff")], [{"name": "c0"}], "Init:ImagePullBackOff", S.ATTENTION),
    ],
)
def test_init_containers(statuses: list[Any], specs: list[Any], word: str, state: HostState) -> None:
    named = [{"name": f"c{number}", **item} for number, item in enumerate(statuses)]
    found = pod(spec={"initContainers": specs}, status={"phase": "Pending", "initContainerStatuses": named})
    shown = decode.pod(found)
    assert (shown.status, shown.state) == (word, state)


def test_started_sidecar_does_not_hold_the_pod_in_init() -> None:
    found = pod(
        spec={"initContainers": [{"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "c"}]},
        status={
            "phase": "Running",
            "initContainerStatuses": [{"name": "s", "started": True, "state": {"running": {}}}],
            "containerStatuses": [{"name": "c", **RUNNING}],
        },
    )
    assert decode.pod(found).status == "Running"


def test_host_of_a_slice() -> None:
    labels = {
        "jobset.sigs.k8s.io/jobset-name": "sax-model-server-set",
        "jobset.sigs.k8s.io/job-index": "1",
        "batch.kubernetes.io/job-name": "sax-model-server-set-sax-model-server-1",
        "batch.kubernetes.io/job-completion-index": "7",
    }
    shown = decode.pod(
        pod(
            metadata={"labels": labels, "creationTimestamp": "2026-11-23T13:02:02Z", "namespace": "default"},
            spec={"nodeName": "gke-node", "containers": [{"name": "sax-model-server"}]},
            status={**status("Running", {**RUNNING, "restartCount": 3}), "hostIP": "10.0.0.7", "podIP": "10.0.0.7"},
        )
    )
    assert (shown.slice, shown.host, shown.jobset) == (1, 7, "sax-model-server-set")
    assert (shown.node, shown.node_ip, shown.restarts, shown.ready) == ("gke-node", "10.0.0.7", 3, 1)
    assert shown.created == 1_795_438_922.0
    assert not shown.primary


def test_completion_index_before_kubernetes_1_28_is_an_annotation() -> None:
    meta = {
        "labels": {"jobset.sigs.k8s.io/jobset-name": "s", "jobset.sigs.k8s.io/job-index": "0"},
        "annotations": {"batch.kubernetes.io/job-completion-index": "0"},
    }
    assert decode.pod(pod(metadata=meta)).primary


def test_plain_pod_is_no_host() -> None:
    shown = decode.pod(pod(metadata={"labels": {"app": "sax-http", "jobset.sigs.k8s.io/job-index": "0"}}))
    assert (shown.slice, shown.host, shown.app) == (-1, -1, "sax-http")


def test_nulls_are_taken_as_nothing() -> None:
    body = b"""{"metadata": {"name": "p", "labels": null, "annotations": null, "creationTimestamp": null},
                "spec": {"containers": null, "initContainers": null},
                "status": {"conditions": null, "containerStatuses": null}, "unknown": {"deep": [1, 2]}}"""
    assert decode.pod(msgspec.json.decode(body, type=wire.Pod)).status == "Pending"


def test_hostile_text_is_made_harmless() -> None:
    shown = decode.pod(
        pod(
            metadata={"name": "p\x1b[2J", "labels": {"app": "a\x9b31m", "k\x07": "v\u202e"}},
            status=status("Pending", {"state": {"waiting": {"reason": "R\x1b]0;x\x07", "message": "m\nn\x00"}}}),
        )
    )
    shown_text = "".join((shown.name, shown.app, shown.status, shown.message, *shown.labels, *shown.labels.values()))
    assert not any(ord(char) < 32 or char in "\x7f\x9b\u202e" for char in shown_text)


def test_service_event_and_jobset() -> None:
    service = decode.service(
        msgspec.json.decode(
            b"""{"metadata": {"name": "sax-http-lb", "namespace": "default"},
                 "spec": {"type": "LoadBalancer", "clusterIP": "10.1.1.1", "ports": [{"port": 8888}]},
                 "status": {"loadBalancer": {"ingress": [{"ip": "10.182.0.87"}]}}}""",
            type=wire.Service,
        )
    )
    assert (service.address, service.ports, service.type) == ("10.182.0.87", (8888,), "LoadBalancer")
    event = decode.event(
        msgspec.json.decode(
            b"""{"metadata": {"uid": "e", "creationTimestamp": "2026-11-23T13:00:00Z"}, "type": "Warning",
                 "involvedObject": {"kind": "Pod", "name": "p"}, "reason": "FailedScheduling", "message": "0/3",
                 "eventTime": null, "lastTimestamp": "2026-11-23T13:02:02Z", "count": 4}""",
            type=wire.Event,
        )
    )
    assert (event.at, event.warning, event.count, event.kind) == (1_795_438_922.0, True, 4, "Pod")
    old = msgspec.json.decode(
        b"""{"metadata": {"name": "s"}, "spec": {"failurePolicy": {"maxRestarts": 4}},
             "status": {"restarts": 1, "ReplicatedJobsStatus": [{"name": "r", "ready": 2}],
                        "conditions": [{"type": "Failed", "status": "True"}]}}""",
        type=wire.JobSet,
    )
    shown = decode.jobset(old)
    assert (shown.restarts, shown.max_restarts, shown.ready_jobs, shown.terminal) == (1, 4, 2, "Failed")


def test_times() -> None:
    assert epoch("2026-11-23T13:02:02.123456789Z") == pytest.approx(1_795_438_922.123456)
    assert epoch(None) == epoch("") == epoch("yesterday") == 0.0
    assert epoch(stamp(1_795_438_922.5)) == 1_795_438_922.5


def test_node_with_its_slice_and_its_troubles() -> None:
    body = {
        "metadata": {
            "name": "gke-tpu2-1",
            "uid": "n",
            "creationTimestamp": "2026-11-23T13:02:02Z",
            "labels": {
                "cloud.google.com/gke-nodepool": "tpu2",
                "cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice",
                "cloud.google.com/gke-tpu-topology": "4x8",
                "topology.kubernetes.io/zone": "us-west4-a",
            },
        },
        "spec": {
            "unschedulable": True,
            "taints": [{"key": "google.com/tpu", "value": "present", "effect": "NoSchedule"}],
        },
        "status": {
            "allocatable": {"google.com/tpu": "4", "cpu": "110830m"},
            "addresses": [{"type": "InternalIP", "address": "10.182.0.7"}],
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "plugin\u001b"}
            ],
        },
    }
    node = around.node(msgspec.json.decode(json.dumps(body).encode(), type=wire.Node))
    assert (node.pool, node.topology, node.zone, node.chips) == ("tpu2", "4x8", "us-west4-a", 4)
    assert (node.cpu, node.cordoned, node.ready, node.address) == (110.83, True, False, "10.182.0.7")
    assert node.taints == ("google.com/tpu=present:NoSchedule",)
    assert "\x1b" not in node.conditions[0].message


def test_job_tells_its_slice_and_how_often_the_jobset_restarted() -> None:
    labels = {
        "jobset.sigs.k8s.io/jobset-name": "s",
        "jobset.sigs.k8s.io/job-index": "1",
        "jobset.sigs.k8s.io/restart-attempt": "2",
    }
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "limit"}
    body = {
        "metadata": {"name": "s-1", "uid": "j", "labels": labels},
        "spec": {
            "parallelism": 8,
            "template": {"spec": {"nodeSelector": {"cloud.google.com/gke-tpu-topology": "4x4"}}},
        },
        "status": {"failed": 1, "conditions": [failed]},
    }
    job = around.job(msgspec.json.decode(json.dumps(body).encode(), type=wire.Job))
    assert (job.slice, job.attempt, job.wanted, job.failed, job.topology) == (1, 2, 8, 1, "4x4")
    assert job.failure is not None
    assert job.failure.reason == "BackoffLimitExceeded"


def test_container_that_ended_before_keeps_how() -> None:
    again = {**waiting("CrashLoopBackOff"), "restartCount": 3, "lastState": ended(137, "OOMKilled")["state"]}
    found = decode.pod(pod(status=status("Running", again)))
    (container,) = found.states
    assert (container.waiting, container.restarts) == ("CrashLoopBackOff", 3)
    assert container.last is not None
    assert (container.last.code, container.last.reason) == (137, "OOMKilled")
