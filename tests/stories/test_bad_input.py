"""Wrong input: one clear error that names the thing and the way out, the documented exit code, nothing half-made."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.robot import PYTHON, EmbeddedCloud, Operator


@pytest.fixture(scope="module")
def quiet_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """One embedded cloud for all refusals: nothing may change in it."""
    started = EmbeddedCloud.start(tmp_path_factory.mktemp("quiet") / "cloud")
    try:
        yield started
        assert not started.mutations()
    finally:
        started.stop()


@pytest.fixture
def clerk(quiet_cloud: EmbeddedCloud, tmp_path: Path) -> Operator:
    """An operator at the quiet cloud."""
    return quiet_cloud.operator(tmp_path)


def _edited(clerk: Operator, old: str, new: str) -> str:
    spmd = clerk.deployment()
    path = clerk.folder / spmd
    text = path.read_text()
    assert old in text, text
    path.write_text(text.replace(old, new))
    return spmd


def test_wrong_project(clerk: Operator) -> None:
    clerk.saxtui("init", "--preset", "tutorial", "--project", "no-such-project", "-o", "x.yaml").ok()
    clerk.saxtui("up", "-d", "x.yaml", "--yes").refused(1, "no-such-project")


def test_illegal_topology(clerk: Operator) -> None:
    spmd = _edited(clerk, "topology: 4x8", "topology: 3x5")
    clerk.saxtui("plan", "-d", spmd).refused(2, "3x5", "4x8", spmd)


def test_model_that_does_not_fit(clerk: Operator) -> None:
    spmd = _edited(clerk, "topology: 4x8", "topology: 4x4")
    clerk.saxtui("up", "-d", spmd, "--yes").refused(2, "LmCloudSpmd175B32Test", "16", spmd)


@pytest.mark.parametrize(
    "text", ["", "name: [", "just words", "\x00\x01", "version: 1\nnonsense: true\n", "a: &a [*a]\n"]
)
def test_corrupt_deployment_file(clerk: Operator, text: str) -> None:
    (clerk.folder / "bad.yaml").write_text(text)
    clerk.saxtui("up", "-d", "bad.yaml", "--yes").refused(2, "bad.yaml")


def test_missing_deployment_file(clerk: Operator) -> None:
    clerk.saxtui("plan", "-d", "nowhere.yaml").refused(2, "nowhere.yaml", "saxtui init")


def test_no_network(clerk: Operator) -> None:
    spmd = clerk.deployment()
    names = [name for name in clerk.env if name.startswith("CLOUDSDK_API_ENDPOINT_OVERRIDES_")]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        answer = clerk.saxtui("up", "-d", spmd, "--yes", env=dict.fromkeys(names, nowhere))
    answer.refused(1, "network")


def test_emulator_port_in_use(clerk: Operator, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = clerk.run([PYTHON, "-m", "saxtui", "emulator", "--state", str(tmp_path / "s"), "--port", str(port)])
    answer.refused(1, str(port), "in use")


def test_usage(clerk: Operator) -> None:
    clerk.saxtui("up", "--no-such-option").refused(2, "no-such-option")
    clerk.saxtui("fly").refused(2, "fly")
