"""Signals, sent to this very process while a coroutine runs."""

import asyncio
import os
import signal

import pytest

from saxtui.cli.interrupts import Interrupted, drive


def never() -> int:
    raise AssertionError("left in a hurry")


def test_the_result_comes_through() -> None:
    async def work() -> int:
        return 4

    assert drive(work(), lambda: False, never) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_lets_a_run_end_by_itself(number: signal.Signals) -> None:
    paused = asyncio.Event()

    async def work() -> int:
        os.kill(os.getpid(), number)
        await paused.wait()
        return 3

    def first() -> bool:
        paused.set()
        return True

    assert drive(work(), first, never) == 3


def test_the_second_signal_cancels() -> None:
    unwound = []

    async def work() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            unwound.append(True)
        return 0

    with pytest.raises(Interrupted):
        drive(work(), lambda: True, never)
    assert unwound == [True]


def test_without_a_run_the_first_signal_cancels() -> None:
    async def work() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()
        return 0

    with pytest.raises(Interrupted):
        drive(work(), lambda: False, never)


def test_a_failure_comes_through_and_handlers_are_taken_away() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def work() -> int:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        drive(work(), lambda: False, never)
    assert signal.getsignal(signal.SIGTERM) == before
