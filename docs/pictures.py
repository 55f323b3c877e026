"""Make docs/pictures/*.svg: the console on an embedded cloud, walked by keys as the story does it.

    python docs/pictures.py [folder]

Takes about two minutes: 120x40, then 80x24 with the size in the name. Nothing in them comes from this machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from saxtui.console.app import ConsoleApp  # noqa: E402 (the checkout comes first)
from tests.stories.road import Road  # noqa: E402
from tests.stories.robot import EmbeddedCloud  # noqa: E402

SIZES = ((120, 40), (80, 24))
WANTED = {
    "home", "setup-slice", "review", "provision", "slices", "models-loading", "models", "chat", "help", "take-down",
    "taken-down",
}  # fmt: skip
SPEED = 60


async def draw(cloud: EmbeddedCloud, size: tuple[int, int], folder: Path) -> list[Path]:
    """Walk the road once at that size; the pictures made."""
    suffix = "" if size == SIZES[0] else f"-{size[0]}x{size[1]}"
    app = ConsoleApp({**cloud.env, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"})
    made: list[Path] = []

    def snap(name: str) -> None:
        if name in WANTED:
            path = folder / f"{name}{suffix}.svg"
            path.write_text(app.export_screenshot(title=f"saxtui: {name.replace('-', ' ')}"), encoding="utf-8")
            made.append(path)

    async with app.run_test(size=size) as pilot:
        await Road(app, pilot, snap).walk()
    return made


def leaks(text: str) -> list[str]:
    """What of this machine can be read in a picture; nothing should."""
    private = {str(ROOT), str(Path.home()), tempfile.gettempdir(), os.uname().nodename}
    return sorted(word for word in private if len(word) > 3 and word in text)


def main() -> int:
    """Draw them all; exit code 1 when one tells of this machine."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    told = False
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            cloud = EmbeddedCloud.start(Path(scratch, "cloud"), speed=SPEED)
            try:
                made = asyncio.run(draw(cloud, size, folder))
            finally:
                cloud.stop()
        for path in made:
            found = leaks(path.read_text(encoding="utf-8"))
            told = told or bool(found)
            sys.stdout.write(" ".join([f"{path.name:24} {path.stat().st_size // 1024:4} KiB", *found]) + "\n")
    return int(told)


if __name__ == "__main__":
    sys.exit(main())
