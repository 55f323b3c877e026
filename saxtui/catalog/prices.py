"""What is known of prices, in US dollars an hour. An unknown price is None and is shown as unknown, never as $0.

TPU prices are list prices of the SkyPilot catalogue (v7/gcp/vms.csv at commit 017e2502), whose date is not known; spot
prices move every month, so they are a sample. No public source was at hand for E2 machines or for the GKE cluster fee.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

SOURCE = "SkyPilot catalogue v7/gcp/vms.csv@017e2502"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars an hour, where it was read, and as of when ("undated" when the source does not say)."""

    usd: float
    source: str
    date: str = "undated"


def chip_hour(generation: str, zone: str, spot: bool = False) -> Price | None:
    """The price of one chip for one hour in that zone, or None when no source gives it."""
    usd = _chips().get((generation, zone, spot))
    return None if usd is None else Price(usd, SOURCE)


def node_hour(machine_type: str, zone: str) -> Price | None:
    """The price of one CPU node for one hour: None for every type, as no source was at hand."""
    del machine_type, zone
    return None


def cluster_hour() -> Price | None:
    """GKE's management fee for one cluster and hour: None, as no source was at hand."""
    return None


def zones(generation: str) -> tuple[str, ...]:
    """Zones the price list names for a generation, priced or not."""
    return tuple(dict.fromkeys(zone for known, zone, _ in _chips() if known == generation))


@lru_cache(maxsize=1)
def _chips() -> dict[tuple[str, str, bool], float | None]:
    from saxtui.catalog.table import rows

    found: dict[tuple[str, str, bool], float | None] = {}
    for row in rows("tpu_prices.csv"):
        for spot, column in ((False, "ondemand_usd_chip_hr"), (True, "spot_usd_chip_hr")):
            text = row[column]
            found[row["generation"], row["zone"], spot] = float(text) if text else None
    return found
