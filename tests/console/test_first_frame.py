"""What the first frame may import: nothing that talks to a cloud, and nothing it does not show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import asyncio, sys
import saxtui.console.app as console

held = []

class Probe(console.ConsoleApp):
    def _start(self):
        held.append(set(sys.modules))
        self.exit(0)

async def main():
    app = Probe({})
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "reading the journals" in app.export_screenshot().replace("&#160;", " ")

asyncio.run(main())
print("\\n".join(held[0]))
"""
HEAVY = {
    "google", "kubernetes", "httpx", "aiohttp", "requests", "pydantic", "yaml", "sqlite3", "cryptography", "msgspec",
    "saxtui.engine.runtime", "saxtui.engine.session", "saxtui.adapters", "saxtui.catalog", "saxtui.model.deployment",
}  # fmt: skip


def test_the_first_frame_is_painted_before_anything_heavy_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & HEAVY
