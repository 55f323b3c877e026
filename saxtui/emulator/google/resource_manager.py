"""Resource Manager v1 and v3: projects, their policies, and what the caller may do."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.google import policy, projects, shape
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

_OWNER_ROLES = frozenset({"roles/owner", "roles/editor"})


def seed(world: World) -> None:
    """The caller owns the demo project; Google's own agents hold their roles, as in any project."""
    number = projects.DEMO_NUMBER
    agent = f"serviceAccount:service-{number}@container-engine-robot.iam.gserviceaccount.com"
    bindings = [
        {"role": "roles/container.serviceAgent", "members": [agent]},
        {"role": "roles/owner", "members": [f"user:{projects.CALLER}"]},
    ]
    world.table("iam.accounts").setdefault(
        agent.partition(":")[2],
        {
            "name": f"projects/{projects.DEMO_PROJECT}/serviceAccounts/{agent.partition(':')[2]}",
            "projectId": "container-engine-robot",
            "uniqueId": "100000000000000000001",
            "email": agent.partition(":")[2],
            "etag": "MDEwMjE5MjA=",
        },
    )
    policy.put(world, policy.key("project", projects.DEMO_PROJECT), bindings)


class Projects:
    """The project methods of both versions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Get, list and search, and the three policy methods."""
        service = "cloudresourcemanager"
        found = [
            Route(service, "GET", "/v1/projects", self._list_v1),
            Route(service, "GET", "/v3/projects:search", self._search_v3),
            Route(service, "GET", "/v1/projects/{project}", self._get_v1),
            Route(service, "GET", "/v3/projects/{project}", self._get_v3),
        ]
        for version in ("v1", "v3"):
            one = f"/{version}/projects/{{project}}"
            found += [
                Route(service, "POST", one + ":getIamPolicy", self._get_policy, mutating=False),
                Route(service, "POST", one + ":setIamPolicy", self._set_policy),
                Route(service, "POST", one + ":testIamPermissions", self._test, mutating=False),
            ]
        return found

    def _mine(self) -> list[Json]:
        return [row for row in self._world.table("crm.projects").values() if row["_mine"]]

    def _require(self, call: Call, permission: str) -> Json:
        row = projects.find(self._world, call["project"])
        if row is not None:
            return row
        if call.request.path.startswith("/v1/"):
            raise GoogleError(403, "The caller does not have permission")
        resource = f"//cloudresourcemanager.googleapis.com/projects/{call['project']}"
        raise GoogleError(
            403,
            f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
            reason="IAM_PERMISSION_DENIED",
            domain="cloudresourcemanager.googleapis.com",
            metadata={"permission": permission, "resource": f"projects/{call['project']}"},
        )

    def _list_v1(self, call: Call) -> Json:
        wanted = _terms(call.query("filter"))
        rows = [_v1(row) for row in self._mine() if _fits(row, wanted)]
        return {"projects": rows} if rows else {}

    def _search_v3(self, call: Call) -> Json:
        wanted = _terms(call.query("query"))
        rows = [_v3(row) for row in self._mine() if _fits(row, wanted)]
        return {"projects": rows} if rows else {}

    def _get_v1(self, call: Call) -> Json:
        return _v1(self._require(call, "resourcemanager.projects.get"))

    def _get_v3(self, call: Call) -> Json:
        return _v3(self._require(call, "resourcemanager.projects.get"))

    def _get_policy(self, call: Call) -> Json:
        row = self._require(call, "resourcemanager.projects.getIamPolicy")
        return policy.read(self._world, policy.key("project", row["projectId"]))

    def _set_policy(self, call: Call) -> Json:
        row = self._require(call, "resourcemanager.projects.setIamPolicy")
        target = policy.key("project", row["projectId"])
        return policy.write(self._world, target, shape.read(call.request, shape.SET_POLICY).get("policy", {}))

    def _test(self, call: Call) -> Json:
        """An owner holds what is asked, so far as it has the form service.resource.verb."""
        row = self._require(call, "resourcemanager.projects.get")
        roles = policy.read(self._world, policy.key("project", row["projectId"])).get("bindings", [])
        caller = f"user:{projects.CALLER}"
        owns = any(binding["role"] in _OWNER_ROLES and caller in binding["members"] for binding in roles)
        asked = shape.read(call.request, shape.PERMISSIONS).get("permissions", [])
        held = [name for name in asked if owns and name.count(".") >= 2]
        return {"permissions": held} if held else {}


def _v1(row: Json) -> Json:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _v3(row: Json) -> Json:
    return {
        "name": f"projects/{row['projectNumber']}",
        "projectId": row["projectId"],
        "state": row["lifecycleState"],
        "displayName": row["name"],
        "createTime": row["createTime"],
        "updateTime": row["createTime"],
        "etag": 'W/"aef9b7f0d9b1ab2e"',
    }


_FILTER_FIELDS = {
    "lifecyclestate": "lifecycleState",
    "state": "lifecycleState",
    "projectid": "projectId",
    "id": "projectId",
    "name": "name",
    "displayname": "name",
    "projectnumber": "projectNumber",
}


def _terms(text: str) -> list[tuple[str, str]]:
    """The field:value (or =) terms of a filter, all of which must hold; other terms are ignored."""
    found = []
    for term in text.replace("=", ":").replace(" AND ", " ").split():
        name, colon, value = term.partition(":")
        if colon and name.lower() in _FILTER_FIELDS:
            found.append((_FILTER_FIELDS[name.lower()], value.strip('"')))
    return found


def _fits(row: Json, terms: list[tuple[str, str]]) -> bool:
    return all(value in ("*", row[field]) for field, value in terms)
