"""The tutorial's cluster in virtual time: a World, one cluster with its pools, and the tutorial's objects. No HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import Any

from saxtui.emulator import controllers, kubernetes, sax
from saxtui.emulator.google import policy
from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse, forward
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.world import World

Json = dict[str, Any]
Answer = ProxyResponse | NoAnswer
PROJECT, REGION, ZONE = "demo-project", "us-west4", "us-west4-a"
CLUSTER = f"{PROJECT}/{REGION}/saxml"
BUCKET = "demo-project-gke-bucket"
EMAIL = f"sax-iam-sa@{PROJECT}.iam.gserviceaccount.com"
IMAGES = "us-docker.pkg.dev/cloud-tpu-images/inference"
MODEL_CLASS = "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B32Test"
START = 1_790_000_000.0


class Cloud:
    """One cluster and the verbs tests need."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(start=START, seed=seed)
        kubernetes.install(self.world)
        controllers.install(self.world)
        sax.install(self.world)
        self.world.tell("cluster.running", cluster=CLUSTER)

    @property
    def store(self) -> KubeStore:
        return self.world.kube[CLUSTER]

    def advance(self, seconds: float) -> None:
        self.world.advance(self.world.now + seconds)

    def until(self, true: Callable[[], object], at_most: float = 3600.0, step: float = 1.0) -> float:
        """Advance until it is true; the seconds it took."""
        start = self.world.now
        while not true():
            assert self.world.now - start < at_most, f"still not true after {at_most} s"
            self.advance(step)
        return self.world.now - start

    # -- infrastructure
    def pool(self, name: str, machine: str, count: int, topology: str = "", ready_in: float = 20.0) -> None:
        row: Json = {"name": name, "config": {"machineType": machine}, "version": "1.31.5-gke.1169000"}
        if topology:
            row["placementPolicy"] = {"tpuTopology": topology}
        self.world.tell("pool.nodes", cluster=CLUSTER, pool=row, zone=ZONE, count=count, ready_in=ready_in)

    def pools(self, slices: int = 2) -> None:
        self.pool("default-pool", "e2-standard-4", 4)
        for number in range(1, slices + 1):
            self.pool(f"tpu{number}", "ct5lp-hightpu-4t", 8, "4x8")
        self.advance(30)

    def storage(self) -> None:
        self.world.table("crm.projects")[PROJECT] = {"projectId": PROJECT, "projectNumber": "123456789012"}
        self.world.table("storage.buckets")[BUCKET] = {"name": BUCKET, "_project": PROJECT}
        self.world.table("iam.accounts")[EMAIL] = {"email": EMAIL, "projectId": PROJECT}

    def bind_bucket(self) -> None:
        member = f"serviceAccount:{EMAIL}"
        binding = {"role": "roles/storage.objectAdmin", "members": [member]}
        policy.put(self.world, policy.key("bucket", BUCKET), [binding])

    def bind_identity(self) -> None:
        member = f"serviceAccount:{PROJECT}.svc.id.goog[default/sax-sa]"
        binding = {"role": policy.WORKLOAD_IDENTITY_ROLE, "members": [member]}
        policy.put(self.world, policy.key("service-account", EMAIL), [binding])

    def account(self) -> None:
        metadata = {"name": "sax-sa", "namespace": "default", "annotations": {"iam.gke.io/gcp-service-account": EMAIL}}
        self.store.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})

    def jobset_controller(self, version: str = "v0.8.2") -> None:
        for obj in jobset_controller_objects(version):
            self.store.create(obj)

    def serving(self, slices: int = 2, http: str = "v1.0.0", exposure: Json | None = None) -> None:
        """Everything the tutorial applies, on pools that stand."""
        self.pools(slices)
        self.storage()
        self.bind_bucket()
        self.bind_identity()
        self.account()
        self.jobset_controller()
        self.until(lambda: self.available("jobset-system", "jobset-controller-manager"))
        self.store.create(admin_server())
        self.store.create(model_servers(slices))
        self.store.create(http_server(http))
        self.store.create(http_service(**(exposure or {})))

    # -- questions
    def available(self, namespace: str, deployment: str) -> bool:
        found = self.store.get("Deployment", namespace, deployment) or {}
        return bool((found.get("status") or {}).get("availableReplicas"))

    def pods(self, **labels: str) -> list[Json]:
        return self.store.list("Pod", "default", labels or None)

    def hosts(self) -> list[Json]:
        return self.store.list("Pod", "default", {"jobset.sigs.k8s.io/jobset-name": "sax-model-server-set"})

    def host(self, slice_index: int, host: int) -> Json:
        prefix = f"sax-model-server-set-sax-model-server-{slice_index}-{host}-"
        return next(pod for pod in self.hosts() if pod["metadata"]["name"].startswith(prefix))

    def all_running(self, count: int = 16) -> bool:
        hosts = [pod for pod in self.hosts() if not pod["metadata"].get("deletionTimestamp")]
        return len(hosts) == count and all(pod["status"].get("phase") == "Running" for pod in hosts)

    def log(self, pod: Json) -> list[str]:
        key = ("default", pod["metadata"]["name"], pod["spec"]["containers"][0]["name"])
        return [line.text for line in self.store.logs.lines(key) or []]

    def app(self, name: str) -> Json:
        return self.pods(app=name)[0]

    # -- HTTP inside the cluster, in virtual time
    def ask(self, method: str, path: str, body: Json | None = None, raw: bytes | None = None) -> asyncio.Future[Answer]:
        """Send a request to the sax-http pod; the future is done when it has been answered."""
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        pod = self.app("sax-http")["metadata"]["name"]
        request = ProxyRequest(method, path, "", {"content-type": "application/json"}, data)
        return asyncio.ensure_future(forward(self.world, CLUSTER, "default", pod, 8888, request))

    async def settle(self) -> None:
        """Let every task run that can."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def until_done(self, future: asyncio.Future[Answer], at_most: float = 3600.0) -> Answer:
        """Advance until it is answered."""
        start = self.world.now
        await self.settle()
        while not future.done():
            assert self.world.now - start < at_most, f"no answer after {at_most} s"
            self.advance(0.5)
            await self.settle()
        return future.result()

    async def call(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        """(status, JSON body) of one request."""
        answer = await self.until_done(self.ask(method, path, body))
        assert isinstance(answer, ProxyResponse), answer
        return answer.status, json.loads(answer.body)

    def joined(self, slices: int = 2) -> bool:
        """Whether every slice's primary has joined the cell."""
        if not self.all_running(slices * 8):
            return False
        return all(any("Joined " in line for line in self.log(self.host(index, 0))) for index in range(slices))

    def loaded(self, model: str = "/sax/test/spmd", slices: int = 2) -> bool:
        """Whether every slice's primary says that the model is loaded."""
        wanted = f"Successfully loaded model for key: {model}"
        return all(any(wanted in line for line in self.log(self.host(index, 0))) for index in range(slices))

    async def publish(
        self, path: str = MODEL_CLASS, replicas: int = 2, model: str = "/sax/test/spmd"
    ) -> tuple[int, Any]:
        body = {"model": model, "model_path": path, "checkpoint": "None", "replicas": replicas}
        return await self.call("POST", "/publish", body)

    async def active(self, model: str = "/sax/test/spmd") -> int:
        _, body = await self.call("GET", "/listcell", {"model": model})
        return int(body["active_replicas"])

    def events(self, reason: str) -> list[Json]:
        return [event for event in self.store.list("Event") if event["reason"] == reason]

    def digest(self) -> str:
        """A hash over every object and every log line."""
        summary = hashlib.sha256()
        for kind in ("Node", "Pod", "Job", "JobSet", "Service", "Deployment", "Event"):
            for obj in self.store.list(kind):
                summary.update(json.dumps(obj, sort_keys=True).encode())
        for pod in self.store.list("Pod"):
            for container in pod["spec"]["containers"]:
                key = (pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"])
                for line in self.store.logs.lines(key) or []:
                    summary.update(f"{line.at} {line.text}\n".encode())
        summary.update(json.dumps(self.world.table("storage.objects"), sort_keys=True).encode())
        return summary.hexdigest()


def admin_server() -> Json:
    container = {
        "name": "sax-admin-server",
        "image": f"{IMAGES}/sax-admin-server:v1.1.0",
        "securityContext": {"privileged": True},
        "ports": [{"containerPort": 10000}],
        "env": [{"name": "GSBUCKET", "value": BUCKET}],
    }
    return _deployment("sax-admin-server", container)


def http_server(tag: str = "v1.0.0") -> Json:
    container = {
        "name": "sax-http",
        "image": f"{IMAGES}/sax-http:{tag}",
        "ports": [{"containerPort": 8888}],
        "env": [{"name": "SAX_ROOT", "value": f"gs://{BUCKET}/sax-root"}],
    }
    return _deployment("sax-http", container)


def _deployment(name: str, container: Json) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"hostNetwork": False, "serviceAccountName": "sax-sa", "containers": [container]},
            },
        },
    }


