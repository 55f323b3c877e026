"""Whatever is wrong with a manifest, the API server refuses it in its own words and never breaks."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from saxtui.emulator.kubernetes import paths, writes
from saxtui.emulator.kubernetes.bootstrap import make_store
from saxtui.emulator.kubernetes.objects import copy_json
from saxtui.emulator.kubernetes.status import ApiError
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call
from saxtui.emulator.world import World

Json = dict[str, Any]
PLACES = {
    "Pod": "/api/v1/namespaces/default/pods",
    "Deployment": "/apis/apps/v1/namespaces/default/deployments",
    "Job": "/apis/batch/v1/namespaces/default/jobs",
    "JobSet": "/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets",
    "Service": "/api/v1/namespaces/default/services",
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "s", "namespace": "default", "labels": {"a": "b"}},
    "spec": {"type": "LoadBalancer", "selector": {"app": "x"}, "ports": [{"name": "h", "port": 1, "targetPort": "h"}]},
}
VALUES: Any = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 99999),
    st.text("aB-_. 1", max_size=5),
    st.just([]),
    st.just({}),
    st.just(["x"]),
    st.just([{}]),
    st.just([None]),
    st.just({"x": 1}),
)


def spots(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a manifest."""
    out = [prefix] if prefix else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        out += spots(item, (*prefix, key))
    return out


def damaged(manifest: Json, spot: tuple[Any, ...], value: Any) -> Json:
    out: Any = copy_json(manifest)
    inner = out
    for key in spot[:-1]:
        inner = inner[key]
    inner[spot[-1]] = value
    return dict(out)


@lru_cache(maxsize=1)
def parsed(manifest_text: str) -> list[Json]:
    return [each for each in yaml.safe_load_all(manifest_text) if each]


def ready_store(manifest_text: str, build: Any) -> KubeStore:
    store = make_store(World(start=1_800_000_000.0), "p/l/c")
    for manifest in parsed(manifest_text):
        store.create(manifest)
    store.create(build.pod("manager", "jobset-system", **{"control-plane": "controller-manager"}))
    build.run(store, "manager", "jobset-system")
    return store


@pytest.fixture
def samples(build: Any) -> dict[str, Json]:
    pod = build.pod("x", a="b")
    container = pod["spec"]["containers"][0]
    container |= {"env": [{"name": "E", "value": "1"}], "resources": {"limits": {"google.com/tpu": 4, "cpu": "1"}}}
    made = {"Pod": pod, "Deployment": build.deployment(), "Job": build.job(parallelism=2), "JobSet": build.job_set()}
    made["Deployment"]["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    made["JobSet"]["spec"]["failurePolicy"] = {"maxRestarts": 1}
    return {**made, "Service": copy_json(SERVICE)}


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), kind=st.sampled_from(sorted(PLACES)), value=VALUES, patching=st.booleans())
def test_one_damaged_place(
    samples: dict[str, Json], build: Any, jobset_manifest: Any, data: Any, kind: str, value: Any, patching: bool
) -> None:
    store = ready_store(jobset_manifest.read_text(), build)
    manifest = samples[kind]
    spot = data.draw(st.sampled_from(spots(manifest)))
    body = json.dumps(damaged(manifest, spot, value)).encode()
    target = paths.parse(store.registry, PLACES[kind])
    assert target is not None
    try:
        if patching:
            store.create(manifest)
            named = paths.parse(store.registry, f"{PLACES[kind]}/{manifest['metadata']['name']}")
            assert named is not None
            writes.replace(store, named, Call("PUT", "", headers={"content-type": "application/json"}, body=body))
            kinds = {"content-type": "application/apply-patch+yaml"}
            query = {"fieldManager": "m", "force": "true"}
            writes.change(store, named, Call("PATCH", "", query, kinds, body))
        else:
            writes.create(store, target, Call("POST", "", headers={"content-type": "application/json"}, body=body))
    except ApiError as refusal:
        # Server-side apply of an unknown field is refused with 500 by a real API server too.
        undeclared = "field not declared in schema" in refusal.status["message"]
        assert (400 <= refusal.code < 500 or undeclared) and refusal.status["message"]


@given(st.binary(max_size=60))
@example(b"k8s\0")
@example(b"k8s\0\x0a\xff")
def test_garbage_bodies(body: bytes) -> None:
    store = make_store(World(start=1_800_000_000.0), "p/l/c")
    target = paths.parse(store.registry, PLACES["Pod"])
    assert target is not None
    for kind in ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"):
        with pytest.raises(ApiError) as caught:
            writes.create(store, target, Call("POST", "", headers={"content-type": kind}, body=body))
        assert caught.value.code in (400, 415)
