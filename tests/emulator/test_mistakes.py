"""Wrong requests fail as they do on the cloud: code, status or reason, and text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from saxtui.emulator import kubernetes
from saxtui.emulator.assembly import Cloud
from saxtui.emulator.google.wire import Request
from saxtui.emulator.kubernetes import paths
from saxtui.emulator.kubernetes.api import verb_for
from saxtui.emulator.kubernetes.status import ApiError
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call

Json = dict[str, Any]
PROJECT = "/v1/projects/demo-project"
BASE = f"{PROJECT}/locations/us-west4"
POOLS = f"{BASE}/clusters/saxml/nodePools"
KEY = "demo-project/us-west4/saxml"
COMPUTE_ACCOUNT = "415104041262-compute@developer.gserviceaccount.com"
BUCKETS = "/storage/v1/b?project=demo-project"


class Tried:
    """A cloud in virtual time with a cluster that runs, a bucket with an object, and a service account."""

    def __init__(self) -> None:
        self.cloud = Cloud(start=1_790_000_000.0, seed=5)
        cluster = {"name": "saxml", "initialNodeCount": 1, "locations": ["us-west4-a"]}
        self.ok("POST", f"{BASE}/clusters", {"cluster": cluster})
        self.pass_time(500)
        self.ok("POST", BUCKETS, {"name": "demo-project-mine"})
        self.ok("POST", "/upload/storage/v1/b/demo-project-mine/o?uploadType=media&name=a.txt", {"a": 1})
        self.ok("POST", f"{PROJECT}/serviceAccounts", {"accountId": "sax-iam-sa"})

    def pass_time(self, seconds: float) -> None:
        self.cloud.world.advance(self.cloud.world.now + seconds)

    def ask(self, method: str, url: str, body: Any = None, *, authorized: bool = True) -> tuple[int, Json]:
        parts = urlsplit(url)
        pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(method, parts.path, dict(pairs), {"content-type": "application/json"}, data, pairs)
        answer = self.cloud.google.answer(request, authorized=authorized).answer
        return answer.status, json.loads(answer.body or b"{}")

    def ok(self, method: str, url: str, body: Any = None) -> Json:
        status, answer = self.ask(method, url, body)
        assert status == 200, answer
        return answer

    @property
    def store(self) -> KubeStore:
        return self.cloud.world.kube[KEY]


@pytest.fixture
def tried() -> Tried:
    return Tried()


@dataclass(frozen=True)
class Wrong:
    """One wrong request to a Google API. `status` is error.status, or the legacy reason in Storage and Compute."""

    method: str
    url: str
    body: Any
    code: int
    status: str
    text: str
    reason: str = ""
    first: Callable[[Tried], object] = lambda tried: None


def pool(
    name: str = "tpu1", machine: str = "ct5lp-hightpu-4t", topology: str = "", count: int = 8, **more: Any
) -> Json:
    made: Json = {"name": name, "config": {"machineType": machine}, "initialNodeCount": count, **more}
    if topology:
        made["placementPolicy"] = {"tpuTopology": topology}
    return {"nodePool": made}


def cluster(**fields: Any) -> Json:
    return {"cluster": {"name": "other", "initialNodeCount": 1, **fields}}


def policy(role: str, member: str, etag: str = "") -> Json:
    return {"policy": {"bindings": [{"role": role, "members": [member]}], **({"etag": etag} if etag else {})}}


def _no_api(name: str) -> Callable[[Tried], object]:
    return lambda tried: tried.ok("POST", f"{PROJECT}/services/{name}:disable", {})


STALE = "BwXsTaLeEtA="
WORKLOAD = "serviceAccount:demo-project.svc.id.goog[default/sax-sa]"
ACCOUNT = f"{PROJECT}/serviceAccounts/sax-iam-sa@demo-project.iam.gserviceaccount.com"
CONCURRENT = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."
MISTAKES = {
    # -- GKE
    "unknown field": Wrong(
        "POST",
        f"{BASE}/clusters",
        cluster(nodeCnt=3),
        400,
        "INVALID_ARGUMENT",
        "Invalid JSON payload received. Unknown name \"nodeCnt\" at 'cluster': Cannot find field.",
    ),
    "wrong type": Wrong(
        "POST",
        f"{BASE}/clusters",
        cluster(initialNodeCount="many"),
        400,
        "INVALID_ARGUMENT",
        "Invalid value at 'cluster.initial_node_count' (TYPE_INT32), \"many\"",
    ),
    "not JSON": Wrong("POST", f"{BASE}/clusters", b"{", 400, "INVALID_ARGUMENT", "Invalid JSON payload received."),
    "unsupported version": Wrong(
        "POST",
        f"{BASE}/clusters",
        cluster(initialClusterVersion="1.11"),
        400,
        "INVALID_ARGUMENT",
        'Master version "1.11" is unsupported.',
    ),
    "bad cluster name": Wrong(
        "POST",
        f"{BASE}/clusters",
        cluster(name="Sax_ML"),
        400,
        "INVALID_ARGUMENT",
        '"Sax_ML". Must be a match of regex',
    ),
    "existing cluster": Wrong(
        "POST",
        f"{BASE}/clusters",
        cluster(name="saxml"),
        409,
        "ALREADY_EXISTS",
        "Already exists: projects/demo-project/locations/us-west4/clusters/saxml.",
    ),
    "unknown region": Wrong(
        "POST",
        f"{PROJECT}/locations/mars-west1/clusters",
        cluster(),
        403,
        "PERMISSION_DENIED",
        "Permission denied on 'locations/mars-west1' (or it may not exist).",
    ),
    "zone of another region": Wrong(
        "POST",
        f"{BASE}/clusters",
        cluster(locations=["us-east1-b"]),
        400,
        "INVALID_ARGUMENT",
        'Location "us-east1-b" is not in region "us-west4".',
    ),
    "foreign workload pool": Wrong(
        "POST",
        f"{BASE}/clusters",
        cluster(workloadIdentityConfig={"workloadPool": "their-project.svc.id.goog"}),
        400,
        "INVALID_ARGUMENT",
        "Workload pool must be demo-project.svc.id.goog.",
    ),
    "bad topology": Wrong(
        "POST", POOLS, pool(topology="5x7"), 400, "INVALID_ARGUMENT", 'Invalid TPU topology "5x7" for machine type'
    ),
    "topology for one host": Wrong(
        "POST",
        POOLS,
        pool(machine="ct5lp-hightpu-8t", topology="2x4", count=1),
        400,
        "INVALID_ARGUMENT",
        "TPU topology can't be specified with single-host TPU slice pool",
    ),
    "topology for a CPU machine": Wrong(
        "POST", POOLS, pool(machine="e2-medium", topology="4x8"), 400, "INVALID_ARGUMENT", "TPU topology can't be"
    ),
    "unknown machine type": Wrong(
        "POST",
        POOLS,
        pool(machine="ct9-hightpu-4t", topology="4x8"),
        400,
        "INVALID_ARGUMENT",
        'Invalid machine type "ct9-hightpu-4t" in zone "us-west4-a": GCE_NOT_FOUND.',
    ),
    "existing pool": Wrong(
        "POST",
        POOLS,
        pool(name="default-pool", machine="e2-medium", count=1),
        409,
        "ALREADY_EXISTS",
        "Already exists: projects/demo-project/locations/us-west4/clusters/saxml/nodePools/default-pool.",
    ),
    "over quota": Wrong(
        "POST",
        POOLS,
        pool(topology="16x16", count=64),
        403,
        "PERMISSION_DENIED",
        "Insufficient regional quota to satisfy request: resource \"TPU_LITE_PODSLICE_V5\": request requires '256.0'",
    ),
    "pool of no cluster": Wrong(
        "POST",
        f"{BASE}/clusters/none/nodePools",
        pool(topology="4x8"),
        404,
        "NOT_FOUND",
        "Not found: projects/demo-project/locations/us-west4/clusters/none.",
    ),
    "second operation on a busy cluster": Wrong(
        "DELETE",
        f"{BASE}/clusters/saxml",
        None,
        400,
        "FAILED_PRECONDITION",
        "Cluster is running incompatible operation operation-",
        "CLUSTER_ALREADY_HAS_OPERATION",
        lambda tried: tried.ok("POST", POOLS, pool(topology="4x8")),
    ),
    "delete a cluster that is not there": Wrong(
        "DELETE",
        f"{BASE}/clusters/none",
        None,
        404,
        "NOT_FOUND",
        "Not found: projects/demo-project/locations/us-west4/clusters/none.",
    ),
    "delete a pool that is not there": Wrong("DELETE", f"{POOLS}/none", None, 404, "NOT_FOUND", "nodePools/none."),
    "operation that is not there": Wrong("GET", f"{BASE}/operations/operation-1", None, 404, "NOT_FOUND", "Not found:"),
    "cancel what cannot be cancelled": Wrong(
        "POST",
        f"{BASE}/operations/OPERATION:cancel",
        {},
        400,
        "FAILED_PRECONDITION",
        "cannot be cancelled",
        first=lambda tried: None,
    ),
    "label fingerprint of another state": Wrong(
        "POST",
        f"{BASE}/clusters/saxml:setResourceLabels",
        {"resourceLabels": {"a": "b"}, "labelFingerprint": "00000000"},
        400,
        "FAILED_PRECONDITION",
        "Labels could not be set due to fingerprint mismatch.",
    ),
    "unknown project": Wrong(
        "GET",
        "/v1/projects/no-such-project/locations/-/clusters",
        None,
        403,
        "PERMISSION_DENIED",
        "Permission denied on resource project no-such-project.",
        "CONSUMER_INVALID",
    ),
    "API not enabled": Wrong(
        "GET",
        f"{PROJECT}/locations/-/clusters",
        None,
        403,
        "PERMISSION_DENIED",
        "Kubernetes Engine API has not been used in project 415104041262 before or it is disabled.",
        "SERVICE_DISABLED",
        _no_api("container.googleapis.com"),
    ),
    # -- Cloud Storage
    "bad bucket name": Wrong(
        "POST", BUCKETS, {"name": "My_Bucket!"}, 400, "invalid", "Invalid bucket name: 'My_Bucket!'"
    ),
    "bucket name like an address": Wrong("POST", BUCKETS, {"name": "10.0.0.1"}, 400, "invalid", "Invalid bucket name"),
    "taken bucket name": Wrong(
        "POST", BUCKETS, {"name": "my-bucket"}, 409, "conflict", "The requested bucket name is not available."
    ),
    "own bucket again": Wrong(
        "POST",
        BUCKETS,
        {"name": "demo-project-mine"},
        409,
        "conflict",
        "Your previous request to create the named bucket succeeded and you already own it.",
    ),
    "bucket that is not empty": Wrong(
        "DELETE",
        "/storage/v1/b/demo-project-mine",
        None,
        409,
        "conflict",
        "The bucket you tried to delete is not empty.",
    ),
    "bucket that is not there": Wrong(
        "GET", "/storage/v1/b/demo-project-none", None, 404, "notFound", "The specified bucket does not exist."
    ),
    "somebody else's bucket": Wrong(
        "GET", "/storage/v1/b/my-bucket", None, 403, "forbidden", "does not have storage.buckets.get access"
    ),
    "object that is not there": Wrong(
        "GET",
        "/storage/v1/b/demo-project-mine/o/b.txt",
        None,
        404,
        "notFound",
        "No such object: demo-project-mine/b.txt",
    ),
    "object that is there already": Wrong(
        "POST",
        "/upload/storage/v1/b/demo-project-mine/o?uploadType=media&name=a.txt&ifGenerationMatch=0",
        b"x",
        412,
        "conditionNotMet",
        "At least one of the pre-conditions you specified did not hold.",
    ),
    "bucket policy with an old etag": Wrong(
        "PUT",
        "/storage/v1/b/demo-project-mine/iam",
        {"bindings": [], "etag": STALE},
        412,
        "conditionNotMet",
        "At least one of the pre-conditions you specified did not hold.",
    ),
    # -- IAM and Resource Manager
    "project policy with an old etag": Wrong(
        "POST",
        f"{PROJECT}:setIamPolicy",
        policy("roles/storage.admin", "user:a@example.com", STALE),
        409,
        "ABORTED",
        CONCURRENT,
    ),
    "account policy with an old etag": Wrong(
        "POST",
        f"{ACCOUNT}:setIamPolicy",
        policy("roles/iam.workloadIdentityUser", "user:a@example.com", STALE),
        409,
        "ABORTED",
        CONCURRENT,
    ),
    "workload identity before its pool": Wrong(
        "POST",
        f"{ACCOUNT}:setIamPolicy",
        policy("roles/iam.workloadIdentityUser", WORKLOAD),
        400,
        "INVALID_ARGUMENT",
        "Identity Pool does not exist (demo-project.svc.id.goog).",
    ),
    "member that does not exist": Wrong(
        "POST",
        f"{PROJECT}:setIamPolicy",
        policy("roles/storage.admin", "serviceAccount:nobody@demo-project.iam.gserviceaccount.com"),
        400,
        "INVALID_ARGUMENT",
        "Service account nobody@demo-project.iam.gserviceaccount.com does not exist.",
    ),
    "member without a kind": Wrong(
        "POST",
        f"{PROJECT}:setIamPolicy",
        policy("roles/storage.admin", "nobody"),
        400,
        "INVALID_ARGUMENT",
        "Invalid member: nobody.",
    ),
    "existing service account": Wrong(
        "POST",
        f"{PROJECT}/serviceAccounts",
        {"accountId": "sax-iam-sa"},
        409,
        "ALREADY_EXISTS",
        "Service account sax-iam-sa already exists within project projects/demo-project.",
    ),
    "short service account id": Wrong(
        "POST", f"{PROJECT}/serviceAccounts", {"accountId": "sa"}, 400, "INVALID_ARGUMENT", 'service account ID "sa"'
    ),
    "service account that is not there": Wrong(
        "DELETE", f"{PROJECT}/serviceAccounts/none@x.iam.gserviceaccount.com", None, 404, "NOT_FOUND", "Unknown service"
    ),
    # -- Compute Engine and the rest
    "unknown zone": Wrong(
        "GET",
        "/compute/v1/projects/demo-project/zones/us-west4-z",
        None,
        404,
        "notFound",
        "The resource 'projects/demo-project/zones/us-west4-z' was not found",
    ),
    "method that does not exist": Wrong("GET", "/v1/nothing", None, 404, "NOT_FOUND", "was not found on this server."),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_request_to_google(tried: Tried, name: str) -> None:
    wrong = MISTAKES[name]
    wrong.first(tried)
    url = wrong.url
    if "OPERATION" in url:
        done = tried.ok("GET", f"{BASE}/operations")["operations"][0]["name"]
        url = url.replace("OPERATION", done)
    before = json.dumps(_things(tried))
    code, answer = tried.ask(wrong.method, url, wrong.body)
    error = answer["error"]
    assert (code, error["code"]) == (wrong.code, wrong.code), error
    legacy = error.get("errors")
    assert (legacy[0]["reason"] if legacy else error["status"]) == wrong.status
    assert wrong.text in error["message"]
    if wrong.reason:
        (info,) = [each for each in error["details"] if each["@type"].endswith("google.rpc.ErrorInfo")]
        assert info["reason"] == wrong.reason and info["domain"]
    assert json.dumps(_things(tried)) == before


def _things(tried: Tried) -> Json:
    return {
        name: dict(table) for name, table in tried.cloud.world.tables.items() if table and not name.startswith("queue.")
    }


def test_no_token_no_answer(tried: Tried) -> None:
    for url, reason in ((f"{BASE}/clusters", None), ("/storage/v1/b/demo-project-mine", "authError")):
        code, answer = tried.ask("GET", url, authorized=False)
        assert code == 401 and "invalid authentication credentials" in answer["error"]["message"]
        if reason:
            assert answer["error"]["errors"][0]["reason"] == reason
        else:
            assert answer["error"]["status"] == "UNAUTHENTICATED"


def test_a_slice_of_the_wrong_size_fails_in_its_operation(tried: Tried) -> None:
    operation = tried.ok("POST", POOLS, pool(topology="4x8", count=5))
    tried.pass_time(900)
    done = tried.ok("GET", f"{BASE}/operations/{operation['name']}")
    assert (done["status"], done["error"]["code"]) == ("DONE", 3)
    assert done["error"]["message"] == done["statusMessage"]
    assert (
        "Requested invalid target size '5' for a Managed Instance Group in the gang mode of size '8'"
        in done["statusMessage"]
    )
    assert tried.ok("GET", f"{POOLS}/tpu1")["status"] == "ERROR"


# -- Kubernetes
def _say(store: KubeStore, method: str, url: str, body: Any = None, kind: str = "application/json") -> tuple[int, Json]:
    path, _, query = url.partition("?")
    target = paths.parse(store.registry, path)
    if target is None:
        return 404, {"message": "404 page not found", "reason": ""}
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        verb = verb_for(target, method)
        assert verb is not None
        reply = verb(store, target, Call(method, path, dict(parse_qsl(query)), {"content-type": kind}, data))
    except ApiError as refusal:
        return refusal.code, refusal.status
    return reply.code, reply.body if isinstance(reply.body, dict) else {}


def _template(labels: Json) -> Json:
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "busybox:1"}]}}


def _deployment(name: str = "web", **spec: Any) -> Json:
    made = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": _template({"app": "web"}), **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": made}


def _job(**spec: Any) -> Json:
    template = _template({"a": "b"})
    template["spec"]["restartPolicy"] = "Never"
    made = {"template": template, **spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": made}


def _config(**more: Any) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", **more}}


def _jobset(replicas: int = 2) -> Json:
    job = {"parallelism": 2, "completions": 2, "backoffLimit": 0, "template": _template({"a": "b"})}
    replicated = [{"name": "workers", "replicas": replicas, "template": {"spec": job}}]
    metadata = {"name": "set", "namespace": "default"}
    api = "jobset.x-k8s.io/v1alpha2"
    return {"apiVersion": api, "kind": "JobSet", "metadata": metadata, "spec": {"replicatedJobs": replicated}}


def _install_jobset(tried: Tried) -> None:
    manifest = (Path(kubernetes.__file__).parent / "jobset_manifest.yaml").read_text()
    for obj in yaml.safe_load_all(manifest):
        if obj:
            tried.store.create(obj)


def _run_jobset(tried: Tried) -> None:
    _install_jobset(tried)
    tried.pass_time(200)
    tried.store.create(_jobset())


def _have(*objects: Json) -> Callable[[Tried], object]:
    return lambda tried: [
        tried.store.create({**obj, "metadata": {"namespace": "default", **obj["metadata"]}}) for obj in objects
    ]


CORE, APPS = "/api/v1/namespaces/default", "/apis/apps/v1/namespaces/default"
JOBS, JOBSETS = "/apis/batch/v1/namespaces/default/jobs", "/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets"
KUBERNETES = {
    "JobSet before its CRD": Wrong("POST", JOBSETS, _jobset(), 404, "", "404 page not found"),
    "JobSet before its webhook": Wrong(
        "POST",
        JOBSETS,
        _jobset(),
        500,
        "InternalError",
        'failed calling webhook "mjobset.kb.io"',
        first=_install_jobset,
    ),
    "immutable field of a JobSet": Wrong(
        "PATCH", f"{JOBSETS}/set", {"spec": _jobset(5)["spec"]}, 422, "Invalid", "field is immutable", first=_run_jobset
    ),
    "immutable field of a Job": Wrong(
        "PUT", f"{JOBS}/train", _job(completions=3), 422, "Invalid", "field is immutable", first=_have(_job())
    ),
    "immutable selector of a Deployment": Wrong(
        "PUT",
        f"{APPS}/deployments/web",
        _deployment(selector={"matchLabels": {"app": "new"}}, template=_template({"app": "new"})),
        422,
        "Invalid",
        "field is immutable",
        first=_have(_deployment()),
    ),
    "unknown field, strictly": Wrong(
        "POST",
        f"{APPS}/deployments?fieldValidation=Strict",
        _deployment(replicaz=2),
        400,
        "BadRequest",
        'strict decoding error: unknown field "spec.replicaz"',
    ),
    "bad name": Wrong(
        "POST",
        f"{APPS}/deployments",
        _deployment("Web_1"),
        422,
        "Invalid",
        'Deployment.apps "Web_1" is invalid: metadata.name: Invalid value: "Web_1": a lowercase RFC 1123',
    ),
    "selector that misses its pods": Wrong(
        "POST",
        f"{APPS}/deployments",
        _deployment(template=_template({"app": "other"})),
        422,
        "Invalid",
        "`selector` does not match template `labels`",
    ),
    "no containers": Wrong(
        "POST",
        f"{CORE}/pods",
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}},
        422,
        "Invalid",
        "spec.containers: Required value",
    ),
    "existing object": Wrong(
        "POST",
        f"{CORE}/configmaps",
        _config(),
        409,
        "AlreadyExists",
        'configmaps "kept" already exists',
        first=_have(_config()),
    ),
    "old resourceVersion": Wrong(
        "PUT",
        f"{CORE}/configmaps/kept",
        _config(resourceVersion="1"),
        409,
        "Conflict",
        'Operation cannot be fulfilled on configmaps "kept": the object has been modified',
        first=_have(_config()),
    ),
    "object that is not there": Wrong("DELETE", f"{CORE}/pods/none", None, 404, "NotFound", 'pods "none" not found'),
    "namespace that is not there": Wrong(
        "POST",
        "/api/v1/namespaces/nowhere/configmaps",
        _config(),
        404,
        "NotFound",
        'namespaces "nowhere" not found',
    ),
    "namespace of another": Wrong(
        "POST",
        f"{CORE}/configmaps",
        _config(namespace="kube-system"),
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    ),
    "body without a kind": Wrong("POST", f"{CORE}/pods", {"a": 1}, 400, "BadRequest", "Object 'Kind' is missing"),
    "body that is not JSON": Wrong("POST", f"{CORE}/pods", b"{", 400, "BadRequest", ""),
    "method a path has not": Wrong(
        "PATCH", f"{CORE}/pods", {}, 405, "MethodNotAllowed", "the server does not allow this method"
    ),
}


@pytest.mark.parametrize("name", KUBERNETES)
def test_a_wrong_request_to_kubernetes(tried: Tried, name: str) -> None:
    wrong = KUBERNETES[name]
    wrong.first(tried)
    kind = "application/merge-patch+json" if wrong.method == "PATCH" else "application/json"
    code, answer = _say(tried.store, wrong.method, wrong.url, wrong.body, kind)
    assert (code, answer["reason"]) == (wrong.code, wrong.status), answer
    assert wrong.text in answer["message"]


def test_a_patch_of_an_unknown_kind_is_unsupported(tried: Tried) -> None:
    _have(_config())(tried)
    code, answer = _say(tried.store, "PATCH", f"{CORE}/configmaps/kept", {}, "text/plain")
    assert (code, answer["reason"]) == (415, "UnsupportedMediaType")
