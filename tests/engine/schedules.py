"""Seeded histories of one deployment: strangers, lives that are killed or meet faults, and then a quiet end.

A history is a pure function of its seed. Replay one with `.venv/bin/python -m tests.engine.schedules SEED…`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any

from saxtui.engine.protocol.step import PATIENCE
from saxtui.engine.runs.result import RunResult
from saxtui.errors import Ambiguous, Busy, CallError, Denied, Refused, Throttled, Unreachable
from saxtui.model.deployment import Deployment
from saxtui.ports import AccountInfo, ObjectInfo, PolicyTarget
from tests.engine.fake_world import DEFAULT, World, problem
from tests.engine.harness import Process, tutorial, was_killed
from tests.engine.oracle import Oracle, is_mutating, watch_order

SLOW = {"cluster": 60.0, "pool": 60.0, "bucket": 12.0, "account": 12.0}
"""Seconds a request that was on its way may still take to act, by what it is about; 5 for the rest."""
_SHAPES: tuple[dict[str, Any], ...] = (
    {}, {}, {"exposure": "external"}, {"identity": {"role_scope": "project"}}, {"cluster": {"adopt": True}},
    {"cluster": {"adopt": True}, "namespace": "sax"},
)  # fmt: skip
_MADE = tuple(tutorial(**shape) for shape in _SHAPES)


class Inline(ThreadPoolExecutor):
    """Runs at once what would go to a thread, so that a seed always gives the same order of things."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def in_order() -> None:
    """Make the running loop deterministic."""
    asyncio.get_running_loop().set_default_executor(Inline())


def settle(world: World, seed: int) -> None:
    """Requests that are on their way when something breaks act later, or never.

    Drawn by what and when, not in turn: the order in which tasks are cancelled at a kill is not the seed's.
    """

    def landing(call: str) -> float | None:
        draw = Random(f"{seed} {call} {world.points}")
        return draw.uniform(0.5, SLOW.get(call.split()[1], 5.0)) if draw.random() < 0.6 else None

    world.landing = landing


def strangers(world: World, rng: Random, count: int) -> None:
    """What others have in the project before us."""
    bindings = [
        {"role": "roles/storage.admin", "members": ["user:a@example.com"]},
        {"role": "roles/storage.admin", "members": ["user:b@example.com"], "condition": {"title": "t"}},
    ]
    plants: list[Callable[[], Any]] = [
        lambda: world.buckets.update({"somebody-else": {"labels": {"owner": "them"}, "uid": "theirs"}}),
        lambda: world.accounts.update({"x@y": AccountInfo("x@y", "theirs", "theirs")}),
        lambda: world.clusters.update(
            theirs={"status": "RUNNING", "labels": {"team": "x"}, "uid": "theirs", "spec": {}}
        ),
        lambda: world.addresses.update({"their-lb": "35.0.0.1"}),
        lambda: world.policies.update(
            {PolicyTarget("project", "demo-project"): {"etag": "5", "version": 3, "bindings": bindings}}
        ),
    ]
    for plant in rng.sample(plants, count):
        plant()


