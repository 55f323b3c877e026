"""Witness tests: the real kubectl 1.32 against the embedded API server, on hand-made objects."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.witness


async def test_version_and_get_all(served: Any, kubectl: Any) -> None:
    code, out, err = await kubectl("version")
    assert code == 0 and "v1.32.4-gke.1" in out, err
    code, out, err = await kubectl("get", "all")
    assert code == 0 and "service/kubernetes" in out and err == ""


async def test_pods_as_a_table(served: Any, kubectl: Any, build: Any) -> None:
    for name in ("idle", "busy"):
        served.store.create(build.pod(name, app="x"))
    build.run(served.store, "busy")
    code, out, _ = await kubectl("get", "pods", "-o", "wide")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert rows[0][:5] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"] and "NODE" in rows[0]
    assert rows[1][:4] == ["busy", "1/1", "Running", "0"] and rows[1][5:7] == ["10.0.0.7", "n1"]
    assert rows[2][:4] == ["idle", "0/1", "Pending", "0"]
    _, out, _ = await kubectl("get", "pods", "-l", "app=x", "--field-selector", "status.phase=Running", "-o", "name")
    assert out == "pod/busy\n"


async def test_describe_shows_events(served: Any, kubectl: Any, build: Any) -> None:
    pod = served.store.create(build.pod())
    served.store.record_event(pod, "Scheduled", "Successfully assigned default/p to n1", source="default-scheduler")
    code, out, err = await kubectl("describe", "pod", "p")
    assert code == 0 and "Scheduled" in out and "Successfully assigned" in out, err


@pytest.mark.parametrize("how", ["client", "server"])
async def test_apply_both_ways(served: Any, kubectl: Any, build: Any, how: str) -> None:
    flags = ("--server-side",) if how == "server" else ()
    manifest = build.deployment()
    code, out, err = await kubectl("apply", *flags, "-f", "-", given=yaml.safe_dump(manifest))
    assert code == 0, err
    first = served.store.get("Deployment", "default", "web")
    code, out, err = await kubectl("apply", *flags, "-f", "-", given=yaml.safe_dump(manifest))
    again = served.store.get("Deployment", "default", "web")
    assert code == 0 and again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"], err
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "busybox:2"
    manifest["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    code, out, err = await kubectl("diff", *flags, "-f", "-", given=yaml.safe_dump(manifest))
    assert code == 1 and "busybox:2" in out, err
    code, out, err = await kubectl("apply", *flags, "-f", "-", given=yaml.safe_dump(manifest))
    now = served.store.get("Deployment", "default", "web")
    assert now["spec"]["template"]["spec"]["containers"][0]["image"] == "busybox:2"
    del manifest["spec"]["template"]["spec"]["containers"][0]["env"]
    code, out, err = await kubectl("apply", *flags, "-f", "-", given=yaml.safe_dump(manifest))
    now = served.store.get("Deployment", "default", "web")
    assert code == 0 and not now["spec"]["template"]["spec"]["containers"][0].get("env"), err
    assert now["metadata"]["generation"] == 3


async def test_apply_refuses_unknown_fields_and_conflicts(served: Any, kubectl: Any, build: Any) -> None:
    manifest = build.deployment()
    manifest["spec"]["replicaz"] = 2
    code, _, err = await kubectl("apply", "-f", "-", given=yaml.safe_dump(manifest))
    assert code != 0 and 'unknown field "spec.replicaz"' in err
    config = build.config(a="1")
    await kubectl("apply", "--server-side", "-f", "-", given=yaml.safe_dump(config))
    config["data"]["a"] = "2"
    arguments = ("apply", "--server-side", "--field-manager", "other", "-f", "-")
    code, _, err = await kubectl(*arguments, given=yaml.safe_dump(config))
    assert code != 0 and 'conflict with "kubectl"' in err and ".data.a" in err
    code, _, err = await kubectl(*arguments, "--force-conflicts", given=yaml.safe_dump(config))
    assert code == 0 and served.store.get("ConfigMap", "default", "cm")["data"] == {"a": "2"}, err


async def test_jobset_release_installs_and_serves_its_kind(served: Any, kubectl: Any, jobset_manifest: Path) -> None:
    for _ in range(2):
        code, _, err = await kubectl("apply", "--server-side", "-f", str(jobset_manifest))
        assert code == 0, err
    code, _, err = await kubectl("wait", "--for=condition=Established", "--timeout=10s", "crd/jobsets.jobset.x-k8s.io")
    assert code == 0, err
    code, _, err = await kubectl("get", "jobsets")
    assert code == 0 and "No resources found" in err


async def test_jobset_before_and_after_its_webhook(
    served: Any, kubectl: Any, build: Any, jobset_manifest: Path
) -> None:
    await kubectl("apply", "--server-side", "-f", str(jobset_manifest))
    text = yaml.safe_dump(build.job_set())
    code, _, err = await kubectl("apply", "-f", "-", given=text)
    assert code != 0 and 'failed calling webhook "mjobset.kb.io"' in err
    assert 'no endpoints available for service "jobset-webhook-service"' in err
    manager = build.pod("manager", "jobset-system", **{"control-plane": "controller-manager"})
    served.store.create(manager)
    build.run(served.store, "manager", "jobset-system")
    code, _, err = await kubectl("apply", "-f", "-", given=text)
    assert code == 0, err
    served.store.set_status("JobSet", "default", "js", {"restarts": 1})
    code, out, _ = await kubectl("get", "jobset")
    header, row = out.splitlines()
    assert header.split() == ["NAME", "TERMINALSTATE", "RESTARTS", "COMPLETED", "SUSPENDED", "AGE"]
    assert row.split()[:2] == ["js", "1"]
    changed = build.job_set()
    changed["spec"]["replicatedJobs"][0]["replicas"] = 5
    code, _, err = await kubectl("apply", "-f", "-", given=yaml.safe_dump(changed))
    assert code != 0 and "field is immutable" in err


async def test_protobuf_creates(served: Any, kubectl: Any) -> None:
    for arguments in (
        ("create", "namespace", "team"),
        ("create", "serviceaccount", "sax-sa", "-n", "team"),
        ("create", "configmap", "settings", "--from-literal=a=1"),
        ("create", "secret", "generic", "hidden", "--from-literal=b=2"),
        ("create", "clusterrolebinding", "all", "--clusterrole=view", "--serviceaccount=team:sax-sa"),
    ):
        code, _, err = await kubectl(*arguments)
        assert code == 0, err
    store = served.store
    assert store.peek("ServiceAccount", "team", "sax-sa")
    assert store.peek("ConfigMap", "default", "settings")["data"] == {"a": "1"}
    assert store.peek("Secret", "default", "hidden")["data"] == {"b": "Mg=="}
    (binding,) = store.list("ClusterRoleBinding")
    assert binding["roleRef"]["name"] == "view" and binding["subjects"][0]["namespace"] == "team"
    code, out, err = await kubectl("auth", "can-i", "create", "pods")
    assert code == 0 and out.strip() == "yes", err


async def test_annotate_label_patch_scale(served: Any, kubectl: Any, build: Any) -> None:
    store = served.store
    key = "iam.gke.io/gcp-service-account"
    code, _, err = await kubectl("annotate", "serviceaccount", "default", f"{key}=a@b.iam")
    assert code == 0 and store.peek("ServiceAccount", "default", "default")["metadata"]["annotations"][key], err
    store.create(build.deployment())
    assert (await kubectl("label", "deployment", "web", "tier=front"))[0] == 0
    code, _, err = await kubectl("scale", "deployment", "web", "--replicas=3")
    assert code == 0, err
    code, _, err = await kubectl("patch", "deployment", "web", "-p", '{"spec":{"paused":true}}')
    assert code == 0, err
    code, _, err = await kubectl(
        "patch", "deployment", "web", "--type=json", "-p", '[{"op":"remove","path":"/spec/paused"}]'
    )
    assert code == 0, err
    now = store.peek("Deployment", "default", "web")
    assert now["spec"]["replicas"] == 3 and "paused" not in now["spec"]
    assert now["metadata"]["labels"] == {"tier": "front"}


async def test_logs(served: Any, kubectl: Any, build: Any) -> None:
    store = served.store
    store.create(build.pod())
    code, out, _ = await kubectl("logs", "p")
    assert code == 0 and out == ""
    build.run(store, "p")
    for number in range(5):
        store.append_log("default", "p", "c", f"line {number}")
    code, out, _ = await kubectl("logs", "p", "--tail=2")
    assert code == 0 and out == "line 3\nline 4\n"
    code, out, _ = await kubectl("logs", "p", "--timestamps", "--tail=1")
    assert out == f"{store.world.stamp()} line 4\n"
    code, _, err = await kubectl("logs", "p", "--previous")
    assert code != 0 and 'previous terminated container "c" in pod "p" not found' in err
    code, out, err = await kubectl("logs", "-l", "app=none")
    assert code == 0


async def test_log_follow_ends_with_the_container(served: Any, kubectl_command: Any, build: Any) -> None:
    store = served.store
    store.create(build.pod())
    build.run(store, "p")
    store.append_log("default", "p", "c", "first")
    command, environment = kubectl_command
    process = await asyncio.create_subprocess_exec(
        *command, "logs", "-f", "p", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert await process.stdout.readline() == b"first\n"
    store.append_log("default", "p", "c", "second")
    assert await process.stdout.readline() == b"second\n"
    store.set_status("Pod", "default", "p", {"phase": "Succeeded"})
    assert await process.stdout.read() == b""
    assert await process.wait() == 0


async def test_get_watch_follows_changes(served: Any, kubectl_command: Any, build: Any) -> None:
    store = served.store
    store.create(build.pod())
    command, environment = kubectl_command
    process = await asyncio.create_subprocess_exec(
        *command, "get", "pods", "-w", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        assert (await process.stdout.readline()).split()[0] == b"NAME"
        assert b"Pending" in await process.stdout.readline()
        build.run(store, "p")
        while b"Running" not in (line := await process.stdout.readline()):
            assert line
    finally:
        process.kill()
        await process.wait()


async def test_wait_rollout_and_delete(served: Any, kubectl: Any, build: Any) -> None:
    store = served.store
    store.create(build.pod())
    waiting = asyncio.create_task(kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=30s"))
    await served.until(lambda: any(path.endswith("/pods") for _, path, _, _ in served.requests))
    build.run(store, "p")
    code, _, err = await waiting
    assert code == 0, err
    deleting = asyncio.create_task(kubectl("delete", "pod", "p"))
    await served.until(lambda: "deletionTimestamp" in store.peek("Pod", "default", "p")["metadata"])
    store.finish_delete("Pod", "default", "p")
    code, out, err = await deleting
    assert code == 0 and 'pod "p" deleted' in out, err
    store.create(build.deployment())
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    done = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}
    store.set_status("Deployment", "default", "web", {**done, "conditions": [progressing]})
    code, out, err = await kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    assert code == 0 and "successfully rolled out" in out, err
    code, _, err = await kubectl("delete", "deployment", "web", "--cascade=foreground")
    assert code == 0 and store.list("Deployment") == [], err


async def test_yaml_output_round_trips(served: Any, kubectl: Any, build: Any) -> None:
    served.store.create(build.config(a="1"))
    code, out, _ = await kubectl("get", "cm", "cm", "-o", "yaml")
    assert code == 0 and yaml.safe_load(out)["data"] == {"a": "1"}
    code, out, _ = await kubectl("get", "cm", "-o", "json")
    assert [each["kind"] for each in json.loads(out)["items"]] == ["ConfigMap"]


async def test_describe_service_shows_endpoints(served: Any, kubectl: Any) -> None:
    store = served.store
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "kubernetes", "namespace": "default"}}
    ports = [{"name": "https", "port": 443, "protocol": "TCP"}]
    store.create({**endpoints, "subsets": [{"addresses": [{"ip": "10.0.0.9"}], "ports": ports}]})
    code, out, err = await kubectl("describe", "service", "kubernetes")
    assert code == 0 and "10.0.0.9:443" in out, err
    store.update({**endpoints, "subsets": [{"addresses": [{"ip": "10.0.0.8"}], "ports": ports}]})
    _, out, _ = await kubectl("get", "endpoints,endpointslices")
    assert "10.0.0.8:443" in out
    store.delete("Endpoints", "default", "kubernetes")
    assert store.list("EndpointSlice") == []
