"""Every call of a run failed in turn, in each way that such a call can fail: what seeds may miss, these take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from saxtui.engine.runs.result import RunResult
from saxtui.errors import Ambiguous, Denied
from saxtui.model.deployment import Deployment
from saxtui.ports import ObjectInfo
from tests.engine.fake_world import DEFAULT, Killed, World, problem
from tests.engine.harness import Process, tutorial, was_killed
from tests.engine.oracle import Oracle, is_mutating, watch_order
from tests.engine.schedules import in_order

PLAIN, SHARED = tutorial(), tutorial(cluster={"adopt": True})
SETTLES = {"cluster": 80.0, "pool": 80.0, "bucket": 15.0, "account": 15.0}


def world_for(deployment: Deployment) -> tuple[World, Oracle]:
    """A world, with somebody else's cluster in it when the deployment shares one."""
    in_order()
    world = World()
    if deployment.cluster.adopt:
        spec = {"workloadIdentityConfig": {"workloadPool": deployment.workload_pool}}
        world.clusters["saxml"] = {"status": "RUNNING", "labels": {"team": "x"}, "uid": "theirs", "spec": spec}
        world.kube[DEFAULT] = {"metadata": {"name": "default"}}
    return world, Oracle(world, deployment)


async def run(world: World, deployment: Deployment, verb: str) -> RunResult | None:
    """One run; None when it was killed."""
    process = Process(world, deployment)
    try:
        return await (process.up() if verb == "up" else process.down())
    except BaseException as error:
        if not was_killed(error):
            raise
        return None


async def calls(deployment: Deployment, verb: str) -> list[str]:
    """The distinct calls of one undisturbed run, in order."""
    world, _ = world_for(deployment)
    if verb == "down":
        await run(world, deployment, "up")
    seen: dict[str, None] = {}
    world.rules.append(lambda when, call: seen.setdefault(call))
    await run(world, deployment, verb)
    return [call for call in seen if not call.startswith(("append", "put", "find object", "read object"))]


async def standing(deployment: Deployment) -> tuple[World, Oracle]:
    """A world in which the deployment is up."""
    world, oracle = world_for(deployment)
    assert (await run(world, deployment, "up")) is not None
    return world, oracle


async def then_down(world: World, oracle: Oracle, where: str) -> None:
    """Healed, `down` leaves what was there before."""
    world.rules.clear()
    world.hidden.clear()
    result = await run(world, oracle.deployment, "down")
    assert result is not None
    assert result.outcome == "done", (where, result.problems)
    oracle.all_gone()
    await world.sleep(900)
    oracle.all_gone()


async def false_404s() -> None:
    """Each thing is once said not to be there although it is."""
    names = ("cluster saxml", "pool tpu1", "pool tpu2", f"bucket {PLAIN.bucket}")
    for deployment in (PLAIN, SHARED):
        for name in (*names, f"account {PLAIN.service_account_email}"):
            world, oracle = await standing(deployment)
            world.hidden.add(f"get {name}")
            result = await run(world, deployment, "down")
            assert result is not None
            oracle.after(result)
            await then_down(world, oracle, name)


async def refusals() -> None:
    """Each mutation of a take-down is refused: it says so, and goes on once it is allowed."""
    for deployment in (PLAIN, SHARED):
        for call in await calls(deployment, "down"):
            if is_mutating(call):
                await _fails(deployment, Denied, (call,))


async def outages() -> None:
    """Each call of a take-down, and then each service, never gives an answer."""
    services = (("get pool", "list pools"), ("get bucket", "list buckets"), ("get account", "list accounts"))
    for deployment in (PLAIN, SHARED):
        for call in await calls(deployment, "down"):
            await _fails(deployment, Ambiguous, (call,))
        for prefixes in services:
            await _fails(deployment, Ambiguous, prefixes)


