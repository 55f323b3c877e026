"""Scenarios that only an inquiry meets: billing, quota limits and reservations, in virtual time."""

from __future__ import annotations

import pytest

from tests.emulator.scenarios.rehearsal import Rehearsal
from tests.emulator.tutorial import PROJECT

QUOTAS = f"/v1/projects/{PROJECT}/locations/global/services/compute.googleapis.com/quotaInfos"
RESERVATION = f"/compute/v1/projects/{PROJECT}/zones/us-west4-a/reservations/lab-chips"


def test_billing_off() -> None:
    path = f"/v1/projects/{PROJECT}/billingInfo"
    assert Rehearsal("quota-short").read(path).ok()["billingEnabled"] is True
    off = Rehearsal("billing-off").read(path).ok()
    assert (off["billingEnabled"], off["billingAccountName"]) == (False, "")


@pytest.mark.parametrize(
    ("scenario", "metric", "limit"),
    [
        ("cpu-quota-short", "CPUS", 8.0),
        ("disk-quota-short", "SSD_TOTAL_GB", 250.0),
        ("spot-quota-short", "PREEMPTIBLE_TPU_LITE_PODSLICE_V5", 0.0),
    ],
)
def test_regional_limits(scenario: str, metric: str, limit: float) -> None:
    rows = Rehearsal(scenario).read(f"/compute/v1/projects/{PROJECT}/regions/us-west4").ok()["quotas"]
    assert [row["limit"] for row in rows if row["metric"] == metric] == [limit]


def test_family_quota_short() -> None:
    (row,) = (
        Rehearsal("family-quota-short").read(f"{QUOTAS}/TPUS-PER-TPU-FAMILY-per-project-region").ok()["dimensionsInfos"]
    )
    assert (row["dimensions"], row["details"]) == ({"tpu_family": "CT6E"}, {"value": "0"})


def test_reservation_small() -> None:
    held = Rehearsal("reservation-small").read(RESERVATION).ok()["specificReservation"]
    assert (held["count"], held["inUseCount"]) == ("12", "4")
    assert Rehearsal("quota-short").read(RESERVATION).error["code"] == 404
