"""IAM: service accounts and policies, by raw REST (google-cloud-iam has no REST transport)."""

from __future__ import annotations

from saxtui.adapters.google.endpoints import Endpoints
from saxtui.adapters.google.transport import Json, Transport
from saxtui.errors import NotFound, Problem
from saxtui.model.text import safe
from saxtui.ports import AccountInfo, PolicyTarget

_VERSION = "3"
"""Policy version that carries conditions; asking for less would drop other people's."""


class GoogleIdentity:
    """Fulfils ports.Identity."""

    def __init__(self, transport: Transport, endpoints: Endpoints) -> None:
        self._transport = transport
        self._endpoints = endpoints
        self._accounts = f"{endpoints.iam}/v1/projects/{transport.project}/serviceAccounts"

    async def get_account(self, email: str) -> AccountInfo | None:
        """None where the API says 404."""
        found = await self._transport.call("GET", f"{self._accounts}/{email}", "get service account", email)
        return None if found is None else _account(found)

    async def list_accounts(self) -> list[AccountInfo]:
        """The project's service accounts."""
        found = await self._transport.pages(
            self._accounts, "accounts", "list service accounts of", self._transport.project
        )
        return [_account(item) for item in found]

    async def create_account(self, account_id: str, display_name: str, description: str) -> AccountInfo:
        """Raises Conflict when it exists."""
        body = {"accountId": account_id, "serviceAccount": {"displayName": display_name, "description": description}}
        found = await self._transport.call(
            "POST", self._accounts, "create service account", account_id, body, mutates=True
        )
        return _account(found or {})

    async def delete_account(self, email: str) -> None:
        """Raises NotFound."""
        url = f"{self._accounts}/{email}"
        await self._transport.call("DELETE", url, "delete service account", email, mutates=True)

    async def get_policy(self, target: PolicyTarget) -> Json:
        """The policy with its etag, version 3, untouched: it goes back as it came. Raises NotFound."""
        tried, name = f"read IAM policy of {target.kind}", target.name
        asked = {"options": {"requestedPolicyVersion": int(_VERSION)}}
        if target.kind == "bucket":
            params = {"optionsRequestedPolicyVersion": _VERSION}
            found = await self._transport.call("GET", self._bucket(name), tried, name, params=params)
        elif target.kind == "project":
            found = await self._transport.call("POST", f"{self._project(name)}:getIamPolicy", tried, name, asked)
        else:
            url, params = f"{self._accounts}/{name}:getIamPolicy", {"options.requestedPolicyVersion": _VERSION}
            found = await self._transport.call("POST", url, tried, name, params=params)
        if found is None:
            raise NotFound(Problem(tried=tried, target=safe(name), said="does not exist", code="404"))
        return found

    async def set_policy(self, target: PolicyTarget, policy: Json) -> Json:
        """Write it back whole; raises Conflict when the etag is stale."""
        tried, name = f"write IAM policy of {target.kind}", target.name
        if target.kind == "bucket":
            found = await self._transport.call("PUT", self._bucket(name), tried, name, policy, mutates=True)
        else:
            base = self._project(name) if target.kind == "project" else f"{self._accounts}/{name}"
            body = {"policy": policy}
            found = await self._transport.call("POST", f"{base}:setIamPolicy", tried, name, body, mutates=True)
        return found or {}

    def _bucket(self, name: str) -> str:
        return f"{self._endpoints.storage}/storage/v1/b/{name}/iam"

    def _project(self, name: str) -> str:
        return f"{self._endpoints.resource_manager}/v3/projects/{name}"


def _account(found: Json) -> AccountInfo:
    return AccountInfo(
        email=safe(found.get("email", "")),
        uid=safe(found.get("uniqueId", "")),
        description=safe(found.get("description", "")),
        display_name=safe(found.get("displayName", "")),
    )
