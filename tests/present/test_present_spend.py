"""The cost meter's words: a mark only where something without a known price bills."""

from __future__ import annotations

import pytest

from saxtui.present.spend import Meter


@pytest.mark.parametrize(
    ("meter", "rate", "spent"),
    [
        (Meter(), "$0.00/h", "$0.00"),
        (Meter(76.8, 12.3), "$76.80/h", "$12.30"),
        (Meter(76.8, 12.3, ("4 CPU nodes",)), "$76.80/h+", "$12.30+"),
        (Meter(None, None, ("4 CPU nodes",)), "unknown/h", "unknown"),
        (Meter(0.0, 12.3, ("4 CPU nodes",)), "$0.00/h", "$12.30+"),
    ],
    ids=["nothing yet", "priced", "partly priced", "unpriced", "taken down"],
)
def test_what_is_not_priced_is_marked_only_while_it_bills(meter: Meter, rate: str, spent: str) -> None:
    assert (meter.rate_text, meter.spent_text) == (rate, spent)
