"""Time to first frame: saxtui against a minimal Textual app, in one run, each in a real pty.

    python benchmarks/first_frame.py [repetitions]

Interleaved so that the machine's mood hits both alike. Prints both medians and their ratio (aim: at most 1.5).
First frame: the first time the screen holds the app's expected text.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.pty_bench import Program, environment, interleave

FLOOR = (
    "from textual.app import App\n"
    "from textual.widgets import Static\n"
    "class Floor(App):\n"
    "    def compose(self):\n"
    "        yield Static('floor-is-up')\n"
    "Floor().run()\n"
)


def run_once(argv: list[str], expected: bytes, env: dict[str, str]) -> float:
    """Seconds from the start until `expected` was written to the terminal."""
    with Program(argv, env=env) as program:
        return program.wait_for(expected)


def main() -> None:
    """Measure and print."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as scratch:
        floor = Path(scratch, "floor.py")
        floor.write_text(FLOOR)
        env = environment(SAXTUI_STATE=scratch)
        runs = {
            "floor": ([sys.executable, str(floor)], b"floor-is-up"),
            "saxtui": ([sys.executable, "-m", "saxtui"], b"Deployments"),
        }
        once = {name: partial(run_once, argv, expected, env) for name, (argv, expected) in runs.items()}
        interleave(once, 1)  # warms the .pyc files
        times = interleave(once, repetitions)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        spread = f"[{min(values):.3f}-{max(values):.3f}]"
        print(f"{name:8} median {medians[name]:.3f} s {spread}  n={len(values)}")
    print(f"ratio saxtui / minimal Textual app: {medians['saxtui'] / medians['floor']:.2f} (aim: at most 1.50)")


if __name__ == "__main__":
    main()
