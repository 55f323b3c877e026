"""Ten thousand pods in the embedded cloud: made through the API, listed and watched by the real kubectl.

    python benchmarks/many_pods.py [--pods 10000] [--nodes 100]

Prints how long making, listing (in pages, as a table, as JSON), watching and restarting took, the process's memory, the
size of the file, and the longest time the server was deaf: a client asks for /version every 20 ms throughout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

Json = dict[str, Any]
BASE = "/v1/projects/demo-project/locations/us-west4"
ROOT = Path(__file__).resolve().parents[1]


class Cloud:
    """An emulator process and a client of it."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def start(self) -> float:
        """Seconds until it serves."""
        begin = time.perf_counter()
        command = [sys.executable, "-m", "saxtui.emulator", "serve", "--state", str(self.state), "--speed", "600"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("serving ")
        self.facts = json.loads((self.state / "emulator.json").read_text())
        return time.perf_counter() - begin

    def memory(self) -> int:
        """Resident MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1024

    def environment(self) -> dict[str, str]:
        found = dict(os.environ)
        for line in (self.state / "env.sh").read_text().splitlines():
            if line.startswith("export "):
                name, _, value = shlex.split(line)[1].partition("=")
                found[name] = value
        found["KUBECONFIG"] = str(self.state / "clusters.kubeconfig")
        return found


def pod(number: int, node: str) -> Json:
    container = {"name": "c", "image": "busybox:1", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
    metadata = {"name": f"pod-{number:05}", "labels": {"app": "many", "shard": str(number % 10)}}
    spec = {"nodeName": node, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


async def make(cloud: Cloud, session: aiohttp.ClientSession, pods: int, nodes: int) -> tuple[str, float]:
    """A cluster of so many nodes, and the pods on them: (endpoint, seconds for the pods)."""
    url, body = cloud.facts["endpoint"] + BASE, {"name": "many", "initialNodeCount": nodes, "locations": ["us-west4-a"]}
    async with session.post(f"{url}/clusters", json={"cluster": body}) as answer:
        operation = (await answer.json())["name"]
    status = ""
    while status != "DONE":
        async with session.get(f"{url}/operations/{operation}") as answer:
            status = (await answer.json())["status"]
    async with session.get(f"{url}/clusters/many") as answer:
        endpoint = (await answer.json())["endpoint"]
    async with session.get(f"https://{endpoint}/api/v1/nodes") as answer:
        names = [node["metadata"]["name"] for node in (await answer.json())["items"]]
    queue = list(range(pods))

    async def work() -> None:
        while queue:
            number = queue.pop()
            body = pod(number, names[number % len(names)])
            async with session.post(f"https://{endpoint}/api/v1/namespaces/default/pods", json=body) as made:
                assert made.status == 201, await made.text()

    begin = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(16)))
    return endpoint, time.perf_counter() - begin


async def deaf(session: aiohttp.ClientSession, endpoint: str, worst: list[float]) -> None:
    """Ask for /version again and again; the slowest answers."""
    while True:
        begin = time.perf_counter()
        async with session.get(f"https://{endpoint}/version") as answer:
            await answer.read()
        worst.append(time.perf_counter() - begin)
        await asyncio.sleep(0.02)


async def kubectl(cloud: Cloud, line: str, lines: int, until: str = "") -> float:
    """Seconds until kubectl has printed so many lines (that contain `until`), and ended if it does."""
    begin = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        "kubectl", *shlex.split(line), env=cloud.environment(), stdout=asyncio.subprocess.PIPE, limit=2**27
    )
    assert process.stdout is not None
    seen = 0
    while seen < lines:
        found = await process.stdout.readline()
        assert found, f"kubectl {line} ended after {seen} lines"
        seen += until.encode() in found
    took = time.perf_counter() - begin
    if "-w" in line:
        process.terminate()
        await process.communicate()
    else:
        await process.communicate()
        assert process.returncode == 0, line
    return took


async def measure(cloud: Cloud, pods: int, nodes: int) -> None:
    context = ssl.create_default_context(cadata=(cloud.state / "ca.pem").read_text())
    header = {"Authorization": f"Bearer {cloud.facts['token']}"}
    connector = aiohttp.TCPConnector(ssl=context, limit=32)
    async with aiohttp.ClientSession(connector=connector, headers=header) as session:
        endpoint, took = await make(cloud, session, pods, nodes)
        print(f"made {pods} pods on {nodes} nodes in {took:.1f} s: {pods / took:.0f}/s; {cloud.memory()} MB")
        worst: list[float] = []
        asking = asyncio.create_task(deaf(session, endpoint, worst))
        running = await kubectl(cloud, "get pods -w", pods, " Running ")
        print(f"kubectl get pods -w: {pods} Running after {running:.1f} s; {cloud.memory()} MB")
        worst.clear()
        for line, lines in (
            ("get pods --no-headers", pods),
            ("get pods --no-headers -o wide --chunk-size=0", pods),
            ("get pods -l shard=3 --no-headers", pods // 10),
            ("get pods -o name", pods),
        ):
            print(f"kubectl {line}: {await kubectl(cloud, line, lines):.1f} s")
        asking.cancel()
        worst.sort()
        print(f"/version meanwhile: median {worst[len(worst) // 2] * 1000:.0f} ms, worst {worst[-1] * 1000:.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(Path(folder) / "cloud")
        print(f"started in {cloud.start():.1f} s; {cloud.memory()} MB")
        try:
            asyncio.run(measure(cloud, arguments.pods, arguments.nodes))
            size = sum(file.stat().st_size for file in cloud.state.glob("world.sqlite3*")) / 2**20
            cloud.process.kill()
            cloud.process.wait()
            print(f"killed and started again from {size:.0f} MB in {cloud.start():.1f} s; {cloud.memory()} MB")
        finally:
            cloud.process.kill()
            cloud.process.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
