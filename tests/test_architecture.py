"""What a static import graph cannot see: what a fresh process really loads, and how large files grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = {"google.auth", "google.cloud", "kubernetes", "httpx", "aiohttp", "requests"}
LONGEST_FILE = 500


def _loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import saxtui.cli.main", CLIENTS | {"textual", "saxtui.console", "saxtui.emulator"}),
        ("import saxtui.console.app", CLIENTS | {"pydantic", "yaml", "sqlite3", "saxtui.cli", "saxtui.emulator"}),
        ("import saxtui.engine.runtime", CLIENTS | {"textual", "saxtui.emulator"}),
        ("import saxtui.model.events, saxtui.model.plan, saxtui.model.progress", CLIENTS | {"asyncio", "pydantic"}),
    ],
)
def test_a_fresh_process_loads_only_what_it_needs(statement: str, forbidden: set[str]) -> None:
    assert not _loaded_by(statement) & forbidden


def test_the_emulator_loads_nothing_of_the_product_but_the_catalogue() -> None:
    loaded = {name for name in _loaded_by("import saxtui.emulator.__main__") if name.startswith("saxtui.")}
    rooms = {name.split(".")[1] for name in loaded}
    assert rooms <= {"emulator", "catalog"}


def test_nothing_waits_in_a_way_that_can_swallow_a_cancellation() -> None:
    """Python 3.11's asyncio.wait_for returns the result when both come at once: a follower then never ends."""
    using = [str(path) for path in (ROOT / "saxtui").rglob("*.py") if "asyncio.wait_for(" in path.read_text()]
    assert not using, "use asyncio.timeout"


def test_no_god_file() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "saxtui").rglob("*.py")}
    assert not {str(path): length for path, length in lengths.items() if length > LONGEST_FILE}
    assert lengths[ROOT / "saxtui/console/app.py"] <= 200
