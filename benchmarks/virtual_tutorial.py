"""How many whole tutorials a minute the embedded cloud's core runs in virtual time, and whether each is repeatable.

    python benchmarks/virtual_tutorial.py [--runs 60] [--workers 2]

One run: bucket, regional cluster of four CPU nodes, two 4x8 slices, accounts and bindings, the JobSet release, the
three manifests, publish, listcell, generate, unpublish, and every delete; about half an hour of simulated time.
Each seed is run twice, by different workers, and must give the same digest of everything there was.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from saxtui.emulator import kubernetes
from saxtui.emulator.assembly import Cloud
from saxtui.emulator.google.wire import Request
from saxtui.emulator.kubernetes.proxy import ProxyRequest, ProxyResponse, forward
from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
PROJECT = "/v1/projects/demo-project"
BASE = f"{PROJECT}/locations/us-west4"
CLUSTER = "demo-project/us-west4/saxml"
BUCKET = "demo-project-gke-bucket"
EMAIL = "sax-iam-sa@demo-project.iam.gserviceaccount.com"
MODEL, CLASS = "/sax/test/spmd", "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B32Test"
SYSTEM = Path(kubernetes.__file__).parent / "jobset_manifest.yaml"
MANIFESTS = Path(__file__).parents[1] / "manifests"
JOBSET = [each for each in yaml.safe_load_all(SYSTEM.read_text()) if each]


def documents(name: str) -> list[Json]:
    """The objects of one of our manifests, for the tutorial's bucket."""
    text = (MANIFESTS / name).read_text().replace("BUCKET_NAME", BUCKET).replace("PROJECT_ID", "demo-project")
    found = [each for each in yaml.safe_load_all(text) if each]
    for each in found:
        each["metadata"]["namespace"] = "default"
    return found


NAMES = ("sax-service-account.yaml", "sax-admin-server.yaml", "sax-model-server-set.yaml", "sax-http.yaml")
SAX = [each for name in NAMES for each in documents(name)]


