"""The emulator's process: one HTTP listener for the Google APIs and its own pages, one TLS listener a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import hmac
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from aiohttp import web

from saxtui.emulator import resources, vpc
from saxtui.emulator.assembly import Cloud
from saxtui.emulator.clock import Driver, ScaledClock
from saxtui.emulator.google import schema
from saxtui.emulator.google.wire import Request
from saxtui.emulator.keeper import Keeper
from saxtui.emulator.ledger import Ledger, Saved
from saxtui.emulator.listeners import Listeners
from saxtui.emulator.request_log import RequestLog, changes_models, client_name
from saxtui.emulator.runner import make
from saxtui.emulator.scenarios import BadScenario
from saxtui.emulator.state_dir import StateDir
from saxtui.emulator.waiting import Waiting

JOBSET_VERSION = "v0.8.2"
_LARGEST_BODY = 256 * 2**20


class PortInUse(Exception):
    """The port asked for is taken; the text is one clear line."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve. `port` 0 takes any free one; `speed` is simulated seconds in a real one."""

    speed: float = 60.0
    port: int = 0
    scenario: str | Path | None = None
    seed: int = 0


class Server:
    """One embedded cloud behind HTTP on 127.0.0.1. Use as an async context manager.

    The cloud that its state directory holds goes on. Entering raises StateError, PortInUse or BadScenario.
    """

    def __init__(self, state: StateDir, options: Options) -> None:
        self._state = state
        self._options = options
        self.endpoint = ""

    async def __aenter__(self) -> Server:
        self._state.claim()
        try:
            await self._start()
        except BaseException:
            self._state.retire()
            raise
        return self

    async def _start(self) -> None:
        self._token = self._state.token()
        ledger, saved = await asyncio.to_thread(self._state.ledger)
        try:
            self._assemble(ledger, saved)
            port = await self._bind(int(saved.facts["port"]) if saved else 0)
        except BaseException:
            ledger.close()
            raise
        self.endpoint = f"http://127.0.0.1:{port}"
        self._keeper.note("port", port)
        self._state.announce(
            endpoint=self.endpoint,
            clock=self.clock.text(),
            speed=self.clock.speed,
            manifest_sha256=hashlib.sha256(self._manifest).hexdigest(),
            manifest_path=f"/jobset/{JOBSET_VERSION}/manifests.yaml",
            vpc_prefix=vpc.PREFIX,
        )
        if saved:
            self._listeners.resume()
        await self._keeper.save()
        self._running = [asyncio.create_task(self._driver.run()), asyncio.create_task(self._keeper.run())]
        # Half a second of imports, in a thread: the line that says it serves does not wait for them.
        self._running.append(asyncio.create_task(asyncio.to_thread(schema.preload)))

    def _assemble(self, ledger: Ledger, saved: Saved | None) -> None:
        """Everything but the port: a request may come as soon as that is open."""
        self.clock = ScaledClock.starting_now(self._options.speed, saved.facts["now"] if saved else None)
        self.cloud = Cloud(start=self.clock.sim0, seed=self._options.seed, scenario=self._options.scenario, saved=saved)
        self.log = RequestLog(saved.requests if saved else ())
        self._driver = Driver(self.cloud.world, self.clock)
        self._waiting = Waiting(self.cloud.world)
        self._keeper = Keeper(self.cloud.world, self.log, ledger, saved, self.cloud.facts())
        self._manifest = (files("saxtui.emulator.kubernetes") / "jobset_manifest.yaml").read_bytes()
        self._runner = make(self._app())
        self._listeners = Listeners(
            self.cloud.world,
            self._driver,
            self.log,
            self._state.authority(),
            authorize=self._is_ours,
            changed=self._state.write_kubeconfig,
            kept=self._keeper.save,
        )

    async def _bind(self, before: int) -> int:
        """Listen on the port asked for; when none was, on that of `before` if it is free, else on any."""
        await self._runner.setup()
        asked = self._options.port
        if before and not asked:
            with contextlib.suppress(OSError):
                await web.TCPSite(self._runner, "127.0.0.1", before).start()
                return before
        try:
            await web.TCPSite(self._runner, "127.0.0.1", asked).start()
        except OSError as error:
            await self._runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(
                    f"port {asked} on 127.0.0.1 is in use: choose another with --port, or --port 0 for any free one"
                ) from None
            raise PortInUse(f"cannot listen on 127.0.0.1:{asked}: {error.strerror}") from None
        return int(self._runner.addresses[0][1])

    async def __aexit__(self, *_: object) -> None:
        for task in self._running[:2]:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._listeners.close()
        await self._runner.cleanup()
        await self._keeper.close()
        self._state.retire()

    def line(self) -> str:
        """The one line that says it serves."""
        folder = self._state.path
        return f"serving {self.endpoint} state {folder} speed x{self.clock.speed:g} (source {folder / 'env.sh'})"

    def record(self) -> dict[str, str | float]:
        """The same as data."""
        folder = self._state.path
        return {
            "type": "serving",
            "endpoint": self.endpoint,
            "state": str(folder),
            "speed": self.clock.speed,
            "env": str(folder / "env.sh"),
        }

    # -- HTTP
    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_get("/_emulator/resources", self._resources)
        app.router.add_get("/_emulator/requests", self._requests)
        app.router.add_post("/_emulator/play", self._play)
        app.router.add_get(r"/jobset/{version:v\d+\.\d+\.\d+}/manifests.yaml", self._jobset)
        app.router.add_route("*", vpc.ROUTE, self._vpc)
        app.router.add_route("*", "/{rest:.*}", self._google)
        return app

    def _is_ours(self, credential: str) -> bool:
        """Whether an Authorization header, or the bare token of one, is the emulator's."""
        token = credential.removeprefix("Bearer ").strip()
        return hmac.compare_digest(token.encode(errors="replace"), self._token.encode())

    def _authorized(self, request: web.Request) -> bool:
        return self._is_ours(request.headers.get("Authorization", ""))

    async def _google(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._driver.catch_up()
        wire = Request(
            method=request.method,
            path=_clean(request.raw_path.partition("?")[0]),
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            pairs=tuple(request.query.items()),
        )
        answered = self.cloud.google.answer(wire, authorized=self._authorized(request))
        answer = answered.answer
        self.log.add(
            answered.service,
            request.method,
            request.raw_path,
            answer.status,
            mutating=answered.mutating,
            at=self.cloud.world.now,
            agent=client_name(request.headers.get("User-Agent", "")),
        )
        await (self._keeper.save() if answered.mutating else self._keeper.told())
        headers = {**answer.headers, "X-Request-Id": f"{len(self.log.records):016x}"}
        if answer.delay:
            await self._waiting.sleep(answer.delay)
        if answer.drop:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=answer.status)
        if answer.status == 204:
            return web.Response(status=204, headers=headers)
        headers["Content-Type"] = answer.content_type
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    async def _resources(self, request: web.Request) -> web.Response:
        if not self._authorized(request):
            return web.Response(status=401, text="the emulator's token is needed")
        self._driver.catch_up()
        return web.Response(text=json.dumps(resources.listing(self.cloud.world)), content_type="application/json")

    async def _requests(self, request: web.Request) -> web.Response:
        if not self._authorized(request):
            return web.Response(status=401, text="the emulator's token is needed")
        return web.Response(text=json.dumps(self.log.records), content_type="application/json")

    async def _play(self, request: web.Request) -> web.Response:
        if not self._authorized(request):
            return web.Response(status=401, text="the emulator's token is needed")
        self._driver.catch_up()
        try:
            self.cloud.play(await request.json())
        except (BadScenario, ValueError) as error:
            return web.Response(status=400, text=str(error))
        await self._keeper.save()
        return web.json_response([])

    async def _vpc(self, request: web.Request) -> web.Response:
        self._driver.catch_up()
        answered = await vpc.answer(self.cloud.world, request)
        self.log.add(
            "sax", request.method, request.raw_path, answered.status,
            mutating=changes_models(request.method, request.path), at=self.cloud.world.now,
            agent=client_name(request.headers.get("User-Agent", "")),
        )  # fmt: skip
        return answered

    async def _jobset(self, _: web.Request) -> web.Response:
        return web.Response(body=self._manifest, content_type="application/yaml")


def _clean(path: str) -> str:
    """One slash at the beginning and none at the end, whatever an endpoint override led to."""
    return "/" + path.strip("/")
