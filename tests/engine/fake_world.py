"""A small world behind the ports, in virtual time: enough of each service for the engine's protocols to be tried.

Every call passes `World.gate` before and after its effect; a test may kill, refuse or lose an answer there.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from saxtui.errors import Ambiguous, Busy, CallError, Conflict, NotFound, Problem, Unreachable
from saxtui.model import events as ev
from saxtui.model.cluster import ClusterView, LogLine
from saxtui.model.log_batch import LogLines
from saxtui.model.progress import RunProgress, apply
from saxtui.model.serving import Candidate, Dialect, Sampling
from saxtui.ports import (
    AccountInfo,
    BucketInfo,
    ClusterInfo,
    Json,
    Leftover,
    LogRequest,
    NodePoolInfo,
    ObjectInfo,
    Operation,
    PolicyTarget,
    ProjectInfo,
    Quota,
    Ref,
    Reservation,
    Turns,
)

MANIFEST = b"""
apiVersion: v1
kind: Namespace
metadata: {name: jobset-system}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: jobsets.jobset.x-k8s.io}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: jobset-controller-manager, namespace: jobset-system}
spec: {replicas: 1}
"""
SHA256 = hashlib.sha256(MANIFEST).hexdigest()
DEFAULT = Ref("v1", "Namespace", "default")
CLUSTER_SECONDS, POOL_SECONDS, DELETE_SECONDS, POD_SECONDS, WEBHOOK_SECONDS = 380.0, 240.0, 150.0, 30.0, 45.0
RESIZE_SECONDS = 60.0


class Killed(BaseException):
    """The process dies here."""


def problem(said: str, target: str = "") -> Problem:
    return Problem(tried="call", target=target, said=said)


class World:
    """State, clock, gate, and the record of every mutating call."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.speed = 60.0
        self.mutations: list[str] = []
        self.created: Counter[str] = Counter()
        self.rules: list[Callable[[str, str], None]] = []
        self.points = 0
        self.kill_at = 0
        self.serial = 0
        self.buckets: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, dict[str, ObjectInfo]] = {}
        self.leftovers: dict[str, Leftover] = {}
        self.contents: dict[tuple[str, str], bytes] = {}
        self.accounts: dict[str, AccountInfo] = {}
        self.policies: dict[PolicyTarget, Json] = {}
        self.clusters: dict[str, dict[str, Any]] = {}
        self.pools: dict[str, dict[str, Any]] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.kube: dict[Ref, Json] = {}
        self.born: dict[Ref, float] = {}
        self.journal: list[ev.Event] = []
        self.addresses: dict[str, str] = {}
        self.late: list[tuple[float, Callable[[], None]]] = []
        self.dead = False
        self.landing: Callable[[str], float | None] | None = None
        self.progress = RunProgress()
        self.lag = 0.0
        self.shown: dict[str, tuple[float, Any]] = {}
        self.hidden: set[str] = set()
        self.boundaries: Counter[str] = Counter()

    # -- clock
    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        until = self.time + seconds
        await asyncio.sleep(0)
        self.time = max(self.time, until)
        for due, act in [item for item in self.late if item[0] <= self.time]:
            self.late.remove((due, act))
            act()

    # -- gate
    async def gate(self, when: str, call: str) -> None:
        """`when` is "before" the send, "sent" (on its way) or "after" the effect of `call` (a verb and a name)."""
        if self.dead:
            raise Killed("dead already")
        self.points += 1
        self.boundaries[f"{when} {call.split()[0]}"] += 1
        if self.points == self.kill_at:
            self.dead = True
            raise Killed(f"{when} {call}")
        for rule in tuple(self.rules):
            rule(when, call)
        await asyncio.sleep(0)
        if self.dead:
            raise Killed("dead already")

    async def read(self, call: str) -> bool:
        """Whether the read finds nothing although something is there (`hidden`: one false 404 a call)."""
        await self.gate("before", call)
        if call in self.hidden:
            self.hidden.discard(call)
            return True
        return False

    async def mutate(self, call: str, effect: Callable[[], Any]) -> Any:
        """`landing(call)`: seconds after which a request that was on its way at a kill or a break acts; None never.

        `mutations` counts what reached the service, at once or late.
        """
        await self.gate("before", call)
        try:
            await self.gate("sent", call)
        except (Killed, Ambiguous, asyncio.CancelledError):
            after = self.landing(call) if self.landing is not None else None
            if after is not None:
                self.late.append((self.time + after, lambda: self._land(call, effect)))
            raise
        self.mutations.append(call)
        result = effect()
        await self.gate("after", call)
        return result

    def _land(self, call: str, effect: Callable[[], Any]) -> None:
        self.mutations.append(call)
        with contextlib.suppress(CallError):
            effect()

    def stale(self, what: str, current: list[Any]) -> list[Any]:
        """A list as it is shown: a change is seen `lag` seconds after the first list that could have shown it."""
        keys = [repr(item) for item in current]
        since, known = self.shown.get(what, (self.time, (keys, current)))
        if self.lag <= 0 or known[0] == keys:
            self.shown[what] = (0.0, (keys, current))
            return current
        if since == 0.0:
            since = self.time
            self.shown[what] = (since, known)
        if self.time - since >= self.lag:
            self.shown[what] = (0.0, (keys, current))
            return current
        return list(known[1])

    def uid(self) -> str:
        self.serial += 1
        return f"uid-{self.serial}"

    def snapshot(self) -> dict[str, Any]:
        """What exists, without what differs between two runs of the same deployment."""
        return {
            "buckets": {name: dict(row["labels"]) for name, row in self.buckets.items()},
            "accounts": {email: row.description for email, row in self.accounts.items()},
            "policies": {
                target: sorted((item["role"], tuple(item["members"])) for item in policy["bindings"])
                for target, policy in self.policies.items()
                if policy["bindings"]
            },
            "clusters": sorted(self.clusters),
            "pools": sorted(self.pools),
            "kube": sorted(str(ref) for ref in self.kube if ref.kind != "Pod"),
            "pods": sum(1 for ref in self.kube if ref.kind == "Pod"),
            "addresses": sorted(self.addresses),
        }

    # -- operations
    def operation(self, kind: str, target: str, seconds: float, end: Callable[[], None]) -> Operation:
        self.serial += 1
        name = f"operation-{self.serial}"
        self.operations[name] = {
            "kind": kind, "target": target, "end": self.time + seconds, "act": end, "over": False, "error": ""
        }  # fmt: skip
        return self.seen(name)

    def seen(self, name: str) -> Operation:
        row = self.operations[name]
        if not row["over"] and self.time >= row["end"]:
            row["over"] = True
            if not row["error"]:
                row["act"]()
        status = "DONE" if row["over"] else "RUNNING"
        error = row["error"] if row["over"] else ""
        return Operation(name, row["kind"], status, row["target"], error=error, reason=error.split(":")[0])

    def settle_operations(self) -> None:
        for name in tuple(self.operations):
            self.seen(name)