class Run:
    """One tutorial."""

    def __init__(self, seed: int) -> None:
        self.cloud = Cloud(start=1_790_000_000.0, seed=seed)
        self.world = self.cloud.world
        self.digest = hashlib.sha256()

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Json:
        request = Request(method, path, query, {}, b"" if body is None else json.dumps(body).encode())
        answer = self.cloud.google.answer(request, authorized=True).answer
        assert answer.status in (200, 204), answer.body
        self.digest.update(answer.body)
        return dict(json.loads(answer.body or b"{}"))

    def until(self, holds: Callable[[], object], step: float = 5.0) -> None:
        while not holds():
            self.world.advance(self.world.now + step)

    def done(self, operation: Json) -> None:
        path = f"{BASE}/operations/{operation['name']}"
        self.until(lambda: self.call("GET", path)["status"] == "DONE")

    @property
    def store(self) -> KubeStore:
        return self.world.kube[CLUSTER]

    async def ask(self, method: str, path: str, body: Json) -> Any:
        """One request to the HTTP server; the world moves on until it is answered."""
        (pod,) = self.store.list("Pod", "default", {"app": "sax-http"})
        wire = ProxyRequest(method, path, "", {"content-type": "application/json"}, json.dumps(body).encode())
        task = asyncio.ensure_future(forward(self.world, CLUSTER, "default", pod["metadata"]["name"], 8888, wire))
        while not task.done():
            self.world.advance(self.world.now + 0.25)
            for _ in range(3):
                await asyncio.sleep(0)
        answer = task.result()
        assert isinstance(answer, ProxyResponse) and answer.status == 200, answer
        self.digest.update(answer.body)
        return json.loads(answer.body)

    def provision(self) -> None:
        self.call("POST", "/storage/v1/b", {"name": BUCKET}, project="demo-project")
        identity = {"workloadPool": "demo-project.svc.id.goog"}
        wanted = {
            "name": "saxml",
            "initialNodeCount": 4,
            "locations": ["us-west4-a"],
            "workloadIdentityConfig": identity,
        }
        self.done(self.call("POST", f"{BASE}/clusters", {"cluster": wanted}))
        pools = []
        for name in ("tpu1", "tpu2"):
            pool = {"name": name, "initialNodeCount": 8, "config": {"machineType": "ct5lp-hightpu-4t"}}
            pool["placementPolicy"] = {"tpuTopology": "4x8"}
            pools.append(self.call("POST", f"{BASE}/clusters/saxml/nodePools", {"nodePool": pool}))
        for operation in pools:
            self.done(operation)
        self.call("POST", f"{PROJECT}/serviceAccounts", {"accountId": "sax-iam-sa"})
        self.bind(f"{PROJECT}:", "roles/storage.admin", f"serviceAccount:{EMAIL}")
        member = "serviceAccount:demo-project.svc.id.goog[default/sax-sa]"
        self.bind(f"{PROJECT}/serviceAccounts/{EMAIL}:", "roles/iam.workloadIdentityUser", member)

    def bind(self, resource: str, role: str, member: str) -> None:
        policy = self.call("POST", f"{resource}getIamPolicy")
        policy.setdefault("bindings", []).append({"role": role, "members": [member]})
        self.call("POST", f"{resource}setIamPolicy", {"policy": policy})

    def deploy(self) -> None:
        store = self.store
        for obj in JOBSET:
            store.create(obj)
        self.until(lambda: self.available("jobset-system", "jobset-controller-manager"))
        for obj in SAX:
            store.create(obj)
        self.until(lambda: self.available("default", "sax-http") and self.available("default", "sax-admin-server"))
        self.until(lambda: self.said("Joined ") == 2)

    def available(self, namespace: str, name: str) -> bool:
        found = self.store.peek("Deployment", namespace, name) or {}
        return bool((found.get("status") or {}).get("availableReplicas"))

    def said(self, words: str) -> int:
        """How many slices' primaries have logged it."""
        selector = {"batch.kubernetes.io/job-completion-index": "0"}
        pods = self.store.list("Pod", "default", selector)
        keys = [("default", pod["metadata"]["name"], "sax-model-server") for pod in pods]
        return sum(any(words in line.text for line in self.store.logs.lines(key) or ()) for key in keys)

    async def serve(self) -> None:
        body = {"model": MODEL, "model_path": CLASS, "checkpoint": "None", "replicas": 2}
        await self.ask("POST", "/publish", body)
        self.until(lambda: self.said(f"Successfully loaded model for key: {MODEL}") == 2)
        assert (await self.ask("GET", "/listcell", {"model": MODEL}))["active_replicas"] == 2
        said = await self.ask("POST", "/generate", {"model": MODEL, "query": "How many days are in a week?"})
        assert said["generate_response"]
        await self.ask("POST", "/unpublish", {"model": MODEL})

    def remember(self) -> None:
        """Everything there is and was logged goes into the digest."""
        for info in self.store.registry:
            self.digest.update(json.dumps(self.store.list(info.kind)).encode())
        for pod in self.store.list("Pod"):
            name = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
            for line in self.store.logs.lines((pod["metadata"]["namespace"], *name)) or ():
                self.digest.update(f"{line.at} {line.text}\n".encode())

    def remove(self) -> None:
        self.done(self.call("DELETE", f"{BASE}/clusters/saxml"))
        self.call("DELETE", f"{PROJECT}/serviceAccounts/{EMAIL}")
        for found in self.call("GET", f"/storage/v1/b/{BUCKET}/o")["items"]:
            name = found["name"].replace("/", "%2F")
            self.call("DELETE", f"/storage/v1/b/{BUCKET}/o/{name}")
        self.call("DELETE", f"/storage/v1/b/{BUCKET}")
        self.digest.update(repr((self.world.now, self.world.seq, self.world.rng.random())).encode())


def tutorial(seed: int) -> tuple[str, float]:
    """One run from first to last: (digest, simulated seconds)."""
    run = Run(seed)
    start = run.world.now
    run.provision()
    run.deploy()
    asyncio.run(run.serve())
    run.remember()
    run.remove()
    return run.digest.hexdigest(), run.world.now - start


def worker(seed: int) -> tuple[str, float]:
    """In a worker process: garbage is collected between runs, not within."""
    gc.disable()
    try:
        return tutorial(seed)
    finally:
        gc.enable()
        gc.collect()


def main() -> int:
    """Exit code 0 when every seed gave the same twice and the rate is at least 200 a minute."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    seeds = list(range(max(1, arguments.runs // 2)))
    with ProcessPoolExecutor(arguments.workers) as pool:
        list(pool.map(worker, range(arguments.workers)))  # imports are not what is measured
        begin = time.perf_counter()
        first = list(pool.map(worker, seeds))
        second = list(pool.map(worker, reversed(seeds)))[::-1]
        took = time.perf_counter() - begin
    same = first == second
    different = len({digest for digest, _ in first}) == len(seeds)
    runs = 2 * len(seeds)
    rate = runs * 60 / took
    hours = sum(seconds for _, seconds in first) / len(first) / 3600
    print(
        f"{runs} tutorials of {hours:.2f} simulated hours in {took:.1f} s, {arguments.workers} workers: {rate:.0f}/min"
    )
    print(f"same seed, same bytes: {same}; other seed, other bytes: {different}")
    return 0 if same and different and rate >= 200 else 1


if __name__ == "__main__":
    raise SystemExit(main())
