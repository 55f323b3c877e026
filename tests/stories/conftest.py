"""An embedded cloud a story, or one for stories that change nothing in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.robot import EmbeddedCloud, Operator


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    """A fresh embedded cloud, 600 times faster than life."""
    started = EmbeddedCloud.start(tmp_path / "cloud")
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
def operator(cloud: EmbeddedCloud, tmp_path: Path) -> Operator:
    """An operator with an empty working folder."""
    folder = tmp_path / "desk"
    folder.mkdir()
    return cloud.operator(folder)
