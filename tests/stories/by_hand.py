"""The tutorial done by hand, to the letter: its requests through the official clients, and none of saxtui's steps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from saxtui.errors import CallError
from saxtui.ports import Cloud, Kubernetes, PolicyTarget, Ref
from tests.emulator import tutorial

PROJECT, REGION, ZONE = tutorial.PROJECT, tutorial.REGION, tutorial.ZONE


async def done_by_hand(cloud: Cloud) -> None:
    """Cluster with four CPU nodes a zone, two slices, a project-wide role, a public load balancer; all of it up."""
    await asyncio.gather(_cluster(cloud), _storage(cloud))
    found = await cloud.gke.get_cluster(REGION, "saxml")
    assert found is not None
    kubernetes = await cloud.kubernetes(found)
    try:
        await _objects(cloud, kubernetes)
    finally:
        await kubernetes.close()


async def _cluster(cloud: Cloud) -> None:
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    metadata = {"mode": "GKE_METADATA"}
    body: dict[str, Any] = {
        "name": "saxml",
        "workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"},
        "nodePools": [{"name": "default-pool", "initialNodeCount": 4, "config": {
            "machineType": "e2-medium", "oauthScopes": scopes, "workloadMetadataConfig": metadata}}],
    }  # fmt: skip
    await _finished(cloud, (await cloud.gke.create_cluster(REGION, body)).name)
    for number in (1, 2):
        pool = {
            "name": f"tpu{number}",
            "initialNodeCount": 8,
            "locations": [ZONE],
            "placementPolicy": {"type": "COMPACT", "tpuTopology": "4x8"},
            "config": {"machineType": "ct5lp-hightpu-4t", "oauthScopes": scopes, "workloadMetadataConfig": metadata},
        }
        await _finished(cloud, (await cloud.gke.create_node_pool(REGION, "saxml", pool)).name)


async def _finished(cloud: Cloud, operation: str) -> None:
    async def ended() -> bool:
        found = await cloud.gke.get_operation(REGION, operation)
        assert found is None or not found.error, found
        return found is None or found.done

    await _until(cloud, ended)


async def _until(cloud: Cloud, true: Callable[[], Awaitable[bool]], at_most: float = 7200.0) -> None:
    """Ask every five of its seconds until it is so."""
    end = cloud.clock.now() + at_most
    while not await true():
        assert cloud.clock.now() < end
        await cloud.clock.sleep(5.0)


async def _storage(cloud: Cloud) -> None:
    await cloud.buckets.create({"name": tutorial.BUCKET, "location": REGION.upper()})
    await cloud.identity.create_account("sax-iam-sa", "sax-iam-sa", "")
    member = f"serviceAccount:{tutorial.EMAIL}"
    await _bind(cloud, PolicyTarget("project", PROJECT), "roles/storage.admin", member)


async def _bind(cloud: Cloud, target: PolicyTarget, role: str, member: str) -> None:
    async def bound() -> bool:
        try:
            policy = await cloud.identity.get_policy(target)
            bindings = [*(policy.get("bindings") or []), {"role": role, "members": [member]}]
            await cloud.identity.set_policy(target, {**policy, "bindings": bindings})
        except CallError:  # a new account is not known everywhere at once
            return False
        return True

    await _until(cloud, bound)


async def _objects(cloud: Cloud, kubernetes: Kubernetes) -> None:
    account = {"name": "sax-sa", "namespace": "default"}
    notes = {"iam.gke.io/gcp-service-account": tutorial.EMAIL}
    await kubernetes.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**account, "annotations": notes}}
    )
    member = f"serviceAccount:{PROJECT}.svc.id.goog[default/sax-sa]"
    await _bind(cloud, PolicyTarget("service-account", tutorial.EMAIL), "roles/iam.workloadIdentityUser", member)
    for body in tutorial.jobset_controller_objects("v0.8.2"):
        await kubernetes.create(body)
    await _until(cloud, lambda: _available(kubernetes, "jobset-controller-manager", "jobset-system"))
    await kubernetes.create(tutorial.admin_server())
    await kubernetes.create(tutorial.model_servers())
    await kubernetes.create(tutorial.http_server())
    await kubernetes.create(tutorial.http_service("LoadBalancer"))
    await _until(cloud, lambda: _available(kubernetes, "sax-http", "default"))
    await _until(cloud, lambda: _all_hosts(kubernetes))


async def _available(kubernetes: Kubernetes, name: str, namespace: str) -> bool:
    found = await kubernetes.get(Ref("apps/v1", "Deployment", name, namespace)) or {}
    return bool((found.get("status") or {}).get("availableReplicas"))


async def _all_hosts(kubernetes: Kubernetes) -> bool:
    label = "jobset.sigs.k8s.io/jobset-name=sax-model-server-set"
    pods = await kubernetes.list("v1", "Pod", "default", labels=label)
    return len(pods) == 16 and all(pod["status"].get("phase") == "Running" for pod in pods)
