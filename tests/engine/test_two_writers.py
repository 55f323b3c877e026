"""Two operators, one deployment: seeded histories of kill, pause and partition in virtual time.

Checked in every history, on what reached the service, in the order it arrived: fences never fall, so nobody writes
after a newer writer has begun; and each hand-over has a higher fence than the one before.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from saxtui.engine.runs.lease import KEY, MARGIN, TTL, Fenced, Holder, Lease
from saxtui.errors import Ambiguous, CallError, Conflict, Problem, Unreachable
from saxtui.ports import BucketInfo, ObjectInfo
from tests.engine import virtual_time
from tests.engine.harness import tutorial

REQUEST = 30.0
"""Seconds after which a request that is under way is given up and can no longer take effect."""
START = 1_000_000.0


@dataclass
class Service:
    """The bucket, its clock, and the mutations in the order they took effect: (time, operator, fence)."""

    skew: dict[str, float]
    stored: tuple[ObjectInfo, bytes] | None = None
    serial: int = 0
    history: list[tuple[float, str, int]] = field(default_factory=list)
    fences: list[int] = field(default_factory=list)

    def now(self) -> float:
        return START + asyncio.get_running_loop().time()


class Life:
    """One process of one operator: its way to the service, with what the nemesis does to it."""

    speed = 1.0

    def __init__(self, service: Service, name: str, dice: random.Random) -> None:
        self.service, self.name, self.dice = service, name, dice
        self.frozen_until = 0.0
        self.cut_until = 0.0
        self.clock = self
        self.buckets = self
        self.projects = self

    # -- clock: every operator's own is off by some hours
    def now(self) -> float:
        return self.service.now() + self.service.skew[self.name]

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.thaw()

    async def thaw(self) -> None:
        while (left := self.frozen_until - self.service.now()) > 0:  # noqa: ASYNC110 (it may be frozen again)
            await asyncio.sleep(left)

    async def send(self, effect: Callable[[], Any]) -> Any:
        """There and back, each way taking its time; a cut loses the request or the answer.

        What is under way arrives although its sender is killed meanwhile.
        """
        begun = self.service.now()
        way = self.dice.choice([0.01, 0.1, 1.0, 10.0]) * self.dice.random()
        if self.cut_until > begun:
            if self.dice.random() < 0.5:
                await asyncio.sleep(way)
                await self.thaw()
                raise Unreachable(Problem("send", "service", "no route"))
            way += self.dice.random() * (REQUEST - 11.0)

        async def travel() -> tuple[Any, CallError | None]:
            await asyncio.sleep(way)
            try:
                return effect(), None
            except CallError as error:
                return None, error

        result, failure = await asyncio.shield(asyncio.ensure_future(travel()))
        await asyncio.sleep(self.dice.choice([0.01, 0.1, 1.0]) * self.dice.random())
        await self.thaw()
        if self.cut_until > begun:
            raise Ambiguous(Problem("send", "service", "timed out"))
        if failure is not None:
            raise failure
        return result

    async def account(self) -> str:
        return f"{self.name}@example.com"

    async def get(self, name: str) -> BucketInfo:
        labels = dict(tutorial().labels)
        found: BucketInfo = await self.send(lambda: BucketInfo(name, "US", labels))
        return found

    async def find_object(self, name: str, key: str) -> ObjectInfo | None:
        def effect() -> ObjectInfo | None:
            if self.service.stored is None:
                return None
            info, _ = self.service.stored
            return ObjectInfo(info.name, info.generation, info.size, info.updated, float(int(self.service.now())))

        found: ObjectInfo | None = await self.send(effect)
        return found

    async def read_object(self, name: str, key: str, generation: int = 0, limit: int = 0) -> bytes | None:
        def effect() -> bytes | None:
            stored = self.service.stored
            return stored[1] if stored is not None and generation in (0, stored[0].generation) else None

        found: bytes | None = await self.send(effect)
        return found

    async def put_object(self, name: str, key: str, data: bytes, generation_match: int | None = None) -> ObjectInfo:
        assert key == KEY

        def effect() -> ObjectInfo:
            service = self.service
            if generation_match != (service.stored[0].generation if service.stored else 0):
                raise Conflict(Problem("put", key, "conditionNotMet"))
            service.serial += 1 + service.serial % 3
            info = ObjectInfo(key, service.serial, len(data), updated=service.now())
            service.stored = (info, data)
            service.fences.append(info.generation)
            return info

        written: ObjectInfo = await self.send(effect)
        return written

    async def change(self, fence: int) -> None:
        """A mutation of the deployment itself."""
        await self.send(lambda: self.service.history.append((self.service.now(), self.name, fence)))


async def work(life: Life, holder: Holder, take_over: bool, changes: int) -> None:
    """What a run does: permit, record, still, send; and waits in which the lease is kept."""
    lease = Lease(tutorial(), life, holder, take_over=take_over)  # type: ignore[arg-type]
    for _ in range(changes):
        try:
            await lease.permit()
            await life.sleep(life.dice.choice([0.01, 0.01, 5.0]))  # the journal's fsync, or a machine put to sleep
            lease.still()
            assert lease.fence
            await life.change(lease.fence)
        except Fenced:
            return
        except CallError:
            pass
        for _ in range(life.dice.randrange(8)):
            await lease.keep()
            await life.sleep(10.0)
    await lease.release()


async def history(seed: int, make_lease: Callable[..., Awaitable[None]] = work) -> Service:
    """Two operators, each with several lives, and a nemesis."""
    dice = random.Random(seed)
    service = Service({"alice": dice.uniform(-7200, 7200), "bob": dice.uniform(-7200, 7200)})

    async def operator(name: str) -> None:
        for number in range(4):
            life = Life(service, name, random.Random(dice.random()))
            holder = Holder(name, number + 1, f"place of {name}" if dice.random() < 0.7 else f"{name} {number}")
            running = asyncio.ensure_future(make_lease(life, holder, dice.random() < 0.6, 6))
            while not running.done():
                await asyncio.wait({running}, timeout=dice.uniform(1, 60))
                match dice.randrange(6):
                    case 0:
                        running.cancel()  # kill -9: nothing more is done, what is under way may still arrive
                        break
                    case 1:
                        life.frozen_until = service.now() + dice.choice([5.0, 100.0, 400.0])
                    case 2:
                        life.cut_until = service.now() + dice.choice([5.0, 60.0, 300.0])

            await asyncio.gather(running, return_exceptions=True)
            await asyncio.sleep(dice.choice([0.0, 10.0, 200.0]))

    await asyncio.gather(operator("alice"), operator("bob"))
    await asyncio.sleep(REQUEST)
    return service


def violations(service: Service) -> list[str]:
    """What the history breaks."""
    found = []
    if service.fences != sorted(set(service.fences)):
        found.append("fences do not rise")
    for (_, before, old), (at, name, new) in zip(service.history, service.history[1:], strict=False):
        if new < old:
            found.append(f"{name} wrote under {new} at {at} after {before} had under {old}")
    return found


def check(seeds: range) -> None:
    changes, hands = 0, 0
    for seed in seeds:
        service = virtual_time.run(history(seed))
        assert not violations(service), f"seed {seed}: {violations(service)}"
        changes += len(service.history)
        hands += sum(a[1] != b[1] for a, b in zip(service.history, service.history[1:], strict=False))
    assert changes > 5 * len(seeds), "the histories must change something"
    assert hands > len(seeds) // 4, "the work must change hands"


def test_100_histories_have_at_most_one_writer() -> None:
    check(range(100))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_500_histories_have_at_most_one_writer() -> None:
    check(range(1000, 1500))


def test_the_checker_catches_a_writer_that_looks_only_once() -> None:
    """The test of the test: without re-check and deadline, some history has two writers."""

    async def careless(life: Life, holder: Holder, take_over: bool, changes: int) -> None:
        lease = Lease(tutorial(), life, holder, take_over=take_over)  # type: ignore[arg-type]
        try:
            await lease.permit()
        except CallError:
            return
        except Fenced:
            return
        for _ in range(changes):
            await life.sleep(life.dice.choice([5.0, 60.0]))
            try:
                await life.change(lease.fence)
            except CallError:
                continue

    assert any(violations(virtual_time.run(history(seed, careless))) for seed in range(60))


def test_the_margin_is_longer_than_a_request() -> None:
    assert REQUEST < MARGIN < TTL / 2


def claim(service: Service) -> dict[str, Any]:
    assert service.stored is not None
    found: dict[str, Any] = json.loads(service.stored[1])
    return found


def two() -> tuple[Service, Life, Life]:
    service = Service({"alice": 0.0, "bob": 9000.0})
    return service, Life(service, "alice", random.Random(1)), Life(service, "bob", random.Random(2))


def lease_of(life: Life, place: str, **options: bool) -> Lease:
    return Lease(tutorial(), life, Holder(f"host-{life.name}", 42, place), **options)  # type: ignore[arg-type]


def test_second_operator_is_told_who_works_and_must_order_a_take_over() -> None:
    async def story() -> None:
        _, alice, bob = two()
        first = lease_of(alice, "a")
        await first.permit()
        for take_over in (False, True):
            with pytest.raises(Fenced) as caught:
                await lease_of(bob, "b", take_over=take_over).permit()
            assert caught.value.problem.reason == "HELD"
            assert "alice@example.com on host-alice (process 42)" in caught.value.problem.said
            with pytest.raises(Fenced):
                await lease_of(bob, "b", take_over=take_over).look()
        await asyncio.sleep(TTL + 5)
        with pytest.raises(Fenced) as caught:
            await lease_of(bob, "b").permit()
        assert caught.value.problem.reason == "LEASE_EXPIRED"
        assert "--take-over" in caught.value.problem.next_step
        second = lease_of(bob, "b", take_over=True)
        await second.permit()
        assert second.fence > first.fence
        with pytest.raises(Fenced):
            first.still()
        with pytest.raises(Fenced, match=r"bob@example\.com"):
            await first.permit()
        with pytest.raises(Fenced):
            first.still()

    virtual_time.run(story())


def test_released_lease_and_one_of_our_own_dead_process_are_free() -> None:
    async def story() -> None:
        service, alice, bob = two()
        first = lease_of(alice, "a")
        await first.permit()
        again = lease_of(alice, "a")
        await again.permit()
        assert again.fence > first.fence
        await again.release()
        assert claim(service)["held"] is False
        await lease_of(bob, "b").permit()
        assert claim(service)["account"] == "bob@example.com"

    virtual_time.run(story())


def test_nothing_is_written_before_it_is_needed() -> None:
    async def story() -> None:
        service, alice, _ = two()
        lease = lease_of(alice, "a")
        await lease.look()
        lease.still()
        await lease.keep()
        await lease.permit(makes_bucket=True)
        await lease.release()
        assert service.stored is None

    virtual_time.run(story())


def test_unreadable_lease_is_held_until_it_runs_out() -> None:
    async def story() -> None:
        service, alice, _ = two()
        service.stored = (ObjectInfo(KEY, 7, 3, updated=service.now()), b"\xff{}")
        with pytest.raises(Fenced, match="cannot be read"):
            await lease_of(alice, "a", take_over=True).permit()
        await asyncio.sleep(TTL + 5)
        await lease_of(alice, "a", take_over=True).permit()

    virtual_time.run(story())
