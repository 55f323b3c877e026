"""IAM v1: service accounts and their policies."""

from __future__ import annotations

import base64
import re
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import policy, projects, shape
from saxtui.emulator.google.errors import GoogleError, bad_request
from saxtui.emulator.google.wire import Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

_ID = re.compile(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])")


def seed(world: World) -> None:
    """The default Compute Engine account every project with Compute has."""
    number = projects.DEMO_NUMBER
    _put(
        world,
        projects.DEMO_PROJECT,
        f"{number}-compute@developer.gserviceaccount.com",
        {"displayName": "Compute Engine default service account"},
    )


def _put(world: World, project: str, email: str, extra: Json) -> Json:
    unique = str(100000000000000000000 + world.rng.randrange(10**19))
    row: Json = {
        "name": f"projects/{project}/serviceAccounts/{email}",
        "projectId": project,
        "uniqueId": unique,
        "email": email,
        "etag": base64.b64encode(b"\x07\x05" + world.next_seq().to_bytes(6, "big")).decode(),
        "oauth2ClientId": unique,
        **{name: value for name, value in extra.items() if value},
    }
    world.table("iam.accounts")[email] = row
    return row


class ServiceAccounts:
    """The service account methods. `projects/-/` finds an account in any project."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Create, get, list, patch, delete, and the three policy methods."""
        base = "/v1/projects/{project}/serviceAccounts"
        one = base + "/{account}"
        return [
            Route("iam", "GET", base, self._list),
            Route("iam", "POST", base, self._create),
            Route("iam", "GET", one, self._get),
            Route("iam", "PATCH", one, self._patch),
            Route("iam", "DELETE", one, self._delete),
            Route("iam", "POST", one + ":getIamPolicy", self._get_policy, mutating=False),
            Route("iam", "POST", one + ":setIamPolicy", self._set_policy),
            Route("iam", "POST", one + ":testIamPermissions", self._test, mutating=False),
        ]

    def _project(self, call: Call) -> str:
        return str(projects.require_enabled(self._world, "iam", call["project"])["projectId"])

    def _find(self, call: Call) -> Json:
        """The account, by e-mail or unique id. Raises GoogleError 404."""
        wanted = call["account"]
        for row in self._world.table("iam.accounts").values():
            if wanted in (row["email"], row["uniqueId"]) and not policy.spreading(self._world, row["email"]):
                if call["project"] != "-" and self._project(call) != row["projectId"]:
                    break
                return row
        raise GoogleError(404, "Unknown service account")

    def _list(self, call: Call) -> Json:
        owner = self._project(call)
        rows = [row for row in self._world.table("iam.accounts").values() if row["projectId"] == owner]
        return {"accounts": rows} if rows else {}

    def _create(self, call: Call) -> Json:
        owner = self._project(call)
        body = shape.read(call.request, shape.CREATE_ACCOUNT)
        account: str = body.get("accountId", "")
        details: Json = body.get("serviceAccount", {})
        if not _ID.fullmatch(account):
            raise bad_request(
                f'Invalid service account ID "{account}": it must be 6 to 30 characters of lower-case letters, digits '
                "and dashes, begin with a letter and not end with a dash.",
                "account_id",
            )
        email = f"{account}@{owner}.iam.gserviceaccount.com"
        if email in self._world.table("iam.accounts"):
            raise GoogleError(
                409,
                f"Service account {account} already exists within project projects/{owner}.",
                details=[
                    {
                        "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                        "resourceName": f"projects/{owner}/serviceAccounts/{email}",
                    }
                ],
            )
        wait = max((float(fault["accounts"]) for fault in scenarios.states(self._world, "iam-delay")), default=0.0)
        if wait:
            self._world.table("iam.spreading")[email] = {"until": self._world.now + wait}
        return _put(
            self._world,
            owner,
            email,
            {name: details.get(name) for name in ("displayName", "description")},
        )

    def _get(self, call: Call) -> Json:
        return self._find(call)

    def _patch(self, call: Call) -> Json:
        row = self._find(call)
        body = shape.read(call.request, shape.PATCH_ACCOUNT)
        wanted = body.get("serviceAccount", {})
        fields = body.get("updateMask", "").replace("display_name", "displayName").split(",")
        for name in ("displayName", "description"):
            if name in fields:
                row[name] = wanted.get(name, "")
        return row

    def _delete(self, call: Call) -> Json:
        row = self._find(call)
        email = row["email"]
        self._world.table("iam.accounts").pop(email)
        policy.drop(self._world, policy.key("service-account", email))
        policy.retire_account(self._world, email, row["uniqueId"])
        return {}

    # -- policy
    def _get_policy(self, call: Call) -> Json:
        return policy.read(self._world, policy.key("service-account", self._find(call)["email"]))

    def _set_policy(self, call: Call) -> Json:
        target = policy.key("service-account", self._find(call)["email"])
        return policy.write(self._world, target, shape.read(call.request, shape.SET_POLICY).get("policy", {}))

    def _test(self, call: Call) -> Json:
        self._find(call)
        asked = shape.read(call.request, shape.PERMISSIONS).get("permissions", [])
        held = [name for name in asked if name.startswith("iam.serviceAccounts.")]
        return {"permissions": held} if held else {}
