"""Witness: every kubectl command of an operator's day, the real one, on a cluster that runs the tutorial's objects."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from saxtui.emulator import kubernetes
from saxtui.emulator.controllers import exit_container
from tests.emulator.kubernetes.real_kubectl import MISSING, Shell, kubectl_132, served
from tests.emulator.tutorial import CLUSTER, Cloud, http_server

pytestmark = [pytest.mark.witness, pytest.mark.skipif(kubectl_132() is None, reason=MISSING)]
MANIFEST = Path(kubernetes.__file__).parent / "jobset_manifest.yaml"
JOB = "sax-model-server-set-sax-model-server-0"


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    """The tutorial up to running model servers, with the JobSet release's own CRD."""
    made = Cloud()
    made.serving(2)
    for manifest in yaml.safe_load_all(MANIFEST.read_text()):
        if manifest and manifest["kind"] == "CustomResourceDefinition":
            made.store.update(manifest)
    made.until(made.joined)
    return made


@pytest.fixture(scope="module")
def kubectl(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with served(cloud.world, CLUSTER, tmp_path_factory.mktemp("home"), speed=40) as shell:
        yield shell


def header(text: str) -> list[str]:
    return re.split(r"\s{2,}", text.splitlines()[0].strip())


def pod_of(kubectl: Shell, app: str) -> str:
    return kubectl.ok("get", "pods", "-l", f"app={app}", "-o", "name").split()[0].removeprefix("pod/")


def web(**changes: Any) -> str:
    """A Deployment of our own, to be changed at will."""
    manifest = http_server()
    manifest["metadata"]["name"] = changes.get("name", "web")
    spec = manifest["spec"]
    labels = {"app": changes.get("name", "web")}
    spec["selector"]["matchLabels"] = spec["template"]["metadata"]["labels"] = labels
    spec["replicas"] = changes.get("replicas", 1)
    spec["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": changes.get("value", "1")}]
    return yaml.safe_dump(manifest)


def test_get_in_every_form(kubectl: Shell) -> None:
    wide = kubectl.ok("get", "pods", "-o", "wide")
    assert header(wide)[:6] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"] and "NODE" in header(wide)
    assert len(re.findall(r"^sax-model-server-set-sax-model-server-[01]-[0-7]-\w{5} +1/1 +Running", wide, re.M)) == 16
    listed = json.loads(kubectl.ok("get", "jobset", "-o", "json"))
    assert [each["metadata"]["name"] for each in listed["items"]] == ["sax-model-server-set"]
    read = yaml.safe_load(kubectl.ok("get", "deployment", "sax-http", "-o", "yaml"))
    assert read["status"]["availableReplicas"] >= 1 and "managedFields" not in read["metadata"]
    owned = json.loads(kubectl.ok("get", "deployment", "sax-http", "-o", "json", "--show-managed-fields"))
    entry = next(each for each in owned["metadata"]["managedFields"] if each.get("subresource") == "status")
    assert "f:availableReplicas" in entry["fieldsV1"]["f:status"]
    path = "{range .items[*]}{.status.phase}{' '}{end}"
    jobset = ("-l", "jobset.sigs.k8s.io/jobset-name=sax-model-server-set")
    assert kubectl.ok("get", "pods", *jobset, "-o", f"jsonpath={path}").split() == ["Running"] * 16
    columns = "NAME:.metadata.name,ZONE:.metadata.labels.topology\\.kubernetes\\.io/zone"
    assert "us-west4-a" in kubectl.ok("get", "nodes", "-o", f"custom-columns={columns}")
    jobs = kubectl.ok("get", "jobs,jobsets,deployments,services")
    assert "job.batch/" in jobs and "jobset.jobset.x-k8s.io/" in jobs and "service/sax-http-lb" in jobs
    assert "0/8" in jobs and "Running" in jobs


def test_describe(kubectl: Shell) -> None:
    pod = kubectl.ok("describe", "pod", "-l", "app=sax-admin-server")
    assert "Service Account:  sax-sa" in pod and "Successfully assigned" in pod and "QoS Class" in pod
    node = kubectl.ok("get", "nodes", "-o", "name").split()[-1]
    text = kubectl.ok("describe", node)
    assert "google.com/tpu" in text and "KubeletReady" in text and "RenewTime" in text and "Non-terminated" in text
    job = kubectl.ok("describe", "job", JOB)
    assert "8 Active (8 Ready) / 0 Succeeded / 0 Failed" in job and "SuccessfulCreate" in job
    jobset = kubectl.ok("describe", "jobset", "sax-model-server-set")
    assert "Max Restarts:" in jobset and "Replicated Jobs Status:" in jobset
    assert "NewReplicaSetAvailable" in kubectl.ok("describe", "deployment", "sax-admin-server")
    service = kubectl.ok("describe", "service", "sax-http-lb")
    assert re.search(r"Endpoints: +10\.\d+\.\d+\.\d+:8888", service), service