class FakeGke:
    def __init__(self, world: World) -> None:
        self.w = world

    async def get_cluster(self, location: str, name: str) -> ClusterInfo | None:
        hidden = await self.w.read(f"get cluster {name}")
        self.w.settle_operations()
        row = None if hidden else self.w.clusters.get(name)
        return self._cluster(name, row) if row else None

    async def list_clusters(self, location: str) -> list[ClusterInfo]:
        await self.w.read("list clusters")
        self.w.settle_operations()
        return self.w.stale("clusters", [self._cluster(name, row) for name, row in self.w.clusters.items()])

    async def create_cluster(self, location: str, body: Json) -> Operation:
        spec = body["cluster"]

        def effect() -> Operation:
            if spec["name"] in self.w.clusters:
                raise Conflict(problem("Already exists"))
            self.w.created[f"cluster {spec['name']}"] += 1
            row = {"status": "PROVISIONING", "labels": spec["resourceLabels"], "uid": self.w.uid(), "spec": spec}
            self.w.clusters[spec["name"]] = row
            self.w.kube[DEFAULT] = {"metadata": {"name": "default"}}
            end = lambda: row.update(status="RUNNING")  # noqa: E731
            return self.w.operation("CREATE_CLUSTER", f"x/clusters/{spec['name']}", CLUSTER_SECONDS, end)

        return await self.w.mutate(f"create cluster {spec['name']}", effect)

    async def delete_cluster(self, location: str, name: str) -> Operation:
        def effect() -> Operation:
            self.w.settle_operations()
            if name not in self.w.clusters:
                raise NotFound(problem("not found"))
            self._busy("/clusters/" + name)
            row = self.w.clusters[name]
            row["status"] = "STOPPING"

            def end() -> None:
                self.w.clusters.pop(name, None)
                self.w.pools.clear()
                self.w.kube.clear()

            return self.w.operation("DELETE_CLUSTER", f"x/clusters/{name}", DELETE_SECONDS, end)

        return await self.w.mutate(f"delete cluster {name}", effect)

    async def get_node_pool(self, location: str, cluster: str, name: str) -> NodePoolInfo | None:
        hidden = await self.w.read(f"get pool {name}")
        self.w.settle_operations()
        row = None if hidden else self.w.pools.get(name)
        return self._pool(name, row) if row else None

    async def list_node_pools(self, location: str, cluster: str) -> list[NodePoolInfo]:
        await self.w.read("list pools")
        self.w.settle_operations()
        return self.w.stale("pools", [self._pool(name, row) for name, row in self.w.pools.items()])

    async def create_node_pool(self, location: str, cluster: str, body: Json) -> Operation:
        spec = body["nodePool"]

        def effect() -> Operation:
            if spec["name"] in self.w.pools:
                raise Conflict(problem("Already exists"))
            self.w.created[f"pool {spec['name']}"] += 1
            row = {"status": "PROVISIONING", "spec": spec, "uid": self.w.uid()}
            self.w.pools[spec["name"]] = row
            target = f"x/clusters/{cluster}/nodePools/{spec['name']}"
            return self.w.operation("CREATE_NODE_POOL", target, POOL_SECONDS, lambda: row.update(status="RUNNING"))

        return await self.w.mutate(f"create pool {spec['name']}", effect)

    async def delete_node_pool(self, location: str, cluster: str, name: str) -> Operation:
        def effect() -> Operation:
            self.w.settle_operations()
            if name not in self.w.pools:
                raise NotFound(problem("not found"))
            self._busy("/nodePools/" + name)
            self.w.pools[name]["status"] = "STOPPING"
            target = f"x/clusters/{cluster}/nodePools/{name}"
            return self.w.operation("DELETE_NODE_POOL", target, DELETE_SECONDS, lambda: self.w.pools.pop(name, None))

        return await self.w.mutate(f"delete pool {name}", effect)

    async def set_node_pool_size(self, location: str, cluster: str, name: str, hosts: int) -> Operation:
        def effect() -> Operation:
            self.w.settle_operations()
            if name not in self.w.pools:
                raise NotFound(problem("not found"))
            self._busy("/nodePools/" + name)
            spec = self.w.pools[name]["spec"]
            assert spec.get("placementPolicy") is None or hosts in (0, 8), "a slice has all of its hosts or none"
            target = f"x/clusters/{cluster}/nodePools/{name}"
            seconds = POOL_SECONDS if hosts else RESIZE_SECONDS
            end = lambda: spec.update(initialNodeCount=hosts)  # noqa: E731
            return self.w.operation("SET_NODE_POOL_SIZE", target, seconds, end)

        return await self.w.mutate(f"size pool {name} {hosts}", effect)

    async def label_cluster(self, location: str, name: str, labels: Mapping[str, str]) -> Operation:
        def effect() -> Operation:
            row = self.w.clusters[name]
            row["labels"] = {**row["labels"], **labels}
            return self.w.operation("UPDATE_CLUSTER", f"x/clusters/{name}", 5.0, lambda: None)

        return await self.w.mutate(f"label cluster {name}", effect)

    async def label_node_pool(self, location: str, cluster: str, name: str, labels: Mapping[str, str]) -> Operation:
        def effect() -> Operation:
            config = self.w.pools[name]["spec"]["config"]
            config["resourceLabels"] = {**config.get("resourceLabels", {}), **labels}
            return self.w.operation("UPDATE_NODE_POOL", f"x/clusters/{cluster}/nodePools/{name}", 20.0, lambda: None)

        return await self.w.mutate(f"label pool {name}", effect)

    async def get_operation(self, location: str, name: str) -> Operation | None:
        await self.w.read(f"get operation {name}")
        return self.w.seen(name) if name in self.w.operations else None

    async def list_operations(self, location: str) -> list[Operation]:
        await self.w.read("list operations")
        return [self.w.seen(name) for name in self.w.operations]

    async def versions(self, location: str) -> tuple[str, tuple[str, ...]]:
        await self.w.read("versions")
        return "1.33.4-gke.100", ("1.33.4-gke.100", "1.32.9-gke.5")

    def _busy(self, target: str) -> None:
        for name, row in self.w.operations.items():
            if not row["over"] and row["target"].endswith(target):
                raise Busy(problem(f"Cluster is running incompatible operation {name}."))

    def _cluster(self, name: str, row: dict[str, Any]) -> ClusterInfo:
        endpoint = "127.0.0.1:443" if row["status"] != "PROVISIONING" else ""
        pool = row["spec"].get("workloadIdentityConfig", {}).get("workloadPool", "")
        return ClusterInfo(
            name, "us-west4", row["status"], endpoint, "PEM", "1.33", row["uid"], "link", row["labels"],
            workload_pool=pool, network=row["spec"].get("network", "default"),
            channel=row["spec"].get("releaseChannel", {}).get("channel", "REGULAR").lower(),
            private_nodes=row["spec"].get("networkConfig", {}).get("defaultEnablePrivateNodes", False),
        )  # fmt: skip

    def _pool(self, name: str, row: dict[str, Any]) -> NodePoolInfo:
        spec = row["spec"]
        return NodePoolInfo(
            name, row["status"], spec["config"].get("machineType", ""),
            spec.get("placementPolicy", {}).get("tpuTopology", ""), spec["initialNodeCount"],
            labels=spec["config"].get("resourceLabels", {}), uid=row["uid"],
        )  # fmt: skip


