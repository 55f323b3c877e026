"""Scaled time: how the world's clock follows the real one."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from saxtui.emulator.world import World

LONGEST_NAP = 0.05
"""Real seconds between two looks at the timers when none is due sooner."""
_SHORTEST_NAP = 0.001
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Simulated time = sim0 + (real - real0) * speed; all in epoch seconds."""

    real0: float
    sim0: float
    speed: float

    @classmethod
    def starting_now(cls, speed: float, at: float | None = None) -> ScaledClock:
        """A clock that at this moment says `at`, by default what the real one says."""
        now = time.time()
        return cls(now, now if at is None else at, speed)

    def now(self) -> float:
        """The simulated time."""
        return self.sim0 + (time.time() - self.real0) * self.speed

    def text(self) -> str:
        """REAL0:SIM0:SPEED, as SAXTUI_EMULATED_CLOCK carries it."""
        return f"{self.real0:.6f}:{self.sim0:.6f}:{self.speed:g}"


class Driver:
    """Moves a world along with a scaled clock."""

    def __init__(self, world: World, clock: ScaledClock) -> None:
        self._world = world
        self._clock = clock

    def catch_up(self) -> None:
        """Advance the world to now, firing what is due. A timer that fails is reported and does not stop the rest."""
        until = self._clock.now()
        while True:
            try:
                self._world.advance(until)
            except Exception:
                _log.exception("a timer of the embedded cloud failed")
            else:
                return

    async def run(self) -> None:
        """Keep the world up to date until cancelled."""
        while True:
            self.catch_up()
            due = self._world.next_due()
            nap = LONGEST_NAP if due is None else (due - self._world.now) / self._clock.speed
            await asyncio.sleep(min(LONGEST_NAP, max(_SHORTEST_NAP, nap)))
