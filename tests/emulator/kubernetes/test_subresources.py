"""Evictions, tokens, reviews, second views, node upkeep, and which watch and list options go together."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from saxtui.emulator.kubernetes import openapi, paths, reads, reviews, subresources, views
from saxtui.emulator.kubernetes.fields import after_status
from saxtui.emulator.kubernetes.kinds import Registry
from saxtui.emulator.kubernetes.status import ApiError
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call

POD = "/api/v1/namespaces/default/pods/p"
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {"taints": [{"key": "a"}]}}


def post(path: str, body: Any) -> Call:
    return Call("POST", path, headers={"content-type": "application/json"}, body=json.dumps(body).encode())


def target(store: KubeStore, path: str) -> paths.Target:
    found = paths.parse(store.registry, path)
    assert found is not None
    return found


def evict(store: KubeStore, **options: Any) -> int:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}, "deleteOptions": options}
    return subresources.evict(store, target(store, f"{POD}/eviction"), post("", body)).code


def test_an_evicted_pod_says_why_and_goes_after_its_grace(store: KubeStore, build: Any) -> None:
    store.create(build.pod())
    build.run(store, "p")
    assert (
        evict(store, dryRun=["All"]) == 201 and "deletionTimestamp" not in store.peek("Pod", "default", "p")["metadata"]
    )
    with pytest.raises(ApiError) as caught:
        evict(store, preconditions={"uid": "another"})
    assert caught.value.code == 409
    assert evict(store, gracePeriodSeconds=5) == 201
    pod = store.peek("Pod", "default", "p")
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 5
    word = next(each for each in pod["status"]["conditions"] if each["type"] == "DisruptionTarget")
    assert (word["status"], word["reason"]) == ("True", "EvictionByEvictionAPI")
    assert evict(store) == 201
    store.finish_delete("Pod", "default", "p")
    with pytest.raises(ApiError) as caught:
        evict(store)
    assert caught.value.code == 404


@pytest.mark.parametrize("options", ["x", {"preconditions": 3}])
def test_misshapen_evictions(store: KubeStore, build: Any, options: Any) -> None:
    store.create(build.pod())
    body = {"kind": "Eviction", "deleteOptions": options}
    with pytest.raises(ApiError) as caught:
        subresources.evict(store, target(store, f"{POD}/eviction"), post("", body))
    assert caught.value.code == 400


def test_tokens(store: KubeStore) -> None:
    place = target(store, "/api/v1/namespaces/default/serviceaccounts/default/token")
    made = subresources.token(store, place, post("", {"kind": "TokenRequest", "spec": {"expirationSeconds": 700}}))
    body = made.body
    assert isinstance(body, dict)
    claims = body["status"]["token"].split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert read["sub"] == "system:serviceaccount:default:default" and read["exp"] - read["iat"] == 700
    with pytest.raises(ApiError) as caught:
        subresources.token(store, place, post("", {"kind": "TokenRequest", "spec": {"expirationSeconds": 5}}))
    assert caught.value.code == 422
    for spec in (3, {"expirationSeconds": "x"}):
        with pytest.raises(ApiError):
            subresources.token(store, place, post("", {"kind": "TokenRequest", "spec": spec}))


def test_reviews() -> None:
    parts = ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]
    spec = {"resourceAttributes": {"verb": "create", "resource": "pods"}}
    answer = reviews.answer(parts, post("", {"kind": "SelfSubjectAccessReview", "spec": spec}))
    assert answer is not None and isinstance(answer.body, dict)
    assert answer.body["status"]["allowed"] is True and answer.body["spec"] == spec
    assert reviews.answer([*parts, "x"], post("", {})) is None
    for call in (Call("GET", ""), post("", {"kind": "Pod"})):
        with pytest.raises(ApiError):
            reviews.answer(parts, call)


def test_a_cordoned_node_is_tainted_and_its_lease_is_fresh(store: KubeStore) -> None:
    store.create(NODE)
    node = store.get("Node", "", "n1")
    assert node is not None
    node["spec"]["unschedulable"] = True
    store.update(node)
    keys = [taint["key"] for taint in store.peek("Node", "", "n1")["spec"]["taints"]]
    assert keys == ["a", "node.kubernetes.io/unschedulable"]
    again = store.get("Node", "", "n1")
    assert again is not None
    del again["spec"]["unschedulable"]
    store.update(again)
    assert [taint["key"] for taint in store.peek("Node", "", "n1")["spec"]["taints"]] == ["a"]
    store.world.advance(store.world.now + 95)
    place = target(store, f"/apis/coordination.k8s.io/v1/namespaces/{views.NODE_LEASES}/leases/n1")
    lease = reads.get(store, place, Call("GET", "")).body
    assert isinstance(lease, dict) and lease["spec"]["renewTime"].endswith(":30.000000Z")
    store.delete("Node", "", "n1")
    assert store.peek("Lease", views.NODE_LEASES, "n1") is None


def test_events_in_their_second_group(store: KubeStore, build: Any) -> None:
    pod = store.create(build.pod())
    store.record_event(pod, "Pulled", "image is here", source="kubelet")
    store.record_event(store.create(build.pod("q")), "Pulled", "image is here", source="kubelet")
    place = target(store, "/apis/events.k8s.io/v1/namespaces/default/events")
    listed = reads.listing(store, place, Call("GET", "", {"fieldSelector": "regarding.name=p"})).body
    assert isinstance(listed, dict) and listed["apiVersion"] == "events.k8s.io/v1" and len(listed["items"]) == 1
    event = listed["items"][0]
    assert event["note"] == "image is here" and event["regarding"]["name"] == "p"
    assert event["reportingController"] == "kubelet" and "message" not in event and event["deprecatedCount"] == 1


@pytest.mark.parametrize(
    ("watching", "query", "words"),
    [
        (True, "sendInitialEvents=true", "requires setting resourceVersionMatch to NotOlderThan"),
        (True, "resourceVersionMatch=NotOlderThan", "forbidden for watch unless sendInitialEvents is provided"),
        (False, "sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
        (False, "resourceVersionMatch=Exact", "forbidden unless resourceVersion is provided"),
        (False, "resourceVersionMatch=Exact&resourceVersion=0", 'forbidden for resourceVersion "0"'),
        (False, "resourceVersionMatch=Soon&resourceVersion=5", "Unsupported value"),
        (False, "resourceVersionMatch=Exact&continue=x", "forbidden when continue is provided"),
    ],
)
def test_options_that_do_not_go_together(watching: bool, query: str, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        reads.check_options(dict(part.split("=") for part in query.split("&")), watching=watching)
    assert caught.value.code == 422 and words in str(caught.value)


def test_a_status_write_is_owned_apart_from_the_spec(store: KubeStore, build: Any) -> None:
    store.create(build.deployment())
    for ready in (1, 2):
        store.set_status(
            "Deployment", "default", "web", {"readyReplicas": ready, "conditions": [{"type": "Available"}]}
        )
    entries = store.peek("Deployment", "default", "web")["metadata"]["managedFields"]
    assert [each.get("subresource") for each in entries] == [None, "status"]
    owned = entries[1]["fieldsV1"]["f:status"]
    assert owned == {"f:readyReplicas": {}, "f:conditions": {'k:{"type":"Available"}': {".": {}, "f:type": {}}}}
    other = after_status(store.peek("Deployment", "default", "web"), {"x": 1}, "now", "me")
    assert [each["manager"] for each in other if each.get("subresource")] == ["kube-controller-manager", "me"]


def test_every_openapi_reference_leads_somewhere() -> None:
    registry = Registry()
    for place in openapi.index(registry)["paths"]:
        document = openapi.document(registry, place)
        assert document is not None
        text = json.dumps(document)
        names = document["components"]["schemas"]
        wanted = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
        assert wanted <= names.keys() and all(names[name] for name in wanted)
    second = openapi.swagger(registry)
    wanted = {part.split('"')[0] for part in json.dumps(second).split("#/definitions/")[1:]}
    assert wanted and wanted <= second["definitions"].keys()
