"""The API server over raw HTTP: status bodies, lists and pages, writes, watches, logs, proxies."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from saxtui.emulator.kubernetes.api import make_app
from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse, register_backend

Json = dict[str, Any]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PODS = "/api/v1/namespaces/default/pods"
CONFIGS = "/api/v1/namespaces/default/configmaps"


class Http:
    """A bare client: (code, JSON or text)."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def __call__(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **headers: str
    ) -> tuple[int, Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = kind
        async with self.session.request(method, self.url + path, data=data, headers=sent) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def events(self, path: str, count: int) -> list[Json]:
        """The first events of a watch."""
        async with asyncio.timeout(20), self.session.get(self.url + path) as answer:
            assert answer.status == 200, await answer.text()
            out = []
            async for line in answer.content:
                out.append(json.loads(line))
                if len(out) == count:
                    break
            return out


@pytest.fixture
async def http(served: Any) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(served.url, session)


async def test_refusals_have_the_real_words(http: Http, served: Any, build: Any) -> None:
    code, body = await http("GET", f"{PODS}/zzz")
    assert code == 404 and body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "zzz" not found',
        "reason": "NotFound",
        "details": {"name": "zzz", "kind": "pods"},
        "code": 404,
    }
    code, text = await http("GET", "/nope")
    assert code == 404 and text == "404 page not found\n"
    protobuf = {"Accept": "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}
    async with http.session.get(f"{http.url}/openapi/v2", headers=protobuf) as answer:
        assert answer.status == 406
    code, body = await http("GET", PODS, Authorization="Bearer wrong")
    assert code == 401 and body["reason"] == "Unauthorized"
    code, body = await http("PUT", PODS, build.pod())
    assert code == 405 and body["reason"] == "MethodNotAllowed"
    code, body = await http("GET", PODS, Accept="text/csv")
    assert code == 406 and body["message"] == "406: Not Acceptable"
    code, body = await http("POST", PODS, build.pod(), kind="text/csv")
    assert code == 415 and body["reason"] == "UnsupportedMediaType"
    code, body = await http("POST", PODS, build.pod(namespace="other"))
    assert code == 400 and "does not match the namespace sent on the request" in body["message"]
    code, body = await http("POST", PODS, {**build.pod(), "kind": "Podd"})
    assert code == 400 and 'no kind "Podd" is registered' in body["message"]
    misshapen = build.pod()
    misshapen["spec"]["containers"] = "x"
    code, body = await http("POST", PODS, misshapen)
    assert code == 400 and "spec.containers" in body["message"]
    code, body = await http("POST", PODS, b"{", kind="application/json")
    assert code == 400
    pod = b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod"
    code, body = await http("POST", PODS, pod, kind="application/vnd.kubernetes.protobuf")
    assert code == 415
    assert [told[2] for told in served.requests][:3] == [404, 404, 406]


async def test_create_yaml_strict_and_warnings(http: Http, served: Any, build: Any) -> None:
    manifest = build.config(a="1")
    code, _ = await http("POST", CONFIGS, yaml.safe_dump(manifest).encode(), kind="application/yaml")
    assert code == 201
    code, body = await http("POST", CONFIGS, manifest)
    assert code == 409 and body["message"] == 'configmaps "cm" already exists'
    odd = {**build.config("odd"), "dota": {}}
    code, body = await http("POST", f"{CONFIGS}?fieldValidation=Strict", odd)
    assert code == 400
    assert body["message"].endswith('cannot be handled as a ConfigMap: strict decoding error: unknown field "dota"')
    async with http.session.post(http.url + CONFIGS, json=odd) as answer:
        assert answer.status == 201 and answer.headers["Warning"] == '299 - "unknown field \\"dota\\""'
    code, body = await http("POST", f"{CONFIGS}?dryRun=All", build.config("dry"))
    assert code == 201 and served.store.peek("ConfigMap", "default", "dry") is None


async def test_pages_are_a_snapshot(http: Http, served: Any, build: Any) -> None:
    for name in "abcde":
        served.store.create(build.config(name))
    code, first = await http("GET", f"{CONFIGS}?limit=2")
    assert [each["metadata"]["name"] for each in first["items"]] == ["a", "b"]
    assert "kind" not in first["items"][0] and first["kind"] == "ConfigMapList"
    assert first["metadata"]["remainingItemCount"] == 3
    token = first["metadata"]["continue"]
    raw = json.loads(base64.urlsafe_b64decode(token + "=="))
    assert raw == {"v": "meta.k8s.io/v1", "rv": int(first["metadata"]["resourceVersion"]), "start": "b\0"}
    served.store.delete("ConfigMap", "default", "d")
    served.store.create(build.config("cc"))
    code, second = await http("GET", f"{CONFIGS}?limit=9&continue={token}")
    assert [each["metadata"]["name"] for each in second["items"]] == ["c", "d", "e"]
    assert second["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}
    served.store.history("ConfigMap").forget_before(served.store.rv)
    code, body = await http("GET", f"{CONFIGS}?limit=9&continue={token}")
    assert code == 410 and body["reason"] == "Expired"
    code, rest = await http("GET", f"{CONFIGS}?continue={body['metadata']['continue']}")
    assert [each["metadata"]["name"] for each in rest["items"]] == ["c", "cc", "e"]
    assert (await http("GET", f"{CONFIGS}?continue=%3F%3F"))[0] == 400
    code, body = await http("GET", f"{CONFIGS}?resourceVersion=99999999")
    assert code == 504 and body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    assert (await http("GET", f"{CONFIGS}?resourceVersion=1&resourceVersionMatch=Exact"))[0] == 410
    assert (await http("GET", f"{CONFIGS}?resourceVersion=abc"))[0] == 400


async def test_pages_over_all_namespaces(http: Http, served: Any, build: Any) -> None:
    for namespace in ("default", "kube-public"):
        for name in ("a", "b"):
            served.store.create(build.config(name, namespace))
    seen, token = [], ""
    while True:
        _, page = await http("GET", f"/api/v1/configmaps?limit=1&continue={token}")
        seen += [(each["metadata"]["namespace"], each["metadata"]["name"]) for each in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert seen == [("default", "a"), ("default", "b"), ("kube-public", "a"), ("kube-public", "b")]


async def test_forms_of_a_list(http: Http, served: Any, build: Any) -> None:
    served.store.create(build.pod())
    _, table = await http("GET", PODS, Accept=TABLE)
    assert table["kind"] == "Table" and table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert [each["name"] for each in table["columnDefinitions"]][:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    _, table = await http("GET", f"{PODS}?includeObject=None", Accept=TABLE)
    assert "object" not in table["rows"][0]
    _, partial = await http("GET", PODS, Accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
    assert partial["kind"] == "PartialObjectMetadataList" and "spec" not in partial["items"][0]


async def test_put_conflict_noop_and_patch_types(http: Http, served: Any, build: Any) -> None:
    made = served.store.create(build.config(a="1"))
    code, same = await http("PUT", f"{CONFIGS}/cm", made)
    assert code == 200 and same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    code, _ = await http("PUT", f"{CONFIGS}/cm", {**made, "data": {"a": "2"}})
    assert code == 200
    code, body = await http("PUT", f"{CONFIGS}/cm", {**made, "data": {"a": "3"}})
    assert code == 409 and body["message"].startswith('Operation cannot be fulfilled on configmaps "cm": the object')
    code, body = await http("PATCH", f"{CONFIGS}/cm", {"data": {"a": "4"}}, kind="application/merge-patch+json")
    assert code == 200 and body["data"] == {"a": "4"}
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "data": {"a": "5"}}
    assert (await http("PATCH", f"{CONFIGS}/cm", stale, kind="application/merge-patch+json"))[0] == 409
    failing = [{"op": "test", "path": "/data/a", "value": "no"}]
    assert (await http("PATCH", f"{CONFIGS}/cm", failing, kind="application/json-patch+json"))[0] == 422
    code, body = await http("PATCH", f"{CONFIGS}/cm", {}, kind="application/json")
    assert code == 415 and body["message"] == "415: Unsupported Media Type"


async def test_apply_over_http(http: Http, served: Any, build: Any) -> None:
    kind, manifest = "application/apply-patch+yaml", build.config(a="1")
    code, body = await http("PATCH", f"{CONFIGS}/cm", manifest, kind=kind)
    assert code == 422 and body["details"]["causes"][0]["field"] == "fieldManager"
    code, made = await http("PATCH", f"{CONFIGS}/cm?fieldManager=m1", manifest, kind=kind)
    assert code == 201 and made["metadata"]["managedFields"][0]["operation"] == "Apply"
    code, same = await http("PATCH", f"{CONFIGS}/cm?fieldManager=m1", manifest, kind=kind)
    assert code == 200 and same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    code, body = await http("PATCH", f"{CONFIGS}/cm?fieldManager=m2", build.config(a="2"), kind=kind)
    assert code == 409 and body["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    code, body = await http("PATCH", f"{CONFIGS}/cm?fieldManager=m2", same, kind=kind)
    assert code == 400 and body["message"] == "metadata.managedFields must be nil"
    code, _ = await http("PATCH", f"{CONFIGS}/dry?fieldManager=m1&dryRun=All", build.config("dry"), kind=kind)
    assert code == 201 and served.store.peek("ConfigMap", "default", "dry") is None


async def test_status_and_scale_subresources(http: Http, served: Any, build: Any) -> None:
    served.store.create(build.deployment())
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    change = {"spec": {"replicas": 9}, "status": {"readyReplicas": 1}}
    code, body = await http("PATCH", f"{path}/status", change, kind="application/merge-patch+json")
    assert code == 200 and body["spec"]["replicas"] == 1 and body["status"]["readyReplicas"] == 1
    code, body = await http("GET", f"{path}/scale")
    assert body["kind"] == "Scale" and body["status"]["selector"] == "app=web"
    code, body = await http("PATCH", f"{path}/scale", {"spec": {"replicas": 4}}, kind="application/merge-patch+json")
    assert code == 200 and served.store.peek("Deployment", "default", "web")["spec"]["replicas"] == 4
    assert (await http("GET", f"{CONFIGS}/cm/status"))[0] == 404


async def test_deletes(http: Http, served: Any, build: Any) -> None:
    store = served.store
    store.create(build.config())
    code, body = await http("DELETE", f"{CONFIGS}/cm")
    assert code == 200 and body["status"] == "Success" and body["details"]["kind"] == "configmaps"
    job = store.create(build.job())
    store.create(build.owned(build.pod("kid"), job))
    code, body = await http("DELETE", "/apis/batch/v1/namespaces/default/jobs/train")
    assert body["metadata"]["finalizers"] == ["orphan"] and store.peek("Job", "default", "train") is None
    assert store.peek("Pod", "default", "kid")
    code, body = await http("DELETE", f"{PODS}/kid", {"propagationPolicy": "Background"})
    assert body["kind"] == "Pod" and store.list("Pod") == []
    for name in ("x", "y"):
        store.create(build.pod(name, app=name))
    code, body = await http("DELETE", f"{PODS}?labelSelector=app%3Dx")
    assert code == 200 and [each["metadata"]["name"] for each in store.list("Pod")] == ["y"]
    assert (await http("DELETE", f"{PODS}/y", {"propagationPolicy": "Sideways"}))[0] == 422


async def test_watch_from_a_version_and_from_nothing(http: Http, served: Any, build: Any) -> None:
    store = served.store
    store.create(build.config("w", k="0"))
    then = store.rv
    got = store.get("ConfigMap", "default", "w")
    store.update({**got, "data": {"k": "1"}})
    store.delete("ConfigMap", "default", "w")
    events = await http.events(f"{CONFIGS}?watch=true&resourceVersion={then}", 2)
    assert [each["type"] for each in events] == ["MODIFIED", "DELETED"]
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in events]
    assert then < versions[0] < versions[1] == store.rv
    store.create(build.config("now"))
    events = await http.events(f"{CONFIGS}?watch=1&resourceVersion=0", 1)
    assert events[0]["type"] == "ADDED" and events[0]["object"]["metadata"]["name"] == "now"


async def test_watch_hears_live_changes_through_a_selector(http: Http, served: Any, build: Any) -> None:
    store = served.store
    store.create(build.pod("seen", k="a"))
    async with http.session.get(f"{http.url}{PODS}?watch=true&labelSelector=k%3Da") as answer:
        first = json.loads(await answer.content.readline())
        got = store.get("Pod", "default", "seen")
        got["metadata"]["labels"] = {"k": "b"}
        store.update(got)
        second = json.loads(await answer.content.readline())
        store.create(build.pod("other", k="a"))
        third = json.loads(await answer.content.readline())
    assert [each["type"] for each in (first, second, third)] == ["ADDED", "DELETED", "ADDED"]
    assert third["object"]["metadata"]["name"] == "other"


async def test_watch_too_old_times_out_and_tables(http: Http, served: Any, build: Any) -> None:
    store = served.store
    store.create(build.pod())
    store.history("Pod").forget_before(store.rv)
    events = await http.events(f"{PODS}?watch=true&resourceVersion=1", 1)
    assert events[0]["type"] == "ERROR" and events[0]["object"]["code"] == 410
    async with http.session.get(f"{http.url}{PODS}?watch=true&timeoutSeconds=1") as answer:
        lines = (await answer.read()).splitlines()
    assert len(lines) == 1
    store.create(build.pod("q"))
    async with http.session.get(f"{http.url}{PODS}?watch=true", headers={"Accept": TABLE}) as answer:
        tables = [json.loads(await answer.content.readline())["object"] for _ in range(2)]
    assert tables[0]["columnDefinitions"] and tables[1]["columnDefinitions"] is None
    assert tables[1]["rows"][0]["cells"][0] == "q"


async def test_bookmarks_and_initial_events(http: Http, served: Any, build: Any) -> None:
    served.store.create(build.config())
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = await http.events(f"{CONFIGS}?{query}", 2)
    assert [each["type"] for each in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    events = await http.events(
        f"{CONFIGS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion={served.store.rv}", 1
    )
    assert events[0]["type"] == "BOOKMARK"
    assert events[0]["object"]["metadata"]["resourceVersion"] == str(served.store.rv)


async def test_bookmarks_follow_the_worlds_time(http: Http, served: Any, build: Any) -> None:
    served.store.create(build.config())
    query = "watch=true&allowWatchBookmarks=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
    async with http.session.get(f"{http.url}{CONFIGS}?{query}") as answer:
        for _ in range(2):
            served.store.create(build.pod(f"p{served.store.rv}"))
            served.world.advance(served.world.now + 61)
            event = json.loads(await answer.content.readline())
            assert event["type"] == "BOOKMARK"
            assert event["object"]["metadata"]["resourceVersion"] == str(served.store.rv)


async def test_initial_events_need_their_match(http: Http) -> None:
    code, body = await http("GET", f"{CONFIGS}?watch=true&sendInitialEvents=true")
    assert code == 422 and body["details"]["causes"][0]["field"] == "resourceVersionMatch"


@pytest.mark.parametrize("number", ["\u00b2", "\u0665", "9" * 4400, "--5", "1e3"])
async def test_numbers_that_are_none(http: Http, served: Any, build: Any, number: str) -> None:
    served.store.create(build.pod())
    build.run(served.store, "p")
    for query in (f"resourceVersion={number}", f"watch=true&resourceVersion={number}", f"limit={number}"):
        code, _ = await http("GET", f"{PODS}?{query}")
        assert code == (200 if query.startswith("limit") else 400), query
    assert (await http("GET", f"{PODS}/p/log?tailLines={number}"))[0] == 400
    path = f"{PODS}/p:{number}/proxy/"
    assert (await http("GET", path))[0] in (400, 503)
    operation = [{"op": "remove", "path": f"/spec/containers/{number}"}]
    code, _ = await http("PATCH", f"{PODS}/p", operation, kind="application/json-patch+json")
    assert code == 422


async def test_closing_a_watch_stops_listening(http: Http, served: Any, build: Any) -> None:
    before = len(served.store._listeners)
    served.store.create(build.pod())
    async with http.session.get(f"{http.url}{PODS}?watch=true") as answer:
        await answer.content.readline()
        assert len(served.store._listeners) == before + 1
        answer.close()
    await served.until(lambda: any("watch" in query for *_, query in served.requests))
    assert len(served.store._listeners) == before


async def test_logs(http: Http, served: Any, build: Any) -> None:
    store = served.store
    store.create(build.pod())
    code, text = await http("GET", f"{PODS}/p/log")
    assert code == 200 and text == ""
    pod = store.get("Pod", "default", "p")
    pod["spec"]["nodeName"] = "n1"
    store.update(pod)
    code, body = await http("GET", f"{PODS}/p/log")
    assert code == 400 and body["message"] == 'container "c" in pod "p" is waiting to start: ContainerCreating'
    build.run(store, "p")
    for second in range(4):
        store.append_log("default", "p", "c", f"l{second}", at=store.world.now - 30 + 10 * second + 0.25)
    code, text = await http("GET", f"{PODS}/p/log?sinceSeconds=15")
    assert text == "l2\nl3\n"
    since = store.world.stamp(store.world.now - 20)
    code, text = await http("GET", f"{PODS}/p/log?sinceTime={since}&timestamps=true&tailLines=1")
    assert text == f"{store.world.stamp()[:-1]}.25Z l3\n"
    assert (await http("GET", f"{PODS}/p/log?limitBytes=4"))[1] == "l0\nl"
    assert (await http("GET", f"{PODS}/p/log?container=zz"))[1]["message"] == "container zz is not valid for pod p"
    store.rotate_log("default", "p", "c")
    assert (await http("GET", f"{PODS}/p/log?previous=true"))[1] == "l0\nl1\nl2\nl3\n"


async def test_service_proxy_reaches_the_backend(http: Http, served: Any, build: Any) -> None:
    store = served.store
    asked: list[tuple[str, str, str, int, ProxyRequest]] = []
    answers: list[ProxyResponse | NoAnswer] = []

    async def backend(
        cluster: str, namespace: str, pod: str, port: int, request: ProxyRequest
    ) -> ProxyResponse | NoAnswer:
        asked.append((cluster, namespace, pod, port, request))
        return answers.pop(0)

    register_backend(served.world, backend)
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "sax-http-lb", "namespace": "default"},
        "spec": {"selector": {"app": "sax-http"}, "ports": [{"port": 8888, "targetPort": 8889}]},
    }
    store.create(service)
    path = "/api/v1/namespaces/default/services/sax-http-lb:8888/proxy"
    code, body = await http("GET", f"{path}/listcell", {"model": "x"})
    assert code == 503 and body["message"] == 'no endpoints available for service "sax-http-lb:8888"'
    store.create(build.pod("front", app="sax-http"))
    build.run(store, "front")
    answers.append(ProxyResponse(200, {"X-Sax": "1"}, b"{}"))
    code, text = await http("GET", f"{path}/listcell/a%2Fb?x=1&y", {"model": "x"})
    _cluster, _, pod, port, request = asked[0]
    assert code == 200 and text == "{}" and (pod, port) == ("front", 8889)
    assert (request.method, request.path, request.query) == ("GET", "/listcell/a%2Fb", "x=1&y")
    assert json.loads(request.body) == {"model": "x"}
    answers.append(ProxyResponse(404, {"Content-Type": "text/html"}, b"no"))
    assert await http("POST", f"{path}/generate", b"{}") == (404, "no")
    answers.append(NoAnswer.DROP)
    code, body = await http("GET", "/api/v1/namespaces/default/services/http:sax-http-lb:8888/proxy/")
    assert code == 503 and body["message"] == "error trying to reach service: EOF"
    answers.append(NoAnswer.REFUSED)
    code, body = await http("GET", "/api/v1/namespaces/default/pods/front:9/proxy/")
    assert code == 503 and "dial tcp 10.0.0.7:9: connect: connection refused" in body["message"]
    assert (await http("GET", "/api/v1/namespaces/default/services/none/proxy/"))[0] == 404


async def test_webhook_that_is_not_up(http: Http, served: Any, build: Any, jobset_manifest: Any) -> None:
    path = "/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets"
    assert (await http("GET", path))[0] == 404
    for manifest in yaml.safe_load_all(jobset_manifest.read_text()):
        if manifest:
            served.store.create(manifest)
    assert (await http("GET", path))[0] == 200
    url = "https://jobset-webhook-service.jobset-system.svc:443/mutate-jobset-x-k8s-io-v1alpha2-jobset?timeout=10s"
    why = 'no endpoints available for service "jobset-webhook-service"'
    for query in ("", "?dryRun=All"):
        code, body = await http("POST", path + query, build.job_set())
        assert code == 500 and body["reason"] == "InternalError"
        called = f'failed calling webhook "mjobset.kb.io": failed to call webhook: Post "{url}": {why}'
        assert body["message"] == f"Internal error occurred: {called}"
    served.store.create(build.pod("manager", "jobset-system", **{"control-plane": "controller-manager"}))
    build.run(served.store, "manager", "jobset-system")
    odd = build.job_set()
    odd["spec"]["replicatedJobz"] = []
    code, body = await http("POST", f"{path}?fieldValidation=Strict", odd)
    assert code == 400 and 'unknown field "spec.replicatedJobz"' in body["message"]
    wrong = build.job_set()
    wrong["spec"]["replicatedJobs"][0]["replicas"] = "two"
    code, body = await http("POST", path, wrong)
    assert code == 422 and body["details"]["causes"][0]["field"] == "spec.replicatedJobs[0].replicas"
    code, made = await http("POST", path, build.job_set())
    job = made["spec"]["replicatedJobs"][0]["template"]["spec"]
    assert code == 201 and job["completionMode"] == "Indexed"
    assert job["template"]["spec"]["restartPolicy"] == "OnFailure"
    assert made["spec"]["network"]["enableDNSHostnames"] is True and made["spec"]["successPolicy"] == {
        "operator": "All"
    }
    made["spec"]["replicatedJobs"][0]["replicas"] = 3
    code, body = await http("PUT", f"{path}/js", made)
    assert code == 422 and body["details"]["causes"][0]["field"] == "spec.replicatedJobs"
    patch = {"metadata": {"labels": {"a": "b"}}}
    code, body = await http("PATCH", f"{path}/js", patch, kind="application/strategic-merge-patch+json")
    assert code == 415
    code, body = await http("PATCH", f"{path}/js", patch, kind="application/merge-patch+json")
    assert code == 200 and body["metadata"]["generation"] == 1
    served.store.delete("CustomResourceDefinition", "", "jobsets.jobset.x-k8s.io")
    assert (await http("GET", path))[0] == 404 and served.store.list("JobSet") == []


async def test_discovery_both_ways(http: Http) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    async with http.session.get(f"{http.url}/apis?timeout=32s", headers={"Accept": accept}) as answer:
        assert answer.headers["Content-Type"] == (
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        )
        groups = [each["metadata"]["name"] for each in (await answer.json())["items"]]
    assert {"apps", "batch", "apiextensions.k8s.io"} <= set(groups)
    for path in ("/api", "/api/", "/apis/", "/api/v1/", "/apis/apps", "/apis/apps/v1", "/version", "/openapi/v3"):
        assert (await http("GET", path))[0] == 200, path
    _, listed = await http("GET", "/apis")
    assert {each["name"] for each in listed["groups"]} == set(groups)
    assert (await http("GET", "/healthz")) == (200, "ok")
    _, index = await http("GET", "/openapi/v3")
    _, document = await http("GET", index["paths"]["apis/batch/v1"]["serverRelativeURL"])
    item = document["paths"]["/apis/batch/v1/namespaces/{namespace}/jobs/{name}"]["patch"]
    assert item["x-kubernetes-group-version-kind"] == {"group": "batch", "version": "v1", "kind": "Job"}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {}}
    code, body = await http("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert code == 201 and body["status"]["allowed"] is True


async def test_tick_and_authorize_come_first(world: Any) -> None:
    ticks: list[float] = []
    seen: list[str] = []

    def authorize(token: str) -> bool:
        seen.append(token)
        return token == "good"

    app = make_app(
        world,
        next(iter(world.kube)),
        authorize=authorize,
        on_request=lambda *_: None,
        tick=lambda: ticks.append(world.now),
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/version"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 401
        async with session.get(url, headers={"Authorization": "Bearer good"}) as answer:
            assert answer.status == 200
        world.tell("cluster.deleted", cluster=next(iter(world.kube)))
        async with session.get(url, headers={"Authorization": "Bearer good"}) as answer:
            assert answer.status == 503
    await runner.cleanup()
    assert seen == ["", "good", "good"] and len(ticks) == 3
