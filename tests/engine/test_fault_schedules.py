"""Seeded histories under faults: nothing leaked, nothing foreign touched, nothing unknown dropped.

`long` takes 1,000 of them. FAULT_SEEDS=12,99 runs those instead; tests/engine/schedules.py replays one alone.
"""

from __future__ import annotations

import os

import pytest

from tests.engine.schedules import check

CHOSEN = [int(text) for text in os.environ.get("FAULT_SEEDS", "").split(",") if text]
SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_seeded_schedules(shard: int) -> None:
    for seed in CHOSEN[shard::SHARDS] if CHOSEN else range(shard, 100, SHARDS):
        await check(seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_thousand_schedules() -> None:
    failed = []
    for seed in range(1000, 2000):
        try:
            await check(seed)
        except AssertionError as error:
            failed.append(str(error))
    assert not failed, "\n\n".join(failed)
