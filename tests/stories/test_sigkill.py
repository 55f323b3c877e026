"""The real program, killed with SIGKILL over and over against an embedded cloud over HTTP, and then left in peace."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.stories.robot import EmbeddedCloud, Operator

LINES = {"up": 70, "down": 45}
"""About as many events as each command tells of itself on a whole run."""


def kill_after(operator: Operator, verb: str, path: str, lines: int) -> bool:
    """Run `saxtui VERB` and kill it once it has told so many events. False when it ended before."""
    victim = operator.start(verb, "-d", path, "--yes", "--json")
    assert victim.stdout is not None
    told = 0
    for _ in victim.stdout:
        told += 1
        if told >= lines:
            break
    ended = victim.poll() is not None
    victim.kill()
    victim.communicate()
    return not ended and told >= lines


def killed_life(cloud: EmbeddedCloud, operator: Operator, seed: int, kills: int) -> int:
    """Kills during up, then up to its end, kills during down, then down to its end. Returns how many kills hit."""
    rng = Random(seed)
    before = cloud.resources()
    seen = len(cloud.requests())
    path = operator.deployment(name=f"spmd-{seed}.yaml")
    hit = 0
    for verb in ("up", "down"):
        for _ in range(kills):
            hit += kill_after(operator, verb, path, rng.randint(1, LINES[verb]))
        operator.saxtui(verb, "-d", path, "--yes", "--json").ok()
        if verb == "up":
            made = Counter(
                request["path"].split("?")[0] + str(request.get("body", ""))
                for request in cloud.requests()[seen:]
                if request["method"] == "POST" and request["status"] < 300 and request["service"] == "container"
            )
            clusters = sum(count for text, count in made.items() if text.partition("/clusters")[2] == "")
            assert clusters == 1, f"seed {seed}: {made}"
    assert cloud.resources() == before, f"seed {seed}: down must leave what was there before"
    return hit


def test_a_few_kills(cloud: EmbeddedCloud, operator: Operator) -> None:
    assert killed_life(cloud, operator, seed=1, kills=3) >= 4


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_kills(tmp_path: Path) -> None:
    hit = seed = 0
    while hit < 100:
        seed += 1
        cloud = EmbeddedCloud.start(tmp_path / f"cloud-{seed}", seed=seed)
        try:
            folder = tmp_path / f"desk-{seed}"
            folder.mkdir()
            hit += killed_life(cloud, cloud.operator(folder), seed, kills=5)
        finally:
            cloud.stop()
