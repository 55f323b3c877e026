"""Private nodes, a channel and labels of one's own reach the embedded cloud and are there when it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.robot import EmbeddedCloud


@pytest.mark.long
def test_the_cloud_keeps_the_shape_and_nothing_has_drifted(tmp_path: Path) -> None:
    cloud = EmbeddedCloud.start(tmp_path / "cloud")
    try:
        operator = cloud.operator(tmp_path)
        spmd = operator.deployment()
        file = tmp_path / spmd
        text = file.read_text().replace("private_nodes: false", "private_nodes: true")
        text = text.replace("release_channel: ''", "release_channel: none")
        file.write_text(text.replace("extra_labels: {}", "extra_labels: {team: nlp}"))
        operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
        status = operator.saxtui("status", "-d", spmd, "--json").ok()
        assert status.of_type("drift") == []
        file.write_text(file.read_text().replace("release_channel: none", "release_channel: stable"))
        drift = operator.saxtui("status", "-d", spmd, "--json").of_type("drift")
        assert [(row["field"], row["theirs"]) for row in drift] == [("release channel", "none")]
    finally:
        cloud.stop()
