"""The Saxml tutorial from first to last with the real gcloud, kubectl and curl, none of them written by us.

https://cloud.google.com/kubernetes-engine/docs/tutorials/tpu-multihost-saxml. Two things are not as printed there: the
load balancer's address leads nowhere on this machine, so curl goes through `kubectl proxy` to the same Service; and the
JobSet release comes from the emulator's own copy.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TOOLS = ("gcloud", "kubectl", "curl")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.witness,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; this runs the real {TOOLS}"),
]

REPOSITORY = Path(__file__).parents[2]
SPEED = "3000"
PROJECT, LOCATION, ZONE, BUCKET = "demo-project", "us-west4", "us-west4-a", "demo-project-gke-bucket"
EMAIL = f"sax-iam-sa@{PROJECT}.iam.gserviceaccount.com"
MODEL, CLASS = "/sax/test/spmd", "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B32Test"
Run = Callable[..., str]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """The state directory of an emulator of its own."""
    folder = tmp_path / "cloud"
    command = [sys.executable, "-m", "saxtui.emulator", "serve", "--state", str(folder), "--speed", SPEED]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("serving "), process.communicate()
    yield folder
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


@pytest.fixture
def env(state: Path) -> dict[str, str]:
    """What `source env.sh` gives, in a home of its own."""
    home = state.parent / "home"
    home.mkdir()
    found = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {"HOME": str(home)}
    for line in (state / "env.sh").read_text().splitlines():
        if line.startswith("export "):
            name, _, value = shlex.split(line)[1].partition("=")
            found[name] = value
    return found


@pytest.fixture
def run(env: dict[str, str]) -> Run:
    """run("kubectl get pods"): its output; fails the test unless it exits 0."""

    def command(line: str, given: str = "") -> str:
        done = subprocess.run(
            shlex.split(line), env=env, input=given, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout

    return command


@pytest.fixture
def address(env: dict[str, str], run: Run) -> Iterator[Callable[[], str]]:
    """address(): the HTTP server's Service, as curl can reach it: through `kubectl proxy`."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> str:
        command = ["kubectl", "proxy", "--port=0"]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        assert process.stdout is not None
        said = process.stdout.readline()
        port = re.search(r"127\.0\.0\.1:(\d+)", said)
        assert port is not None, said
        return f"http://127.0.0.1:{port[1]}/api/v1/namespaces/default/services/sax-http-lb:8888/proxy"

    yield begin
    for process in started:
        os.killpg(process.pid, 15)
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def manifest(name: str) -> str:
    text = (REPOSITORY / "manifests" / name).read_text()
    return text.replace("BUCKET_NAME", BUCKET).replace("type: ClusterIP", "type: LoadBalancer")


def until(run: Run, line: str, holds: Callable[[str], bool]) -> str:
    """Its output as soon as that is as it should be; the test's own time limit is the only one."""
    while not holds(out := run(line)):
        pass
    return out


def rows(table: str) -> list[dict[str, str]]:
    """A table of kubectl or gcloud by its header, whose columns are two spaces or more apart."""
    lines = table.rstrip("\n").splitlines()
    starts = [found.start() for found in re.finditer(r"(?:^|(?<=  ))\S", lines[0])]
    ends = [*starts[1:], None]
    names = [lines[0][a:b].strip() for a, b in zip(starts, ends, strict=True)]
    return [{name: line[a:b].strip() for name, a, b in zip(names, starts, ends, strict=True)} for line in lines[1:]]


