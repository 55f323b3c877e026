"""Rests for work in a thread: Python runs one thread at a time, so what works without a break makes every key wait."""

from __future__ import annotations

import threading
import time
from types import TracebackType

_STRETCH = 0.004
"""Seconds of work after which to rest."""
_TIMES = 3.0
"""How many times as long as the work a rest is."""


class Stopped(Exception):
    """Nobody waits for the work any more."""


class Rests:
    """Around the wait for the thread; the thread calls `rest` now and then. Raises Stopped there after the wait."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._since = time.monotonic()

    def __enter__(self) -> Rests:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def rest(self) -> None:
        """Rest if it is time to. Called by the thread only."""
        worked = time.monotonic() - self._since
        if worked >= _STRETCH:
            if self._over.wait(_TIMES * worked):
                raise Stopped
            self._since = time.monotonic()
