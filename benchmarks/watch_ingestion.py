"""How many watch events a second reach the store, beside what reads the same stream with less, or with models.

    python benchmarks/watch_ingestion.py [--quick]

A loopback server in a process of its own sends pod events of about 8 kB as fast as they are taken. In turn, in one run:
saxtui's watch down to the views it hands out; aiohttp with msgspec and nothing else (aim: at least 0.8 of it); the
official client's own watch with its models (aim: at least 20 times as fast); kr8s, where it is installed. Then 10,000
pods are listed while a probe measures how long the event loop was blocked at most (aim: at most 50 ms).

kr8s is no dependency: `pip install 'kr8s==0.20.*'` into a virtual environment that sees this one's packages.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

PODS = "/api/v1/namespaces/default/pods"
_HOSTS = 16


def pod(number: int, version: int) -> dict[str, Any]:
    """A model-server pod of about 8 kB, as GKE's API server sends it."""
    name = f"sax-model-server-set-sax-model-server-{number // 8}-{number % 8}-abcde"
    labels = {
        "jobset.sigs.k8s.io/jobset-name": "sax-model-server-set", "jobset.sigs.k8s.io/job-index": str(number // 8),
        "batch.kubernetes.io/job-completion-index": str(number % 8),
    }  # fmt: skip
    managed = [{"manager": "kubelet", "operation": "Update", "fieldsV1": {f"f:field-{i}": {} for i in range(150)}}]
    times = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-27T10:00:00Z", "lastProbeTime": None}
    state = {"name": "sax-model-server", "ready": True, "restartCount": version % 3, "image": "x" * 90,
             "imageID": "y" * 90, "state": {"running": {"startedAt": "2026-11-27T10:00:00Z"}}}  # fmt: skip
    env = [{"name": f"VARIABLE_{i}", "value": "value" * 6} for i in range(40)]
    return {
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{number}", "resourceVersion": str(version),
                     "creationTimestamp": "2026-11-27T09:59:00Z", "labels": labels, "managedFields": managed},
        "spec": {"nodeName": f"gke-saxml-tpu-{number}", "containers": [{"name": "sax-model-server", "image": "x" * 90,
                                                                       "env": env}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [times] * 5, "containerStatuses": [state]},
    }  # fmt: skip


async def serve(events: int, listed: int) -> None:
    """Print the port, then answer lists of `listed` pods in pages, and watches of `events` events, then silence."""
    lines = [json.dumps({"type": "MODIFIED", "object": pod(i % _HOSTS, 1000 + i)}).encode() + b"\n" for i in range(512)]
    batch = b"".join(lines)
    pages = [[json.dumps(pod(i, 500)) for i in range(at, min(at + 500, listed))] for at in range(0, listed, 500)]

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.rstrip("/") == "/version":
            return web.json_response({"gitVersion": "v1.32.4"})
        if request.path != PODS:
            if request.query.get("watch"):
                await asyncio.Event().wait()
            return web.json_response({"metadata": {"resourceVersion": "5"}, "items": []})
        if not request.query.get("watch"):
            at = int(request.query.get("continue", "0"))
            meta = {"resourceVersion": "500", "continue": str(at + 1) if at + 1 < len(pages) else ""}
            items = ",".join(pages[at]) if pages else ""
            text = f'{{"kind":"PodList","apiVersion":"v1","metadata":{json.dumps(meta)},"items":[{items}]}}'
            return web.Response(text=text, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(ConnectionError):
            for _ in range(events // 512):
                await response.write(batch)
            await asyncio.Event().wait()
        return response

    app = web.Application()
    app.router.add_route("GET", "/{rest:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@contextmanager
def server(events: int, listed: int) -> Iterator[str]:
    """Its address, while it runs in a process of its own."""
    command = [sys.executable, __file__, "--serve", str(events), str(listed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.wait()


async def with_saxtui(url: str, events: int) -> float:
    """Events a second until a view shows the last one."""
    from saxtui.adapters.disk.clock import SystemClock
    from saxtui.adapters.kubernetes.client import KubernetesClient
    from saxtui.adapters.kubernetes.connection import Connection
    from saxtui.adapters.kubernetes.picture import Picture

    count, began, ended = 0, 0.0, asyncio.Event()
    read = Picture.read

    def counted(self: Picture, kind: str, line: bytes) -> tuple[str, str]:
        nonlocal count, began
        count += 1
        if count == 1:
            began = time.perf_counter()
        if count == events:
            ended.set()
        return read(self, kind, line)

    kube = KubernetesClient(Connection(url, "", _no_token), SystemClock())
    Picture.read = counted  # type: ignore[method-assign]
    try:
        async with aclosing(kube.watch(["default"])) as views:
            async for _ in views:
                if ended.is_set():
                    return events / (time.perf_counter() - began)
    finally:
        Picture.read = read  # type: ignore[method-assign]
        await kube.close()
    raise AssertionError("the watch ended")


async def with_msgspec(url: str, events: int) -> float:
    """aiohttp and msgspec structs, and nothing done with them."""
    import msgspec

    from saxtui.adapters.kubernetes import wire

    shape = msgspec.defstruct("Change", [("type", str), ("object", wire.Pod)])
    decoder, count, rest, began = msgspec.json.Decoder(shape), 0, b"", 0.0
    async with ClientSession() as session, session.get(f"{url}{PODS}?watch=true", timeout=None) as response:
        async for chunk in response.content.iter_any():
            began = began or time.perf_counter()
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                decoder.decode(line)
                count += 1
            if count >= events:
                break
    return count / (time.perf_counter() - began)


async def with_official(url: str, events: int) -> float:
    """The official client's watch, which makes its models."""
    return await asyncio.to_thread(_official, url, events)


def _official(url: str, events: int) -> float:
    import kubernetes

    settings = kubernetes.client.Configuration(host=url)
    with kubernetes.client.ApiClient(settings) as client:
        api, count, began = kubernetes.client.CoreV1Api(client), 0, 0.0
        stream = kubernetes.watch.Watch().stream(api.list_namespaced_pod, "default", resource_version="1")
        for _ in stream:
            began = began or time.perf_counter()
            count += 1
            if count >= events:
                break
    return count / (time.perf_counter() - began)


async def with_kr8s(url: str, events: int) -> float:
    """kr8s, an asynchronous client with objects of its own."""
    import kr8s.asyncio
    from kr8s.asyncio.objects import Pod  # the class itself: this server offers no discovery

    api = await kr8s.asyncio.api(url=url)
    count, began = 0, 0.0
    async for _ in api.watch(Pod, namespace="default"):
        began = began or time.perf_counter()
        count += 1
        if count >= events:
            break
    return count / (time.perf_counter() - began)


async def longest_block(url: str) -> tuple[float, float]:
    """Seconds to list everything, and the longest time the event loop did not run meanwhile, with the collector of
    cyclic garbage held back as the console does."""
    from saxtui.adapters.disk.clock import SystemClock
    from saxtui.adapters.kubernetes.client import KubernetesClient
    from saxtui.adapters.kubernetes.connection import Connection
    from saxtui.console.tidying import Tidying

    kube = KubernetesClient(Connection(url, "", _no_token), SystemClock())
    await kube.version()
    tidying = Tidying()
    tidying.begin()
    worst = 0.0

    async def probe() -> None:
        nonlocal worst
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            worst, last = max(worst, now - last), now

    task = asyncio.create_task(probe())
    began = time.perf_counter()
    view = await kube.look(["default"])
    took = time.perf_counter() - began
    task.cancel()
    tidying.end()
    await kube.close()
    assert len(view.pods) == 10_000, len(view.pods)
    return took, worst


async def _no_token() -> str:
    return ""


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    repetitions = 1 if quick else 5
    runs: dict[str, tuple[Callable[[str, int], Awaitable[float]], int]] = {
        "saxtui": (with_saxtui, 20_480), "aiohttp + msgspec": (with_msgspec, 20_480),
        "official watch": (with_official, 1_024), "kr8s": (with_kr8s, 512),
    }  # fmt: skip
    try:
        import kr8s  # noqa: F401
    except ImportError:
        del runs["kr8s"]
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, (run, events) in runs.items():
            with server(20_480, _HOSTS) as url:
                rates[name].append(asyncio.run(run(url, events)))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, values in rates.items():
        print(f"{name:18} {medians[name]:9,.0f} events/s  [{min(values):,.0f}-{max(values):,.0f}]  n={len(values)}")
    ours = medians["saxtui"]
    print(f"saxtui / aiohttp + msgspec: {ours / medians['aiohttp + msgspec']:.2f} (aim: at least 0.80)")
    print(f"saxtui / official watch with models: {ours / medians['official watch']:.1f} (aim: at least 20)")
    if "kr8s" in medians:
        print(f"saxtui / kr8s: {ours / medians['kr8s']:.1f}")
    with server(0, 10_000) as url:
        blocks = [asyncio.run(longest_block(url)) for _ in range(repetitions)]
    took, worst = (statistics.median(values) for values in zip(*blocks, strict=True))
    print(f"10,000 pods listed in {took:.2f} s, the loop blocked for {worst * 1000:.0f} ms at most (aim: at most 50)")


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve(int(sys.argv[-2]), int(sys.argv[-1])))
    else:
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        main()
