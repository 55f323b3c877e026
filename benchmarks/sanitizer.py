"""How many lines a second pass the gate for outside text. Run: python benchmarks/sanitizer.py"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from saxtui.model.text import safe
from tests import hostile

GOAL = 30_000
"""Hostile lines a second."""


def rate(lines: list[str]) -> float:
    """Lines a second, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for line in lines:
            safe(line)
        best = min(best, time.perf_counter() - started)
    return len(lines) / best


def main() -> int:
    """Print the rates; 1 when hostile lines are slower than the goal."""
    attacks = list(hostile.lines(1, 20_000))
    plain = [f"I0101 00:00:{n % 60:02d}.000000 139 servable_model.py:697] loading completed {n}" for n in range(20_000)]
    text = [f"載入完成 {n} ✓" * 4 for n in range(20_000)]
    hostile_rate = rate(attacks)
    size = sum(map(len, attacks)) / len(attacks)
    print(f"hostile   {hostile_rate:>10,.0f} lines/s ({size:.0f} characters a line; goal {GOAL:,})")
    print(f"ascii     {rate(plain):>10,.0f} lines/s")
    print(f"non-ascii {rate(text):>10,.0f} lines/s")
    return int(hostile_rate < GOAL)


if __name__ == "__main__":
    sys.exit(main())
