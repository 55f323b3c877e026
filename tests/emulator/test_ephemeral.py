"""An emulator that leaves nothing, and one that says where it serves as data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "saxtui.emulator", "serve", "--until-stdin-closes"]


@pytest.mark.parametrize("made_before", [True, False])
def test_its_folder_goes_when_its_parent_goes(tmp_path: Path, made_before: bool) -> None:
    state = tmp_path / "cloud"
    if made_before:
        state.mkdir()
    process = subprocess.Popen(
        [*COMMAND, "--state", str(state), "--ephemeral", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    known = json.loads((state / "emulator.json").read_text())
    assert said == {
        "type": "serving", "endpoint": known["endpoint"], "state": str(state), "speed": 60.0, "env": f"{state}/env.sh",
    }  # fmt: skip
    assert "export CLOUDSDK_CORE_ACCOUNT=operator@demo-project.example\n" in (state / "env.sh").read_text()
    out, err = process.communicate()  # closes its standard input
    assert (process.returncode, out, err) == (0, "", "")
    assert not state.exists()


def test_a_folder_that_holds_something_is_never_deleted(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("precious")
    done = subprocess.run(
        [*COMMAND, "--state", str(tmp_path), "--ephemeral"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "not empty" in done.stderr and done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