@pytest.mark.parametrize("how", [(), ("--server-side",)], ids=["client", "server"])
def test_apply_and_apply_of_a_changed_file(kubectl: Shell, how: tuple[str, ...]) -> None:
    name = "applied-" + ("server" if how else "client")
    word = "serverside-applied" if how else "created"
    first, second = web(name=name), web(name=name, value="2")
    assert f"{name} {word}" in kubectl.ok("apply", *how, "-f", "-", given=first)
    code, out, _ = kubectl.run("diff", *how, "-f", "-", given=second)
    assert code == 1 and re.search(r'^\+ +value: "2"', out, re.M)
    word = "serverside-applied" if how else "configured"
    assert f"{name} {word}" in kubectl.ok("apply", *how, "-f", "-", given=second)
    assert kubectl.run("diff", *how, "-f", "-", given=second)[0] == 0
    assert kubectl.ok("get", "deploy", name, "-o", "jsonpath={.metadata.generation}") == "2"
    wrong = second.replace("replicas:", "replicaz:")
    words = ".spec.replicaz: field not declared in schema" if how else 'unknown field "spec.replicaz"'
    assert words in kubectl.refused("apply", *how, "-f", "-", given=wrong)
    kubectl.ok("delete", "deployment", name)


def test_patch_label_annotate_scale_and_rollout(kubectl: Shell) -> None:
    kubectl.ok("apply", "-f", "-", given=web())
    assert "successfully rolled out" in kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")
    strategic = {"spec": {"template": {"spec": {"containers": [{"name": "sax-http", "env": [{"name": "B"}]}]}}}}
    assert "deployment.apps/web patched" in kubectl.ok("patch", "deploy", "web", "-p", json.dumps(strategic))
    kubectl.ok("patch", "deploy", "web", "--type=merge", "-p", '{"metadata":{"labels":{"tier":"front"}}}')
    removal = '[{"op":"remove","path":"/metadata/labels/tier"}]'
    kubectl.ok("patch", "deploy", "web", "--type=json", "-p", removal)
    read = json.loads(kubectl.ok("get", "deploy", "web", "-o", "json"))
    assert {each["name"] for each in read["spec"]["template"]["spec"]["containers"][0]["env"]} == {"A", "B"}
    assert "tier" not in read["metadata"].get("labels", {})
    assert "web labeled" in kubectl.ok("label", "deployment", "web", "team=serving")
    assert "web annotated" in kubectl.ok("annotate", "deployment", "web", "note=mine")
    assert kubectl.ok("get", "deploy", "-l", "team=serving", "-o", "name") == "deployment.apps/web\n"
    assert "web scaled" in kubectl.ok("scale", "deployment", "web", "--replicas=2")
    kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")
    assert kubectl.ok("get", "deploy", "web").splitlines()[1].split()[1] == "2/2"
    assert "web restarted" in kubectl.ok("rollout", "restart", "deployment/web")
    kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")
    assert "REVISION" in kubectl.ok("rollout", "history", "deployment/web")
    assert "condition met" in kubectl.ok("wait", "--for=condition=Available", "deployment/web", "--timeout=20s")
    kubectl.ok("delete", "deployment", "web")


def test_delete_with_each_propagation(kubectl: Shell) -> None:
    for how in ("background", "foreground", "orphan"):
        name = f"kept-{how}"
        kubectl.ok("create", "deployment", name, "--image=busybox:1", "--replicas=2")
        kubectl.ok("wait", "--for=condition=Available", f"deployment/{name}", "--timeout=30s")
        assert f'"{name}" deleted' in kubectl.ok("delete", "deployment", name, f"--cascade={how}")
        left = kubectl.ok("get", "replicasets", "-l", f"app={name}", "-o", "name").split()
        assert len(left) == (1 if how == "orphan" else 0), how
    kubectl.ok("delete", "replicaset", "-l", "app=kept-orphan")
    kubectl.ok("create", "job", "once", "--image=busybox:1", "--", "sleep", "600")
    kubectl.ok("wait", "--for=jsonpath={.status.active}=1", "job/once", "--timeout=20s")
    with kubectl.started("wait", "--for=delete", "job/once", "--timeout=30s") as waiting:
        kubectl.ok("delete", "job", "once")
        assert waiting.wait(30) == 0


