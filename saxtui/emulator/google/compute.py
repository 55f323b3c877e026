"""Compute Engine v1: regions with quotas, zones, machine types, and the load balancers of Services."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from saxtui.emulator.google import machines, places, quotas
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.leftovers import Leftovers
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

_SELF = "https://www.googleapis.com/compute/v1"
_TERM = re.compile(r"""(\w+)\s*(=|!=|eq|ne|:)\s*(?:"([^"]*)"|([^\s()"]+))""")


def _number(name: str) -> str:
    return str(int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big"))


class Compute:
    """The methods the tutorial's tools read. Forwarding rules and addresses follow the clusters' Services."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._leftovers = Leftovers(world)
        world.hook("service.address", self._address)
        world.hook("service.released", self._released)

    def routes(self) -> list[Route]:
        """Under /compute/v1/projects, and under /projects for an override that already ends in /compute/v1/."""
        return [
            route for base in ("/compute/v1/projects/{project}", "/projects/{project}") for route in self._under(base)
        ]

    def _under(self, base: str) -> list[Route]:
        def get(path: str, handler: Any) -> Route:
            return Route("compute", "GET", base + path, handler)

        return [
            get("", self._project),
            get("/regions", self._regions),
            get("/regions/{region}", self._region),
            get("/zones", self._zones),
            get("/zones/{zone}", self._zone),
            get("/zones/{zone}/machineTypes", self._machine_types),
            get("/zones/{zone}/machineTypes/{machine}", self._machine_type),
            get("/aggregated/machineTypes", self._all_machine_types),
            get("/regions/{region}/forwardingRules", self._forwarding_rules),
            get("/aggregated/forwardingRules", self._all_forwarding_rules),
            get("/regions/{region}/addresses", self._addresses),
            get("/aggregated/addresses", self._all_addresses),
            *self._leftovers.routes(base),
        ]

    # -- places
    def _project(self, call: Call) -> Json:
        return {
            "kind": "compute#project",
            "name": call["project"],
            "selfLink": self._link(call),
            "commonInstanceMetadata": {"kind": "compute#metadata"},
            "quotas": [{"metric": "CPUS_ALL_REGIONS", "limit": 4096.0, "usage": 0.0}],
        }

    def _link(self, call: Call, *rest: str) -> str:
        return "/".join([_SELF, "projects", call["project"], *rest])

    def _region_row(self, call: Call, region: str) -> Json:
        return {
            "kind": "compute#region",
            "id": _number(region),
            "name": region,
            "description": region,
            "status": "UP",
            "zones": [self._link(call, "zones", zone) for zone in places.zones(region)],
            "quotas": quotas.of_region(self._world, call["project"], region),
            "selfLink": self._link(call, "regions", region),
        }

    def _zone_row(self, call: Call, zone: str) -> Json:
        return {
            "kind": "compute#zone",
            "id": _number(zone),
            "name": zone,
            "description": zone,
            "status": "UP",
            "region": self._link(call, "regions", places.region_of(zone)),
            "selfLink": self._link(call, "zones", zone),
        }

    def _regions(self, call: Call) -> Json:
        return _list(call, "compute#regionList", (self._region_row(call, name) for name in places.regions()))

    def _region(self, call: Call) -> Json:
        return self._region_row(call, self._known(call, "regions", "region", places.regions()))

    def _zones(self, call: Call) -> Json:
        return _list(call, "compute#zoneList", (self._zone_row(call, name) for name in places.all_zones()))

    def _zone(self, call: Call) -> Json:
        return self._zone_row(call, self._known(call, "zones", "zone", places.all_zones()))

    def _known(self, call: Call, kind: str, param: str, names: Iterable[str]) -> str:
        if call[param] not in names:
            raise GoogleError(404, f"The resource 'projects/{call['project']}/{kind}/{call[param]}' was not found")
        return call[param]

    # -- machine types
    def _machine_row(self, call: Call, zone: str, machine: machines.Machine) -> Json:
        row: Json = {
            "kind": "compute#machineType",
            "id": _number(machine.name),
            "name": machine.name,
            "description": f"{machine.cpus} vCPUs, {machine.memory // 1024} GB RAM",
            "guestCpus": machine.cpus,
            "memoryMb": machine.memory,
            "zone": zone,
            "isSharedCpu": False,
            "selfLink": self._link(call, "zones", zone, "machineTypes", machine.name),
        }
        if machine.chips:
            row["accelerators"] = [
                {"guestAcceleratorType": machine.accelerator, "guestAcceleratorCount": machine.chips}
            ]
        return row

    def _machine_types(self, call: Call) -> Json:
        zone = self._known(call, "zones", "zone", places.all_zones())
        rows = (self._machine_row(call, zone, machine) for machine in machines.in_zone(zone))
        return _list(call, "compute#machineTypeList", rows)

    def _machine_type(self, call: Call) -> Json:
        zone = self._known(call, "zones", "zone", places.all_zones())
        machine = machines.find(call["machine"])
        if machine is None or not machines.offered(machine, zone):
            where = f"projects/{call['project']}/zones/{zone}/machineTypes/{call['machine']}"
            raise GoogleError(404, f"The resource '{where}' was not found")
        return self._machine_row(call, zone, machine)

    def _all_machine_types(self, call: Call) -> Json:
        rows = [
            (f"zones/{zone}", self._machine_row(call, zone, machine))
            for zone in places.all_zones()
            for machine in machines.in_zone(zone)
        ]
        scopes = [f"zones/{zone}" for zone in places.all_zones()]
        return _aggregated(call, "compute#machineTypeAggregatedList", "machineTypes", scopes, rows)

    # -- load balancers
    def _address(self, payload: Json) -> None:
        project, location, _ = payload["cluster"].split("/")
        region = places.region_of(location)
        internal = bool(payload["internal"])
        name = _rule_name(payload)
        base = f"{_SELF}/projects/{project}/regions/{region}"
        scheme = "INTERNAL" if internal else "EXTERNAL"
        description = f'{{"kubernetes.io/service-name":"{payload["namespace"]}/{payload["name"]}"}}'
        shared = {"name": name, "region": base, "creationTimestamp": self._world.stamp(), "description": description}
        self._world.table("compute.forwardingRules")[f"{project}/{region}/{name}"] = {
            "kind": "compute#forwardingRule",
            "id": _number(name),
            **shared,
            "IPAddress": payload["address"],
            "IPProtocol": "TCP",
            "loadBalancingScheme": scheme,
            "selfLink": f"{base}/forwardingRules/{name}",
        }
        self._world.table("compute.addresses")[f"{project}/{region}/{name}"] = {
            "kind": "compute#address",
            "id": _number(name + "-address"),
            **shared,
            "address": payload["address"],
            "addressType": scheme,
            "status": "IN_USE",
            "users": [f"{base}/forwardingRules/{name}"],
            "selfLink": f"{base}/addresses/{name}",
        }

    def _released(self, payload: Json) -> None:
        project, location, _ = payload["cluster"].split("/")
        key = f"{project}/{places.region_of(location)}/{_rule_name(payload)}"
        self._world.table("compute.forwardingRules").pop(key, None)
        self._world.table("compute.addresses").pop(key, None)

    def _rows(self, call: Call, table: str) -> list[tuple[str, Json]]:
        """(scope, row) of every row of the project."""
        return [
            (f"regions/{key.split('/')[1]}", row)
            for key, row in self._world.table(table).items()
            if key.split("/")[0] == call["project"]
        ]

    def _in_region(self, call: Call, kind: str, table: str) -> Json:
        region = self._known(call, "regions", "region", places.regions())
        planted = self._leftovers.planted(call["project"], f"regions/{region}/{table.removeprefix('compute.')}")
        live = [row for scope, row in self._rows(call, table) if scope == f"regions/{region}"]
        return _list(call, kind, [*live, *planted])

    def _forwarding_rules(self, call: Call) -> Json:
        return self._in_region(call, "compute#forwardingRuleList", "compute.forwardingRules")

    def _addresses(self, call: Call) -> Json:
        return self._in_region(call, "compute#addressList", "compute.addresses")

    def _everywhere(self, call: Call, kind: str, field: str, table: str) -> Json:
        scopes = [f"regions/{region}" for region in places.regions()]
        return _aggregated(call, kind, field, scopes, self._rows(call, table))

    def _all_forwarding_rules(self, call: Call) -> Json:
        kind = "compute#forwardingRuleAggregatedList"
        return self._everywhere(call, kind, "forwardingRules", "compute.forwardingRules")

    def _all_addresses(self, call: Call) -> Json:
        return self._everywhere(call, "compute#addressAggregatedList", "addresses", "compute.addresses")


