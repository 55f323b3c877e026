"""The tutorial under a shipped scenario, in virtual time: the Google steps through the APIs, the rest as before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from saxtui.emulator import assembly
from saxtui.emulator.google.wire import Request
from tests.emulator import tutorial
from tests.emulator.tutorial import BUCKET, EMAIL, PROJECT

Json = dict[str, Any]
HOME = f"/v1/projects/{PROJECT}/locations/us-west4"
CLUSTERS = f"{HOME}/clusters"
POOLS = f"{CLUSTERS}/saxml/nodePools"
BUCKETS = f"/storage/v1/b?project={PROJECT}"
ACCOUNTS = f"/v1/projects/{PROJECT}/serviceAccounts"
POLICY = f"/storage/v1/b/{BUCKET}/iam"
ACCOUNT_POLICY = f"{ACCOUNTS}/{EMAIL}"


@dataclass
class Said:
    """One answer; status 0 when the connection closed instead."""

    status: int
    raw: bytes
    headers: dict[str, str]
    delay: float

    @property
    def body(self) -> Json:
        found: Json = json.loads(self.raw)
        return found

    def ok(self) -> Json:
        assert self.status == 200, self.raw
        return self.body

    @property
    def error(self) -> Json:
        assert self.status >= 400, self.raw
        found: Json = self.body["error"]
        return found

    @property
    def reason(self) -> str:
        return str(self.error.get("details", [{}])[0].get("reason", ""))


class Rehearsal(tutorial.Cloud):
    """A whole embedded cloud under a scenario."""

    def __init__(self, scenario: str | None = None, seed: int = 1) -> None:
        self.cloud = assembly.Cloud(start=tutorial.START, seed=seed, scenario=scenario)
        self.world = self.cloud.world
        self.advance(0)

    # -- the Google APIs
    def ask_google(self, method: str, url: str, body: Any = None) -> Said:
        parts = urlsplit(url)
        pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
        data = b"" if body is None else json.dumps(body).encode()
        request = Request(method, parts.path, dict(pairs), {}, data, pairs)
        answer = self.cloud.google.answer(request, authorized=True).answer
        return Said(0 if answer.drop else answer.status, answer.body, dict(answer.headers), answer.delay)

    def read(self, url: str) -> Said:
        return self.ask_google("GET", url)

    def send(self, url: str, body: Any = None) -> Said:
        return self.ask_google("POST", url, body)

    def ended(self, operation: Json, at_most: float = 3600.0) -> Json:
        """Advance until the operation is DONE."""
        url = f"{HOME}/operations/{operation['name']}"
        self.until(lambda: self.read(url).ok()["status"] == "DONE", at_most)
        return self.read(url).ok()

    def ask_cluster(self) -> Said:
        nodes = {"name": "default-pool", "initialNodeCount": 4, "config": {"machineType": "e2-standard-4"}}
        identity = {"workloadPool": f"{PROJECT}.svc.id.goog"}
        wanted = {
            "name": "saxml",
            "locations": ["us-west4-a"],
            "nodePools": [nodes],
            "workloadIdentityConfig": identity,
        }
        return self.send(CLUSTERS, {"cluster": wanted})

    def ask_pool(self, name: str) -> Said:
        wanted = {
            "name": name,
            "config": {"machineType": "ct5lp-hightpu-4t"},
            "initialNodeCount": 8,
            "locations": ["us-west4-a"],
            "placementPolicy": {"type": "COMPACT", "tpuTopology": "4x8"},
        }
        return self.send(POOLS, {"nodePool": wanted})

    def cluster(self) -> None:
        self.ended(self.ask_cluster().ok())

    def grant(self, url: str, role: str, member: str) -> Said:
        """One read-modify-write of a policy: of the bucket (PUT) or of the service account."""
        if url == POLICY:
            policy = self.read(url).ok()
        else:
            policy = self.send(url + ":getIamPolicy", {}).ok()
        policy["bindings"] = [*policy.get("bindings", []), {"role": role, "members": [member]}]
        if url == POLICY:
            return self.ask_google("PUT", url, policy)
        return self.send(url + ":setIamPolicy", {"policy": policy})

    def ask_account(self) -> Said:
        return self.send(ACCOUNTS, {"accountId": EMAIL.partition("@")[0]})

    # -- what tutorial.Cloud does by hand, through the APIs
    def pools(self, slices: int = 2) -> None:
        self.cluster()
        for operation in [self.ask_pool(f"tpu{number}").ok() for number in range(1, slices + 1)]:
            assert "error" not in self.ended(operation)
        self.advance(30)

    def storage(self) -> None:
        self.send(BUCKETS, {"name": BUCKET, "location": "us-west4"}).ok()
        self.ask_account().ok()

    def bind_bucket(self) -> None:
        self.grant(POLICY, "roles/storage.objectAdmin", f"serviceAccount:{EMAIL}").ok()

    def bind_identity(self) -> None:
        member = f"serviceAccount:{PROJECT}.svc.id.goog[default/sax-sa]"
        self.grant(ACCOUNT_POLICY, "roles/iam.workloadIdentityUser", member).ok()

    async def generating(self, http: str = "v1.0.0") -> None:
        """Everything up to a loaded model."""
        self.serving(http=http)
        self.until(self.joined, 900)
        await self.publish()
        self.until(self.loaded, 1500)

    def prompt(self) -> Any:
        return self.ask("POST", "/generate", {"model": "/sax/test/spmd", "query": "Hello"})

    def condition(self, kind: str, name: str, condition: str) -> Json:
        found = self.store.get(kind, "default", name) or {}
        conditions = (found.get("status") or {}).get("conditions") or []
        return next((each for each in conditions if each["type"] == condition and each["status"] == "True"), {})

    def history(self) -> str:
        """A hash over everything: objects, logs and every table."""
        tables = {name: dict(rows) for name, rows in self.world.tables.items()}
        everything = self.digest() + json.dumps(tables, sort_keys=True) if self.world.kube else json.dumps(tables)
        return hashlib.sha256(everything.encode()).hexdigest()
