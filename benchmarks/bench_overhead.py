"""What `saxtui bench` adds to a latency: its figures beside those of an established HTTP load tool, in one run.

    python benchmarks/bench_overhead.py [--quick]

A loopback server answers every request after a fixed time. The tool (wrk, hey or oha, whichever is installed) and
`saxtui bench` put the same load on it, in turn, so that the machine's mood hits both alike. Prints the medians of p50
and p99 at 1, 8 and 64 at once and the ratio (aim: p50 within 5%). The difference is the client's own time: an event
loop in Python against a C or Go program, on the same cores as the server.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True})
ANSWER = (
    b'data: {"choices":[{"index":0,"delta":{"content":"seven"},"finish_reason":"stop"}],'
    b'"usage":{"completion_tokens":1}}\n\ndata: [DONE]\n\n'
)


async def serve(wait: float) -> None:
    """Print the port, then answer for ever, each request `wait` seconds after it came."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "m"}]})
        await request.read()
        await asyncio.sleep(wait)
        return web.Response(body=ANSWER, content_type="text/event-stream")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@contextmanager
def server(wait: float) -> Iterator[str]:
    """Its address, while it runs in a process of its own."""
    process = subprocess.Popen([sys.executable, __file__, "--serve", str(wait)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.wait()


def with_wrk(url: str, at_once: int, seconds: int, scratch: Path) -> tuple[float, float]:
    """p50 and p99 in seconds as wrk tells them."""
    script = scratch / "post.lua"
    headers = "wrk.headers['Content-Type'] = 'application/json'\n"
    script.write_text(f"wrk.method = 'POST'\nwrk.path = '{PATH}'\nwrk.body = [[{BODY}]]\n{headers}")
    command = ["wrk", "-t1", f"-c{at_once}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"^\s+(50|99)%\s+([\d.]+(?:us|ms|s))", said, re.MULTILINE))
    return _seconds(found["50"]), _seconds(found["99"])


def with_hey(url: str, at_once: int, seconds: int, scratch: Path) -> tuple[float, float]:
    """p50 and p99 in seconds as hey (or oha, which prints the same lines) tells them."""
    tool = shutil.which("hey") or "oha"
    quiet = [] if tool.endswith("hey") else ["--no-tui"]
    common = ["-c", str(at_once), "-z", f"{seconds}s", "-m", "POST", "-T", "application/json", "-d", BODY]
    said = subprocess.run([tool, *quiet, *common, url + PATH], capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"(50|99)(?:\.\d+)?% in ([\d.]+ ?\w*)", said))
    return _seconds(found["50"]), _seconds(found["99"])


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)\s*(\w*)", text.strip()).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1e-6, "ms": 1e-3}.get(unit, 1.0)


def with_saxtui(url: str, at_once: int, seconds: int, scratch: Path) -> tuple[float, float]:
    """p50 and p99 in seconds as `saxtui bench` tells them."""
    command = [sys.executable, "-m", "saxtui", "bench", "--openai", url, "--concurrency", str(at_once), "--json"]
    command += ["--duration", str(seconds), "--warmup", "3", "--no-save", "--prompt", "hello"]
    env = {"PATH": "/usr/bin:/bin", "SAXTUI_STATE": str(scratch)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    row = next(found for line in done.stdout.splitlines() if (found := json.loads(line))["type"] == "measured")
    assert not row["errors"], row["errors"]
    return row["latency"]["p50"], row["latency"]["p99"]


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    peer = with_wrk if shutil.which("wrk") else with_hey if shutil.which("hey") or shutil.which("oha") else None
    if peer is None:
        raise SystemExit("neither wrk nor hey nor oha is installed: apt-get install wrk")
    name = peer.__name__.removeprefix("with_")
    seconds, repetitions = (2, 1) if quick else (5, 5)
    with tempfile.TemporaryDirectory() as scratch:
        for wait in (0.02, 0.2):
            with server(wait) as url:
                for at_once in (1, 8, 64):
                    _one(url, wait, at_once, seconds, repetitions, name, peer, Path(scratch))


def _one(url, wait, at_once, seconds, repetitions, name, peer, scratch) -> None:  # type: ignore[no-untyped-def]
    theirs, ours = [], []
    for _ in range(repetitions):
        theirs.append(peer(url, at_once, seconds, scratch))
        ours.append(with_saxtui(url, at_once, seconds, scratch))
    p50, p99 = ((statistics.median(r[i] for r in theirs), statistics.median(r[i] for r in ours)) for i in (0, 1))
    print(
        f"answer after {wait * 1000:3.0f} ms, {at_once:2} at once: p50 {name} {p50[0] * 1000:7.2f} ms, saxtui "
        f"{p50[1] * 1000:7.2f} ms, ratio {p50[1] / p50[0]:.3f}; p99 {p99[0] * 1000:7.2f} / {p99[1] * 1000:7.2f} ms, "
        f"ratio {p99[1] / p99[0]:.3f}"
    )


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve(float(sys.argv[-1])))
    else:
        main()
