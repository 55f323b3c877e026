"""A load test as files for others: CSV, a row a request, and SVG with a histogram and a line over time. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from html import escape

from saxtui.model.bench import BenchRun, Measured, histogram, series, to_data
from saxtui.present.bench import heading, length, row

_WIDTH, _HEIGHT, _PAD = 760, 190, 46
_INK, _BAR, _LINE = "#333", "#5f87af", "#af5f5f"
_FIELDS = ("load", "due", "seconds", "queued", "first", "tokens", "counted", "error")


def as_json(run: BenchRun) -> str:
    """The whole run; `engine.bench` reads it back."""
    return json.dumps(to_data(run), ensure_ascii=False, separators=(",", ":")) + "\n"


def as_csv(run: BenchRun) -> str:
    """A line a request, lengths in seconds. Cells that a spreadsheet would run as formulas are quoted with '."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_FIELDS)
    for one in run.measured:
        for sample in one.samples:
            values = [getattr(sample, name) for name in _FIELDS[1:]]
            writer.writerow([one.load.title, *("" if value is None else _plain(value) for value in values)])
    return out.getvalue()


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value else value


def as_svg(run: BenchRun) -> str:
    """One picture: for each load its histogram and its latency over time."""
    parts = [_text(_PAD, 24, heading(run), 15)]
    top = 40
    for one in run.measured:
        parts += _load(one, top)
        top += 2 * _HEIGHT + 30
    for note in run.notes:
        parts.append(_text(_PAD, top + 10, note, 11))
        top += 18
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 20}" font-family="sans-serif">'
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{top + 20}" fill="white"/>', *parts, "</svg>"]) + "\n"


def _load(one: Measured, top: int) -> list[str]:
    cells = row(one).cells
    said = f"{cells[0]}: p50 {cells[3]}, p99 {cells[6]}, {cells[7]} answers/s, {cells[2]} errors"
    return [_text(_PAD, top + 14, said, 13), *_histogram(one, top + 20), *_over_time(one, top + 20 + _HEIGHT)]


def _histogram(one: Measured, top: int) -> list[str]:
    bins = histogram([sample.seconds for sample in one.answered])
    if not bins:
        return [_text(_PAD, top + 30, "no answers", 12)]
    most = max(count for *_, count in bins)
    step = (_WIDTH - 2 * _PAD) / len(bins)
    floor = top + _HEIGHT - 30
    parts = []
    for index, (_, _, count) in enumerate(bins):
        high = count / most * (_HEIGHT - 50)
        x, y = _PAD + index * step, floor - high
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{step - 1:.1f}" height="{high:.1f}" fill="{_BAR}"/>')
    return [*parts, *_axis(floor, length(bins[0][0]), length(bins[-1][1]), f"{most} answers")]


def _over_time(one: Measured, top: int) -> list[str]:
    points = [(at, median) for at, _, median in series(one) if median is not None]
    if not points:
        return []
    most = max(median for _, median in points)
    floor = top + _HEIGHT - 30
    width, high = _WIDTH - 2 * _PAD, _HEIGHT - 50
    places = " ".join(
        f"{_PAD + at / one.seconds * width:.1f},{floor - (median / most * high if most else 0):.1f}"
        for at, median in points
    )
    line = f'<polyline points="{places}" fill="none" stroke="{_LINE}" stroke-width="1.5"/>'
    return [line, *_axis(floor, "0 s", length(one.seconds), f"p50 {length(most)}")]


def _axis(floor: float, left: str, right: str, up: str) -> Sequence[str]:
    rule = f'<line x1="{_PAD}" y1="{floor}" x2="{_WIDTH - _PAD}" y2="{floor}" stroke="{_INK}"/>'
    return (
        rule,
        _text(_PAD, floor + 15, left, 11),
        _text(_WIDTH - _PAD, floor + 15, right, 11, "end"),
        _text(_PAD, floor - _HEIGHT + 52, up, 11),
    )


def _text(x: float, y: float, text: str, size: int, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{_INK}" text-anchor="{anchor}">{escape(text)}</text>'
