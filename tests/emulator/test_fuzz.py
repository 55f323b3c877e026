"""Whatever is sent to whatever path of the embedded cloud: an answer in time, no traceback, no 500 but the real ones.

A short run is part of the gate; `pytest -m long` sends 10,000 requests.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import ClientSession, ClientTimeout, web
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from yarl import URL

from saxtui.emulator.assembly import Cloud
from saxtui.emulator.changes import Changes
from saxtui.emulator.google.wire import Request
from saxtui.emulator.kubernetes import fixed, paths
from saxtui.emulator.kubernetes.api import make_app, verb_for
from saxtui.emulator.kubernetes.status import ApiError
from saxtui.emulator.kubernetes.wire import Call
from saxtui.emulator.request_log import RequestLog
from saxtui.emulator.runner import make

Json = dict[str, Any]
KEY = "demo-project/us-west4/saxml"
SECONDS = 5000
"""Milliseconds an answer may take: far more than any does, and far less than for ever."""

# -- what may be sent
_NAMES = """
demo-project 415104041262 - us-west4 us-west4-a saxml default-pool tpu1 demo-project-mine a.txt sax-iam-sa v1 default
kube-system web kept p train sax-http:8888 no-such %00 %2F .. a%ffb ' é operation-1
"""
_FIELDS = """
cluster nodePool name config machineType initialNodeCount placementPolicy tpuTopology locations autoscaling policy
bindings role members condition etag accountId serviceAccount displayName permissions serviceIds labels lifecycle
iamConfiguration location storageClass resourceLabels labelFingerprint nodeCount workloadIdentityConfig workloadPool
releaseChannel channel apiVersion kind metadata spec status template containers image env value ports containerPort
replicas selector matchLabels ownerReferences finalizers generateName namespace resourceVersion annotations data type
schedule resources limits nodeName deletionGracePeriodSeconds preconditions op path from managedFields updateMask
contentType versions group names scope rules webhooks clientConfig
"""
_PARAMETERS = """
alt fields filter pageToken maxResults prefix delimiter project projection uploadType name generation ifGenerationMatch
ifMetagenerationMatch permissions limit continue labelSelector fieldSelector dryRun force fieldManager fieldValidation
propagationPolicy gracePeriodSeconds resourceVersion resourceVersionMatch timeoutSeconds tailLines sinceSeconds
upload_id options.requestedPolicyVersion pretty
"""
NAMES = st.sampled_from(_NAMES.split())
SCALARS: Any = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    NAMES,
    st.sampled_from(
        ["99999999999999999999", "1e400", "RUNNING", "4x8", "ct5lp-hightpu-4t", "serviceAccount:x", "v1", "\ud800"]
    ),
)
FIELDS = st.sampled_from(_FIELDS.split())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(FIELDS | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["ConfigMap", "Pod", "Deployment", "Job", "Service", "ServiceAccount", "Namespace", "CustomResourceDefinition"]
)
OBJECTS = st.builds(
    lambda kind, name, rest: {**rest, "apiVersion": "v1", "kind": kind, "metadata": {"name": name}},
    KINDS,
    NAMES,
    st.dictionaries(st.sampled_from(["spec", "data", "status", "template"]), VALUES, max_size=3),
)
POD = {
    "containers": [
        {"name": "c", "image": "busybox:1", "env": [{"name": "E", "value": "1"}], "ports": [{"containerPort": 80}]}
    ]
}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": POD}
POLICY = {"bindings": [{"role": "roles/storage.admin", "members": ["user:a@example.com"], "condition": {"title": "t"}}]}
GOOGLE_SAMPLES: list[Json] = [
    {
        "cluster": {
            "name": "other",
            "initialNodeCount": 1,
            "locations": ["us-west4-a"],
            "releaseChannel": {"channel": 2},
        }
    },
    {
        "nodePool": {
            "name": "tpu1",
            "config": {"machineType": "ct5lp-hightpu-4t", "taints": [{"key": "k", "effect": "NO_SCHEDULE"}]},
            "initialNodeCount": 8,
            "placementPolicy": {"tpuTopology": "4x8"},
            "autoscaling": {"enabled": True, "maxNodeCount": 8},
        }
    },
    {"nodeCount": 3},
    {"resourceLabels": {"a": "b"}, "labelFingerprint": "00000000"},
    {"policy": {**POLICY, "etag": "BwX00000001="}},
    {**POLICY, "etag": "BwX00000001="},
    {"options": {"requestedPolicyVersion": 3}},
    {"permissions": ["storage.buckets.get"]},
    {"accountId": "another-one", "serviceAccount": {"displayName": "d", "description": "e"}},
    {"serviceAccount": {"displayName": "d"}, "updateMask": "display_name"},
    {"serviceIds": ["tpu.googleapis.com"]},
    {"name": "demo-project-other", "location": "US", "labels": {"a": "b"}, "lifecycle": {"rule": []}},
    {"name": "b.txt", "contentType": "text/plain", "metadata": {"a": "b"}},
]
KUBERNETES_SAMPLES: list[Json] = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "labels": {"a": "b"}}, "data": {"a": "b"}},
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "finalizers": ["a.b/c"]}, "spec": POD},
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "x"}},
            "template": TEMPLATE,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
        },
    },
    {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "train"},
        "spec": {"parallelism": 2, "template": {"spec": {**POD, "restartPolicy": "Never"}}},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "x"}, "ports": [{"port": 1, "targetPort": "h"}]},
    },
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}},
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things", "singular": "thing", "shortNames": ["th"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
                    "additionalPrinterColumns": [{"name": "A", "type": "string", "jsonPath": ".spec.a"}],
                }
            ],
        },
    },
    {"spec": {"replicas": 2}},
    {"propagationPolicy": "Foreground", "preconditions": {"uid": "x"}, "gracePeriodSeconds": 1},
    {"metadata": {"annotations": {"a": "b"}, "resourceVersion": "1"}},
]


def _spots(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    out = [prefix] if prefix else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        out += _spots(item, (*prefix, key))
    return out


@st.composite
def damaged(draw: st.DrawFn, samples: list[Json]) -> bytes:
    """A request body that is right but for one place, or right."""
    body = json.loads(json.dumps(draw(st.sampled_from(samples))))
    spot = draw(st.none() | st.sampled_from(_spots(body)))
    if spot is not None:
        inner = body
        for key in spot[:-1]:
            inner = inner[key]
        inner[spot[-1]] = draw(VALUES)
    return json.dumps(body).encode()


BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(FIELDS, VALUES, max_size=5).map(lambda value: json.dumps(value).encode()),
    OBJECTS.map(lambda value: json.dumps(value).encode()),
)
QUERIES = st.dictionaries(
    st.sampled_from(_PARAMETERS.split()),
    st.one_of(
        NAMES,
        st.text(max_size=6),
        st.sampled_from(["0", "-1", "1", "media", "multipart", "resumable", "All", "Strict", "a=b", "a in (", "true"]),
    ),
    max_size=4,
)
GOOGLE_BODIES = st.one_of(damaged(GOOGLE_SAMPLES), damaged(GOOGLE_SAMPLES), BODIES)
KUBERNETES_BODIES = st.one_of(damaged(KUBERNETES_SAMPLES), damaged(KUBERNETES_SAMPLES), BODIES)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
TYPES = st.sampled_from(
    [
        "application/json",
        "application/yaml",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/json-patch+json",
        "application/apply-patch+yaml",
        "application/vnd.kubernetes.protobuf",
        "multipart/related; boundary=x",
        "text/plain",
        "",
    ]
)
HEADERS = st.fixed_dictionaries(
    {"content-type": TYPES},
    optional={
        "accept": st.sampled_from(["application/json;as=Table;v=v1;g=meta.k8s.io", "*/*", "application/cbor"]),
        "range": st.sampled_from(["bytes=0-", "bytes=-", "bytes=x-y", "bytes=9-1", "bytes=-99999999999999999999"]),
        "content-range": st.sampled_from(["bytes 0-1/2", "bytes */*", "bytes 5-1/x", "bytes"]),
    },
)


@pytest.fixture(scope="module")
def templates() -> tuple[list[tuple[str, str]], list[str]]:
    """(method, template) of every Google method, and the paths of every Kubernetes kind."""
    cloud = made()
    google = sorted(cloud.google.templates())
    kube = []
    for info in cloud.world.kube[KEY].registry:
        root = f"/api/{info.version}" if not info.group else f"/apis/{info.group}/{info.version}"
        place = f"{root}/namespaces/{{ns}}" if info.namespaced else root
        kube += [f"{root}/{info.plural}", f"{place}/{info.plural}", f"{place}/{info.plural}/{{name}}"]
        kube += [f"{place}/{info.plural}/{{name}}/{more}" for more in ("status", "scale", "binding", "eviction", "x")]
    return google, kube


def made() -> Cloud:
    """A cloud with a running cluster, a bucket with an object, and an account."""
    cloud = Cloud(start=1_790_000_000.0, seed=1)

    def post(path: str, body: Json, **query: str) -> None:
        request = Request("POST", path, query, {"content-type": "application/json"}, json.dumps(body).encode())
        assert cloud.google.answer(request, authorized=True).answer.status == 200

    place = "/v1/projects/demo-project/locations/us-west4"
    post(f"{place}/clusters", {"cluster": {"name": "saxml", "initialNodeCount": 1, "locations": ["us-west4-a"]}})
    cloud.world.advance(cloud.world.now + 500)
    post("/storage/v1/b", {"name": "demo-project-mine"}, project="demo-project")
    post("/upload/storage/v1/b/demo-project-mine/o", {}, uploadType="media", name="a.txt")
    post("/v1/projects/demo-project/serviceAccounts", {"accountId": "sax-iam-sa"})
    cloud.world.kube[KEY].create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "namespace": "default"}}
    )
    return cloud


RIGHT = {
    "project": "demo-project",
    "location": "us-west4",
    "region": "us-west4",
    "zone": "us-west4-a",
    "cluster": "saxml",
    "pool": "default-pool",
    "bucket": "demo-project-mine",
    "object": "a.txt",
    "account": "sax-iam-sa@demo-project.iam.gserviceaccount.com",
    "service": "tpu.googleapis.com",
    "machine": "e2-medium",
    "ns": "default",
    "name": "kept",
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def filled(data: st.DataObject, template: str) -> str:
    """The template with names in place of its {placeholders}: mostly right ones."""

    def name(found: re.Match[str]) -> str:
        right = RIGHT.get(found[1], "")
        return right if right and data.draw(st.integers(0, 7)) else data.draw(NAMES)

    return _PLACEHOLDER.sub(name, template)


def shoot_google(cloud: Cloud, data: st.DataObject, templates: list[tuple[str, str]]) -> None:
    method, template = data.draw(st.sampled_from(templates))
    if data.draw(st.integers(0, 9)) == 0:
        method = data.draw(METHODS)
    query = data.draw(QUERIES)
    if "storage" in template and data.draw(st.booleans()):
        query.setdefault("project", "demo-project")
    request = Request(
        method, filled(data, template), query, data.draw(HEADERS), data.draw(GOOGLE_BODIES), tuple(query.items())
    )
    answer = cloud.google.answer(request, authorized=True).answer
    assert 200 <= answer.status < 500, (answer.status, answer.body)
    if answer.status >= 400 and answer.body:
        error = json.loads(answer.body)["error"]
        assert error["code"] == answer.status and error["message"], error


def shoot_kubernetes(cloud: Cloud, data: st.DataObject, templates: list[str]) -> None:
    store = cloud.world.kube[KEY]
    path = filled(data, data.draw(st.sampled_from(templates)))
    call = Call(data.draw(METHODS), path, data.draw(QUERIES), data.draw(HEADERS), data.draw(KUBERNETES_BODIES))
    try:
        target = paths.parse(store.registry, call.path)
        if fixed.answer(store.registry, call) is not None or target is None:
            return
        verb = verb_for(target, call.method)
        reply = None if verb is None else verb(store, target, call)
    except ApiError as refusal:
        assert 400 <= refusal.code < 500 or "webhook" in refusal.status["message"], refusal.status
        assert refusal.status["message"]
    else:
        assert reply is None or 200 <= reply.code < 300
        json.dumps(None if reply is None else reply.body)


def shoot(data: st.DataObject, templates: tuple[list[tuple[str, str]], list[str]], times: int) -> None:
    """Some requests in a row to one cloud, then half an hour in which it has to live with them."""
    cloud = made()
    for _ in range(times):
        if data.draw(st.booleans()):
            shoot_google(cloud, data, templates[0])
        else:
            shoot_kubernetes(cloud, data, templates[1])
        cloud.world.advance(cloud.world.now + 1)
    cloud.world.advance(cloud.world.now + 1800)
    assert Changes(cloud.world, RequestLog(), None).look()


QUIET = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.function_scoped_fixture,
    HealthCheck.large_base_example,
]


@settings(max_examples=30, deadline=SECONDS, derandomize=True, suppress_health_check=QUIET)
@given(data=st.data())
def test_a_few_hundred_requests(templates: Any, data: st.DataObject) -> None:
    shoot(data, templates, 10)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(
    max_examples=int(os.environ.get("SAXTUI_FUZZ", "1000")),
    deadline=SECONDS,
    suppress_health_check=QUIET,
    phases=[Phase.generate, Phase.shrink],
)
@given(data=st.data())
def test_ten_thousand_requests(templates: Any, data: st.DataObject) -> None:
    shoot(data, templates, 10)


# -- a cluster's API server over HTTP: what streams, upgrades and passes on, which the plain verbs above do not reach
STREAMING = [
    "/api/v1/namespaces/{ns}/pods/{pod}/log",
    "/api/v1/namespaces/{ns}/pods/{pod}/exec",
    "/api/v1/namespaces/{ns}/pods/{pod}/attach",
    "/api/v1/namespaces/{ns}/pods/{pod}/portforward",
    "/api/v1/namespaces/{ns}/pods/{pod}/proxy/x",
    "/api/v1/namespaces/{ns}/services/{port}/proxy/generate",
    "/api/v1/namespaces/{ns}/pods",
    "/api/v1/namespaces/{ns}/pods/{pod}",
    "/api/v1/watch/namespaces/{ns}/pods",
    "/apis/apps/v1/namespaces/{ns}/deployments/{name}/scale",
    "/openapi/v3/apis/apps/v1",
    "/openapi/{name}",
    "/apis/{name}/v1",
    "/{name}",
]
UPGRADES = st.sampled_from(["", "websocket", "SPDY/3.1", "h2c"])


@st.composite
def http_requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], dict[str, str], bytes]:
    """Method, path, query, headers, body."""
    names = {**RIGHT, "pod": "p", "port": "s:1"}
    path = _PLACEHOLDER.sub(
        lambda found: names[found[1]] if draw(st.integers(0, 4)) else draw(NAMES), draw(st.sampled_from(STREAMING))
    )
    query = {name: text for name, text in draw(QUERIES).items() if name != "timeoutSeconds"}
    if draw(st.integers(0, 9)) == 0:
        query |= {"watch": "1", "timeoutSeconds": "1"}
    headers = {name: value for name, value in draw(HEADERS).items() if value}
    upgrade = draw(UPGRADES)
    if upgrade:
        headers |= {"Connection": "Upgrade", "Upgrade": upgrade}
    return draw(METHODS), path, query, headers, draw(KUBERNETES_BODIES)


async def fire(shots: list[tuple[str, str, dict[str, str], dict[str, str], bytes]]) -> None:
    """Send them to one cluster, one after the other."""
    cloud = made()
    store = cloud.world.kube[KEY]
    for sample in (KUBERNETES_SAMPLES[1], KUBERNETES_SAMPLES[4]):
        metadata = {**sample["metadata"], "namespace": "default", "labels": {"app": "x"}}
        store.create({**sample, "metadata": metadata})
    cloud.world.advance(cloud.world.now + 60)
    app = make_app(cloud.world, KEY, authorize=lambda token: True, on_request=lambda *_: None)
    runner = make(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        for method, path, query, headers, body in shots:
            url = URL(f"{address}{quote(path, safe='/%:')}?{urlencode(query)}", encoded=True)
            timeout = ClientTimeout(total=30)
            async with ClientSession(timeout=timeout) as session:
                async with session.request(method, url, data=body, headers=headers) as answer:
                    # 101 is the start of a stream, which ends with the session.
                    text = await answer.read() if answer.status != 101 else b""
                refused = answer.status < 500 or answer.status == 503 or b"webhook" in text
                assert refused, (method, path, query, headers, body, answer.status, text)
    finally:
        await runner.cleanup()


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(shots=st.lists(http_requests(), min_size=5, max_size=10))
def test_a_clusters_streams_over_http(shots: Any) -> None:
    _fire_quietly(shots)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=int(os.environ.get("SAXTUI_FUZZ", "1000")) // 4, deadline=None, suppress_health_check=QUIET)
@given(shots=st.lists(http_requests(), min_size=5, max_size=10))
def test_a_clusters_streams_over_http_at_length(shots: Any) -> None:
    _fire_quietly(shots)


def _fire_quietly(shots: Any) -> None:
    told: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = told.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        asyncio.run(fire(shots))
    finally:
        logging.getLogger().removeHandler(handler)
    assert not told, [(record.getMessage(), record.exc_info) for record in told]


RAW = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
    b"BREW /v1/projects HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/projects/%ZZ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/projects/%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //////// HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://elsewhere/v1/projects HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /v1/projects HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/projects HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
    b"GET /v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: \xff\xfe\r\n\r\n",
    b"GET /v1/projects HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
    b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/projects HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /v1/projects?" + b"a=b&" * 1500 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/projects HTTP/1.1\r\nHost: x\r\nUser-Agent: \xc3\x28\xff\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 64,
    b"\r\n" * 64,
]


def test_bytes_that_are_not_quite_http(tmp_path: Path) -> None:
    """Each is answered or its connection closed; the process says nothing and goes on."""
    command = [sys.executable, "-m", "saxtui.emulator", "serve", "--state", str(tmp_path / "cloud")]
    errors = tmp_path / "stderr"
    with errors.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        facts = json.loads((tmp_path / "cloud" / "emulator.json").read_text())
        port = int(facts["endpoint"].rpartition(":")[2])
        chance = random.Random(1)
        token = f"Authorization: Bearer {facts['token']}\r\n".encode()
        for raw in [*RAW, *(raw.replace(b"Host: x\r\n", b"Host: x\r\n" + token) for raw in RAW)]:
            _say(port, raw)
            _say(port, bytes(chance.randrange(256) if chance.random() < 0.03 else byte for byte in raw))
        request = urllib.request.Request(facts["endpoint"] + "/v1/projects")
        request.add_header("Authorization", f"Bearer {facts['token']}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["projects"]
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert (process.returncode, errors.read_bytes()) == (0, b"")


def _say(port: int, raw: bytes) -> None:
    """Send and read to the end; what ends the sending ends the request too."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
