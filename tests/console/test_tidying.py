"""Python's collector walks through everything in quiet moments only, and as before once the console is left."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from saxtui.console.tidying import Tidying


class Clock:
    """Monotonic seconds, set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Knot:
    """Garbage that only the collector can free."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tidying(clock: Clock) -> Iterator[Tidying]:
    before = gc.get_threshold(), gc.get_freeze_count()
    found = Tidying(clock)
    found.begin()
    yield found
    found.end()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def knot() -> weakref.ref[Knot]:
    """One that has outlived the walks through what is young."""
    kept = Knot()
    gc.collect(1)
    return weakref.ref(kept)


def test_nothing_is_walked_through_while_keys_are_pressed(tidying: Tidying, clock: Clock) -> None:
    found = knot()
    for _ in range(80):
        clock.now += 9.0
        tidying.touched()
        assert not tidying.consider()
    assert found() is not None
    clock.now += 11.0
    assert tidying.consider() and found() is None, "the first quiet moment"
    clock.now += 11.0
    assert not tidying.consider(), "once a minute at most"


def test_whoever_never_rests_is_made_to_now_and_then(tidying: Tidying, clock: Clock) -> None:
    walks = 0
    for _ in range(2000):
        clock.now += 1.0
        tidying.touched()
        walks += tidying.consider()
    assert walks == 2


def test_what_dies_after_the_first_walk_is_found_by_the_next(tidying: Tidying, clock: Clock) -> None:
    for _ in range(2):
        found = knot()
        clock.now += 100.0
        assert tidying.consider() and found() is None


def test_without_a_beginning_it_does_nothing(clock: Clock) -> None:
    idle = Tidying(clock)
    clock.now += 10_000.0
    assert not idle.consider()
    idle.end()
