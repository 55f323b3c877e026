"""A run on the embedded cloud keeps the plan's pace: what can be done at once is done at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.robot import EmbeddedCloud

MOST = 1.05
"""Of the plan's critical path at p50. The embedded cloud's own times vary by chance; this seed's are about average."""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    """Only 20 times faster than life, so that real latencies weigh little."""
    started = EmbeddedCloud.start(tmp_path / "cloud", speed=20, seed=1)
    yield started
    started.stop()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_up_takes_no_longer_than_the_critical_path(slow: EmbeddedCloud, tmp_path: Path) -> None:
    operator = slow.operator(tmp_path)
    operator.saxtui("init", "--project", "demo-project", "-o", "d.yaml").ok()
    (plan,) = operator.saxtui("plan", "-d", "d.yaml", "--json").ok().of_type("plan")
    (result,) = operator.saxtui("up", "-d", "d.yaml", "--yes", "--json", limit=280).ok().of_type("result")
    assert result["seconds"] <= MOST * plan["seconds"][0]
    assert plan["seconds"][0] < plan["sequential_seconds"]
