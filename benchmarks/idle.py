"""Idle: 10,000 pods shown and nothing changing, against a bare Textual app in the same run.

    python benchmarks/idle.py [--quick] [--pods 10000]

Both run in a real pty; after they settled, processor time and bytes to the terminal are counted over the same while.
Aims: at most half a point of processor time above the bare app, and not a byte.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from functools import partial

from benchmarks import pod_feed
from benchmarks.pty_bench import ROOT, Program

AIM_POINTS = 0.5
_SETTLED = 0.02
"""Share of a processor under which a program counts as settled."""


def settle(app: Program, limit: float) -> None:
    """Read on until the program takes next to no time for five seconds, at most `limit` seconds."""
    for _ in range(int(limit / 5)):
        before = app.cpu()
        app.rest(5.0)
        if app.cpu() - before < 5 * _SETTLED:
            return


def watch(kind: str, port: int, slices: int, hosts: int, seconds: float) -> tuple[float, int]:
    """Percent of a processor, and bytes written, while nothing changes."""
    argv = [sys.executable, str(ROOT / "benchmarks" / "grid_apps.py"), kind, str(port), str(slices), str(hosts)]
    with Program(argv) as app:
        app.wait_for(b"bare-is-up" if kind == "bare" else f"{pod_feed.SET}-sax-model-server-0-0".encode(), timeout=300)
        settle(app, 120.0)
        before = app.cpu()
        written = app.rest(seconds)
        return 100 * (app.cpu() - before) / seconds, written


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one repetition of 10 s: to find faults, not figures")
    parser.add_argument("--pods", type=int, default=10_000)
    chosen = parser.parse_args()
    repetitions, seconds = (1, 10.0) if chosen.quick else (5, 30.0)
    hosts = 8 if chosen.pods < 64 else 64
    slices = -(-chosen.pods // hosts)
    feed, port = pod_feed.start(chosen.pods, hosts)
    found: dict[str, list[tuple[float, int]]] = {"bare": [], "console": []}
    try:
        for _ in range(repetitions):
            for kind, figures in found.items():
                figures.append(partial(watch, kind, port, slices, hosts)(seconds))
    finally:
        feed.stdin.close()  # type: ignore[union-attr]
        feed.wait()
    for kind, figures in found.items():
        shares, written = [share for share, _ in figures], [count for _, count in figures]
        print(f"{kind:8} {statistics.median(shares):5.2f} % of a processor, {max(written)} bytes, {seconds:.0f} s each")
    points = statistics.median(share for share, _ in found["console"]) - statistics.median(
        share for share, _ in found["bare"]
    )
    print(
        f"{chosen.pods} pods shown, nothing changing: {points:+.2f} points over a bare app (aim {AIM_POINTS}); "
        f"{max(count for _, count in found['console'])} bytes to the terminal (aim 0)"
    )


if __name__ == "__main__":
    main()
