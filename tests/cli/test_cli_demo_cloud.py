import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from saxtui.cli.demo_cloud import DemoCloud, clean, parse_records, read_environment
from saxtui.errors import Refused
from tests.stories.robot import wait_until


def test_the_demo_sees_no_other_cloud() -> None:
    given = {
        "PATH": "/bin", "CLOUDSDK_CORE_PROJECT": "mine", "KUBECONFIG": "/k", "GOOGLE_APPLICATION_CREDENTIALS": "/g",
        "SAXTUI_STATE": "/s", "https_proxy": "http://proxy", "NO_COLOR": "1",
    }  # fmt: skip
    assert clean(given) == {"PATH": "/bin", "NO_COLOR": "1"}


def test_env_sh_is_read_as_a_shell_would(tmp_path: Path) -> None:
    (tmp_path / "env.sh").write_text("# a comment\nexport A='x y'\nexport B=\"1\" C=2\nexport D='it'\\''s'\necho no\n")
    assert read_environment(tmp_path) == {"A": "x y", "B": "1", "C": "2", "D": "it's"}
    with pytest.raises(Refused, match=r"env\.sh"):
        read_environment(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ['[{"a": 1}, {"b": 2}]', '{"a": 1}\n{"b": 2}\n'])
def test_records_of_both_shapes(text: str) -> None:
    assert parse_records(text) == [{"a": 1}, {"b": 2}]


def test_a_cloud_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONHASHSEED": "0"}
    cloud = DemoCloud(environ, ["--no-such-option"])
    with pytest.raises(Refused) as failure, cloud:
        pass
    assert failure.value.problem.details
    assert "ended with code" in failure.value.problem.said
    assert not cloud.folder.exists()


def test_no_place_for_a_folder_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(Refused, match="temporary folder") as failure, DemoCloud({}, []):
        pass
    assert "TMPDIR" in failure.value.problem.next_step


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # nobody may be there to reap it


def test_a_demo_that_is_killed_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    environ = {**clean(os.environ), "TMPDIR": str(tmp_path)}
    demo = subprocess.Popen(
        [sys.executable, "-m", "saxtui", "demo", "--headless"], env=environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        (facts,) = wait_until(lambda: list(tmp_path.glob("saxtui-demo-*/emulator.json")), "the embedded cloud")
        journals = facts.parent / "saxtui" / "journals"
        wait_until(journals.exists, "the run's journal")
        cloud = int(json.loads(facts.read_text())["pid"])
        assert _lives(cloud)
    finally:
        demo.kill()
        demo.wait()
    wait_until(lambda: not _lives(cloud), "the embedded cloud's end")
    wait_until(lambda: not list(tmp_path.iterdir()), "its folder's end")
