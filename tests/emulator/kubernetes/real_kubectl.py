"""Where the real kubectl 1.32 is, and a cluster of the embedded cloud served in a thread for it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from saxtui.emulator.clock import Driver, ScaledClock
from saxtui.emulator.kubernetes.api import make_app
from saxtui.emulator.world import World

MISSING = "kubectl is not installed: the witness tests need the real one"
T = TypeVar("T")


def kubectl_132() -> str | None:
    """The path of kubectl 1.32 (Google's dispatcher keeps several beside gcloud), else of any kubectl, else None."""
    found = shutil.which("kubectl.1.32")
    if found:
        return found
    for base in (shutil.which("gcloud"), shutil.which("kubectl")):
        if base:
            beside = Path(os.path.realpath(base)).parent / "kubectl.1.32"
            if beside.exists():
                return str(beside)
    installed = Path("/usr/lib/google-cloud-sdk/bin/kubectl.1.32")
    return str(installed) if installed.exists() else shutil.which("kubectl")


@dataclass
class Shell:
    """kubectl, pointed at one cluster. `do` runs a function in the cluster's thread, where its world lives."""

    program: str
    url: str
    home: Path
    loop: asyncio.AbstractEventLoop

    def command(self, *arguments: str) -> list[str]:
        return [self.program, "--server", self.url, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": os.environ.get("PATH", ""), "KUBECONFIG": str(self.home / "none")}

    def run(self, *arguments: str, given: str = "", seconds: float = 60) -> tuple[int, str, str]:
        """(exit code, stdout, stderr)."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def ok(self, *arguments: str, given: str = "") -> str:
        """stdout of a command that succeeds."""
        code, out, err = self.run(*arguments, given=given)
        assert code == 0, f"kubectl {' '.join(arguments)}: {err or out}"
        return out

    def refused(self, *arguments: str, given: str = "") -> str:
        """stderr of a command that fails."""
        code, out, err = self.run(*arguments, given=given)
        assert code != 0, f"kubectl {' '.join(arguments)} succeeded: {out}"
        return err

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on; killed at the end."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        process = subprocess.Popen(self.command(*arguments), env=self.environment, text=True, **pipes)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def do(self, work: Callable[[], T]) -> T:
        async def call() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(30)


@contextmanager
def served(world: World, cluster: str, home: Path, speed: float) -> Iterator[Shell]:
    """The cluster behind HTTP on loopback, its time running `speed` times faster than life."""
    program = kubectl_132()
    assert program is not None, MISSING
    driver = Driver(world, ScaledClock(time.time(), world.now, speed))
    app = make_app(
        world, cluster, authorize=lambda _: True, on_request=lambda *_: None, tick=driver.catch_up if speed else None
    )
    ready = threading.Event()
    places: list[str] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        places.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        driving = loop.create_task(driver.run() if speed else asyncio.sleep(0))
        ready.set()
        await stop.wait()
        driving.cancel()
        await asyncio.gather(driving, return_exceptions=True)
        await runner.cleanup()

    def work() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(20) and places
    try:
        yield Shell(program, places[0], home, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
