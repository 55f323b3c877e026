"""A stockout on one pool, as an operator meets it: the ways on are named, and nothing moves until one is chosen."""

from __future__ import annotations

from pathlib import Path

from tests.stories.robot import EmbeddedCloud

STOCKOUT = """
title: The second slice finds no chips, once
faults:
  - {when: {on: pool.create/tpu2}, fault: stockout, after: 60, running: 0}
"""


def test_a_stockout_then_fewer_slices(tmp_path: Path) -> None:
    scenario = tmp_path / "stockout.yaml"
    scenario.write_text(STOCKOUT)
    cloud = EmbeddedCloud.start(tmp_path / "cloud", scenario=scenario)
    try:
        folder = tmp_path / "desk"
        folder.mkdir()
        operator = cloud.operator(folder)
        before = cloud.resources()
        spmd = operator.deployment()
        up = operator.saxtui("up", "-d", spmd, "--yes", "--json")
        assert up.code == 3, up.err
        keys = [record["key"] for record in up.of_type("choice")]
        assert {"wait:60", "slices:1", "rollback", "down"} <= set(keys)
        operator.saxtui("up", "-d", spmd, "--choose", "zone:moon", "--yes", "--json").refused(2, "zone")
        operator.saxtui("up", "-d", spmd, "--choose", "slices:1", "--yes", "--json").ok()
        assert "count: 1" in (folder / spmd).read_text()
        pools = [row["name"] for row in cloud.resources() if row["type"] == "node-pool"]
        assert any("tpu1" in name for name in pools)
        assert not any("tpu2" in name for name in pools)
        status = operator.saxtui("status", "-d", spmd, "--json").ok()
        assert status.of_type("drift") == [], "nothing was changed under us"
        operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
        assert cloud.resources() == before
    finally:
        cloud.stop()
