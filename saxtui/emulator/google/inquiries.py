"""What is only ever asked: whether billing is on, Cloud Quotas, and reservations. All of it as the scenario has it."""

from __future__ import annotations

from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import projects
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

_FAMILY = "TPUS-PER-TPU-FAMILY-per-project-region"
# Chips a region, with the tpu_family dimension where there is one.
_QUOTAS: dict[str, dict[str, int]] = {
    _FAMILY: {"CT6E": 256},
    "PREEMPTIBLE-TPU-V6E-per-project-region": {"": 1536},
    "PREEMPTIBLE-TPU7X-per-project-region": {"": 1536},
}


class Inquiries:
    """Cloud Billing's billingInfo, Cloud Quotas' quotaInfos, and Compute Engine's reservations."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Reads only."""
        quota = "/v1/projects/{project}/locations/global/services/{service}/quotaInfos/{quota}"
        found = [
            Route("cloudbilling", "GET", "/v1/projects/{project}/billingInfo", self._billing),
            Route("cloudquotas", "GET", quota, self._quota),
        ]
        for base in ("/compute/v1/projects/{project}", "/projects/{project}"):
            found.append(Route("compute", "GET", base + "/zones/{zone}/reservations/{reservation}", self._reservation))
        return found

    def _billing(self, call: Call) -> Json:
        project = projects.require(self._world, "cloudbilling", call["project"])["projectId"]
        on = not any(scenarios.states(self._world, "billing-off"))
        account = "billingAccounts/000000-000000-000000" if on else ""
        name = f"projects/{project}/billingInfo"
        return {"name": name, "projectId": project, "billingAccountName": account, "billingEnabled": on}

    def _quota(self, call: Call) -> Json:
        projects.require(self._world, "cloudquotas", call["project"])
        quota = call["quota"]
        if call["service"] != "compute.googleapis.com" or quota not in _QUOTAS:
            raise GoogleError(404, f"Quota {quota} of service {call['service']} was not found.")
        rows = [
            {
                "dimensions": {"tpu_family": family} if family else {},
                "details": {"value": str(self._limit(quota, family, limit))},
                "applicableLocations": ["us-central1", "us-east1", "us-east5", "us-west1", "us-west4", "europe-west4"],
            }
            for family, limit in _QUOTAS[quota].items()
        ]
        return {"quotaId": quota, "service": call["service"], "dimensionsInfos": rows}

    def _limit(self, quota: str, family: str, limit: int) -> int:
        faults = scenarios.states(self._world, "quota-limit")
        return min([limit, *(int(fault["limit"]) for fault in faults if fault["metric"] in (quota, family))])

    def _reservation(self, call: Call) -> Json:
        for fault in scenarios.states(self._world, "reservation"):
            if (fault["name"], fault["zone"]) == (call["reservation"], call["zone"]):
                properties = {"machineType": fault["machine"]}
                return {
                    "kind": "compute#reservation",
                    "name": fault["name"],
                    "zone": fault["zone"],
                    "status": "READY",
                    "specificReservationRequired": True,
                    "specificReservation": {
                        "count": str(fault["count"]),
                        "inUseCount": str(fault["used"]),
                        "instanceProperties": properties,
                    },
                }
        where = f"projects/{call['project']}/zones/{call['zone']}/reservations/{call['reservation']}"
        raise GoogleError(404, f"The resource '{where}' was not found")