def test_logs(kubectl: Shell, cloud: Cloud) -> None:
    pod = pod_of(kubectl, "sax-http")
    assert "Server started http://0.0.0.0:8888" in kubectl.ok("logs", pod)
    primaries = "batch.kubernetes.io/job-completion-index=0"
    lines = kubectl.ok("logs", "-l", primaries, "--prefix", "--tail=2").splitlines()
    assert len(lines) == 4 and all(line.startswith("[pod/sax-model-server-set-sax-model-server-") for line in lines)
    assert len(kubectl.ok("logs", f"job/{JOB}", "--tail=3").splitlines()) == 3
    assert kubectl.ok("logs", "-l", primaries, "--since=1s") == ""
    stamped = kubectl.ok("logs", pod, "--timestamps", "--tail=1")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z Server started", stamped)
    assert "previous terminated container" in kubectl.refused("logs", pod, "--previous")
    with kubectl.started("logs", "-f", pod, "--tail=1") as following:
        assert following.stdout is not None and "Server started" in following.stdout.readline()
        kubectl.do(lambda: cloud.store.append_log("default", pod, "sax-http", "a fresh line"))
        assert following.stdout.readline() == "a fresh line\n"
    assert kubectl.do(lambda: exit_container(cloud.world, CLUSTER, "default", pod, "sax-http", 137)) is None
    kubectl.ok("wait", "--for=condition=Ready", f"pod/{pod}", "--timeout=30s")
    kubectl.ok("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", f"pod/{pod}", "--timeout=30s")
    assert "a fresh line" in kubectl.ok("logs", pod, "--previous")


def test_explain_and_discovery(kubectl: Shell) -> None:
    text = kubectl.ok("explain", "pod.spec.containers")
    assert (
        "FIELD: containers <[]Container>" in text and "image\t<string>" in text and "name\t<string> -required-" in text
    )
    assert "FIELD: completionMode <string>" in kubectl.ok("explain", "job.spec.completionMode")
    assert "VERSION:    v1" in kubectl.ok("explain", "deployment.spec.strategy")
    assert "targetPort" in kubectl.ok("explain", "service.spec.ports")
    jobset = kubectl.ok("explain", "jobset.spec.replicatedJobs")
    assert "GROUP:      jobset.x-k8s.io" in jobset and "name\t<string> -required-" in jobset
    deep = "jobset.spec.replicatedJobs.template.spec.template.spec.nodeSelector"
    assert "nodeSelector <map[string]string>" in kubectl.ok("explain", deep)
    assert 'field "nope" does not exist' in kubectl.refused("explain", "pod.spec.nope")
    resources = kubectl.ok("api-resources")
    assert header(resources) == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"] and "JobSet" in resources
    assert "jobset.x-k8s.io/v1alpha2" in kubectl.ok("api-versions")


def test_rights_tokens_and_refusals(kubectl: Shell) -> None:
    assert kubectl.ok("auth", "can-i", "create", "jobsets.jobset.x-k8s.io") == "yes\n"
    assert "*.*" in kubectl.ok("auth", "can-i", "--list")
    assert "Username" in kubectl.ok("auth", "whoami")
    assert kubectl.ok("create", "token", "sax-sa").count(".") == 2
    assert "Metrics API not available" in kubectl.refused("top", "pods")
    assert "attach is not imitated" in kubectl.refused("attach", pod_of(kubectl, "sax-admin-server"))


def test_events(kubectl: Shell) -> None:
    text = kubectl.ok("events", "--for", f"pod/{pod_of(kubectl, 'sax-admin-server')}")
    assert header(text) == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"] and "Pulled" in text
    assert "Successfully assigned" in kubectl.ok("get", "events.events.k8s.io", "-o", "jsonpath={.items[*].note}")


