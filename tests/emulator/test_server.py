"""The emulator's process: its one line, its files, its refusals, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "saxtui.emulator"]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """start(state, *options): a running emulator that has said its line (kept in .line)."""
    running: list[subprocess.Popen[str]] = []

    def launch(state: Path, *options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--state", str(state), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving http://127.0.0.1:"), process.communicate()
        process.line = line.rstrip()  # type: ignore[attr-defined]
        return process

    yield launch
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def facts(state: Path) -> dict[str, Any]:
    return dict(json.loads((state / "emulator.json").read_text()))


def ask(state: Path, path: str, method: str = "GET", body: Any = None, token: str | None = None) -> Any:
    known = facts(state)
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {known['token'] if token is None else token}"}
    request = urllib.request.Request(known["endpoint"] + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_it_says_where_it_serves_and_keeps_its_files_private(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "cloud"
    process = start(state, "--speed", "120")
    known = facts(state)
    expected = f"serving {known['endpoint']} state {state} speed x120 (source {state}/env.sh)"
    assert process.line == expected  # type: ignore[attr-defined]
    assert (known["pid"], known["speed"]) == (process.pid, 120.0)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for file in state.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600), file


def test_env_sh_is_what_a_shell_can_source(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "a cloud"
    start(state)
    done = subprocess.run(
        ["sh", "-c", f". '{state}/env.sh' && env -0"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    exported = dict(item.split("=", 1) for item in done.stdout.split("\0") if "=" in item)
    known = facts(state)
    assert exported["CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER"] == known["endpoint"] + "/"
    assert exported["CLOUDSDK_AUTH_ACCESS_TOKEN"] == known["token"]
    assert exported["CLOUDSDK_CORE_PROJECT"] == "demo-project"
    assert exported["KUBECONFIG"] == f"{state}/kubeconfig:{state}/clusters.kubeconfig"
    real0, sim0, speed = map(float, exported["SAXTUI_EMULATED_CLOCK"].split(":"))
    assert (real0, speed) == (sim0, 60.0)
    with urllib.request.urlopen(exported["SAXTUI_JOBSET_MANIFEST"], timeout=20) as answer:
        manifest = answer.read()
    import hashlib

    assert hashlib.sha256(manifest).hexdigest() == exported["SAXTUI_JOBSET_SHA256"]


def test_the_token_is_needed(start: Start, tmp_path: Path) -> None:
    start(tmp_path)
    assert ask(tmp_path, "/v1/projects/demo-project")["projectId"] == "demo-project"
    for path, method in (("/v1/projects/demo-project", "GET"), ("/_emulator/resources", "GET"),
                         ("/_emulator/requests", "GET"), ("/_emulator/play", "POST")):  # fmt: skip
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(tmp_path, path, method, token="wrong")
        assert caught.value.code == 401
        caught.value.close()


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = run("serve", "--state", tmp_path, "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in done.stderr
    assert not (tmp_path / "emulator.json").exists()


def test_a_served_state_directory_is_refused(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path)
    done = run("serve", "--state", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"already served by the emulator with process id {process.pid}" in done.stderr
    assert "Traceback" not in done.stderr
    assert facts(tmp_path)["pid"] == process.pid


def test_it_can_be_started_again_after_a_kill(start: Start, tmp_path: Path) -> None:
    first = start(tmp_path)
    token = facts(tmp_path)["token"]
    first.kill()
    first.wait()
    start(tmp_path)
    assert facts(tmp_path)["token"] == token


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(start: Start, tmp_path: Path, number: int) -> None:
    process = start(tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert not (tmp_path / "emulator.json").exists()


def test_it_ends_with_its_parent_when_asked_to(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path, "--until-stdin-closes")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    assert not (tmp_path / "emulator.json").exists()


def test_resources_and_requests_from_another_process(start: Start, tmp_path: Path) -> None:
    start(tmp_path)
    before = run("resources", "--state", tmp_path, "--json")
    ask(tmp_path, "/storage/v1/b?project=demo-project", "POST", {"name": "demo-project-gke-bucket"})
    after = run("resources", "--state", tmp_path, "--json")
    old, new = ([json.loads(line) for line in done.stdout.splitlines()] for done in (before, after))
    assert {"type": "project", "name": "demo-project", "project": "demo-project"} in old
    added = [record for record in new if record not in old]
    assert {"type": "bucket", "name": "demo-project-gke-bucket", "project": "demo-project", "location": "US"} in added
    assert {record["type"] for record in added} == {"bucket", "iam-binding"}
    requests = [json.loads(line) for line in run("requests", "--state", tmp_path, "--json").stdout.splitlines()]
    assert [(record["service"], record["status"], record["mutating"]) for record in requests] == [
        ("storage", 200, True)
    ]
    table = run("requests", "--state", tmp_path).stdout.splitlines()
    assert table[0].split() == ["SERVICE", "METHOD", "STATUS", "MUTATING", "PATH"]
    assert len(table) == 2


def test_asking_where_nothing_serves(tmp_path: Path) -> None:
    done = run("resources", "--state", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no emulator serves {tmp_path}" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("faults: [{when: {on: pool.create}, fault: stockout, often: 3}]", "fault 1: unknown key often"),
        ("faults: [{when: {request: {service: mail}}, fault: drop}]", "'mail' in when.request.service"),
        ("faults: [{when: {request: {service: iam}}, fault: error, status: 200}]", ">= 400 in status"),
        ("faults: [{when: {request: {service: iam, path: '('}}, fault: drop}]", "not a regular expression: '('"),
        ("faults: {a: b}", "faults is not a list"),
        ("- 1", "expected a mapping"),
        ("{", "scenario"),
    ],
)
def test_a_bad_scenario_is_one_clear_error(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    done = run("serve", "--state", tmp_path / "cloud", "--scenario", file)
    assert done.returncode == 1
    assert words in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scenario_strikes(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("faults:\n- {when: {request: {service: iam, method: GET}}, fault: error, status: 503}\n")
    start(tmp_path / "cloud", "--scenario", str(file))
    path = "/v1/projects/demo-project/serviceAccounts"
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(tmp_path / "cloud", path)
    assert caught.value.code == 503
    caught.value.close()
    assert ask(tmp_path / "cloud", path)["accounts"]


def test_a_scenario_begins_in_a_running_cloud(start: Start, tmp_path: Path) -> None:
    file, state = tmp_path / "faults.yaml", tmp_path / "cloud"
    file.write_text("faults:\n- {when: {request: {service: iam, method: GET}}, fault: error, status: 503}\n")
    start(state)
    path = "/v1/projects/demo-project/serviceAccounts"
    assert ask(state, path)["accounts"]
    assert run("play", file, "--state", state).returncode == 0
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(state, path)
    caught.value.close()
    file.write_text("faults: {a: b}")
    refused = run("play", file, "--state", state)
    assert (refused.returncode, "faults is not a list" in refused.stderr) == (1, True)


def test_each_cluster_has_its_own_tls_endpoint(start: Start, tmp_path: Path) -> None:
    import base64

    import yaml

    start(tmp_path, "--speed", "6000")
    base = "/v1/projects/demo-project/locations/us-west4/clusters"
    ask(tmp_path, base, "POST", {"cluster": {"name": "saxml", "initialNodeCount": 1}})
    while (cluster := ask(tmp_path, f"{base}/saxml"))["status"] != "RUNNING":
        pass
    ca = base64.b64decode(cluster["masterAuth"]["clusterCaCertificate"]).decode()
    context = ssl.create_default_context(cadata=ca)
    url = f"https://{cluster['endpoint']}/version"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {facts(tmp_path)['token']}"})
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:
        assert json.load(answer)["major"] == "1"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"https://{cluster['endpoint']}/api/v1/nodes", timeout=20, context=context)
    assert caught.value.code == 401
    caught.value.close()
    config = yaml.safe_load((tmp_path / "clusters.kubeconfig").read_text())
    assert config["current-context"] == "gke_demo-project_us-west4_saxml"
    assert config["clusters"][0]["cluster"]["server"] == f"https://{cluster['endpoint']}"
    seen = run("requests", "--state", tmp_path, "--json").stdout.splitlines()
    assert "kubernetes" in {json.loads(line)["service"] for line in seen}
    ask(tmp_path, f"{base}/saxml", "DELETE")
    while ask(tmp_path, base):
        pass
    host, _, port = cluster["endpoint"].partition(":")
    with pytest.raises(ConnectionRefusedError):
        while True:
            with contextlib.suppress(ConnectionResetError):  # accepted just before the listener closed
                socket.create_connection((host, int(port)), timeout=20).close()
    assert yaml.safe_load((tmp_path / "clusters.kubeconfig").read_text())["clusters"] == []


def test_the_same_seed_takes_the_same_time(start: Start, tmp_path: Path) -> None:
    from saxtui.emulator import google
    from saxtui.emulator.google import operations
    from saxtui.emulator.world import World

    def durations(seed: int) -> list[float]:
        world = World(start=0.0, seed=seed)
        google.install(world)
        return [operations.vary(world, 100.0) for _ in range(3)]

    assert durations(1) == durations(1) != durations(2)