class FakeBuckets:
    def __init__(self, world: World) -> None:
        self.w = world

    async def get(self, name: str) -> BucketInfo | None:
        hidden = await self.w.read(f"get bucket {name}")
        return self._info(name) if name in self.w.buckets and not hidden else None

    async def list(self) -> list[BucketInfo]:
        await self.w.read("list buckets")
        return self.w.stale("buckets", [self._info(name) for name in self.w.buckets])

    async def create(self, body: Json) -> BucketInfo:
        name = body["name"]

        def effect() -> BucketInfo:
            if name in self.w.buckets:
                raise Conflict(problem("you already own it"))
            self.w.created[f"bucket {name}"] += 1
            self.w.buckets[name] = {"labels": body.get("labels", {}), "uid": self.w.uid()}
            self.w.objects.setdefault(name, {})
            return self._info(name)

        return await self.w.mutate(f"create bucket {name}", effect)

    async def delete(self, name: str, metageneration: int) -> None:
        def effect() -> None:
            if name not in self.w.buckets:
                raise NotFound(problem("not found"))
            if self.w.objects.get(name):
                raise Conflict(problem("The bucket you tried to delete is not empty."))
            del self.w.buckets[name]
            self.w.policies.pop(PolicyTarget("bucket", name), None)

        await self.w.mutate(f"delete bucket {name}", effect)

    async def objects(self, name: str, prefix: str = "", limit: int = 1000) -> Sequence[ObjectInfo]:
        await self.w.read(f"list objects {name}")
        found = [item for key, item in self.w.objects.get(name, {}).items() if key.startswith(prefix)]
        return found[:limit]

    async def delete_object(self, name: str, item: ObjectInfo) -> None:
        await self.w.mutate(f"delete object {item.name}", lambda: self.w.objects[name].pop(item.name, None))

    async def find_object(self, name: str, key: str) -> ObjectInfo | None:
        await self.w.read(f"find object {key}")
        found = self.w.objects.get(name, {}).get(key)
        return replace(found, answered=self.w.time) if found else None

    async def read_object(self, name: str, key: str, generation: int = 0, limit: int = 8_388_608) -> bytes | None:
        await self.w.read(f"read object {key}")
        found = self.w.objects.get(name, {}).get(key)
        if found is None or generation not in (0, found.generation):
            return None
        return self.w.contents[name, key]

    async def put_object(self, name: str, key: str, data: bytes, generation_match: int | None = None) -> ObjectInfo:
        def effect() -> ObjectInfo:
            if name not in self.w.buckets:
                raise NotFound(problem("no such bucket"))
            old = self.w.objects[name].get(key)
            if generation_match is not None and generation_match != (old.generation if old else 0):
                raise Conflict(problem("conditionNotMet"))
            self.w.serial += 1
            made = ObjectInfo(key, self.w.serial, len(data), updated=self.w.time, answered=self.w.time)
            self.w.objects[name][key], self.w.contents[name, key] = made, data
            return made

        made: ObjectInfo = await self.w.mutate(f"put object {key}", effect)
        return made

    def _info(self, name: str) -> BucketInfo:
        row = self.w.buckets[name]
        return BucketInfo(name, "US-WEST4", row["labels"], "1", 1, row["uid"])


