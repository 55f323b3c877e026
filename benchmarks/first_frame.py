"""Time to first frame: saxtui against a minimal Textual app, in one run, each in a real pty.

    python benchmarks/first_frame.py [repetitions]

Interleaved so that the machine's mood hits both alike. Prints both medians and their ratio (aim: at most 1.5).
First frame: the first time the screen holds the app's expected text.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOOR = (
    "from textual.app import App\n"
    "from textual.widgets import Static\n"
    "class Floor(App):\n"
    "    def compose(self):\n"
    "        yield Static('floor-is-up')\n"
    "Floor().run()\n"
)
LIMIT = 30.0


def run_once(argv: list[str], expected: bytes, env: dict[str, str]) -> float:
    """Seconds from fork until `expected` was written to the terminal."""
    started = time.perf_counter()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, env)
    seen = b""
    try:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        while time.perf_counter() - started < LIMIT:
            ready, _, _ = select.select([fd], [], [], 0.5)
            if not ready:
                continue
            try:
                seen = (seen + os.read(fd, 65536))[-200_000:]
            except OSError:
                break
            if expected in seen:
                return time.perf_counter() - started
        raise SystemExit(f"{argv}: {expected!r} never came; last output {seen[-400:]!r}")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


def main() -> None:
    """Measure and print."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as scratch:
        floor = Path(scratch, "floor.py")
        floor.write_text(FLOOR)
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "SAXTUI_STATE": scratch}
        env["PYTHONPATH"] = str(ROOT)
        runs = {
            "floor": ([sys.executable, str(floor)], b"floor-is-up"),
            "saxtui": ([sys.executable, "-m", "saxtui"], b"Deployments"),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for argv, expected in runs.values():
            run_once(argv, expected, env)  # warms the .pyc files
        for _ in range(repetitions):
            for name, (argv, expected) in runs.items():
                times[name].append(run_once(argv, expected, env))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        spread = f"[{min(values):.3f}-{max(values):.3f}]"
        print(f"{name:8} median {medians[name]:.3f} s {spread}  n={len(values)}")
    print(f"ratio saxtui / minimal Textual app: {medians['saxtui'] / medians['floor']:.2f} (aim: at most 1.50)")


if __name__ == "__main__":
    main()
