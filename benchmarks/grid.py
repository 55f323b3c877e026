"""The pod grid under a storm: key to paint, first frame and memory, against a DataTable on the same feed.

    python benchmarks/grid.py [--quick] [--pods 16 1024 10000 50000] [--rate 5000]

Each program runs in a real pty of 120x40. Its pods come as JSON over loopback HTTP through the real client, decoder,
picture and Store. In every repetition both programs are started anew, in turn; then 5,000 events a second arrive while
keys are pressed, and each key counts from the press until the name of the pod then under the cursor was written (the
console cuts a long name at its beginning; its end, with slice and host, is what counts).
Aims: p95 at most 50 ms and at most a third of the DataTable's at every size; at most 150 MB at 10,000 pods.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from dataclasses import dataclass, field

from benchmarks import pod_feed
from benchmarks.pty_bench import ROOT, Program, percentile, summary

AIM_MS, AIM_RATIO, AIM_MB = 50.0, 1 / 3, 150.0


@dataclass
class Measured:
    """What one program showed over all repetitions: seconds, megabytes, events a second taken."""

    first: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Size:
    """So many pods in slices of so many hosts."""

    pods: int
    hosts: int

    @property
    def slices(self) -> int:
        return -(-self.pods // self.hosts)

    def name(self, number: int) -> bytes:
        """The name of the n-th pod, as the feed makes it."""
        place, host = divmod(number, self.hosts)
        return f"{pod_feed.SET}-sax-model-server-{place}-{host}-{number:05x}".encode()

    def end(self, number: int) -> bytes:
        """The end of that name: slice, host, and what is random in it."""
        return self.name(number).removeprefix(f"{pod_feed.SET}-sax-model-server".encode())


def run(kind: str, size: Size, keys: int, rate: float, found: Measured, rng: random.Random) -> None:
    """One life of one program."""
    feed, port = pod_feed.start(size.pods, size.hosts)
    argv = [sys.executable, str(ROOT / "benchmarks" / "grid_apps.py"), kind, str(port)]
    try:
        with Program([*argv, str(size.slices), str(size.hosts)]) as app:
            shown = size.end if kind == "console" else lambda number: b"under the cursor: " + size.name(number)
            found.first.append(app.wait_for(shown(0), timeout=300))
            app.rest(3.0)
            found.memory.append(app.memory())
            there, back = (b"\x1b[C", b"\x1b[D") if kind == "console" else (b"\x1b[B", b"\x1b[A")
            # Where every slice is one glyph, the next one is the next slice.
            step = size.hosts if kind == "console" and size.slices > 64 else 1
            sent, began = pod_feed.storm(port, rate), time.monotonic()
            app.rest(1.0)
            for number in range(keys):
                key, target = (there, step) if number % 2 == 0 else (back, 0)
                found.keys.append(app.key_to_paint(key, shown(target), timeout=60))
                app.rest(rng.uniform(0.02, 0.15))
            found.rate.append((pod_feed.storm(port, 0) - sent) / (time.monotonic() - began))
    finally:
        feed.stdin.close()  # type: ignore[union-attr]
        feed.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one repetition of 20 keys: to find faults, not figures")
    parser.add_argument("--pods", type=int, nargs="+", default=[16, 1024, 10_000, 50_000])
    parser.add_argument("--rate", type=float, default=5000.0, help="events a second")
    parser.add_argument("--only", choices=("console", "table"), help="one program alone")
    chosen = parser.parse_args()
    repetitions, keys = (1, 20) if chosen.quick else (5, 40)
    kinds = (chosen.only,) if chosen.only else ("console", "table")
    for pods in chosen.pods:
        size = Size(pods, 8 if pods < 64 else 64)
        found = {kind: Measured() for kind in kinds}
        rng = random.Random(pods)
        for _ in range(repetitions):
            for kind in kinds:
                run(kind, size, keys, chosen.rate, found[kind], rng)
        print(f"{pods} pods in {size.slices} slices, {chosen.rate:.0f} events/s asked for")
        for kind, figures in found.items():
            print(
                f"  {summary(kind, figures.keys)}   first frame {statistics.median(figures.first):6.2f} s"
                f"   memory {statistics.median(figures.memory):6.1f} MB"
                f"   events taken {statistics.median(figures.rate):6.0f}/s",
                flush=True,
            )
        if len(found) == 2:
            judge(pods, found["console"], found["table"])


def judge(pods: int, console: Measured, table: Measured) -> None:
    """The figures against the aims."""
    ours, theirs = percentile(console.keys, 95) * 1e3, percentile(table.keys, 95) * 1e3
    memory = statistics.median(console.memory)
    first = statistics.median(console.first) / statistics.median(table.first)
    print(
        f"  key to paint p95 {ours:.1f} ms (aim {AIM_MS:.0f}), ratio {ours / theirs:.3f} (aim {AIM_RATIO:.3f});", end=""
    )
    print(f" first frame ratio {first:.2f}", end="")
    print(f"; memory {memory:.1f} MB (aim {AIM_MB:.0f})" if pods == 10_000 else "", flush=True)


if __name__ == "__main__":
    main()