class FakeIdentity:
    def __init__(self, world: World) -> None:
        self.w = world

    async def get_account(self, email: str) -> AccountInfo | None:
        hidden = await self.w.read(f"get account {email}")
        return None if hidden else self.w.accounts.get(email)

    async def list_accounts(self) -> list[AccountInfo]:
        await self.w.read("list accounts")
        return self.w.stale("accounts", list(self.w.accounts.values()))

    async def create_account(self, account_id: str, display_name: str, description: str) -> AccountInfo:
        email = f"{account_id}@demo-project.iam.gserviceaccount.com"

        def effect() -> AccountInfo:
            if email in self.w.accounts:
                raise Conflict(problem("already exists"))
            self.w.created[f"account {email}"] += 1
            self.w.accounts[email] = AccountInfo(email, self.w.uid(), description, display_name)
            return self.w.accounts[email]

        return await self.w.mutate(f"create account {email}", effect)

    async def delete_account(self, email: str) -> None:
        def effect() -> None:
            if self.w.accounts.pop(email, None) is None:
                raise NotFound(problem("not found"))
            self.w.policies.pop(PolicyTarget("service-account", email), None)

        await self.w.mutate(f"delete account {email}", effect)

    async def get_policy(self, target: PolicyTarget) -> Json:
        await self.w.read(f"get policy {target.kind}")
        known = self.w.accounts if target.kind == "service-account" else self.w.buckets
        if target.kind != "project" and target.name not in known:
            raise NotFound(problem("not found"))
        return copy.deepcopy(self.w.policies.setdefault(target, {"etag": "1", "version": 3, "bindings": []}))

    async def set_policy(self, target: PolicyTarget, policy: Json) -> Json:
        def effect() -> Json:
            if policy["etag"] != self.w.policies[target]["etag"]:
                raise Conflict(problem("There were concurrent policy changes."))
            stored = copy.deepcopy(policy)
            stored["etag"] = str(int(policy["etag"]) + 1)
            self.w.policies[target] = stored
            return copy.deepcopy(stored)

        return await self.w.mutate(f"set policy {target.kind}", effect)