def test_exec(kubectl: Shell) -> None:
    pod = pod_of(kubectl, "sax-admin-server")
    assert "GSBUCKET=demo-project-gke-bucket" in kubectl.ok("exec", pod, "--", "env").splitlines()
    assert kubectl.ok("exec", f"deploy/{'sax-admin-server'}", "--", "hostname") == f"{pod}\n"
    assert "etc" in kubectl.ok("exec", pod, "--", "ls", "/").split()
    assert "HTTP Server for SAX Client" in kubectl.ok("exec", pod, "--", "curl", "-s", "sax-http-lb:8888")
    assert "sax-http-lb.default.svc.cluster.local" in kubectl.ok("exec", pod, "--", "nslookup", "sax-http-lb")
    code, out, err = kubectl.run("exec", pod, "--", "cat", "/etc/hostname", "/nope")
    assert (code, out) == (1, f"{pod}\n") and "cat: /nope: No such file or directory" in err
    refused = kubectl.refused("exec", pod, "--", "vim")
    assert '"vim" is not imitated by the embedded cloud, which knows: ' in refused


def test_port_forward_carries_real_requests(kubectl: Shell) -> None:
    with kubectl.started("port-forward", "service/sax-http-lb", ":8888") as forwarding:
        assert forwarding.stdout is not None
        found = re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> 8888", forwarding.stdout.readline())
        assert found is not None
        url = f"http://127.0.0.1:{found.group(1)}"
        for _ in range(3):
            with urllib.request.urlopen(f"{url}/", timeout=20) as answer:
                assert json.loads(answer.read()) == {"message": "HTTP Server for SAX Client"}
        body = {"model": "/sax/test/m", "model_path": "saxml.X", "checkpoint": "None", "replicas": 0}
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{url}/publish", data, headers), timeout=20) as answer:
            assert json.loads(answer.read())["model"] == "/sax/test/m"


def test_port_forward_to_a_port_nobody_listens_on(kubectl: Shell) -> None:
    with kubectl.started("port-forward", f"pod/{pod_of(kubectl, 'sax-http')}", ":81") as forwarding:
        assert forwarding.stdout is not None
        found = re.match(r"Forwarding from 127\.0\.0\.1:(\d+)", forwarding.stdout.readline())
        assert found is not None
        with pytest.raises(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{found.group(1)}/", timeout=20)
        assert "connection refused" in forwarding.stdout.read()


def test_watch_output(kubectl: Shell) -> None:
    kubectl.ok("create", "configmap", "seen", "--from-literal=a=1")
    with kubectl.started("get", "configmap", "seen", "-w") as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().split() == ["NAME", "DATA", "AGE"]
        assert watching.stdout.readline().split()[:2] == ["seen", "1"]
        kubectl.ok("patch", "configmap", "seen", "-p", '{"data":{"b":"2"}}')
        assert watching.stdout.readline().split()[:2] == ["seen", "2"]
    kubectl.ok("delete", "configmap", "seen")


def test_cordon_drain_and_uncordon(kubectl: Shell) -> None:
    pod = pod_of(kubectl, "sax-http")
    node = kubectl.ok("get", "pod", pod, "-o", "jsonpath={.spec.nodeName}")
    assert f"node/{node} cordoned" in kubectl.ok("cordon", node)
    assert "Ready,SchedulingDisabled" in kubectl.ok("get", "node", node)
    assert "node.kubernetes.io/unschedulable:NoSchedule" in kubectl.ok("describe", "node", node)
    drained = kubectl.ok("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s")
    assert f"pod/{pod} evicted" in drained and f"node/{node} drained" in drained
    kubectl.ok("rollout", "status", "deployment/sax-http", "--timeout=30s")
    assert pod_of(kubectl, "sax-http") != pod
    assert f"node/{node} uncordoned" in kubectl.ok("uncordon", node)
    taints = kubectl.ok("get", "node", node, "-o", "jsonpath={.spec.taints}")
    assert "unschedulable" not in taints


def test_a_pod_without_a_controller_is_not_drained(kubectl: Shell) -> None:
    kubectl.ok("run", "alone", "--image=busybox:1")
    kubectl.ok("wait", "--for=condition=Ready", "pod/alone", "--timeout=30s")
    node = kubectl.ok("get", "pod", "alone", "-o", "jsonpath={.spec.nodeName}")
    assert "cannot delete Pods that declare no controller" in kubectl.refused("drain", node, "--ignore-daemonsets")
    kubectl.ok("uncordon", node)
    assert 'pod "alone" deleted' in kubectl.ok("delete", "pod", "alone", "--now")
