"""Every call of a run failed in turn: see tests/engine/directed.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.engine import directed


@pytest.mark.parametrize(
    "check",
    [
        directed.false_404s,
        directed.refusals,
        directed.outages,
        directed.guests,
        directed.failed_creates,
        directed.late_creates,
        directed.late_objects,
        directed.late_deletes,
    ],
    ids=lambda check: check.__name__.replace("_", "-"),
)
async def test_each_in_turn(check: Callable[[], Awaitable[None]]) -> None:
    await check()
