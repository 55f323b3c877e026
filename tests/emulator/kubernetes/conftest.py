"""A cluster's store, its API server on a loopback port, and the real kubectl where there is one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from saxtui.emulator import kubernetes
from saxtui.emulator.kubernetes.api import make_app
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.world import World
from tests.emulator.kubernetes.real_kubectl import MISSING, kubectl_132

Json = dict[str, Any]
START = 1_800_000_000.0
KEY = "demo-project/us-west4/saxml"
TOKEN = "letmein"


class Build:
    """Manifests."""

    @staticmethod
    def pod(name: str = "p", namespace: str = "default", **labels: str) -> Json:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"containers": [{"name": "c", "image": "busybox:1", "ports": [{"containerPort": 80}]}]},
        }

    @staticmethod
    def config(name: str = "cm", namespace: str = "default", **data: str) -> Json:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace},
            "data": data,
        }

    @staticmethod
    def template(**labels: str) -> Json:
        return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "busybox:1"}]}}

    @classmethod
    def deployment(cls, name: str = "web", replicas: int = 1) -> Json:
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": cls.template(app=name)}
        metadata = {"name": name, "namespace": "default"}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}

    @classmethod
    def job(cls, name: str = "train", **spec: Any) -> Json:
        template = cls.template(app="t")
        template["spec"]["restartPolicy"] = "Never"
        metadata = {"name": name, "namespace": "default"}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template, **spec}}

    @classmethod
    def job_set(cls, name: str = "js") -> Json:
        job = {"parallelism": 2, "completions": 2, "backoffLimit": 0, "template": cls.template(app="s")}
        replicated = [{"name": "workers", "replicas": 2, "template": {"spec": job}}]
        metadata = {"name": name, "namespace": "default"}
        spec = {"replicatedJobs": replicated}
        return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": metadata, "spec": spec}

    @staticmethod
    def owned(obj: Json, owner: Json, *, blocks: bool = True) -> Json:
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
        reference |= {"uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": blocks}
        obj["metadata"]["ownerReferences"] = [reference]
        return obj

    @staticmethod
    def run(store: KubeStore, name: str, namespace: str = "default", ip: str = "10.0.0.7") -> None:
        """Play scheduler and kubelet: the pod is on node n1, running and ready."""
        pod = store.get("Pod", namespace, name)
        assert pod is not None
        pod["spec"]["nodeName"] = "n1"
        store.update(pod)
        now = store.world.stamp()
        states = [
            {"name": each["name"], "ready": True, "restartCount": 0, "state": {"running": {"startedAt": now}}}
            for each in pod["spec"]["containers"]
        ]
        conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Initialized", "Ready")]
        status = {"phase": "Running", "podIP": ip, "containerStatuses": states, "conditions": conditions}
        store.set_status("Pod", namespace, name, status)


@dataclass
class Served:
    """An API server on loopback."""

    url: str
    world: World
    store: KubeStore
    requests: list[tuple[str, str, int, dict[str, str]]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, *told: Any) -> None:
        """A request was answered."""
        self.requests.append(told)
        self._news.set()

    async def until(self, holds: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for answered requests until something holds."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def build() -> Build:
    return Build()


@pytest.fixture
def world() -> World:
    made = World(start=START, seed=7)
    kubernetes.install(made)
    made.tell("cluster.running", cluster=KEY)
    return made


@pytest.fixture
def store(world: World) -> KubeStore:
    return world.kube[KEY]


@pytest.fixture
async def served(world: World, store: KubeStore) -> AsyncIterator[Served]:
    made = Served("", world, store)
    # kubectl sends no token over plain http, so only a wrong token is refused here; see test_api for the strict one.
    app = make_app(
        world,
        KEY,
        authorize=lambda token: token in ("", TOKEN),
        on_request=made.heard,
    )
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def jobset_manifest() -> Path:
    return Path(kubernetes.__file__).parent / "jobset_manifest.yaml"


Result = tuple[int, str, str]
Kubectl = Callable[..., Awaitable[Result]]


@pytest.fixture
def kubectl_command(served: Served, tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """The command and environment of a kubectl with its own HOME that talks to `served`."""
    program = kubectl_132()
    if program is None:
        pytest.skip(MISSING)
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.environ.get("PATH", ""), "KUBECONFIG": str(home / "none")}
    return [program, "--server", served.url], environment


@pytest.fixture
def kubectl(kubectl_command: tuple[list[str], dict[str, str]]) -> Kubectl:
    """`await kubectl("get", "pods")` → (exit code, stdout, stderr)."""
    command, environment = kubectl_command

    async def run(*arguments: str, given: str = "") -> Result:
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(given.encode()), 60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, out.decode(), err.decode()

    return run
