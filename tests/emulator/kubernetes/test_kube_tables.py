"""What kubectl get shows."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.emulator.kubernetes.kinds import Registry
from saxtui.emulator.kubernetes.tables import printer_for, table
from saxtui.emulator.kubernetes.tables.base import duration
from saxtui.emulator.kubernetes.tables.custom import look_up
from saxtui.emulator.kubernetes.tables.pods import restarts_text, status_word
from saxtui.emulator.kubernetes.tables.workloads import JOBS

NOW = 1_800_000_000.0
Json = dict[str, Any]


def pod(phase: str = "Running", *states: Json, **more: Any) -> Json:
    statuses = [{"name": f"c{n}", "ready": "running" in state, "state": state} for n, state in enumerate(states)]
    obj: Json = {"metadata": {"name": "p"}, "spec": {"containers": [{} for _ in states]}, "status": {"phase": phase}}
    obj["status"]["containerStatuses"] = statuses
    deleting = more.pop("deleting", False)
    if deleting:
        obj["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    inits = more.pop("inits", None)
    if inits is not None:
        obj["spec"]["initContainers"] = [{} for _ in inits]
        obj["status"]["initContainerStatuses"] = [{"state": state} for state in inits]
    obj["status"].update(more)
    return obj


def waiting(reason: str) -> Json:
    return {"waiting": {"reason": reason}}


def ended(code: int = 0, **more: Any) -> Json:
    return {"terminated": {"exitCode": code, **more}}


RUNNING: Json = {"running": {}}
READY = {"conditions": [{"type": "Ready", "status": "True"}]}
WORDS = [
    (pod("Pending"), "Pending"),
    (pod("Pending", waiting("ContainerCreating")), "ContainerCreating"),
    (pod("Pending", waiting("ImagePullBackOff")), "ImagePullBackOff"),
    (pod("Running", waiting("CrashLoopBackOff")), "CrashLoopBackOff"),
    (pod("Running", RUNNING), "Running"),
    (pod("Failed", ended(137, reason="OOMKilled")), "OOMKilled"),
    (pod("Failed", ended(1)), "ExitCode:1"),
    (pod("Failed", ended(137, signal=9)), "Signal:9"),
    (pod("Succeeded", ended(0, reason="Completed")), "Completed"),
    (pod("Failed", reason="Evicted"), "Evicted"),
    (pod("Pending", inits=[waiting("PodInitializing")]), "Init:0/1"),
    (pod("Pending", inits=[ended(1, reason="Error")]), "Init:Error"),
    (pod("Pending", inits=[ended(2)]), "Init:ExitCode:2"),
    (pod("Pending", inits=[waiting("CrashLoopBackOff")]), "Init:CrashLoopBackOff"),
    (pod("Running", RUNNING, inits=[ended(0)]), "Running"),
    (pod("Running", RUNNING, deleting=True), "Terminating"),
    (pod("Running", waiting("CrashLoopBackOff"), deleting=True, reason="NodeLost"), "Unknown"),
    (pod("Succeeded", ended(0, reason="Completed"), deleting=True), "Completed"),
    (pod("Running", ended(0, reason="Completed"), RUNNING, **READY), "Running"),
    (pod("Running", ended(0, reason="Completed"), RUNNING), "NotReady"),
    (
        pod("Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
        "SchedulingGated",
    ),
]


@pytest.mark.parametrize(("obj", "word"), WORDS)
def test_pod_status(obj: Json, word: str) -> None:
    assert status_word(obj) == word


def test_restarts_say_when() -> None:
    obj = pod("Running", RUNNING)
    obj["status"]["containerStatuses"][0] |= {
        "restartCount": 3,
        "lastState": {"terminated": {"finishedAt": "2027-01-15T07:55:00Z"}},
    }
    assert restarts_text(obj, NOW) == "3 (5m ago)"
    assert restarts_text(pod(), NOW) == "0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (550, "9m10s"),
        (600, "10m"),
        (10799, "179m"),
        (10800, "3h"),
        (12000, "3h20m"),
        (30000, "8h"),
        (172800, "2d"),
        (187200, "2d4h"),
        (864000, "10d"),
        (63072000, "2y"),
        (63331200, "2y3d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


JOB_WORDS = [
    ({"spec": {}, "status": {}}, "Running"),
    ({"spec": {}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}, "Complete"),
    ({"spec": {}, "status": {"conditions": [{"type": "Failed", "status": "True"}]}}, "Failed"),
    ({"spec": {}, "status": {"conditions": [{"type": "Suspended", "status": "True"}]}}, "Suspended"),
]


@pytest.mark.parametrize(("obj", "word"), JOB_WORDS)
def test_job_row(obj: Json, word: str) -> None:
    cells = JOBS.cells({"metadata": {"name": "j"}, **obj}, NOW)
    assert cells[:3] == ["j", word, "0/1"] and len(cells) == len(JOBS.columns)


def test_every_kind_fills_its_columns() -> None:
    for info in Registry():
        obj: Json = {"metadata": {"name": "x", "creationTimestamp": "2027-01-15T07:59:50Z"}, "kind": info.kind}
        made = table(info, [obj], {}, NOW)
        assert len(made["rows"][0]["cells"]) == len(made["columnDefinitions"]) == len(printer_for(info).columns)


def test_printer_columns_of_a_crd(store: Any, jobset_manifest: Any) -> None:
    import yaml

    for manifest in yaml.safe_load_all(jobset_manifest.read_text()):
        if manifest:
            store.create(manifest)
    info = store.registry.kind("JobSet")
    assert [column.name for column in printer_for(info).columns] == [
        "Name",
        "TerminalState",
        "Restarts",
        "Completed",
        "Suspended",
        "Age",
    ]
    obj = {
        "metadata": {"name": "js", "creationTimestamp": "2027-01-15T07:50:00Z"},
        "spec": {"suspend": False},
        "status": {"restarts": 2, "conditions": [{"type": "Completed", "status": "True"}]},
    }
    assert printer_for(info).cells(obj, NOW) == ["js", None, "2", "True", "false", "10m"]


def test_json_paths() -> None:
    obj = {"a": [{"k": "x", "v": 1}, {"k": "y", "v": 2}]}
    assert look_up(obj, ".a[1].v") == 2
    assert look_up(obj, '.a[?(@.k=="y")].v') == 2
    assert look_up(obj, ".a[5].v") is None and look_up(obj, ".b.c") is None
