"""A cloud that was killed goes on where it was: what is kept, what a client has been told, ports, time and chance."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from saxtui.emulator import resources
from saxtui.emulator.assembly import Cloud
from saxtui.emulator.changes import Changes
from saxtui.emulator.google.wire import Request
from saxtui.emulator.keeper import Keeper
from saxtui.emulator.ledger import Ledger
from saxtui.emulator.request_log import RequestLog

Json = dict[str, Any]
Start = Callable[..., "subprocess.Popen[str]"]
BASE = "/v1/projects/demo-project/locations/us-west4"
START = 1_790_000_000.0


def tutorial() -> Any:
    """The tutorial's objects, from the module beside this one."""
    import importlib.util

    found = importlib.util.spec_from_file_location("tutorial", Path(__file__).with_name("tutorial.py"))
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class Virtual:
    """A whole cloud in virtual time, kept in a file on demand."""

    def __init__(self, cloud: Cloud, file: Path) -> None:
        self.cloud = cloud
        self.world = cloud.world
        self.ledger = Ledger(file)
        self.log = RequestLog()
        self.changes = Changes(self.world, self.log, None)
        self.changes.facts.update(cloud.facts(), port=1)

    def call(self, method: str, path: str, body: Any = None) -> Json:
        wire = Request(
            method, path, {"project": "demo-project"}, {}, b"" if body is None else json.dumps(body).encode()
        )
        answer = self.cloud.google.answer(wire, authorized=True).answer
        assert answer.status == 200, answer.body
        return dict(json.loads(answer.body))

    def advance(self, seconds: float) -> None:
        """In small steps, and what changed is kept after each."""
        until = self.world.now + seconds
        while self.world.now < until:
            self.world.advance(min(until, self.world.now + 0.7))
            self.ledger.write(self.changes.look())

    def deploy(self) -> None:
        """The tutorial up to its three manifests."""
        made = tutorial()
        self.call("POST", "/storage/v1/b", {"name": made.BUCKET})
        wanted = {"name": "saxml", "initialNodeCount": 4, "locations": [made.ZONE]}
        wanted["workloadIdentityConfig"] = {"workloadPool": "demo-project.svc.id.goog"}
        self.call("POST", f"{BASE}/clusters", {"cluster": wanted})
        self.advance(450)
        for name in ("tpu1", "tpu2"):
            pool = {"name": name, "initialNodeCount": 8, "config": {"machineType": "ct5lp-hightpu-4t"}}
            pool["placementPolicy"] = {"tpuTopology": "4x8"}
            self.call("POST", f"{BASE}/clusters/saxml/nodePools", {"nodePool": pool})
        self.call("POST", "/v1/projects/demo-project/serviceAccounts", {"accountId": "sax-iam-sa"})
        account = f"/v1/projects/demo-project/serviceAccounts/{made.EMAIL}"
        member = "serviceAccount:demo-project.svc.id.goog[default/sax-sa]"
        identity = {"role": "roles/iam.workloadIdentityUser", "members": [member]}
        self.call("POST", f"{account}:setIamPolicy", {"policy": {"bindings": [identity]}})
        binding = {"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{made.EMAIL}"]}
        self.call("PUT", f"/storage/v1/b/{made.BUCKET}/iam", {"bindings": [binding]})
        self.advance(300)
        store = self.world.kube[made.CLUSTER]
        notes = {"iam.gke.io/gcp-service-account": made.EMAIL}
        metadata = {"name": "sax-sa", "namespace": "default", "annotations": notes}
        store.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        for obj in made.jobset_controller_objects("v0.8.2"):
            store.create(obj)
        self.advance(90)
        for obj in (made.admin_server(), made.model_servers(), made.http_server(), made.http_service("LoadBalancer")):
            store.create(obj)