@pytest.mark.long
def test_the_tutorial_from_first_to_last(
    run: Run, state: Path, env: dict[str, str], address: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_the_cluster_and_its_node_pools(run)
    create_the_bucket_and_get_credentials(run, state)
    let_pods_use_the_bucket(run)
    install_jobset(run, env)
    deploy_saxml(run)
    publish_generate_unpublish(run, address)
    look_with_the_python_clients(state, env, monkeypatch)
    clean_up(run, state)
    every_kind_of_request_is_in_the_document(run, state)


def create_the_cluster_and_its_node_pools(run: Run) -> None:
    out = run(
        f"gcloud container clusters create saxml --location={LOCATION} --workload-pool={PROJECT}.svc.id.goog "
        "--cluster-version=1.32 --num-nodes=4"
    )
    (cluster,) = rows(out)
    assert (cluster["NAME"], cluster["LOCATION"], cluster["STATUS"]) == ("saxml", LOCATION, "RUNNING")
    assert cluster["MASTER_VERSION"].startswith("1.32.") and cluster["MACHINE_TYPE"] == "e2-medium"
    for name in ("tpu1", "tpu2"):
        out = run(
            f"gcloud container node-pools create {name} --location={LOCATION} --node-locations={ZONE} "
            "--cluster=saxml --machine-type=ct5lp-hightpu-4t --tpu-topology=4x8 --num-nodes=8"
        )
        (pool,) = rows(out)
        assert (pool["NAME"], pool["MACHINE_TYPE"]) == (name, "ct5lp-hightpu-4t")


def create_the_bucket_and_get_credentials(run: Run, state: Path) -> None:
    run(f"gcloud storage buckets create gs://{BUCKET}")
    assert f"gs://{BUCKET}/" in run("gcloud storage ls")
    run(f"gcloud container clusters get-credentials saxml --location={LOCATION}")
    assert run("kubectl config current-context").strip() == f"gke_{PROJECT}_{LOCATION}_saxml"
    nodes = rows(run("kubectl get nodes"))
    assert len(nodes) == 12 + 16 and {node["STATUS"] for node in nodes} == {"Ready"}
    assert (state / "kubeconfig").exists()


def let_pods_use_the_bucket(run: Run) -> None:
    assert run("kubectl create serviceaccount sax-sa --namespace default") == "serviceaccount/sax-sa created\n"
    run("gcloud iam service-accounts create sax-iam-sa")
    policy = json.loads(
        run(
            f"gcloud projects add-iam-policy-binding {PROJECT} --member=serviceAccount:{EMAIL} "
            "--role=roles/storage.admin --format=json"
        )
    )
    assert {"role": "roles/storage.admin", "members": [f"serviceAccount:{EMAIL}"]} in policy["bindings"]
    out = run(
        f"gcloud iam service-accounts add-iam-policy-binding {EMAIL} --role=roles/iam.workloadIdentityUser "
        f"--member='serviceAccount:{PROJECT}.svc.id.goog[default/sax-sa]'"
    )
    assert (
        f"serviceAccount:{PROJECT}.svc.id.goog[default/sax-sa]" in out and "role: roles/iam.workloadIdentityUser" in out
    )
    out = run(f"kubectl annotate serviceaccount sax-sa iam.gke.io/gcp-service-account={EMAIL}")
    assert out == "serviceaccount/sax-sa annotated\n"


def install_jobset(run: Run, env: dict[str, str]) -> None:
    out = run(f"kubectl apply --server-side -f {env['SAXTUI_JOBSET_MANIFEST']}")
    assert "customresourcedefinition.apiextensions.k8s.io/jobsets.jobset.x-k8s.io serverside-applied" in out
    run("kubectl wait --for=condition=Available --timeout=60s -n jobset-system deployment/jobset-controller-manager")
    (pod,) = rows(run("kubectl get pods -n jobset-system"))
    assert pod["NAME"].startswith("jobset-controller-manager-") and pod["STATUS"] == "Running"


def deploy_saxml(run: Run) -> None:
    assert run("kubectl apply -f -", manifest("sax-admin-server.yaml")) == "deployment.apps/sax-admin-server created\n"
    said = run("kubectl apply -f -", manifest("sax-model-server-set.yaml"))
    assert said == "jobset.jobset.x-k8s.io/sax-model-server-set created\n"
    said = run("kubectl apply -f -", manifest("sax-http.yaml"))
    assert said == "deployment.apps/sax-http created\nservice/sax-http-lb created\n"
    run("kubectl wait --for=condition=Available --timeout=60s deployment/sax-admin-server deployment/sax-http")
    table = until(run, "kubectl get pods", lambda out: out.count(" Running ") == 18)
    names = [row["NAME"] for row in rows(table)]
    letter = "[bcdfghjklmnpqrstvwxz2456789]"
    assert re.fullmatch(f"sax-admin-server-{letter}{{8,10}}-{letter}{{5}}", names[0])
    hosts = [re.fullmatch(rf"sax-model-server-set-sax-model-server-(\d)-(\d)-{letter}{{5}}", name) for name in names]
    assert {(each[1], each[2]) for each in hosts if each} == {
        (str(job), str(index)) for job in (0, 1) for index in range(8)
    }
    assert list(rows(table)[0]) == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    table = until(run, "kubectl get svc", lambda out: "<pending>" not in out)
    service = {row["NAME"]: row for row in rows(table)}["sax-http-lb"]
    assert service["TYPE"] == "LoadBalancer" and re.fullmatch(r"8888:3\d{4}/TCP", service["PORT(S)"])
    assert re.fullmatch(r"(\d+\.){3}\d+", service["EXTERNAL-IP"])


def publish_generate_unpublish(run: Run, address: Callable[[], str]) -> None:
    base = address()

    def curl(method: str, path: str, body: dict[str, Any]) -> Any:
        said = run(
            f"curl --fail --silent --show-error --request {method} --header 'Content-type: application/json' "
            f"{base}{path} --data '{json.dumps(body)}'"
        )
        return json.loads(said)

    wanted = {"model": MODEL, "model_path": CLASS, "checkpoint": "None", "replicas": 2}
    published = curl("POST", "/publish", wanted)
    assert published == {"model": MODEL, "path": CLASS, "checkpoint": "None", "replicas": 2}
    selector = "batch.kubernetes.io/job-completion-index=0"
    loaded = f"Successfully loaded model for key: {MODEL}"
    until(run, f"kubectl logs -l {selector} --tail=-1", lambda out: out.count(loaded) == 2)
    listed = curl("GET", "/listcell", {"model": MODEL})
    assert listed == {
        "model": MODEL,
        "model_path": CLASS,
        "checkpoint": "None",
        "max_replicas": 2,
        "active_replicas": 2,
    }
    answer = curl("POST", "/generate", {"model": MODEL, "query": "How many days are in a week?"})
    texts = answer["generate_response"]
    assert texts and all(isinstance(text, str) and text and isinstance(score, float) for text, score in texts)
    assert curl("POST", "/unpublish", {"model": MODEL}) == {"model": MODEL}


def look_with_the_python_clients(state: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries that saxtui and others use in place of the two programs."""
    import kubernetes
    from google.cloud import container_v1, storage
    from google.oauth2.credentials import Credentials

    facts = json.loads((state / "emulator.json").read_text())
    for name, value in env.items():
        if "proxy" in name.lower():
            monkeypatch.setenv(name, value)
    options = {"api_endpoint": facts["endpoint"]}
    token = Credentials(token=facts["token"])
    gke = container_v1.ClusterManagerClient(transport="rest", credentials=token, client_options=options)
    parent = f"projects/{PROJECT}/locations/{LOCATION}"
    with gke:
        (cluster,) = gke.list_clusters(parent=parent).clusters
        assert cluster.current_node_count == 28
        pools = gke.list_node_pools(parent=f"{parent}/clusters/saxml").node_pools
        assert [pool.name for pool in pools] == ["default-pool", "tpu1", "tpu2"]
        assert gke.list_operations(parent=parent).operations
    with storage.Client(project=PROJECT, credentials=token, client_options=options) as client:
        bucket = client.bucket(BUCKET)
        bucket.blob("note.txt").upload_from_string("hello")
        assert bucket.blob("note.txt").download_as_bytes() == b"hello"
        assert "sax-root/sax/test/location.proto" in [blob.name for blob in client.list_blobs(BUCKET)]
        bucket.delete_blob("note.txt")
    configuration = kubernetes.client.Configuration(host=f"https://{cluster.endpoint}")
    configuration.ssl_ca_cert = str(state / "ca.pem")
    configuration.api_key = {"authorization": f"Bearer {facts['token']}"}
    with kubernetes.client.ApiClient(configuration) as connection:
        core = kubernetes.client.CoreV1Api(connection)
        listed = core.list_namespaced_pod("default", label_selector="app=sax-http")
        (pod,) = [each.metadata.name for each in listed.items]
        assert "Server started" in core.read_namespaced_pod_log(pod, "default", tail_lines=50)
        watch = kubernetes.watch.Watch()
        for event in watch.stream(core.list_namespaced_pod, "default", timeout_seconds=30):
            assert event["type"] == "ADDED"
            watch.stop()


def clean_up(run: Run, state: Path) -> None:
    run("kubectl delete svc sax-http-lb")
    run("kubectl delete jobset sax-model-server-set")
    run(f"gcloud container node-pools delete tpu2 --location={LOCATION} --cluster=saxml --quiet")
    run(f"gcloud container clusters delete saxml --location={LOCATION} --quiet")
    run(f"gcloud iam service-accounts delete {EMAIL} --quiet")
    run(f"gcloud storage rm -r gs://{BUCKET}")
    assert run("gcloud container clusters list") == ""
    listing = run(f"{sys.executable} -m saxtui.emulator resources --state {state} --json")
    left = [json.loads(line) for line in listing.splitlines()]
    assert {each["type"] for each in left} == {"project", "service-account", "iam-binding"}


def every_kind_of_request_is_in_the_document(run: Run, state: Path) -> None:
    """docs/emulator.md holds the table this run makes. To renew it, put conformance.md of the test's folder there."""
    table = run(f"{sys.executable} -m saxtui.emulator conformance --state {state}")
    (state.parent / "conformance.md").write_text(table)
    kinds = {tuple(line.split(" | ")[:3]) for line in table.splitlines()}
    document = (REPOSITORY / "docs" / "emulator.md").read_text()
    written = {tuple(line.split(" | ")[:3]) for line in document.splitlines() if line.startswith("| ")}
    # Whether kubectl has to watch for what it waits for depends on the moment.
    missing = {kind for kind in kinds - written if len(kind) == 3 and "?watch" not in kind[1]}
    assert not missing, sorted(missing)
    assert all(kind[2] == "yes" for kind in kinds if len(kind) == 3 and kind[2] != "Supported")