class FakeProjects:
    def __init__(self, world: World) -> None:
        self.w = world
        self.limit = 128.0

    async def account(self) -> str:
        return "op@example.com"

    async def get(self, project: str) -> ProjectInfo | None:
        return ProjectInfo(project, "1") if project == "demo-project" else None

    async def list(self) -> list[ProjectInfo]:
        return [ProjectInfo("demo-project", "1")]

    async def granted(self, project: str, permissions: Sequence[str]) -> frozenset[str]:
        return frozenset(permissions)

    async def enabled(self, project: str, services: Sequence[str]) -> frozenset[str]:
        return frozenset(services)

    async def billing(self, project: str) -> bool | None:
        return True

    async def zones(self, project: str, region: str) -> Sequence[str]:
        return [f"{region}-a", f"{region}-b"]

    async def regions(self, project: str) -> Sequence[str]:
        return ["us-west4"]

    async def zones_offering(self, project: str, machine_type: str) -> frozenset[str]:
        return frozenset({"us-west4-a", "us-west4-b"})

    async def quotas(self, project: str, region: str) -> Sequence[Quota]:
        return [Quota("TPU_LITE_PODSLICE_V5", self.limit, 0.0)]

    async def cloud_quota(self, project: str, region: str, quota: str, family: str) -> float | None:
        return None

    async def reservation(self, project: str, zone: str, name: str) -> Reservation | None:
        return Reservation("ct5lp-hightpu-4t", 1000, 0)

    async def forwarding_rules(self, project: str, region: str) -> Sequence[Json]:
        return [{"name": name, "IPAddress": address} for name, address in self.w.addresses.items()]

    async def leftovers(self, project: str, region: str, zone: str) -> Sequence[Leftover]:
        await self.w.read("list leftovers")
        return list(self.w.leftovers.values())

    async def delete_leftover(self, project: str, row: Leftover) -> None:
        def effect() -> None:
            if self.w.leftovers.pop(row.path, None) is None:
                raise NotFound(problem("not found"))

        await self.w.mutate(f"delete leftover {row.path}", effect)