def _rule_name(payload: Json) -> str:
    """The "a" plus hash name that GKE gives load balancers of Services."""
    text = "/".join((payload["cluster"], payload["namespace"], payload["name"]))
    return "a" + hashlib.sha256(text.encode()).hexdigest()[:31]


def _keep(call: Call, row: Json) -> bool:
    """Whether the row passes the `filter` parameter: terms on plain fields, all of which must hold."""
    for name, operator, quoted, bare in _TERM.findall(call.query("filter")):
        if name in row and not _holds(str(row[name]), operator, quoted or bare):
            return False
    return True


def _holds(value: str, operator: str, wanted: str) -> bool:
    """`eq` and `ne` take a regular expression for the whole value, `:` a part of it; links also match by their end."""
    if operator in ("eq", "ne"):
        try:
            found = re.fullmatch(wanted, value) is not None
        except re.error:
            raise GoogleError(
                400, f"Invalid value for field 'filter': '{wanted}'. Invalid list filter expression."
            ) from None
        return found == (operator == "eq")
    if operator == ":":
        return wanted.strip("*") in value
    same = value == wanted or value.endswith("/" + wanted.rpartition("/")[2])
    return same == (operator == "=")


def _list(call: Call, kind: str, rows: Iterable[Json]) -> Json:
    found = [row for row in rows if _keep(call, row)]
    return {"kind": kind, "selfLink": f"https://www.googleapis.com{call.request.path}", "items": found}


def _aggregated(call: Call, kind: str, field: str, scopes: list[str], rows: Iterable[tuple[str, Json]]) -> Json:
    items: dict[str, Json] = {scope: {} for scope in scopes}
    for scope, row in rows:
        if _keep(call, row):
            items[scope].setdefault(field, []).append(row)
    for scope, item in items.items():
        if not item:
            data = [{"key": "scope", "value": scope}]
            item["warning"] = {
                "code": "NO_RESULTS_ON_PAGE",
                "message": "There are no results on this page.",
                "data": data,
            }
    return {"kind": kind, "selfLink": f"https://www.googleapis.com{call.request.path}", "items": items}
