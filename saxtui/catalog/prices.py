"""What is known of prices, in US dollars an hour. An unknown price is None and is shown as unknown, never as $0.

TPU prices are list prices of the SkyPilot catalogue, whose date is not known; spot prices move every month, so they are
a sample. No source worth its name was at hand for E2 machines: an operator who knows their price writes it into the
overrides file (catalog/overrides.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars an hour, where it was read, and as of when ("undated" when the source does not say)."""

    usd: float
    source: str
    date: str = "undated"


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price an operator gave. `what`: a TPU generation, a CPU machine type, or "cluster"; `zone` "" = everywhere."""

    what: str
    zone: str
    spot: bool
    price: Price


def chip_hour(generation: str, zone: str, spot: bool = False) -> Price | None:
    """The price of one chip for one hour in that zone, or None when no source gives it."""
    return _own(generation, zone, spot) or _chips().get((generation, zone, spot))


def node_hour(machine_type: str, zone: str) -> Price | None:
    """The price of one CPU node for one hour; None but for the operator's own, as no source was at hand."""
    return _own(machine_type, zone)


def cluster_hour() -> Price | None:
    """GKE's management fee for one cluster and hour: flat; the free tier of zonal ones is left out."""
    return _own("cluster", "") or _CLUSTER_FEE


def zones(generation: str) -> tuple[str, ...]:
    """Zones the price list names for a generation, priced or not."""
    return tuple(dict.fromkeys(zone for known, zone, _ in _chips() if known == generation))


def override(own: Iterable[OwnPrice]) -> None:
    """Put an operator's own prices before the catalogue's; () goes back to the catalogue's."""
    _OWN[:] = own


_CLUSTER_FEE = Price(0.10, "cloud.google.com/kubernetes-engine/pricing", "undated")
_OWN: list[OwnPrice] = []


def _own(what: str, zone: str, spot: bool = False) -> Price | None:
    """The operator's price for exactly that zone, else the one for everywhere."""
    fitting = [item for item in _OWN if (item.what, item.spot) == (what, spot) and item.zone in (zone, "")]
    return max(fitting, key=lambda item: item.zone).price if fitting else None


@lru_cache(maxsize=1)
def _chips() -> dict[tuple[str, str, bool], Price | None]:
    from saxtui.catalog.table import rows

    found: dict[tuple[str, str, bool], Price | None] = {}
    for row in rows("tpu_prices.csv"):
        for spot, column in ((False, "ondemand_usd_chip_hr"), (True, "spot_usd_chip_hr")):
            text = row[column]
            found[row["generation"], row["zone"], spot] = (
                Price(float(text), row["source"], row["date"]) if text else None
            )
    return found
