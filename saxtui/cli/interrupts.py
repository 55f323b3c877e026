"""Runs a command's coroutine, and what Ctrl-C, SIGTERM and a closed terminal do to it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_GRACE = 2.0
_PATIENCE = 15.0
"""Real seconds a run may take to stop after the first signal: longer than any answer of a cloud that is there."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Unwaited(ThreadPoolExecutor):
    """Ends with the event loop, without waiting for calls whose answer nobody wants any more."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)


class Interrupted(Exception):
    """The command was stopped by a signal before it was done."""


def drive(work: Coroutine[Any, Any, int], first: Callable[[], bool], leave: Callable[[], int]) -> int:
    """Run `work` to its end and return its result.

    The first signal calls `first`; when that returns True, the work goes on to a good stopping place by itself, for
    fifteen seconds at most. Then, or with any other signal, it is cancelled. If it has not ended two seconds later
    the process leaves with `leave()`, whatever threads still wait for. Raises Interrupted when the work was cancelled
    by a signal.
    """
    return asyncio.run(_driven(work, first, leave))


async def _driven(work: Coroutine[Any, Any, int], first: Callable[[], bool], leave: Callable[[], int]) -> int:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(_Unwaited(thread_name_prefix="saxtui"))
    task = asyncio.ensure_future(work)
    heard = 0

    def hear() -> None:
        nonlocal heard
        heard += 1
        if heard == 1 and first():
            loop.call_later(_PATIENCE, stop)
        else:
            stop()

    def stop() -> None:
        task.cancel()
        loop.call_later(_GRACE, lambda: os._exit(leave()))

    for number in _SIGNALS:
        loop.add_signal_handler(number, hear)
    try:
        return await task
    except asyncio.CancelledError:
        if heard:
            raise Interrupted from None
        raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
