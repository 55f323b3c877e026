"""Seeded histories of one deployment against the embedded cloud, under scenarios that it ships, combined by chance.

As in `schedules`: strangers, lives that are killed or meet the scenarios' faults, and then a quiet end. Everything is
real but the wires and the time: see `virtual_cloud`. Replay one with
`.venv/bin/python -m tests.engine.scenario_schedules SEED…`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.assembly import Cloud
from saxtui.emulator.google import policy
from saxtui.emulator.google.leftovers import TABLE as LEFTOVERS
from saxtui.emulator.google.wire import Request
from saxtui.emulator.scenarios.files import TABLE as FAULTS
from saxtui.engine.runs.result import RunResult
from saxtui.engine.session import Session
from saxtui.errors import SaxtuiError
from saxtui.model.deployment import Deployment
from saxtui.model.presets import preset
from saxtui.model.progress import RunProgress, fold
from tests.engine import virtual_cloud
from tests.engine.emulated_oracle import EmulatedOracle
from tests.engine.harness import was_killed
from tests.engine.virtual_cloud import Wire

PROJECT = "demo-project"
ACCOUNTS = f"/v1/projects/{PROJECT}/serviceAccounts"
POINTS = (40, 150, 660)
"""A kill comes within so many boundaries: a whole `up` of the small deployment passes about 660."""
SLOW = (("/clusters", 60.0), ("/nodePools", 60.0), ("/b", 12.0), ("/serviceAccounts", 12.0))
"""Seconds a request that was on its way may still take to act, by the end of its path; 5 for the rest."""
PASSING = frozenset({
    "slow-cluster", "iam-delay", "policy-conflicts", "list-lag", "lost-responses", "late-create", "rate-limited",
    "token-expired", "captive-portal", "slow-api", "flaky-network", "api-server-down", "webhook-slow", "quota-short",
    "cpu-quota-short", "permission-missing", "api-disabled", "billing-off",
})  # fmt: skip
"""Scenarios that leave nothing behind when they are over: then an `up` reaches its goal without the operator."""


def small(**changes: Any) -> Deployment:
    """Two 2x4 slices of two hosts."""
    made = preset("smoke", PROJECT, deployment_id="abc234").model_dump(mode="json")
    made["slices"]["count"] = 2
    for part, values in changes.items():
        made[part] = {**made[part], **values} if isinstance(values, dict) else values
    return Deployment.model_validate(made)


SHAPES = (
    small(), small(), small(identity={"role_scope": "project"}), small(exposure="external"),
    small(namespace="sax", exposure="internal"), preset("tutorial", PROJECT, deployment_id="abc234"),
)  # fmt: skip


def names(rng: Random) -> list[str]:
    """One to four of the shipped scenarios."""
    return rng.sample(sorted(scenarios.shipped()), rng.randint(1, 4))


class History:
    """One seed's cloud and lives."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.state = folder
        self.names = names(self.rng)
        self.cloud = Cloud(start=virtual_cloud.START, seed=seed)
        self.world = self.cloud.world
        for name in self.names:
            scenarios.load(self.world, name)
        self.services = {key: dict(row) for key, row in self.world.table("serviceusage.services").items()}
        self.deployment = self.rng.choice(SHAPES)
        self.wire = Wire(self.cloud)
        self.wire.lands = self._lands
        self.log: list[str] = []
        self._strangers()
        self.oracle = EmulatedOracle(self.world, self.deployment)
        self.wire.answered = self.oracle.heard
        if self.rng.random() < 0.4:
            self.world.hook("cluster.deleted", self._leave_behind)

    # -- the others
    def _strangers(self) -> None:
        """What others have in the project before us, made by their own requests."""
        user = {"role": "roles/storage.admin", "members": ["user:a@example.com"]}
        kept = policy.read(self.world, policy.key("project", PROJECT)).get("bindings", [])
        plants: list[tuple[str, str, Any]] = [
            ("POST", f"/storage/v1/b?project={PROJECT}", {"name": "somebody-else", "labels": {"owner": "them"}}),
            ("POST", ACCOUNTS, {"accountId": "theirs-1", "serviceAccount": {"description": "theirs"}}),
            ("POST", f"/v3/projects/{PROJECT}:setIamPolicy", {"policy": {"bindings": [*kept, user]}}),
        ]
        for method, url, body in self.rng.sample(plants, self.rng.randint(0, len(plants))):
            path, _, query = url.partition("?")
            pairs = tuple(pair.partition("=")[::2] for pair in query.split("&") if pair)
            request = Request(method, path, dict(pairs), {}, json.dumps(body).encode(), pairs)
            self.cloud.google.answer(request, authorized=True)

    def _leave_behind(self, payload: dict[str, Any]) -> None:
        """What GKE does not promise to delete stays: some of it ours by its mark, some only like it."""
        rng = Random(f"{self.seed} leftovers")
        region, zone = self.deployment.region, self.deployment.zone
        paths = (f"zones/{zone}/disks", f"regions/{region}/forwardingRules", "global/firewalls",
                 f"regions/{region}/resourcePolicies", f"zones/{zone}/networkEndpointGroups")  # fmt: skip
        mark = {"saxtui-deployment": self.deployment.id}
        for number, path in enumerate(rng.sample(paths, rng.randint(1, 3))):
            ours, like = f"pvc-{number}", f"gke-{self.deployment.cluster.name}-0-{number}"
            self.world.table(LEFTOVERS)[f"{PROJECT}/{path}/{ours}"] = {"name": ours, "labels": mark}
            self.world.table(LEFTOVERS).setdefault(f"{PROJECT}/{path}/{like}", {"name": like})
            self.oracle.planted.add(f"{PROJECT}/{path}/{ours}")

    def _lands(self, method: str, path: str) -> float | None:
        """A request that is on its way at a kill acts later, or never. By what and when, not in turn."""
        draw = Random(f"{self.seed} {method} {path} {self.wire.points}")
        limit = next((seconds for end, seconds in SLOW if path.endswith(end)), 5.0)
        return draw.uniform(0.5, limit) if draw.random() < 0.6 else None

    # -- the lives
    async def run(self) -> None:
        """Raises AssertionError when a promise was broken."""
        try:
            verb = "up"
            for _ in range(self.rng.randint(1, 3)):
                await self.life(verb)
                verb = self.rng.choice(("up", "up", "down"))
            self._calm()
            await self.quiet()
        finally:
            await self.wire.close()

    async def life(self, verb: str) -> None:
        """One process under the scenarios, perhaps killed."""
        kill = self.rng.randint(1, self.rng.choice(POINTS)) if self.rng.random() < 0.6 else 0
        serves = verb == "up" and self.rng.random() < 0.3

        async def work(session: Session) -> RunResult:
            self.wire.kill_at = self.wire.points + kill if kill else 0
            result = await (session.up(await session.plan()) if verb == "up" else session.down())
            if serves and result.outcome == "done":
                await self._serve(session)
            return result

        await self._process(verb, work)

    async def _serve(self, session: Session) -> None:
        """Long enough for what the scenarios do to a model that is loaded."""
        await session.publish()
        await session.wait_loaded(timeout=900.0)
        await session.generate("How many days are in a week?")
        await asyncio.sleep(700.0)  # virtual time: the loop's clock jumps

    async def _process(self, verb: str, work: Callable[[Session], Awaitable[RunResult]]) -> RunResult | None:
        """A whole process from its start to its end or death; what it says is held against what there is."""
        runtime = virtual_cloud.runtime(self.wire, self.state)
        result = None
        try:
            result = await work(await runtime.session(self.deployment))
            self.log.append(f"{verb}: {result.outcome}")
        except SaxtuiError as error:
            self.log.append(f"{verb}: {error.problem.one_line()}")
        except BaseException as error:
            if not was_killed(error):
                raise
            self.log.append(f"{verb}: killed")
        finally:
            self.wire.dead = True
            await runtime.close()
        progress = await self.progress()
        if result is None:
            self.oracle.nothing_lost(progress)
        else:
            self.oracle.after(result, progress)
        return result

    async def progress(self) -> RunProgress:
        """What the journal on disk says."""
        library = virtual_cloud.DiskLibrary(self.state)
        async with library.open_journal(self.deployment, write=False) as journal:
            return fold(await journal.events())

    def _calm(self) -> None:
        """The scenarios are over, and somebody turns on again what they turned off."""
        for row in self.world.table(FAULTS).values():
            row["when"]["for"] = 0
        self.world.table("serviceusage.services").update(self.services)

    async def quiet(self) -> None:
        """Nothing fails any more: up goes as far as it can, down leaves what was there before, a second one nothing."""
        if self.rng.random() < 0.4:
            result = await self._process("quiet up", self._up)
            good = result is not None and result.outcome == "done"
            assert good or set(self.names) - PASSING, f"up did not reach its goal: {result}"
        result = await self._process("quiet down", self._down)
        assert result is not None
        assert result.outcome == "done", f"down ended {result.outcome}: {result.problems}"
        self.oracle.all_gone(await self.progress())
        await asyncio.sleep(900.0)  # virtual time: what acts late has acted by then
        self.oracle.all_gone(await self.progress())
        before = self.wire.mutations
        again = await self._process("second down", self._down)
        assert again is not None
        assert again.outcome == "done"
        assert self.wire.mutations == before, "a second down changed something"

    async def _up(self, session: Session) -> RunResult:
        return await session.up(await session.plan())

    async def _down(self, session: Session) -> RunResult:
        return await session.down()


def check(seed: int) -> list[str]:
    """One history; how its lives ended. Raises AssertionError with the command that replays it."""
    random.seed(seed)
    with tempfile.TemporaryDirectory(dir=virtual_cloud.memory_folder()) as folder:
        history = History(seed, Path(folder))
        try:
            virtual_cloud.run(history.wire, history.run())
        except Exception as error:
            lives = "; ".join(history.log)
            under = f"seed {seed} under {' + '.join(history.names)} ({lives})"
            command = f"replay: .venv/bin/python -m tests.engine.scenario_schedules {seed}"
            raise AssertionError(f"{under}: {type(error).__name__}: {error}\n{command}") from error
    return [f"under {' + '.join(history.names)}", *history.log]


if __name__ == "__main__":
    for text in sys.argv[1:]:
        sys.stdout.write(f"seed {text}: {'; '.join(check(int(text)))}: held\n")
