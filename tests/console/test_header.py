"""The header: what gives way, and what never does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saxtui.console.header import Header, layout

FULL = Header(
    name="a-deployment-with-a-very-long-name", project="my-project-with-thirty-letters", zone="us-west4-a",
    emulated="x60", exposure="private", slices="2/2", serving="2/2", canary="▁▁✗", rate="$77.18/h+", spent="$1,041.02+",
    fresh="offline since 14:02", fresh_role="bad",
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_cost_and_freshness_are_never_cut(width: int) -> None:
    line = "".join(piece.text for piece in layout(FULL, width))
    assert line.rstrip().endswith("$77.18/h+  $1,041.02+   offline since 14:02")
    assert len(line) <= width


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_emulated_cloud_is_always_named(width: int) -> None:
    line = "".join(piece.text for piece in layout(FULL, width))
    assert "EMU" in line


def test_wide_says_everything() -> None:
    line = "".join(piece.text for piece in layout(FULL, 220))
    for text in (FULL.name, FULL.project, FULL.zone, "EMULATED x60", "private", "2/2 slices", "serving 2/2   ▁▁✗"):
        assert text in line


def test_the_canary_outlives_what_the_cloud_is_called() -> None:
    line = "".join(piece.text for piece in layout(replace(FULL, name="spmd", fresh="live"), 80))
    assert "serving 2/2   ▁▁✗" in line
    assert "private" not in line


def test_before_anything_is_known() -> None:
    assert "".join(piece.text for piece in layout(Header(), 80)).split() == ["saxtui", "starting"]
