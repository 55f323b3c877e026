"""When Python's collector of cyclic garbage may walk through everything: in a quiet moment, never in a storm.

By itself it does so each time the objects have grown by a quarter: once a second while 5,000 events arrive, and nothing
is painted for the 100 ms it takes with a thousand pods. What changes there is freed without it: pods hold no cycles.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_NEVER = 1_000_000
_SOONER = 5
"""Walks through the youngest after which the next older ones come too; Python's own 10 took up to 10 ms at a time."""
_QUIET = 10.0
"""Seconds without a key or click that make a quiet moment."""
_OFTEN, _SELDOM = 60.0, 900.0
"""Seconds between two walks: at least, and at most, however busy the operator is."""


class Tidying:
    """Process-wide, from `begin` to `end`. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: tuple[int, int, int] | None = None
        self._touched = self._walked = clock()
        self._frozen = False

    def begin(self) -> None:
        """From now on everything is walked through only in `consider`; young objects as ever, in smaller pieces."""
        self._before = gc.get_threshold()
        gc.set_threshold(self._before[0], _SOONER, _NEVER)

    def end(self) -> None:
        """As it was before `begin`."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            self._before = None
        if self._frozen:
            gc.unfreeze()
            self._frozen = False

    def touched(self) -> None:
        """The operator did something."""
        self._touched = self._clock()

    def consider(self) -> bool:
        """Walk through everything if now is a good time; whether it was. Cheap otherwise: asked with every frame."""
        now = self._clock()
        due = _OFTEN if now - self._touched >= _QUIET else _SELDOM
        if self._before is None or now - self._walked < due:
            return False
        gc.collect()
        if not self._frozen:
            # Modules, classes and screens stay for good: the next walks need not go through them again.
            self._frozen = True
            gc.freeze()
        self._walked = self._clock()
        return True
