"""The log view against Textual's Log, RichLog and `kubectl logs -f`, from 16 and 64 streams over loopback HTTP.

Run: python benchmarks/logs.py [--quick] [--sources 16,64] [--repetitions N]. Every candidate gets the same bytes from
log_server.py, a process of its own, in the same sort of terminal (120x40), in turn with the others. Printed are lines a
second, keys pressed meanwhile until their effect is painted, memory, and the time of filters and regular expressions
over a million lines. Exits 1 when a goal is missed. `kubectl` is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.pty_bench import Program, environment, percentile, summary
from saxtui.console.log_find import Hits
from saxtui.console.log_store import LogStore
from saxtui.model.log_batch import LogBatch, LogSource
from saxtui.present.log_pattern import LogPattern

HERE = Path(__file__).parent
LINES, KEYS, MEMORY, FIRST, REGEX = 200_000, 0.050, 300.0, 0.020, 1.0
"""Goals: lines a second, seconds to paint a key, MB with a million lines, seconds to the first hits and for a regex."""
MILLION = 1_000_000
_BETWEEN_KEYS = 0.03
WIDGETS = ("ours", "log", "richlog")


@dataclass
class Found:
    """What one candidate showed over all repetitions."""

    rates: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@contextmanager
def server(pods: int, lines: int) -> Iterator[str]:
    """The port of a log server with so many lines in each log."""
    argv = [sys.executable, str(HERE / "log_server.py"), str(pods), str(lines)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def taken(counts: Path) -> tuple[int, float]:
    """(lines, at which moment) as the candidate wrote last."""
    found = counts.read_bytes() if counts.exists() else b""
    return struct.unpack("<qd", found) if len(found) == 16 else (0, 0.0)


def widget(kind: str, port: str, pods: int, total: int, seconds: float, found: Found) -> None:
    """One repetition: lines for so long, or until all are there, and a key every few hundredths of a second."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        argv = [sys.executable, str(HERE / "log_candidate.py"), kind, port, str(pods), str(counts)]
        with Program(argv) as app:
            app.wait_for(b"mark 0")
            while not taken(counts)[0]:
                app.rest(0.02)
            begun, since = taken(counts)
            until, number = time.perf_counter() + seconds, 0
            while time.perf_counter() < until and taken(counts)[0] < total:
                number += 1
                try:
                    found.keys.append(app.key_to_paint(b"x", f"mark {number}.".encode(), timeout=seconds + 6))
                except TimeoutError:
                    found.keys.append(seconds + 6)
                    break
                app.rest(_BETWEEN_KEYS)
            ended, at = taken(counts)
            if at > since:
                found.rates.append((ended - begun) / (at - since))
            found.memory.append(app.memory())


def kubectl(port: str, pods: int, seconds: float, found: Found) -> None:
    """`kubectl logs -f` of all pods printing to the same sort of terminal: lines that came out."""
    argv = ["kubectl", "--server", f"http://127.0.0.1:{port}", "logs", "-f", "-l", "app=bench", "--prefix",
            "--tail=-1", f"--max-log-requests={pods}"]  # fmt: skip
    with tempfile.TemporaryDirectory() as home, Program(argv, env=environment(HOME=home, KUBECONFIG="")) as app:
        app.wait_for(b"step ")
        before, since = app.bytes_read, time.perf_counter()
        app.rest(seconds)
        lines = (app.bytes_read - before) / _line_bytes(app)
        found.rates.append(lines / (time.perf_counter() - since))
        found.memory.append(app.memory())


def _line_bytes(app: Program) -> float:
    """How long a line is on the terminal, from the last of what was written."""
    sample = app.last(100_000)
    return len(sample) / max(1, sample.count(b"\n"))


def hold_a_million(port: str) -> float:
    """Memory of the whole program with a million lines in the view, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        argv = [sys.executable, str(HERE / "log_candidate.py"), "ours", port, "16", str(counts)]
        with Program(argv) as app:
            app.wait_for(b"mark 0")
            while taken(counts)[0] < MILLION:
                app.rest(0.2)
            app.rest(2.0)
            return app.memory()


def finds() -> dict[str, tuple[float, float, int]]:
    """By pattern: seconds to the newest hits, as when it is typed, seconds for all, and how many."""
    store = LogStore()
    sources = [LogSource(f"pod-{host}", 0, host) for host in range(16)]
    for start in range(0, MILLION, 8_000):
        numbers = range(start, start + 8_000)
        texts = [
            b"I1127 10:58:28.%06d 139 servable.py:697] loading completed step %d of m" % (n % 10**6, n) for n in numbers
        ]
        stamps = [b"2026-11-27T10:58:28.%09d" % n for n in numbers]
        store.append(LogBatch(sources, list(array("i", (n % 16 for n in numbers))), stamps, texts))
    patterns = [
        LogPattern("loading"), LogPattern("step 99999"), LogPattern("nowhere"),
        LogPattern(r"step \d*777\b", regex=True),
        LogPattern("STEP 9+5", regex=True), LogPattern("(?:foo|bar)[0-9]", regex=True),
    ]  # fmt: skip
    found = {}
    for pattern in patterns:
        hits = Hits(store, pattern, gaps=True)
        begun = time.perf_counter()
        hits.step(0.010, enough=40)
        first = time.perf_counter() - begun
        while not hits.done:
            hits.step(0.004)
        found[str(pattern)] = (first, time.perf_counter() - begun, len(hits))
    return found


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="one short repetition, to see that it works")
    parser.add_argument("--sources", default="16,64")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    arguments = parser.parse_args()
    repetitions, seconds = (1, 3.0) if arguments.quick else (arguments.repetitions, arguments.seconds)
    missed: list[str] = []

    def goal(name: str, figure: float, limit: float, *, least: bool = False) -> None:
        good = figure >= limit if least else figure <= limit
        print(f"  {'ok    ' if good else 'MISSED'} {name}: {figure:,.3f} (goal {'>=' if least else '<='} {limit:,})")
        if not good:
            missed.append(name)

    for pods in map(int, arguments.sources.split(",")):
        names = [*WIDGETS, *(["kubectl"] if shutil.which("kubectl") else [])]
        found = {name: Found() for name in names}
        lines = int(max(2_400_000, seconds * 600_000)) // pods
        with server(pods, lines) as port:
            for _ in range(repetitions):
                for name in names:
                    if name == "kubectl":
                        kubectl(port, pods, seconds, found[name])
                    else:
                        widget(name, port, pods, lines * pods, seconds, found[name])
        print(f"{pods} sources, {repetitions} repetitions of {seconds:.0f} s, flat out")
        for name, figures in found.items():
            rate = median(figures.rates) if figures.rates else 0.0
            print(f"  {name:8} {rate:>12,.0f} lines/s   {median(figures.memory):6.0f} MB")
            if figures.keys:
                print("  " + summary(name + " keys", figures.keys))
        ours = median(found["ours"].rates)
        goal("lines/s", ours, LINES, least=True)
        goal("key to paint, p95", percentile(found["ours"].keys, 95), KEYS)
        for name in names[1:]:
            goal(f"times {name}", ours / max(1.0, median(found[name].rates or [1.0])), 1.0, least=True)
    with server(16, MILLION // 16 + 200) as port:
        goal("MB with 1,000,000 lines", hold_a_million(port), MEMORY)
    for name, (first, whole, count) in finds().items():
        print(f"  {name:24} newest after {first * 1e3:5.1f} ms, all {count:,} after {whole * 1e3:6.0f} ms")
        goal(f"first hits of {name}", first, FIRST)
        goal(f"all hits of {name}", whole, REGEX)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
