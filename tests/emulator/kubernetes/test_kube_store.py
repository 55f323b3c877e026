"""The store: writing, versions, deletion, garbage collection, events."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.emulator.kubernetes.status import ApiError
from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]


def refused(code: int, reason: str) -> Any:
    return pytest.raises(ApiError, check=lambda error: error.code == code and error.status["reason"] == reason)


def test_new_cluster_has_namespaces_accounts_and_its_service(store: KubeStore) -> None:
    names = [each["metadata"]["name"] for each in store.list("Namespace")]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    assert all(store.peek("ServiceAccount", name, "default") for name in names)
    assert store.peek("Service", "default", "kubernetes")


def test_a_deleted_cluster_loses_its_store(world: Any) -> None:
    world.tell("cluster.deleted", cluster=next(iter(world.kube)))
    assert world.kube == {}


def test_create_stamps_and_copies(store: KubeStore, build: Any) -> None:
    manifest = build.config(a="1")
    made = store.create(manifest)
    metadata = made["metadata"]
    assert metadata["uid"] and int(metadata["resourceVersion"]) == store.rv
    assert metadata["creationTimestamp"] == store.world.stamp()
    assert "uid" not in manifest["metadata"]
    made["data"]["a"] = "changed"
    manifest["data"]["a"] = "changed"
    got = store.get("ConfigMap", "default", "cm")
    assert got and got["data"] == {"a": "1"}


def test_create_refusals(store: KubeStore, build: Any) -> None:
    store.create(build.pod())
    with refused(409, "AlreadyExists") as caught:
        store.create(build.pod())
    assert str(caught.value) == 'pods "p" already exists'
    with refused(404, "NotFound") as caught:
        store.create(build.pod(namespace="nonex"))
    assert str(caught.value) == 'namespaces "nonex" not found'
    bad = build.pod("Bad_Name")
    bad["spec"]["containers"] = []
    with refused(422, "Invalid") as caught:
        store.create(bad)
    fields = [cause["field"] for cause in caught.value.status["details"]["causes"]]
    assert fields == ["metadata.name", "spec.containers"]
    lonely = build.pod("lonely")
    lonely["spec"]["serviceAccountName"] = "sax-sa"
    with refused(403, "Forbidden") as caught:
        store.create(lonely)
    assert 'serviceaccount "sax-sa" not found' in str(caught.value)


def test_generated_names_differ(store: KubeStore, build: Any) -> None:
    names = set()
    for _ in range(20):
        manifest = build.pod()
        del manifest["metadata"]["name"]
        manifest["metadata"]["generateName"] = "gen-"
        names.add(store.create(manifest)["metadata"]["name"])
    assert len(names) == 20 and all(len(name) == 9 and name.startswith("gen-") for name in names)


def test_update_conflict_noop_and_generation(store: KubeStore, build: Any) -> None:
    made = store.create(build.deployment())
    heard: list[str] = []
    store.listen(lambda change, obj, _old: heard.append(change))
    same = store.update(made)
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"] and heard == []
    made["metadata"]["labels"] = {"k": "v"}
    labelled = store.update(made)
    assert labelled["metadata"]["generation"] == 1
    labelled["spec"]["replicas"] = 3
    grown = store.update(labelled)
    assert grown["metadata"]["generation"] == 2 and heard == ["MODIFIED", "MODIFIED"]
    with refused(409, "Conflict") as caught:
        store.update(made)
    assert str(caught.value).startswith('Operation cannot be fulfilled on deployments.apps "web": the object has been')


def test_update_keeps_status_and_set_status_keeps_spec(store: KubeStore, build: Any) -> None:
    store.create(build.deployment())
    store.set_status("Deployment", "default", "web", {"readyReplicas": 1})
    got = store.get("Deployment", "default", "web")
    assert got
    got["status"] = {}
    got["spec"]["replicas"] = 4
    assert store.update(got)["status"] == {"readyReplicas": 1}
    assert store.set_status("Deployment", "default", "gone", {}) is None
    before = store.rv
    store.set_status("Deployment", "default", "web", {"readyReplicas": 1})
    assert store.rv == before


def test_dry_run_stores_nothing(store: KubeStore, build: Any) -> None:
    before = store.rv
    store.create(build.config(), dry_run=True)
    assert store.rv == before and store.get("ConfigMap", "default", "cm") is None


def test_listeners_hear_nested_changes_in_order(store: KubeStore, build: Any) -> None:
    first: list[tuple[str, str]] = []
    second: list[tuple[str, str]] = []

    def reacting(change: str, obj: Json, _old: Json | None) -> None:
        first.append((change, obj["kind"]))
        if change == "ADDED" and obj["kind"] == "Pod":
            store.delete("Pod", "default", "p")

    store.listen(reacting)
    stop = store.listen(lambda change, obj, _old: second.append((change, obj["kind"])))
    store.create(build.pod())
    assert first == second == [("ADDED", "Pod"), ("DELETED", "Pod")]
    stop()
    store.create(build.config())
    assert len(second) == 2 and len(first) == 3


def test_scheduled_pod_waits_for_its_kubelet(store: KubeStore, build: Any) -> None:
    store.create(build.pod())
    build.run(store, "p")
    gone = store.delete("Pod", "default", "p")
    assert gone and gone["metadata"]["deletionGracePeriodSeconds"] == 30
    assert gone["metadata"]["deletionTimestamp"] == store.world.stamp(store.world.now + 30)
    assert store.peek("Pod", "default", "p")
    store.finish_delete("Pod", "default", "p")
    assert store.peek("Pod", "default", "p") is None


@pytest.mark.parametrize("how", ["unscheduled", "finished", "forced"])
def test_pods_that_go_at_once(store: KubeStore, build: Any, how: str) -> None:
    store.create(build.pod())
    if how != "unscheduled":
        build.run(store, "p")
    if how == "finished":
        store.set_status("Pod", "default", "p", {"phase": "Succeeded"})
    gone = store.delete("Pod", "default", "p", grace=0 if how == "forced" else None)
    assert gone and gone["metadata"]["deletionGracePeriodSeconds"] == 0
    assert store.peek("Pod", "default", "p") is None


def test_finalizer_holds_until_removed(store: KubeStore, build: Any) -> None:
    manifest = build.config()
    manifest["metadata"]["finalizers"] = ["x.io/f"]
    store.create(manifest)
    marked = store.delete("ConfigMap", "default", "cm")
    assert marked and marked["metadata"]["deletionTimestamp"]
    got = store.get("ConfigMap", "default", "cm")
    assert got
    got["metadata"]["finalizers"] = ["x.io/f", "x.io/g"]
    with refused(422, "Invalid"):
        store.update(got)
    got["metadata"]["finalizers"] = []
    store.update(got)
    assert store.peek("ConfigMap", "default", "cm") is None


def _family(store: KubeStore, build: Any) -> Json:
    owner = store.create(build.job(parallelism=1))
    store.create(build.owned(build.pod("kid"), owner))
    return owner


def test_background_collects_dependents(store: KubeStore, build: Any) -> None:
    _family(store, build)
    store.delete("Job", "default", "train")
    assert store.list("Job") == [] and store.list("Pod") == []


def test_background_lets_a_running_pod_stop_gracefully(store: KubeStore, build: Any) -> None:
    _family(store, build)
    build.run(store, "kid")
    store.delete("Job", "default", "train")
    kid = store.peek("Pod", "default", "kid")
    assert store.list("Job") == [] and kid and kid["metadata"]["deletionTimestamp"]


def test_foreground_owner_goes_last(store: KubeStore, build: Any) -> None:
    _family(store, build)
    build.run(store, "kid")
    marked = store.delete("Job", "default", "train", propagation="Foreground")
    assert marked and marked["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert store.peek("Job", "default", "train")
    store.finish_delete("Pod", "default", "kid")
    kid = store.peek("Pod", "default", "kid")
    assert kid is None
    assert store.peek("Job", "default", "train") is None


def test_orphan_strips_references(store: KubeStore, build: Any) -> None:
    _family(store, build)
    marked = store.delete("Job", "default", "train", propagation="Orphan")
    assert marked and marked["metadata"]["finalizers"] == ["orphan"]
    kid = store.peek("Pod", "default", "kid")
    assert store.list("Job") == [] and kid and "ownerReferences" not in kid["metadata"]


def test_child_of_a_missing_owner_is_collected(store: KubeStore, build: Any) -> None:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "never", "uid": "no-such"}}
    store.create(build.owned(build.pod("kid"), owner))
    assert store.list("Pod") == []


def test_namespace_takes_its_content_along(store: KubeStore, build: Any) -> None:
    store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tmp"}})
    store.create(build.config(namespace="tmp"))
    store.create(build.pod(namespace="tmp"))
    build.run(store, "p", "tmp")
    marked = store.delete("Namespace", "", "tmp")
    assert marked and marked["status"]["phase"] == "Terminating"
    assert marked["spec"]["finalizers"] == ["kubernetes"]
    with refused(403, "Forbidden") as caught:
        store.create(build.config("late", "tmp"))
    assert str(caught.value) == (
        'configmaps "late" is forbidden: unable to create new content in namespace tmp because it is being terminated'
    )
    store.finish_delete("Pod", "tmp", "p")
    assert store.peek("Namespace", "", "tmp") is None and store.empty("tmp")


def test_preconditions(store: KubeStore, build: Any) -> None:
    store.create(build.config())
    with refused(409, "Conflict") as caught:
        store.delete("ConfigMap", "default", "cm", uid="nope")
    assert "the UID in the precondition (nope) does not match" in str(caught.value)
    assert store.delete("ConfigMap", "default", "absent") is None


def test_events_count_up_and_expire(store: KubeStore, build: Any) -> None:
    pod = store.create(build.pod())
    store.record_event(pod, "BackOff", "again", warning=True, source="kubelet")
    store.world.advance(store.world.now + 60)
    store.record_event(pod, "BackOff", "again", warning=True, source="kubelet")
    (event,) = store.list("Event")
    assert (
        event["count"] == 2 and event["type"] == "Warning" and event["involvedObject"]["uid"] == pod["metadata"]["uid"]
    )
    assert event["firstTimestamp"] != event["lastTimestamp"]
    store.world.advance(store.world.now + 3700)
    store.record_event(pod, "Pulled", "done", source="kubelet")
    assert [each["reason"] for each in store.list("Event")] == ["Pulled"]


def test_service_gets_addresses_once(store: KubeStore) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "lb", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "x"}, "ports": [{"port": 8888}]},
    }
    made = store.create(manifest)
    port = made["spec"]["ports"][0]
    assert made["spec"]["clusterIP"].startswith("34.118.") and 30000 <= port["nodePort"] < 32768
    assert port["targetPort"] == 8888 and port["protocol"] == "TCP"
    again = store.update(manifest)
    assert again["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    assert again["spec"]["ports"][0]["nodePort"] == port["nodePort"]
    manifest["spec"]["clusterIP"] = "34.118.230.9"  # type: ignore[index]
    with refused(422, "Invalid"):
        store.update(manifest)


def test_job_gets_its_selector_and_keeps_its_template(store: KubeStore, build: Any) -> None:
    made = store.create(build.job())
    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert made["spec"]["template"]["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "train"
    assert made["spec"]["completions"] == 1 and made["spec"]["backoffLimit"] == 6
    made["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    with refused(422, "Invalid") as caught:
        store.update(made)
    assert "spec.template: Invalid value" in str(caught.value) and "field is immutable" in str(caught.value)
    always = build.job("always")
    always["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    with refused(422, "Invalid") as caught:
        store.create(always)
    assert 'valid values: "OnFailure", "Never"' in str(caught.value)


def test_deployment_selector_must_match(store: KubeStore, build: Any) -> None:
    wrong = build.deployment()
    wrong["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with refused(422, "Invalid") as caught:
        store.create(wrong)
    assert "`selector` does not match template `labels`" in str(caught.value)


def test_tpu_pods_tolerate_their_taint_and_need_equal_limits(store: KubeStore, build: Any) -> None:
    pod = build.pod()
    pod["spec"]["containers"][0]["resources"] = {"limits": {"google.com/tpu": 4}}
    made = store.create(pod)
    assert made["spec"]["containers"][0]["resources"]["requests"] == {"google.com/tpu": 4}
    assert {"key": "google.com/tpu", "operator": "Exists", "effect": "NoSchedule"} in made["spec"]["tolerations"]
    odd = build.pod("odd")
    odd["spec"]["containers"][0]["resources"] = {"limits": {"google.com/tpu": 4}, "requests": {"google.com/tpu": 2}}
    with refused(422, "Invalid") as caught:
        store.create(odd)
    assert "must be equal to google.com/tpu limit" in str(caught.value)


def test_history_rebuilds_the_past(store: KubeStore, build: Any) -> None:
    store.create(build.config("a"))
    then = store.rv
    store.create(build.config("b"))
    store.delete("ConfigMap", "default", "a")
    past = store.snapshot("ConfigMap", then)
    assert past is not None and [each["metadata"]["name"] for each in past] == ["a"]
    store.history("ConfigMap").forget_before(store.rv)
    assert store.snapshot("ConfigMap", then) is None


def test_logs_rotate_and_go_with_the_pod(store: KubeStore, build: Any) -> None:
    store.create(build.pod())
    key = ("default", "p", "c")
    store.append_log(*key, "one\ntwo")
    assert [line.text for line in store.logs.lines(key) or []] == ["one", "two"]
    store.rotate_log(*key)
    assert store.logs.lines(key) == []
    assert [line.text for line in store.logs.lines(key, previous=True) or []] == ["one", "two"]
    store.delete("Pod", "default", "p")
    assert store.logs.lines(key, previous=True) is None
