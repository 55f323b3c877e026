"""The wheel: styles and manifests travel in it, and what it installs finds them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _names(folder: str) -> set[str]:
    return {path.name for path in (ROOT / folder).iterdir() if path.is_file()}


def test_wheel_holds_the_data_and_finds_it(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    for folder in ("styles", "manifests"):
        expected = {f"saxtui/_data/{folder}/{name}" for name in _names(folder)}
        assert expected, f"{folder}/ is empty"
        assert expected <= packed
    code = (
        "import saxtui, sys; from saxtui.adapters.disk import packaged;"
        "assert sys.argv[1] in saxtui.__file__, saxtui.__file__;"
        "print(packaged.text('manifests', 'sax-admin-server.yaml')); print(packaged.text('styles', 'base.tcss'))"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    argv = [sys.executable, "-P", "-c", code, str(tmp_path)]
    done = subprocess.run(argv, cwd=tmp_path, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sax-admin-server" in done.stdout
