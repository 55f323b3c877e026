"""Wall time, or the embedded cloud's own faster time."""

from __future__ import annotations

import asyncio
import time

from saxtui.errors import Problem, UsageProblem

_SHORTEST_SLEEP = 0.05
"""Real seconds: without a floor a poll loop on a 1000 times faster clock would spin."""


class SystemClock:
    """`now` is sim0 + (real - real0) x speed. On the real cloud that is the machine's own time."""

    def __init__(self, real0: float = 0.0, sim0: float = 0.0, speed: float = 1.0) -> None:
        self._real0 = real0
        self._sim0 = sim0
        self._speed = speed

    @classmethod
    def parse(cls, text: str) -> SystemClock:
        """From SAXTUI_EMULATED_CLOCK's "REAL0:SIM0:SPEED"; "" is the machine's own time. Raises UsageProblem."""
        if not text:
            return cls()
        try:
            real0, sim0, speed = (float(part) for part in text.split(":"))
            if not 0 < speed < float("inf"):
                raise ValueError
        except ValueError:
            raise UsageProblem(
                Problem(
                    tried="read",
                    target="SAXTUI_EMULATED_CLOCK",
                    said="is not three numbers REAL0:SIM0:SPEED with a positive speed",
                    next_step="source the env.sh of the embedded cloud again, or unset the variable",
                )
            ) from None
        return cls(real0, sim0, speed)

    @property
    def speed(self) -> float:
        """How many seconds pass here in one real second."""
        return self._speed

    def now(self) -> float:
        """Epoch seconds."""
        return self._sim0 + (time.time() - self._real0) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock; on a faster one never less than 0.05 real seconds."""
        real = max(0.0, seconds) / self._speed
        await asyncio.sleep(real if self._speed == 1.0 else max(real, _SHORTEST_SLEEP))