def http_service(kind: str = "ClusterIP", internal: bool = False) -> Json:
    notes = {"networking.gke.io/load-balancer-type": "Internal"} if internal else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "sax-http-lb", "namespace": "default", "annotations": notes},
        "spec": {"type": kind, "selector": {"app": "sax-http"}, "ports": [{"port": 8888, "targetPort": 8888}]},
    }


def model_servers(slices: int = 2, max_restarts: int = 4) -> Json:
    container = {
        "name": "sax-model-server",
        "image": f"{IMAGES}/sax-model-server:v1.1.0",
        "securityContext": {"privileged": True},
        "args": ["--port=10001", "--sax_cell=/sax/test", "--platform_chip=tpuv5e"],
        "ports": [{"containerPort": 10001}, {"containerPort": 8471}],
        "env": [
            {"name": "SAX_ROOT", "value": f"gs://{BUCKET}/sax-root"},
            {"name": "MEGASCALE_NUM_SLICES", "value": ""},
        ],
        "resources": {"requests": {"google.com/tpu": 4}, "limits": {"google.com/tpu": 4}},
    }
    pod = {
        "serviceAccountName": "sax-sa",
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "nodeSelector": {
            "cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice",
            "cloud.google.com/gke-tpu-topology": "4x8",
        },
        "containers": [container],
    }
    job = {"parallelism": 8, "completions": 8, "backoffLimit": 0, "template": {"spec": pod}}
    return {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {
            "name": "sax-model-server-set",
            "namespace": "default",
            "annotations": {"alpha.jobset.sigs.k8s.io/exclusive-topology": "cloud.google.com/gke-nodepool"},
        },
        "spec": {
            "failurePolicy": {"maxRestarts": max_restarts},
            "replicatedJobs": [{"name": "sax-model-server", "replicas": slices, "template": {"spec": job}}],
        },
    }