def plain(value: Any) -> Any:
    """Without resourceVersions: a store skips some when it is restored."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key != "resourceVersion"}
    return [plain(each) for each in value] if isinstance(value, list) else value


def contents(cloud: Cloud) -> Json:
    """Everything there is in a cloud, but for resourceVersions."""
    out: Json = {"now": cloud.world.now, "seq": cloud.world.seq, "tables": {}, "objects": {}, "logs": {}}
    out["tables"] = {name: list(table.items()) for name, table in cloud.world.tables.items() if table}
    out["timers"] = sorted((each.due, each.seq, each.handler) for each in cloud.world.timers())
    for key, store in cloud.world.kube.items():
        for info in store.registry:
            out["objects"][f"{key} {info.kind}"] = plain(store.list(info.kind))
        for pod in store.list("Pod"):
            where = (pod["metadata"]["namespace"], pod["metadata"]["name"], pod["spec"]["containers"][0]["name"])
            out["logs"][where] = (store.logs.lines(where), store.logs.lines(where, previous=True))
    return out


@pytest.mark.parametrize("more", [20, 60, 200], ids=["pulling", "starting", "serving"])
def test_a_restored_world_does_what_the_first_would_have_done(tmp_path: Path, more: int) -> None:
    first = Virtual(Cloud(start=START, seed=3), tmp_path / "world.sqlite3")
    first.deploy()
    first.advance(more)
    first.ledger.write([first.changes.clock()])
    first.ledger.close()
    again = Ledger(tmp_path / "world.sqlite3")
    saved = again.read()
    again.close()
    assert saved is not None
    second = Cloud(start=0.0, saved=saved)
    assert contents(second) == contents(first.cloud)
    for cloud in (first.cloud, second):
        cloud.world.advance(cloud.world.now + 900)
    assert contents(second) == contents(first.cloud)
    assert resources.listing(second.world) == resources.listing(first.world)
    assert any("Joined" in line.text for lines, _ in contents(second)["logs"].values() for line in lines)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """start(*options): a running emulator on tmp_path/cloud that has said its line."""
    running: list[subprocess.Popen[str]] = []

    def launch(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "saxtui.emulator", "serve", "--state", str(tmp_path / "cloud"), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving http://127.0.0.1:"), process.communicate()
        return process

    yield launch
    for process in running:
        process.kill()
        process.communicate()


class Client:
    """Asks the emulator of a state directory."""

    def __init__(self, state: Path) -> None:
        self._state = state

    @property
    def facts(self) -> Json:
        return dict(json.loads((self._state / "emulator.json").read_text()))

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        return self._open(self.facts["endpoint"] + path, method, body, None)

    def kube(self, cluster: Json, path: str, method: str = "GET", body: Any = None) -> Any:
        context = ssl.create_default_context(cadata=(self._state / "ca.pem").read_text())
        return self._open(f"https://{cluster['endpoint']}{path}", method, body, context)

    def _open(self, url: str, method: str, body: Any, context: ssl.SSLContext | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.facts['token']}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return json.loads(answer.read() or b"{}")

    def until_done(self, operation: Json) -> Json:
        path = f"{BASE}/operations/{operation['name']}"
        while (found := self.ask(path))["status"] != "DONE":
            pass
        assert "error" not in found
        return dict(found)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path / "cloud")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_cluster_creation_outlives_the_process(start: Start, client: Client) -> None:
    first = start("--speed", "60")
    before = client.facts
    body = {"cluster": {"name": "saxml", "initialNodeCount": 1}}
    operation = client.ask(f"{BASE}/clusters", "POST", body)
    while client.ask(f"{BASE}/operations/{operation['name']}")["status"] != "RUNNING":
        pass
    kill(first)
    second = start("--speed", "60")
    assert client.facts["token"] == before["token"]
    assert client.facts["endpoint"] == before["endpoint"]
    halfway = client.ask(f"{BASE}/clusters/saxml")
    assert halfway["status"] == "PROVISIONING" and "endpoint" not in halfway
    kill(second)
    third = start("--speed", "6000")
    client.until_done(operation)
    cluster = client.ask(f"{BASE}/clusters/saxml")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "b"}}
    client.kube(cluster, "/api/v1/namespaces/default/configmaps", "POST", config)
    kill(third)
    start()
    assert client.ask(f"{BASE}/clusters/saxml") == cluster
    found = client.kube(cluster, "/api/v1/namespaces/default/configmaps/kept")
    assert found["data"] == {"a": "b"}
    assert len(client.kube(cluster, "/api/v1/nodes")["items"]) == 3


def test_what_was_acknowledged_is_there_at_once(start: Start, client: Client) -> None:
    process = start()
    for number in range(5):
        client.ask("/storage/v1/b?project=demo-project", "POST", {"name": f"demo-project-{number}"})
        kill(process)
        process = start()
        named = [each["name"] for each in client.ask("/storage/v1/b?project=demo-project")["items"]]
        assert named == [f"demo-project-{each}" for each in range(number + 1)]
    requests = client.ask("/_emulator/requests")
    assert [each["method"] for each in requests if each["mutating"]] == ["POST"] * 5


async def test_what_time_brought_about_is_kept_before_a_client_is_told(tmp_path: Path) -> None:
    cloud, ledger = Cloud(start=START, seed=3), Ledger(tmp_path / "world.sqlite3")
    keeper = Keeper(cloud.world, RequestLog(), ledger, None, {**cloud.facts(), "port": 1})
    virtual = Virtual(cloud, tmp_path / "unused.sqlite3")
    virtual.call("POST", f"{BASE}/clusters", {"cluster": {"name": "c", "initialNodeCount": 1}})
    await keeper.save()
    cloud.world.advance(cloud.world.now + 900)
    await keeper.told()
    saved = ledger.read()
    assert saved is not None
    assert [row["status"] for _, _, row in saved.tables["gke.clusters"]] == ["RUNNING"]
    await keeper.close()


def test_a_watch_from_before_the_kill_is_told_to_list_again(start: Start, client: Client) -> None:
    process = start("--speed", "20000")
    client.until_done(client.ask(f"{BASE}/clusters", "POST", {"cluster": {"name": "c", "initialNodeCount": 1}}))
    cluster = client.ask(f"{BASE}/clusters/c")
    old = client.kube(cluster, "/api/v1/pods")["metadata"]["resourceVersion"]
    kill(process)
    start()
    path = f"/api/v1/pods?watch=1&timeoutSeconds=5&resourceVersion={old}"
    answer = client.kube(cluster, path)
    assert (answer["type"], answer["object"]["code"], answer["object"]["reason"]) == ("ERROR", 410, "Expired")
    new = client.kube(cluster, "/api/v1/pods")["metadata"]["resourceVersion"]
    assert int(new) > int(old)


def test_a_taken_port_is_replaced(start: Start, client: Client) -> None:
    import socket

    process = start("--speed", "20000")
    client.until_done(client.ask(f"{BASE}/clusters", "POST", {"cluster": {"name": "c", "initialNodeCount": 1}}))
    before = client.ask(f"{BASE}/clusters/c")
    old = client.facts["endpoint"]
    kill(process)
    ports = [int(each.rpartition(":")[2]) for each in (before["endpoint"], old)]
    with socket.create_server(("127.0.0.1", ports[0])), socket.create_server(("127.0.0.1", ports[1])):
        start()
        after = client.ask(f"{BASE}/clusters/c")
        assert client.facts["endpoint"] != old and after["endpoint"] != before["endpoint"]
        assert client.kube(after, "/version")["major"] == "1"


def test_a_clean_end_keeps_the_cloud_too(start: Start, client: Client) -> None:
    process = start()
    client.ask("/storage/v1/b?project=demo-project", "POST", {"name": "demo-project-kept"})
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    start()
    assert client.ask("/storage/v1/b/demo-project-kept")["name"] == "demo-project-kept"


@pytest.mark.parametrize("damage", ["garbage", "version"])
def test_a_file_that_cannot_be_used_is_one_clear_line(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "world.sqlite3"
    if damage == "garbage":
        file.write_bytes(os.urandom(5000))
    else:
        with sqlite3.connect(file) as made:
            made.execute("PRAGMA user_version = 99")
        made.close()
    command = [sys.executable, "-m", "saxtui.emulator", "serve", "--state", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(file) in done.stderr and "remove it to begin with a new cloud" in done.stderr
