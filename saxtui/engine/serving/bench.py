"""Puts a load on whatever answers prompts and takes the times. Knows no server: a ports.Talker is all it needs."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from saxtui.errors import SaxtuiError
from saxtui.model.bench import BenchRun, Load, Measured, Sample, notes, tokens_of
from saxtui.model.talk import Abilities, Ask
from saxtui.ports import Talker

Seen = Callable[[Sample], None]


@dataclass(slots=True)
class _Tally:
    """How far one load is."""

    load: Load
    began: float
    samples: list[Sample]
    sent: int = 0


class Bench:
    """One talker, one set of prompts. `now` gives seconds on the clock that latencies are told on.

    `speed` is how many of its seconds pass in a real one.
    """

    def __init__(
        self,
        talker: Talker,
        abilities: Abilities,
        ask: Ask,
        prompts: Sequence[str],
        now: Callable[[], float] = time.perf_counter,
        speed: float = 1.0,
    ) -> None:
        """`ask` is the pattern of every request; its prompt is taken from `prompts` in turn."""
        self._talker = talker
        self._abilities = abilities
        self._ask = ask
        self._prompts = itertools.cycle(prompts)
        self._now = now
        self._speed = speed
        self._stop = asyncio.Event()
        self._done: list[Measured] = []
        self._running: _Tally | None = None

    @property
    def so_far(self) -> tuple[Measured, ...]:
        """What has been measured until now, the load in progress with what it has."""
        running = self._running
        if running is None or not running.samples:
            return tuple(self._done)
        seconds = self._now() - running.began
        return (*self._done, Measured(running.load, tuple(running.samples), seconds))

    def stop(self) -> None:
        """End the measurement now: what is in flight is dropped and not counted."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    async def run(self, load: Load, seen: Seen = lambda sample: None) -> Measured:
        """Measure one load; `seen` is told every counted sample as it ends. A failed request is a sample too."""
        for _ in range(load.warmup):
            if self.stopped:
                break
            await self._until_stopped(self._once(self._now(), self._now(), lambda sample: None))
        self._running = tally = _Tally(load, self._now(), [])

        def keep(sample: Sample) -> None:
            tally.samples.append(sample)
            seen(sample)

        if not self.stopped:
            await self._until_stopped((self._at_rate if load.rate else self._at_once)(tally, keep))
        self._running = None
        samples = sorted(tally.samples, key=lambda sample: sample.due)
        measured = Measured(load, tuple(samples), self._now() - tally.began, self.stopped)
        self._done.append(measured)
        return measured

    async def run_all(self, loads: Sequence[Load], about: BenchRun, seen: Seen = lambda sample: None) -> BenchRun:
        """One load after the other, until stopped; `about` with what was measured and what must be said of it."""
        for load in loads:
            if self.stopped:
                break
            await self.run(load, seen)
        said = notes(self._abilities, loads, self._done, about.speed)
        return replace(about, measured=tuple(self._done), notes=said)

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for one in (task, stop):
                one.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    def _over(self, tally: _Tally) -> bool:
        load = tally.load
        if load.count and tally.sent >= load.count:
            return True
        return bool(load.seconds) and self._now() - tally.began >= load.seconds

    async def _at_once(self, tally: _Tally, keep: Seen) -> None:
        """So many clients, each with one request in flight at a time."""

        async def client() -> None:
            while not self._over(tally):
                tally.sent += 1
                await self._once(tally.began, self._now(), keep)

        async with asyncio.TaskGroup() as clients:
            for _ in range(tally.load.concurrency):
                clients.create_task(client())

    async def _at_rate(self, tally: _Tally, keep: Seen) -> None:
        """A request every 1/rate seconds, whether or not the ones before have been answered."""
        load, began = tally.load, tally.began
        room = asyncio.Semaphore(load.max_in_flight)

        async def late(due: float) -> None:
            async with room:
                await self._once(began, due, keep)

        async with asyncio.TaskGroup() as requests:
            while not self._over(tally):
                due = began + tally.sent / load.rate
                await asyncio.sleep(max(0.0, due - self._now()) / self._speed)
                tally.sent += 1
                requests.create_task(late(due))

    async def _once(self, began: float, due: float, keep: Seen) -> None:
        """One request, sent once; it was `due` then, and what it waited until now counts."""
        sent, first, ended = self._now(), None, 0.0
        ask = replace(self._ask, prompt=next(self._prompts))
        sample = Sample(due - began, 0.0, sent - due)
        try:
            async with aclosing(self._talker.stream(ask)) as pieces:
                async for piece in pieces:
                    if first is None and piece.text and self._abilities.streams:
                        first = self._now() - due
                    if piece.answer is not None:
                        ended = self._now()
                        tokens, counted = tokens_of(piece.answer.text, piece.answer.tokens)
                        sample = replace(sample, first=first, tokens=tokens, counted=counted)
        except SaxtuiError as error:
            sample = replace(sample, error=_reason(error))
        keep(replace(sample, seconds=(ended or self._now()) - due))


def _reason(error: SaxtuiError) -> str:
    problem = error.problem
    return problem.reason or problem.code or problem.said[:60]
