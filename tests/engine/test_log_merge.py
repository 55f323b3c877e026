"""Many logs as one: no line lost or repeated, each source's order kept, all in order of time while all deliver."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from saxtui.engine.watching.log_merge import PATIENCE, QUIET, LogMerger
from saxtui.engine.watching.turns import LoopTurns
from saxtui.model.log_batch import LogBatch, LogLines, LogSource

SECOND = b"2026-11-27T10:00:%02d"


def lines(source: int, seconds: list[int], number: int, *, gap: bool = False) -> LogLines:
    texts = [b"%d.%d" % (source, number + at) for at in range(len(seconds))]
    return LogLines([SECOND % second for second in seconds], texts, gap=gap)


STEP = st.tuples(st.integers(0, 3), st.lists(st.integers(0, 59), max_size=5), st.floats(0.0, 0.3), st.booleans())


@given(st.lists(STEP, max_size=30), st.integers(0, 4))
def test_nothing_is_lost_or_repeated_and_each_source_keeps_its_order(
    steps: list[tuple[int, list[int], float, bool]], ends: int
) -> None:
    merger, now, out = LogMerger(), 0.0, LogBatch([])
    given_lines: list[list[bytes]] = [[] for _ in range(4)]
    gaps: list[bytes] = []
    for source in range(4):
        merger.add(LogSource(f"pod-{source}", 0, source), now)
    for source, seconds, passed, take in steps:
        now += passed
        put = lines(source, seconds, len(given_lines[source]), gap=len(seconds) == 1)
        given_lines[source] += put.texts
        gaps += put.texts if put.gap else []
        merger.put(source, put, now)
        if take:
            extend(out, merger.take(now))
    for source in range(ends):
        merger.end(source)
    now += PATIENCE + QUIET
    while batch := merger.take(now):
        extend(out, batch)
    assert len(merger) == 0
    for source in range(4):
        mine = [text for which, text in zip(out.which, out.texts, strict=True) if source in (which, ~which)]
        assert mine == given_lines[source]
    assert sorted(text for which, text in zip(out.which, out.texts, strict=True) if which < 0) == sorted(gaps)


def extend(out: LogBatch, batch: LogBatch) -> None:
    assert batch.stamps == sorted(batch.stamps)
    out.which += batch.which
    out.stamps += batch.stamps
    out.texts += batch.texts


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), max_size=40))
def test_while_all_deliver_the_whole_is_in_order_of_time(steps: list[tuple[int, int]]) -> None:
    merger, out, clocks = LogMerger(), LogBatch([]), [0, 0, 0]
    for source in range(3):
        merger.add(LogSource(f"pod-{source}"), 0.0)
        merger.put(source, LogLines(), 0.0)
    for number, (source, seconds) in enumerate(steps):
        clocks[source] = min(59, clocks[source] + seconds)
        merger.put(source, lines(source, [clocks[source]], number), 0.001 * number)
        extend(out, merger.take(0.001 * number))
    while batch := merger.take(100.0):
        extend(out, batch)
    assert out.stamps == sorted(out.stamps)
    assert len(out) == len(steps)


def test_a_quiet_source_holds_nobody_back_and_no_line_waits_for_ever() -> None:
    merger = LogMerger()
    for source in range(2):
        merger.add(LogSource(f"pod-{source}"), 0.0)
        merger.put(source, LogLines(), 0.0)
    merger.put(0, lines(0, [5], 0), 0.0)
    assert not merger.take(0.05), "the other may still say something earlier"
    assert len(merger.take(QUIET + 0.01)) == 1
    merger.put(1, lines(1, [1], 0), 10.0)
    merger.put(0, lines(0, [9], 0), 10.0)
    for tenth in range(1, 10):
        merger.put(1, lines(1, [1], tenth), 10.0 + tenth / 10 - 0.05)
        assert SECOND % 9 not in merger.take(10.0 + tenth / 10).stamps, "a clock that stands holds the other back"
    assert SECOND % 9 in merger.take(10.0 + 3 * PATIENCE).stamps


def test_many_lines_leave_in_portions() -> None:
    merger = LogMerger()
    merger.add(LogSource("pod-0"), 0.0)
    merger.put(0, LogLines([b"%09d" % at for at in range(50_000)], [b"x"] * 50_000), 0.0)
    sizes = []
    while batch := merger.take(60.0):
        sizes.append(len(batch))
    assert sum(sizes) == 50_000
    assert max(sizes) < 10_000


async def test_one_turn_in_a_round_of_the_loop_first_come_first_served() -> None:
    turns, order = LoopTurns(), []
    rounds: dict[int, int] = {}
    loop_round = 0

    async def count() -> None:
        nonlocal loop_round
        while len(order) < 12:
            loop_round += 1
            await asyncio.sleep(0)

    async def work(number: int) -> None:
        for _ in range(3):
            await turns.turn()
            order.append(number)
            rounds[loop_round] = rounds.get(loop_round, 0) + 1
            await asyncio.sleep(0)

    leaver = asyncio.create_task(work(9))
    async with asyncio.timeout(60):
        workers = [asyncio.create_task(work(number)) for number in range(4)]
        await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.gather(count(), *workers)
    assert max(rounds.values()) <= 2, "never all at once"
    assert order[-12:][:4] != [0, 0, 0, 1]
    assert sorted(order[-12:]) == sorted([0, 1, 2, 3] * 3)