class History:
    """One seed's world and lives."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.world = World()
        self.deployment: Deployment = self.rng.choice(_MADE)
        strangers(self.world, self.rng, self.rng.randint(0, 3))
        if self.deployment.cluster.adopt:
            spec = {"workloadIdentityConfig": {"workloadPool": self.deployment.workload_pool}}
            row = {"status": "RUNNING", "labels": {"team": "x"}, "uid": "theirs", "spec": spec}
            self.world.clusters[self.deployment.cluster.name] = row
            self.world.kube[DEFAULT] = {"metadata": {"name": "default"}}
        settle(self.world, seed)
        self.world.lag = self.rng.choice((0.0, 0.0, 5.0, 25.0))
        self.oracle = Oracle(self.world, self.deployment)
        self.poisoned = False
        self.guests = False
        self.log: list[str] = []

    async def run(self) -> None:
        """Raises AssertionError when a promise was broken."""
        watch_order(self.world)
        verbs = ["up"]
        for _ in range(self.rng.randint(1, 4)):
            await self.life(verbs[-1])
            verbs.append(self.rng.choice(("up", "up", "down")))
        await self.quiet()

    async def life(self, verb: str) -> RunResult | None:
        """One life under faults, perhaps killed."""
        world, rng = self.world, self.rng
        process = Process(world, self.deployment)
        rule = faults(self, rng.choice((0.0, 0.01, 0.03, 0.08)))
        world.rules.append(rule)
        world.kill_at = world.points + rng.randint(1, 500) if rng.random() < 0.6 else 0
        try:
            result = await (process.up() if verb == "up" else process.down())
            self.log.append(f"{verb}: {result.outcome}")
            self.oracle.after(result)
        except (Refused, CallError) as error:
            # Planning, or the lease, met a fault that did not pass: nothing was begun.
            self.log.append(f"{verb}: {error.problem.one_line()}")
        except BaseException as error:
            if not was_killed(error):
                raise
            self.log.append(f"{verb}: killed at {world.kill_at}")
        finally:
            world.rules.remove(rule)
            world.kill_at = 0
            world.hidden.clear()
        self.oracle.nothing_lost()
        return None

    async def quiet(self) -> None:
        """Nothing fails any more: up reaches its goal, down leaves what was there before, and a second one nothing."""
        world = self.world
        if self.rng.random() < 0.5:
            result = await Process(world, self.deployment).up()
            self.log.append(f"quiet up: {result.outcome}")
            self.oracle.after(result)
            assert result.outcome == "done" or self.poisoned, f"up ended {result.outcome}: {result.problems}"
        result = await Process(world, self.deployment).down()
        self.log.append(f"quiet down: {result.outcome}")
        self.oracle.after(result)
        if self.guests and self.deployment.bucket in world.buckets:
            assert "thesis.pdf" in world.objects[self.deployment.bucket]
            assert [found.reason for found in result.problems] == ["NOT_EMPTY"], result.problems
            return
        assert result.outcome == "done", f"down ended {result.outcome}: {result.problems}"
        self.oracle.all_gone()
        await world.sleep(900)
        world.settle_operations()
        self.oracle.all_gone()
        before = list(world.mutations)
        again = await Process(world, self.deployment).down()
        assert again.outcome == "done"
        assert world.mutations == before, "a second down changed something"


def faults(history: History, rate: float) -> Callable[[str, str], None]:
    """A rule that fails calls at `rate`, in the ways each kind of call can fail."""
    world, rng = history.world, history.rng
    outage = [0]
    dark = [0.0]
    denied = [""]

    def rule(when: str, call: str) -> None:
        if call.startswith("append"):
            if when == "before" and rng.random() < rate / 40:
                raise OSError(28, "No space left on device")
            return
        if outage[0] or world.time < dark[0]:
            outage[0] = max(0, outage[0] - 1)
            raise Unreachable(problem("no route")) if when == "before" else Ambiguous(problem("reset"))
        if denied[0] and call.startswith(denied[0]) and when == "before":
            raise Denied(problem("permission lost"))
        if rng.random() >= rate:
            return
        if is_mutating(call):
            denied[0] = _fail_mutation(history, when, call) or denied[0]
        else:
            outage[0], seconds = _fail_read(world, rng, call)
            dark[0] = world.time + seconds

    return rule


def _fail_read(world: World, rng: Random, call: str) -> tuple[int, float]:
    """Fail one read; returns how many calls after it find the network gone, and for how long all do."""
    if call.startswith(("get cluster", "get pool", "get bucket", "get account")) and rng.random() < 0.3:
        world.hidden.add(call)
        return 0, 0.0
    kind = rng.randrange(9)
    if kind == 8:
        return 0, rng.uniform(60.0, 2.5 * PATIENCE)
    if kind == 0:
        return rng.randint(2, 12), 0.0
    if kind == 1:
        raise Throttled(problem("429"), retry_after=rng.uniform(1, 30))
    if kind == 2:
        raise Unreachable(problem("no route"))
    raise Ambiguous(problem(rng.choice(("503", "a page of HTML", "connection reset"))))


def _fail_mutation(history: History, when: str, call: str) -> str:
    """Fail one mutation; returns the verb and kind that are refused from now on, or ""."""
    rng = history.rng
    if when == "after":
        if call.startswith(("create pool", "create cluster")) and rng.random() < 0.3:
            _end_badly(history, call)
            return ""
        raise Ambiguous(problem("connection reset after it acted"))
    if when == "sent":
        raise Ambiguous(problem("connection reset on its way"))
    if call.startswith("set policy") and rng.random() < 0.7:
        _edit_policy(history, call)
        return ""
    if call.startswith("delete object") and rng.random() < 0.5:
        _guest(history)
        return ""
    kind = rng.randrange(6)
    if kind == 0:
        return " ".join(call.split()[:2])
    if kind == 1 and call.split()[1] in ("cluster", "pool"):
        raise Busy(problem("Cluster is running incompatible operation"))
    raise Throttled(problem("429"), retry_after=5.0) if kind < 4 else Unreachable(problem("no route"))


def _end_badly(history: History, call: str) -> None:
    """The operation just begun will fail, and what it made stays in ERROR."""
    world, name = history.world, call.split()[2]
    rows = world.pools if " pool " in call else world.clusters
    history.poisoned = True
    next(reversed(world.operations.values()))["error"] = "GCE_STOCKOUT: the zone has no capacity"
    rows[name]["status"] = "ERROR"


def _edit_policy(history: History, call: str) -> None:
    """Somebody else writes the same policy between our read and our write."""
    world = history.world
    kind = {"account": "service-account"}.get(call.split()[2], call.split()[2])
    for target, policy in world.policies.items():
        if target.kind == kind:
            policy["etag"] = str(int(policy["etag"]) + 1)
            if kind == "project":
                binding = {"role": "roles/viewer", "members": [f"user:{len(policy['bindings'])}@example.com"]}
                policy["bindings"].append(binding)
                history.oracle.before = history.oracle.foreign()


def _guest(history: History) -> None:
    """Somebody puts a file of theirs into our bucket."""
    world, bucket = history.world, history.deployment.bucket
    if bucket in world.buckets:
        world.objects[bucket]["thesis.pdf"] = ObjectInfo("thesis.pdf", 1, 10)
        history.guests = True
        history.oracle.before = history.oracle.foreign()


async def check(seed: int) -> None:
    """One history. Raises AssertionError with the command that replays it."""
    in_order()
    history = History(seed)
    try:
        await history.run()
    except Exception as error:
        lives = "; ".join(history.log)
        command = f"replay: .venv/bin/python -m tests.engine.schedules {seed}"
        raise AssertionError(f"seed {seed} ({lives}): {type(error).__name__}: {error}\n{command}") from error


if __name__ == "__main__":
    for text in sys.argv[1:]:
        asyncio.run(check(int(text)))
        sys.stdout.write(f"seed {text}: held\n")