def jobset_controller_objects(version: str) -> list[Json]:
    """Enough of a JobSet release: namespace, CRD, webhook, Service, Deployment."""
    labels = {"control-plane": "controller-manager"}
    container = {
        "name": "manager",
        "image": f"registry.k8s.io/jobset/jobset:{version}",
        "ports": [{"containerPort": 9443, "name": "webhook-server"}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8081}, "initialDelaySeconds": 5, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "500m", "memory": "128Mi"}},
    }
    names = {"kind": "JobSet", "listKind": "JobSetList", "plural": "jobsets", "singular": "jobset"}
    served = {"name": "v1alpha2", "served": True, "storage": True, "subresources": {"status": {}}}
    system = {"namespace": "jobset-system"}
    rule = {
        "apiGroups": ["jobset.x-k8s.io"],
        "apiVersions": ["v1alpha2"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["jobsets"],
    }
    hook = {
        "name": "mjobset.kb.io",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": {"name": "jobset-webhook-service", **system, "path": "/mutate"}},
        "rules": [rule],
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "jobset-system"}},
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "jobsets.jobset.x-k8s.io"},
            "spec": {"group": "jobset.x-k8s.io", "names": names, "scope": "Namespaced", "versions": [served]},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "jobset-webhook-service", **system},
            "spec": {"selector": labels, "ports": [{"port": 443, "targetPort": 9443}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "jobset-controller-manager", **system, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "jobset-mutating-webhook-configuration"},
            "webhooks": [hook],
        },
    ]
