"""Projects, APIs, and what Compute Engine offers, by raw REST (google-cloud-compute takes over a second to import)."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Sequence

from saxtui.adapters.google import leftovers
from saxtui.adapters.google.endpoints import Endpoints
from saxtui.adapters.google.transport import Json, Transport
from saxtui.errors import Denied
from saxtui.model.text import safe
from saxtui.ports import Leftover, ProjectInfo, Quota, Reservation


class GoogleProjects:
    """Fulfils ports.Projects."""

    def __init__(self, transport: Transport, endpoints: Endpoints) -> None:
        self._transport = transport
        self._manager = f"{endpoints.resource_manager}/v3"
        self._usage = f"{endpoints.service_usage}/v1"
        self._billing = endpoints.billing
        self._quotas = endpoints.quotas
        self._compute = f"{endpoints.compute}/compute/v1/projects"

    async def account(self) -> str:
        """Who we are, as an e-mail address or "unknown". Raises Unauthenticated."""
        await self._transport.run(self._transport.credentials.fresh_token, "get credentials for", "Google Cloud")
        return self._transport.credentials.account

    async def get(self, project: str) -> ProjectInfo | None:
        """None where the API says 404; it says 403 (Denied) for a project that is not there and for one not ours."""
        found = await self._transport.call("GET", f"{self._manager}/projects/{project}", "get project", project)
        return None if found is None else _project(found)

    async def list(self) -> list[ProjectInfo]:
        """The active projects this account can see."""
        url = f"{self._manager}/projects:search"
        found = await self._transport.pages(url, "projects", "list projects of", "account", {"query": "state:ACTIVE"})
        return [_project(item) for item in found]

    async def granted(self, project: str, permissions: Sequence[str]) -> frozenset[str]:
        """Those of `permissions` that this account has on the project. The API takes 100 at a time."""
        url = f"{self._manager}/projects/{project}:testIamPermissions"

        async def ask(some: Sequence[str]) -> Json:
            return await self._transport.call("POST", url, "test permissions on", project,
                                              {"permissions": list(some)}) or {}  # fmt: skip

        parts = [permissions[start : start + 100] for start in range(0, len(permissions), 100)]
        answers = await asyncio.gather(*(ask(part) for part in parts))
        return frozenset(safe(text) for answer in answers for text in answer.get("permissions", []))

    async def enabled(self, project: str, services: Sequence[str]) -> frozenset[str]:
        """Those of `services` ("container.googleapis.com") that are on in the project."""

        async def ask(service: str) -> bool:
            url = f"{self._usage}/projects/{project}/services/{service}"
            found = await self._transport.call("GET", url, "look up API", service)
            return (found or {}).get("state") == "ENABLED"

        states = await asyncio.gather(*(ask(service) for service in services))
        return frozenset(service for service, on in zip(services, states, strict=True) if on)

    async def billing(self, project: str) -> bool | None:
        """Whether it has a billing account; None where there is no Billing API, or it may not be asked."""
        if not self._billing:
            return None
        url = f"{self._billing}/v1/projects/{project}/billingInfo"
        try:
            found = await self._transport.call("GET", url, "read billing of", project)
        except Denied:
            return None
        return None if found is None else found.get("billingEnabled") is True

    async def zones(self, project: str, region: str) -> builtins.list[str]:
        """The region's zones that are up, sorted."""
        found = await self._transport.pages(f"{self._compute}/{project}/zones", "items", "list zones of", project)
        up = [str(item.get("name", "")) for item in found if item.get("status", "UP") == "UP"]
        return sorted(safe(name) for name in up if name.rpartition("-")[0] == region)

    async def regions(self, project: str) -> builtins.list[str]:
        """Every region, sorted."""
        found = await self._transport.pages(f"{self._compute}/{project}/regions", "items", "list regions of", project)
        return sorted(safe(item.get("name", "")) for item in found)

    async def zones_offering(self, project: str, machine_type: str) -> frozenset[str]:
        """Zones whose list of machine types has this one. Being listed is not having capacity."""
        url = f"{self._compute}/{project}/aggregated/machineTypes"
        params = {"filter": f"name={machine_type}"}
        found = await self._transport.pages(url, "items", "find zones with", machine_type, params)
        return frozenset(
            safe(scope.removeprefix("zones/"))
            for page in found
            for scope, content in page.items()
            if any(item.get("name") == machine_type for item in content.get("machineTypes", []))
        )

    async def quotas(self, project: str, region: str) -> builtins.list[Quota]:
        """The region's Compute Engine quotas; [] for an unknown region."""
        url = f"{self._compute}/{project}/regions/{region}"
        found = await self._transport.call("GET", url, "read quotas of", region)
        return [
            Quota(safe(item.get("metric", "")), float(item.get("limit", 0)), float(item.get("usage", 0)))
            for item in (found or {}).get("quotas", [])
        ]

    async def cloud_quota(self, project: str, region: str, quota: str, family: str) -> float | None:
        """By Cloud Quotas; its rows name their regions, and one without any holds everywhere."""
        if not self._quotas:
            return None
        service = "compute.googleapis.com"
        url = f"{self._quotas}/v1/projects/{project}/locations/global/services/{service}/quotaInfos/{quota}"
        found = await self._transport.call("GET", url, "read quota", quota)
        if found is None:
            return None
        for row in found.get("dimensionsInfos", []):
            dimensions, places = row.get("dimensions", {}), row.get("applicableLocations", [])
            here = region in places or dimensions.get("region") == region or not (places or "region" in dimensions)
            if here and dimensions.get("tpu_family", "") == family:
                return float(row.get("details", {}).get("value", 0))
        return 0.0 if family else None

    async def reservation(self, project: str, zone: str, name: str) -> Reservation | None:
        """One of this project's, or by its whole path one that is shared with it."""
        parts = name.split("/")
        owner = parts[1] if len(parts) >= 4 and parts[0] == "projects" else project
        own = parts[3] if len(parts) >= 4 else parts[-1]
        url = f"{self._compute}/{owner}/zones/{zone}/reservations/{own}"
        found = await self._transport.call("GET", url, "get reservation", name)
        if found is None:
            return None
        held = found.get("specificReservation", {})
        machine = held.get("instanceProperties", {}).get("machineType", "")
        return Reservation(safe(machine), int(held.get("count", 0)), int(held.get("inUseCount", 0)))

    async def forwarding_rules(self, project: str, region: str) -> builtins.list[Json]:
        """The region's forwarding rules: name, address, description and labels, as text that is safe to show."""
        url = f"{self._compute}/{project}/regions/{region}/forwardingRules"
        found = await self._transport.pages(url, "items", "list forwarding rules of", region)
        return [
            {
                "name": safe(item.get("name", "")),
                "IPAddress": safe(item.get("IPAddress", "")),
                "description": safe(item.get("description", "")),
                "target": safe(item.get("target", "")),
                "labels": {safe(key): safe(value) for key, value in item.get("labels", {}).items()},
            }
            for item in found
        ]

    async def leftovers(self, project: str, region: str, zone: str) -> builtins.list[Leftover]:
        """What a cluster may leave behind: everything of these kinds in the region and zone, whoever made it."""
        return await leftovers.find(self._transport, f"{self._compute}/{project}", region, zone)

    async def delete_leftover(self, project: str, row: Leftover) -> None:
        """Ask for one's deletion. Raises CallError."""
        await leftovers.delete(self._transport, f"{self._compute}/{project}", row)


def _project(found: Json) -> ProjectInfo:
    return ProjectInfo(
        id=safe(found.get("projectId", "")),
        number=safe(str(found.get("name", "")).removeprefix("projects/")),
        name=safe(found.get("displayName", "")),
        state=safe(found.get("state", "ACTIVE")),
    )
