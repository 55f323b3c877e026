"""Load tests in words, rows and plots made of characters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saxtui.model.bench import BenchRun, Compared, Measured, histogram, series

COLUMNS = ("load", "answers", "errors", "p50", "p90", "p95", "p99", "req/s", "tokens/s", "first p50", "queued p95")
_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = ".:-=+*#@"
_BAR, _PLAIN_BAR = "█", "#"


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One load as cells, in the order of COLUMNS; `failed` when nothing was answered."""

    cells: tuple[str, ...]
    failed: bool


def length(seconds: float | None) -> str:
    """A latency with three figures: `812 ms`, `4.13 s`, `-` for none."""
    if seconds is None:
        return "-"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:.0f} s"


def row(one: Measured) -> BenchRow:
    """One load's figures. A tilde marks estimated tokens."""
    spread, first, queued = one.latency, one.first, one.queued
    errors = sum(one.errors.values())
    mark = "" if one.counted else "~"
    cells = (
        one.load.title + (" (stopped)" if one.stopped else ""),
        str(len(one.answered)),
        str(errors),
        *(length(getattr(spread, name)) if spread else "-" for name in ("p50", "p90", "p95", "p99")),
        f"{one.per_second:.3g}",
        f"{mark}{one.tokens_per_second:.3g}",
        length(first.p50 if first else None),
        length(queued.p95 if queued else None),
    )
    return BenchRow(cells, failed=not one.answered)


def columns(run: Sequence[Measured]) -> tuple[int, ...]:
    """Which of COLUMNS say something for these loads: no first token without streaming, no queue without a rate."""
    drop = set()
    if not any(one.first for one in run):
        drop.add("first p50")
    if not any(one.load.rate for one in run):
        drop.add("queued p95")
    return tuple(index for index, title in enumerate(COLUMNS) if title not in drop)


def errors(one: Measured) -> str:
    """`3 x TIMEOUT, 1 x 500`, or ""."""
    return ", ".join(f"{count} x {reason}" for reason, count in one.errors.items())


def histogram_lines(one: Measured, width: int, *, rows: int = 12, plain: bool = False) -> tuple[str, ...]:
    """Latency against how often, a line a bin: `  812 ms  ████████  41`."""
    bins = histogram([sample.seconds for sample in one.answered], rows)
    most = max((count for *_, count in bins), default=0)
    room = max(4, width - 18)
    bar = _PLAIN_BAR if plain else _BAR
    lines = []
    for least, _, count in bins:
        size = round(count / most * room) if most else 0
        lines.append(f"{length(least):>9} {bar * max(size, 1 if count else 0)} {count or ''}".rstrip())
    return tuple(lines)


def sparkline(values: Sequence[float | None], *, plain: bool = False) -> str:
    """Values as one line of blocks from 0 to the most; a hole where there is none."""
    most = max((value for value in values if value is not None), default=0.0)
    marks = _PLAIN if plain else _BLOCKS
    return "".join(
        " " if value is None else marks[min(int(value / most * len(marks)), len(marks) - 1)] if most else marks[0]
        for value in values
    )


def series_lines(one: Measured, width: int, *, plain: bool = False) -> tuple[str, ...]:
    """Median latency and answers over time, a line each, with their highest value."""
    points = series(one, max(8, min(width - 30, 120)))
    if not points:
        return ()
    medians = [median for *_, median in points]
    counts = [float(count) for _, count, _ in points]
    step = one.seconds / len(points)
    top = max((median for median in medians if median is not None), default=None)
    return (
        f"latency p50  {sparkline(medians, plain=plain)}  to {length(top)}",
        f"answers      {sparkline(counts, plain=plain)}  to {max(counts) / step:.3g}/s",
    )


def comparison(found: Sequence[Compared]) -> tuple[str, ...]:
    """`4 at once: p50 x0.92, p99 x1.10, req/s x1.08`, a line a load; ratios are now to before."""
    lines = []
    for one in found:
        parts = [
            f"{name} x{value:.2f}"
            for name, value in (("p50", one.p50), ("p99", one.p99), ("req/s", one.per_second))
            if value is not None
        ]
        if any(one.errors):
            parts.append(f"errors {one.errors[0]} -> {one.errors[1]}")
        lines.append(f"{one.title}: {', '.join(parts) or 'no answers to compare'}")
    return tuple(lines)


def heading(run: BenchRun) -> str:
    """What was measured, in one line."""
    asked = f"{run.prompts} prompt{'s' if run.prompts != 1 else ''} in turn"
    fast = f" · clock x{run.speed:g}" if run.speed != 1.0 else ""
    return f"{run.model} · {run.target}{f' ({run.server})' if run.server else ''} · {asked}{fast}"
