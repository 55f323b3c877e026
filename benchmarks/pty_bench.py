"""Programs in a real pseudo-terminal, for the benchmarks: start, press a key, wait for bytes, and what it cost.

    with Program([sys.executable, "-m", "saxtui"], size=(120, 40)) as app:
        app.wait_for(b"Deployments")                    # seconds since the start
        seconds = app.key_to_paint(b"j", b"old-test")   # from the key to the first byte after which the text is there
        app.rest(2.0)                                   # read on, so that the program never waits for its terminal
        print(app.bytes_read, app.cpu(), app.memory())

Text is looked for in what the program writes from then on, without escape sequences between its characters: choose
texts that the program paints in one piece and that are not there already. `interleave` runs candidates in turn, so
that the machine's mood hits all alike; `percentile` and `summary` make the figures.
"""

from __future__ import annotations

import fcntl
import math
import os
import pty
import select
import signal
import statistics
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
_TICK = os.sysconf("SC_CLK_TCK")
_KEPT = 400_000


def environment(**more: str) -> dict[str, str]:
    """The surroundings of a program under measurement: true colour, the checkout importable."""
    return {
        **os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT),
        **more,
    }  # fmt: skip


class Program:
    """One program in a terminal of `size` (columns, rows). Only its own process is ended at the end."""

    def __init__(
        self, argv: Sequence[str], size: tuple[int, int] = (120, 40), env: Mapping[str, str] | None = None
    ) -> None:
        self._argv = list(argv)
        self._size = size
        self._env = dict(env if env is not None else environment())
        self._seen = b""
        self.bytes_read = 0
        self.pid = 0

    def __enter__(self) -> Program:
        self._started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", self._size[1], self._size[0], 0, 0))
            os.execvpe(self._argv[0], self._argv, self._env)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def press(self, key: bytes) -> None:
        """Type it: one key, or several at once."""
        os.write(self._fd, key)

    def wait_for(self, text: bytes, timeout: float = 60.0) -> float:
        """Seconds from the start of the program until `text` was written after the last wait or key."""
        return self._until(text, timeout) - self._started

    def key_to_paint(self, key: bytes, text: bytes, timeout: float = 10.0) -> float:
        """Seconds from pressing `key` until `text` was written; what was written before the key does not count."""
        self._read(0.0)
        self._seen = b""
        pressed = time.perf_counter()
        self.press(key)
        return self._until(text, timeout) - pressed

    def rest(self, seconds: float) -> int:
        """Read on for so long; returns how many bytes came."""
        before, until = self.bytes_read, time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._read(left)
        return self.bytes_read - before

    def cpu(self) -> float:
        """Seconds of processor time the process has taken, its threads included."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> float:
        """Its resident memory in MB (10^6 bytes), shared pages in proportion where the kernel tells."""
        for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
            try:
                for line in Path(f"/proc/{self.pid}/{name}").read_text().splitlines():
                    if line.startswith(key):
                        return int(line.split()[1]) * 1024 / 1e6
            except OSError:
                continue
        return float("nan")

    def last(self, size: int) -> bytes:
        """The last of what it wrote, at most so many bytes."""
        return self._seen[-size:]

    @property
    def tail(self) -> str:
        """The last of what it wrote, for messages."""
        return repr(self._seen[-600:])

    def _until(self, text: bytes, timeout: float) -> float:
        """The moment when `text` had come; forgets what came up to then. Raises TimeoutError."""
        deadline = time.perf_counter() + timeout
        start = 0
        while True:
            place = self._seen.find(text, start)
            if place >= 0:
                moment = time.perf_counter()
                self._seen = self._seen[place + len(text) :]
                return moment
            start = max(0, len(self._seen) - len(text) + 1)
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{text!r} never came; last output {self.tail}")
            dropped = self._read(0.2)
            start = max(0, start - dropped)

    def _read(self, wait: float) -> int:
        """Take what is there, or comes within `wait` seconds; returns how many old bytes were forgotten for it."""
        ready, _, _ = select.select([self._fd], [], [], wait)
        if not ready:
            return 0
        try:
            found = os.read(self._fd, 1 << 20)
        except OSError as error:
            raise RuntimeError(f"{self._argv} ended; last output {self.tail}") from error
        self.bytes_read += len(found)
        self._seen += found
        dropped = max(0, len(self._seen) - _KEPT) if len(self._seen) > 2 * _KEPT else 0
        self._seen = self._seen[dropped:]
        return dropped


def interleave(
    candidates: Mapping[str, Callable[[], float | Sequence[float]]], repetitions: int
) -> dict[str, list[float]]:
    """Run every candidate in turn, `repetitions` times; a candidate returns a figure or several, gathered by name."""
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(repetitions):
        for name, run in candidates.items():
            figures = run()
            found[name] += [figures] if isinstance(figures, int | float) else figures
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def summary(name: str, values: Sequence[float], unit: str = "ms", scale: float = 1e3) -> str:
    """`name  median 12.3 ms  p95 20.1 ms  max 31.0 ms  n=240`."""
    median, p95, most = statistics.median(values), percentile(values, 95), max(values)
    return (
        f"{name:12} median {median * scale:8.1f} {unit}  p95 {p95 * scale:8.1f} {unit}  "
        f"max {most * scale:8.1f} {unit}  n={len(values)}"
    )
