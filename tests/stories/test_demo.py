"""`saxtui demo --headless`: the whole main job by itself, alone and two at once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.stories.robot import PYTHON, _plain_environment


def _start(folder: Path, *args: str) -> subprocess.Popen[str]:
    folder.mkdir()
    env = {**_plain_environment(), "SAXTUI_STATE": str(folder / "state"), "TMPDIR": str(folder)}
    argv = [PYTHON, "-m", "saxtui", "demo", "--headless", "--speed", "600", *args]
    return subprocess.Popen(
        argv, cwd=folder, env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_two_at_once_as_json(tmp_path: Path) -> None:
    runs = [_start(tmp_path / name, "--json") for name in ("a", "b")]
    for run in runs:
        out, err = run.communicate(timeout=110)
        assert run.returncode == 0, err
        records = [json.loads(line) for line in out.splitlines()]
        types = [record["type"] for record in records]
        assert types.count("pod") >= 16
        assert "reply" in types
        assert "gone" in types
        models = [record for record in records if record["type"] == "model"]
        assert models[-1]["active_replicas"] == 2
    assert not list(tmp_path.glob("*/saxtui-demo-*")), "the demo cleans up after itself"


def test_printed_for_a_person(tmp_path: Path) -> None:
    run = _start(tmp_path / "a")
    out, err = run.communicate(timeout=110)
    assert run.returncode == 0, err
    for word in ("bucket", "cluster", "tpu1", "tpu2", "active_replicas", "gone"):
        assert word in out
    assert "\x1b" not in out
