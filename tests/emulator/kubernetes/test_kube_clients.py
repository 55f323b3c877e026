"""The official asynchronous client (kubernetes.aio) against the embedded API server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
import yaml
from kubernetes import client as blocking
from kubernetes.aio import client
from kubernetes.aio.client import ApiClient, ApiException, Configuration
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.stream import portforward

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse, register_backend


@pytest.fixture
async def api(served: Any) -> AsyncIterator[Any]:
    configuration = Configuration(host=served.url)
    configuration.api_key = {"authorization": "letmein"}
    configuration.api_key_prefix = {"authorization": "Bearer"}
    async with ApiClient(configuration) as made:
        yield made


async def test_typed_create_list_patch_delete(api: Any, served: Any, build: Any) -> None:
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    await core.create_namespaced_service_account("default", {"metadata": {"name": "sax-sa"}, **_kind("ServiceAccount")})
    made = await apps.create_namespaced_deployment("default", build.deployment())
    assert made.metadata.uid and made.spec.replicas == 1
    patched = await apps.patch_namespaced_deployment("web", "default", {"spec": {"replicas": 2}})
    assert patched.spec.replicas == 2
    applied = await apps.patch_namespaced_deployment(
        "web2", "default", build.deployment("web2"), field_manager="tui", force=True,
        _content_type="application/apply-patch+yaml",
    )  # fmt: skip
    assert applied.metadata.managed_fields[0].manager == "tui"
    listed = await apps.list_namespaced_deployment("default", limit=1)
    assert len(listed.items) == 1 and listed.metadata._continue
    with pytest.raises(ApiException) as caught:
        await core.read_namespaced_pod("nope", "default")
    assert caught.value.status == 404 and json.loads(caught.value.body)["details"]["name"] == "nope"
    await apps.delete_namespaced_deployment("web", "default", propagation_policy="Background")
    assert served.store.peek("Deployment", "default", "web") is None


def _kind(kind: str) -> dict[str, str]:
    return {"apiVersion": "v1", "kind": kind}


async def test_raw_watch_and_log_follow(api: Any, served: Any, build: Any) -> None:
    core, store = client.CoreV1Api(api), served.store
    store.create(build.pod())
    build.run(store, "p")
    listed = await core.list_namespaced_pod_without_preload_content("default", limit=500)
    version = json.loads(await listed.read())["metadata"]["resourceVersion"]
    watch = await core.list_namespaced_pod_without_preload_content(
        "default", watch=True, resource_version=version, allow_watch_bookmarks=True, _request_timeout=1e9
    )
    store.create(build.pod("second"))
    event = json.loads(await watch.content.readline())
    assert event["type"] == "ADDED" and event["object"]["metadata"]["name"] == "second"
    watch.close()
    follow = await core.read_namespaced_pod_log_without_preload_content(
        "p", "default", follow=True, timestamps=True, _request_timeout=1e9
    )
    store.append_log("default", "p", "c", "hello")
    async with asyncio.timeout(20):
        assert await follow.content.readline() == f"{store.world.stamp()} hello\n".encode()
    follow.close()


async def test_dynamic_client_applies_a_jobset(api: Any, served: Any, build: Any, jobset_manifest: Any) -> None:
    for manifest in yaml.safe_load_all(jobset_manifest.read_text()):
        if manifest:
            served.store.create(manifest)
    served.store.create(build.pod("manager", "jobset-system", **{"control-plane": "controller-manager"}))
    build.run(served.store, "manager", "jobset-system")
    dynamic = await DynamicClient(api)
    kind = await dynamic.resources.get(api_version="jobset.x-k8s.io/v1alpha2", kind="JobSet")
    made = await dynamic.server_side_apply(kind, build.job_set(), namespace="default", field_manager="tui")
    assert made.spec.replicatedJobs[0].replicas == 2
    custom = client.CustomObjectsApi(api)
    got = await custom.get_namespaced_custom_object("jobset.x-k8s.io", "v1alpha2", "default", "jobsets", "js")
    assert got["spec"]["replicatedJobs"][0]["name"] == "workers"


async def test_port_forward_by_channels(served: Any, build: Any) -> None:
    async def backend(cluster: str, namespace: str, pod: str, port: int, request: ProxyRequest) -> Any:
        return ProxyResponse(200, {}, f"{pod} {request.path}".encode()) if port == 8080 else NoAnswer.REFUSED

    register_backend(served.world, backend)
    served.store.create(build.pod())
    build.run(served.store, "p")

    def ask(port: int) -> tuple[bytes, str]:
        """What comes back, and what is said to have gone wrong, as the blocking client's port-forward gives it."""
        with blocking.ApiClient(blocking.Configuration(host=served.url)) as made:
            typed = blocking.CoreV1Api(made)
            tunnel = portforward(typed.connect_get_namespaced_pod_portforward, "p", "default", ports=str(port))
            with closing(tunnel.socket(port)) as connection:
                connection.settimeout(20)
                connection.sendall(b"GET /x HTTP/1.0\r\n\r\n")
                answer = b"".join(iter(lambda: connection.recv(4096), b""))
            return answer, tunnel.error(port) or ""

    answer, said = await asyncio.to_thread(ask, 8080)
    assert answer.startswith(b"HTTP/1.") and answer.endswith(b"p /x") and said == ""
    answer, said = await asyncio.to_thread(ask, 99)
    assert answer == b"" and "error forwarding port 99 to pod" in said


async def test_service_proxy_by_the_typed_api(api: Any, served: Any) -> None:
    core = client.CoreV1Api(api)
    with pytest.raises(ApiException) as caught:
        await core.connect_get_namespaced_service_proxy_with_path("kubernetes:443", "default", "x")
    assert caught.value.status == 503
