"""TPU metrics as words."""

from __future__ import annotations

import pytest

from saxtui.model.chips import Gauge, HostChips
from saxtui.present import chips

NOW = 1_790_000_000.0
GIB = 2.0**30


def text(found: HostChips | None, now: float = NOW) -> str:
    return "".join(words for words, _ in chips.line(found, now))


def test_what_is_told_with_its_age() -> None:
    full = HostChips(
        NOW - 3, Gauge(80.4, 86, 93, 4), Gauge(41, 41, 41, 4), Gauge(5 * GIB, 5.2 * GIB, 5.4 * GIB, 4),
        Gauge(15.75 * GIB, 15.75 * GIB, 15.75 * GIB, 4), Gauge(70, 70, 70, 4),
    )  # fmt: skip
    assert text(full) == "TPU duty 80-93%  HBM 5.0-5.4 of 15.8 GiB a chip  read under 20s ago"
    assert [row[:2] for row in chips.rows(full, NOW)] == [
        ("duty cycle", "80-93%"), ("HBM", "5.0-5.4 of 15.8 GiB a chip"), ("tensor cores", "41%"),
        ("HBM bandwidth", "70%"), ("chips", "4"), ("read", "under 20s ago"),
    ]  # fmt: skip


def test_what_is_not_told_is_no_metric_and_never_zero() -> None:
    assert text(None) == "TPU not read yet"
    assert text(HostChips(said="no exporter")) == "TPU no metric: no exporter"
    assert chips.rows(HostChips(said="no exporter"), NOW) == ()
    part = HostChips(NOW, hbm_used=Gauge(GIB, GIB, GIB, 1))
    assert text(part) == "TPU duty no metric  HBM 1.0 of ? GiB a chip  read under 20s ago"
    idle = HostChips(NOW, duty=Gauge(0, 0, 0, 4))
    assert text(idle) == "TPU duty 0%  HBM no metric  read under 20s ago"


@pytest.mark.parametrize(
    ("old", "words"),
    [(0, "under 20s"), (19.9, "under 20s"), (25, "20s"), (119, "110s"), (130, "2m"), (-5, "under 20s")],
)
def test_a_fresh_reading_does_not_tick(old: float, words: str) -> None:
    """The screen is not painted anew every second for it; the older it gets, the more is said."""
    assert text(HostChips(NOW - old, duty=Gauge(1, 1, 1, 4))).endswith(f"read {words} ago")


def test_why_there_is_nothing_newer() -> None:
    stale = HostChips(NOW - 60, duty=Gauge(1, 1, 1, 4), said="the exporter does not answer")
    assert text(stale).endswith("read 60s ago, not since: the exporter does not answer")
    assert chips.line(stale, NOW)[-1][1] == "warn"