class FakeKubernetes:
    def __init__(self, world: World) -> None:
        self.w = world

    async def version(self) -> str:
        return "v1.33"

    async def get(self, ref: Ref) -> Json | None:
        await self.w.read(f"get {ref}")
        self._tick()
        found = self.w.kube.get(ref)
        return copy.deepcopy(found)

    async def list(
        self, api_version: str, kind: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> list[Json]:
        await self.w.read(f"list {kind}")
        self._tick()
        pairs = dict(item.split("=", 1) for item in labels.split(",") if item)
        return [
            copy.deepcopy(item)
            for ref, item in self.w.kube.items()
            if (ref.api_version, ref.kind) == (api_version, kind)
            and namespace in ("", ref.namespace)
            and all(item["metadata"].get("labels", {}).get(key) == value for key, value in pairs.items())
        ]

    async def create(self, body: Json, *, dry_run: bool = False) -> Json:
        await self.w.read(f"dry-run {body['kind']}")
        assert dry_run
        started = self.w.born.get(Ref("apps/v1", "Deployment", "jobset-controller-manager", "jobset-system"))
        if started is None or self.w.time < started + WEBHOOK_SECONDS:
            raise Busy(problem('failed calling webhook "mjobset.kb.io": no endpoints available'))
        return body

    async def apply(self, body: Json, *, force: bool = False, dry_run: bool = False) -> Json:
        ref = self._ref(body)

        def effect() -> Json:
            self._there()
            old = self.w.kube.get(ref)
            new = copy.deepcopy(body)
            if old is None:
                self.w.created[str(ref)] += 1
                self.w.born[ref] = self.w.time
                new["metadata"]["uid"] = self.w.uid()
            else:
                new["metadata"]["uid"] = old["metadata"]["uid"]
                new["status"] = old.get("status", {})
            self.w.kube[ref] = new
            return new

        return await self.w.mutate(f"apply {ref}", effect)

    async def patch(self, ref: Ref, body: Json) -> Json:
        raise NotImplementedError

    async def delete(self, ref: Ref, *, uid: str = "", propagation: str = "Background") -> bool:
        def effect() -> bool:
            self._there()
            found = self.w.kube.get(ref)
            if found is not None and uid and found["metadata"].get("uid", "") != uid:
                raise Conflict(problem("the UID in the precondition does not match"))
            if ref.kind == "Service":
                self.w.addresses.pop(ref.name, None)
            gone = self.w.kube.pop(ref, None)
            if ref.kind == "JobSet":
                for pod in [item for item in self.w.kube if item.kind == "Pod"]:
                    del self.w.kube[pod]
            if ref.kind == "Namespace":
                for inner in [item for item in self.w.kube if item.namespace == ref.name]:
                    del self.w.kube[inner]
            return gone is not None

        return bool(await self.w.mutate(f"delete {ref}", effect))

    async def read_log(self, request: LogRequest) -> list[LogLine]:
        await self.w.read(f"log {request.pod}")
        return [LogLine(request.pod, self.w.time, "I1123 12:00:00 7 location.go:176] Joined 10.0.0.5:10000")]

    def stream_log(self, request: LogRequest, turns: Turns) -> AsyncIterator[LogLines]:
        raise NotImplementedError

    def watch(self, namespaces: Sequence[str], labels: str = "") -> AsyncIterator[ClusterView]:
        raise NotImplementedError

    async def close(self) -> None:
        return

    def _there(self) -> None:
        if DEFAULT not in self.w.kube:
            raise Unreachable(problem("the cluster is gone"))

    def _ref(self, body: Json) -> Ref:
        meta = body["metadata"]
        return Ref(body["apiVersion"], body["kind"], meta["name"], meta.get("namespace", ""))

    def _tick(self) -> None:
        """The controllers: Deployments become available, CRDs established, JobSets get pods, Services addresses."""
        for ref, item in list(self.w.kube.items()):
            age = self.w.time - self.w.born.get(ref, self.w.time)
            if ref.kind == "CustomResourceDefinition":
                item["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
            elif ref.kind == "Deployment" and age >= POD_SECONDS:
                item["status"] = {"availableReplicas": 1}
            elif ref.kind == "JobSet" and age >= POD_SECONDS:
                self._pods(item)
            elif ref.kind == "Service" and item["spec"]["type"] == "LoadBalancer" and age >= 60:
                self.w.addresses[ref.name] = "34.1.2.3"
                item["status"] = {"loadBalancer": {"ingress": [{"ip": "34.1.2.3"}]}}

    def _pods(self, jobset: Json) -> None:
        (job,) = jobset["spec"]["replicatedJobs"]
        with_hosts = sum(
            row["status"] == "RUNNING" and row["spec"]["initialNodeCount"] > 0 for row in self.w.pools.values()
        )
        for slice_ in range(job["replicas"]):
            for host in range(job["template"]["spec"]["completions"]):
                name = f"{jobset['metadata']['name']}-{job['name']}-{slice_}-{host}-abcde"
                labels = {
                    "jobset.sigs.k8s.io/jobset-name": jobset["metadata"]["name"],
                    "jobset.sigs.k8s.io/job-index": str(slice_),
                    "batch.kubernetes.io/job-completion-index": str(host),
                }
                space = jobset["metadata"]["namespace"]
                self.w.kube[Ref("v1", "Pod", name, space)] = {
                    "metadata": {"name": name, "namespace": space, "labels": labels},
                    "status": {"phase": "Running" if slice_ < with_hosts else "Pending"},
                }


class FakeServer:
    dialect = Dialect.OLD

    async def probe(self, timeout: float = 10.0) -> Dialect:
        return Dialect.OLD

    async def list_cell(self, model: str, timeout: float = 10.0) -> Json | None:
        return None

    async def list_all(self, cell: str, timeout: float = 10.0) -> list[str] | None:
        return None

    async def publish(self, model: str, path: str, checkpoint: str, replicas: int, timeout: float = 30.0) -> Json:
        return {}

    async def update(self, model: str, path: str, checkpoint: str, replicas: int, timeout: float = 30.0) -> Json:
        return {}

    async def unpublish(self, model: str, timeout: float = 30.0) -> None:
        return

    async def generate(
        self, model: str, prompt: str, sampling: Sampling | None = None, timeout: float = 120.0
    ) -> tuple[Candidate, ...]:
        return ()

    async def close(self) -> None:
        return


class FakeJournal:
    """Durable in the world: what it took survives a kill."""

    read_only = False
    damage = None

    def __init__(self, world: World) -> None:
        self.w = world

    async def append(self, event: ev.Event) -> None:
        await self.w.gate("before", f"append {event.type}")
        self.w.journal.append(ev.from_record(event.record()))
        self.w.progress = apply(self.w.progress, event)
        await self.w.gate("after", f"append {event.type}")

    async def events(self) -> list[ev.Event]:
        return list(self.w.journal)

    async def close(self) -> None:
        return


class FakeCloud:
    """Fulfils ports.Cloud."""

    def __init__(self, world: World) -> None:
        self.project = "demo-project"
        self.clock = world
        self.gke = FakeGke(world)
        self.buckets = FakeBuckets(world)
        self.identity = FakeIdentity(world)
        self.projects = FakeProjects(world)
        self._kubernetes = FakeKubernetes(world)

    async def fetch(self, source: str, limit: int = 8_388_608) -> bytes:
        return MANIFEST

    async def kubernetes(self, cluster: ClusterInfo) -> FakeKubernetes:
        return self._kubernetes

    def model_server(self, kubernetes: Any, namespace: str, service: str, port: int, address: str = "") -> FakeServer:
        return FakeServer()

    async def close(self) -> None:
        return


def lose_answer(call: str, times: int = 1, *, acted: bool = True) -> Callable[[str, str], None]:
    """A rule: the answer of `call` is lost, after it took effect or before."""
    left = [times]

    def rule(when: str, name: str) -> None:
        if name == call and left[0] and when == ("after" if acted else "before"):
            left[0] -= 1
            raise Ambiguous(problem("connection reset"))

    return rule