async def _fails(deployment: Deployment, error: type[Any], prefixes: tuple[str, ...]) -> None:
    world, oracle = await standing(deployment)

    def rule(when: str, call: str) -> None:
        if when == "before" and call.startswith(prefixes):
            raise error(problem("it fails"))

    world.rules.append(rule)
    result = await run(world, deployment, "down")
    if result is not None:
        oracle.after(result)
    await then_down(world, oracle, prefixes[0])


async def guests() -> None:
    """Somebody's file is in our bucket: it stays, and so does the bucket."""
    world, oracle = await standing(PLAIN)
    world.objects[PLAIN.bucket]["thesis.pdf"] = ObjectInfo("thesis.pdf", 1, 10)
    oracle.before = oracle.foreign()
    result = await run(world, PLAIN, "down")
    assert result is not None
    assert [found.reason for found in result.problems] == ["NOT_EMPTY"]
    oracle.after(result)


async def failed_creates() -> None:
    """The operation fails and leaves something in ERROR: it stays known, bills, and goes with down."""
    for kind, name in (("cluster", "saxml"), ("pool", "tpu1"), ("pool", "tpu2")):
        world, oracle = world_for(PLAIN)

        def rule(when: str, call: str, kind: str = kind, name: str = name, world: World = world) -> None:
            if (when, call) == ("after", f"create {kind} {name}"):
                next(reversed(world.operations.values()))["error"] = "GCE_STOCKOUT: no capacity"
                (world.pools if kind == "pool" else world.clusters)[name]["status"] = "ERROR"

        world.rules.append(rule)
        result = await run(world, PLAIN, "up")
        assert result is not None
        assert result.outcome == "failed"
        oracle.after(result)
        await then_down(world, oracle, name)


async def late_creates() -> None:
    """Killed while each creating request is on its way; it acts near the end of its settle window, during `down`."""
    await _each_on_its_way("up", PLAIN, _down_after)
    await _each_on_its_way("up", SHARED, _down_after)


async def late_objects() -> None:
    """One object of many is under way at the kill, and lands before, while and after `down` goes through the others."""
    for eighths in range(4, 65, 4):
        for call in ("apply customresourcedefinition/jobsets.jobset.x-k8s.io", "apply namespace/jobset-system"):
            await _on_its_way(call, "up", SHARED, _down_after, eighths / 8)


async def late_deletes() -> None:
    """Killed while each deleting request is on its way; `down` goes on, and an `up` at once is not hit by it."""
    await _each_on_its_way("down", PLAIN, _up_after)


async def _each_on_its_way(verb: str, deployment: Deployment, after: Callable[..., Awaitable[None]]) -> None:
    for call in await calls(deployment, verb):
        if is_mutating(call):
            await _on_its_way(call, verb, deployment, after, SETTLES.get(call.split()[1], 6.0))


async def _on_its_way(
    call: str, verb: str, deployment: Deployment, after: Callable[..., Awaitable[None]], seconds: float
) -> None:
    world, oracle = await standing(deployment) if verb == "down" else world_for(deployment)
    watch_order(world)
    world.landing = lambda sent: seconds if sent == call else None

    def rule(when: str, sent: str) -> None:
        if (when, sent) == ("sent", call):
            world.dead = True
            raise Killed(call)

    world.rules.append(rule)
    assert await run(world, deployment, verb) is None, call
    world.rules.clear()
    world.landing = None
    await after(world, oracle, call)


async def _down_after(world: World, oracle: Oracle, where: str) -> None:
    await then_down(world, oracle, where)


async def _up_after(world: World, oracle: Oracle, where: str) -> None:
    result = await run(world, oracle.deployment, "down")
    assert result is not None
    assert result.outcome == "done", (where, result.problems)
    result = await run(world, oracle.deployment, "up")
    assert result is not None
    assert result.outcome == "done", (where, result.problems)
    whole = sorted(oracle.ours())
    await world.sleep(600)
    world.settle_operations()
    assert sorted(oracle.ours()) == whole, where
    await then_down(world, oracle, where)
