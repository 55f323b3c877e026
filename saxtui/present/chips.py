"""TPU metrics as words: what is not told is said to be no metric, never zero. Pure."""

from __future__ import annotations

from saxtui.model.chips import Gauge, HostChips
from saxtui.present.words import age

NO_METRIC = "no metric"
_GIB = 2**30
_FRESH, _STEP = 20.0, 10.0
"""Seconds within which a reading counts as of now (it is read every fifteen), and the steps in which it grows old."""


def duty(found: HostChips) -> str:
    """ "87%", "80-93%" where the chips differ, or "no metric"."""
    return percent(found.duty)


def percent(gauge: Gauge | None) -> str:
    """A gauge in percent, as a range where the chips differ."""
    if gauge is None:
        return NO_METRIC
    low, high = f"{gauge.low:.0f}", f"{gauge.high:.0f}"
    return f"{low}%" if low == high else f"{low}-{high}%"


def hbm(found: HostChips) -> str:
    """ "5.7 of 15.8 GiB" a chip, or "no metric"."""
    used, total = _gib(found.hbm_used), _gib(found.hbm_total)
    if not used and not total:
        return NO_METRIC
    return f"{used or '?'} of {total or '?'} GiB"


def _gib(gauge: Gauge | None) -> str:
    if gauge is None:
        return ""
    low, high = f"{gauge.low / _GIB:.1f}", f"{gauge.high / _GIB:.1f}"
    return low if low == high else f"{low}-{high}"


def read(found: HostChips, now: float) -> str:
    """How old the reading is, and why there is no newer one. In steps: what is fresh changes nothing on the screen."""
    old = max(0.0, now - found.at)
    since = f"under {_FRESH:.0f}s" if old < _FRESH else age(old - old % _STEP)
    told = f"read {since} ago" if found.at else "not read"
    return f"{told}, not since: {found.said}" if found.said and found.known else told


def line(found: HostChips | None, now: float) -> tuple[tuple[str, str], ...]:
    """One line as texts with their roles: "TPU duty 87%  HBM 5.7 of 15.8 GiB a chip  read under 20s ago"."""
    if found is None:
        return (("TPU ", "dim"), ("not read yet", "dim"))
    if not found.known:
        return (("TPU ", "dim"), (f"{NO_METRIC}: {found.said}", "dim"))
    told = hbm(found)
    parts = [("TPU duty ", "dim"), (duty(found), "" if found.duty else "dim"), ("  HBM ", "dim")]
    parts.append((told, "dim") if told == NO_METRIC else (f"{told} a chip", ""))
    if found.tensorcore is not None and found.duty is None:
        parts += [("  tensor cores ", "dim"), (percent(found.tensorcore), "")]
    return (*parts, (f"  {read(found, now)}", "warn" if found.said else "dim"))


def rows(found: HostChips, now: float) -> tuple[tuple[str, str, str], ...]:
    """Every metric as label, text and role; () where nothing is told."""
    if not found.known:
        return ()
    chips = next(gauge.chips for gauge in (found.tensorcore, found.duty, found.hbm_used, found.hbm_total,
                                           found.hbm_bandwidth) if gauge is not None)  # fmt: skip
    told = hbm(found)
    return (
        ("duty cycle", duty(found), ""),
        ("HBM", told if told == NO_METRIC else f"{told} a chip", ""),
        ("tensor cores", percent(found.tensorcore), ""),
        ("HBM bandwidth", percent(found.hbm_bandwidth), ""),
        ("chips", str(chips), ""),
        ("read", read(found, now).removeprefix("read "), "warn" if found.said else ""),
    )
