"""What a GKE cluster may leave behind in Compute Engine: lists and deletes, by raw REST (Compute Engine v1)."""

from __future__ import annotations

import asyncio

from saxtui.adapters.google.transport import Json, Transport
from saxtui.model.text import safe
from saxtui.ports import Leftover


def collections(region: str, zone: str) -> dict[str, str]:
    """Kind → the collection's path under projects/P, in the order in which they can be deleted."""
    return {
        "forwarding-rule": f"regions/{region}/forwardingRules",
        "firewall-rule": "global/firewalls",
        "address": f"regions/{region}/addresses",
        "network-endpoint-group": f"zones/{zone}/networkEndpointGroups",
        "disk": f"zones/{zone}/disks",
        "placement-policy": f"regions/{region}/resourcePolicies",
    }


async def find(transport: Transport, base: str, region: str, zone: str) -> list[Leftover]:
    """Every row of every kind in the region and zone, whoever made it. `base`: URL of the project. Raises CallError."""

    async def of_kind(kind: str, path: str) -> list[Leftover]:
        rows = await transport.pages(f"{base}/{path}", "items", f"list {kind}s of", region)
        return [_row(kind, path, row) for row in rows]

    found = await asyncio.gather(*(of_kind(kind, path) for kind, path in collections(region, zone).items()))
    return [row for rows in found for row in rows]


async def delete(transport: Transport, base: str, row: Leftover) -> None:
    """Ask for its deletion; the operation is not followed, a later list tells. Raises CallError."""
    await transport.call("DELETE", f"{base}/{row.path}", f"delete {row.kind}", row.name, mutates=True)


def _row(kind: str, path: str, row: Json) -> Leftover:
    name = safe(row.get("name", ""))
    return Leftover(
        kind=kind,
        name=name,
        path=f"{path}/{name}",
        description=safe(row.get("description", ""), 2000),
        labels={safe(key): safe(value) for key, value in (row.get("labels") or {}).items()},
        tags=tuple(safe(tag) for tag in row.get("targetTags") or ()),
    )
