"""Cloud Storage JSON API: buckets, their policies and the small things gcloud asks of them."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google import policy, projects, shape
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.partial import mask
from saxtui.emulator.google.wire import Answer, Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]")
_TAKEN = ("gke-bucket", "my-bucket", "test-bucket", "models", "saxml", "sax-data", "example-bucket", "demo-bucket")
_MULTI_REGIONS = {"US", "EU", "ASIA"}
_CHANGEABLE = frozenset({"labels", "lifecycle", "versioning", "storageClass", "iamConfiguration", "softDeletePolicy"})
PERMISSION_PREFIXES = ("storage.buckets.", "storage.objects.", "storage.managedFolders.", "storage.multipartUploads.")


def millis(world: World) -> str:
    """RFC 3339 with milliseconds, as Cloud Storage stamps."""
    return datetime.fromtimestamp(world.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def seed(world: World) -> None:
    """Names that other people hold: bucket names are one space for the whole world."""
    for name in _TAKEN:
        row = _new_bucket(world, projects.OTHER_PROJECT, name, {})
        world.table("storage.buckets")[name] = row


def find_bucket(world: World, name: str) -> Json:
    """A bucket the caller may see. Raises GoogleError 404, or 403 when it is somebody else's."""
    row = world.table("storage.buckets").get(name)
    if row is None:
        raise GoogleError(404, "The specified bucket does not exist.")
    if projects.find(world, row["_project"]) is None:
        raise GoogleError(
            403,
            f"{projects.CALLER} does not have storage.buckets.get access to the Google Cloud Storage bucket. "
            "Permission 'storage.buckets.get' denied on resource (or it may not exist).",
        )
    return row


def check_metageneration(call: Call, row: Json) -> None:
    """Honour ifMetagenerationMatch and ifMetagenerationNotMatch. Raises GoogleError 412 (304 is not used here)."""
    wanted, unwanted = call.query("ifMetagenerationMatch"), call.query("ifMetagenerationNotMatch")
    if (wanted and wanted != row["metageneration"]) or (unwanted and unwanted == row["metageneration"]):
        raise precondition_failed()


def precondition_failed() -> GoogleError:
    """412 conditionNotMet."""
    return GoogleError(412, "At least one of the pre-conditions you specified did not hold.")


def visible(row: Json) -> Json:
    """The row without what is the emulator's own."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


class Buckets:
    """The bucket methods."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Under /storage/v1/b, and under /b for an endpoint override that already ends in /storage/v1/."""
        return [route for base in ("/storage/v1/b", "/b") for route in self._routes_under(base)]

    def _routes_under(self, base: str) -> list[Route]:
        one = base + "/{bucket!}"
        return [
            Route("storage", "GET", base, self._list),
            Route("storage", "POST", base, self._insert),
            Route("storage", "GET", one, self._get),
            Route("storage", "DELETE", one, self._delete),
            Route("storage", "PATCH", one, self._patch),
            Route("storage", "PUT", one, self._patch),
            Route("storage", "GET", one + "/storageLayout", self._layout),
            Route("storage", "GET", one + "/managedFolders", self._folders),
            Route("storage", "GET", one + "/iam", self._get_policy),
            Route("storage", "PUT", one + "/iam", self._set_policy),
            Route("storage", "GET", one + "/iam/testPermissions", self._test),
        ]

    def _list(self, call: Call) -> Json:
        owner = projects.require_enabled(self._world, "storage", call.query("project"))["projectId"]
        prefix = call.query("prefix")
        rows = [
            visible(row)
            for name, row in sorted(self._world.table("storage.buckets").items())
            if row["_project"] == owner and name.startswith(prefix)
        ]
        body: Json = {"kind": "storage#buckets"}
        if rows:
            body["items"] = rows
        return mask(body, call.query("fields"))

    def _insert(self, call: Call) -> Json:
        owner = projects.require_enabled(self._world, "storage", call.query("project"))["projectId"]
        wanted = shape.lenient(call.request.json(), shape.BUCKET)
        name = wanted.get("name", "")
        _check_name(name)
        if scenarios.on_event(self._world, "bucket.create", name, "bucket-taken"):
            other = _new_bucket(self._world, projects.OTHER_PROJECT, name, {})
            self._world.table("storage.buckets").setdefault(name, other)
        taken = self._world.table("storage.buckets").get(name)
        if taken is not None:
            raise GoogleError(409, _taken_text(mine=taken["_project"] == owner))
        row = _new_bucket(self._world, owner, name, wanted)
        self._world.table("storage.buckets")[name] = row
        bindings = [
            ("roles/storage.legacyBucketOwner", ["projectEditor", "projectOwner"]),
            ("roles/storage.legacyBucketReader", ["projectViewer"]),
            ("roles/storage.legacyObjectOwner", ["projectEditor", "projectOwner"]),
            ("roles/storage.legacyObjectReader", ["projectViewer"]),
        ]
        policy.put(
            self._world,
            policy.key("bucket", name),
            [{"role": role, "members": [f"{kind}:{owner}" for kind in kinds]} for role, kinds in bindings],
        )
        return mask(visible(row), call.query("fields"))

    def _get(self, call: Call) -> Json:
        row = find_bucket(self._world, call["bucket"])
        check_metageneration(call, row)
        return mask(visible(row), call.query("fields"))

    def _patch(self, call: Call) -> Json:
        row = find_bucket(self._world, call["bucket"])
        check_metageneration(call, row)
        wanted = shape.lenient(call.request.json(), shape.BUCKET, nulls=True)
        for name, value in wanted.items():
            if name not in _CHANGEABLE:
                continue
            if isinstance(value, dict) and isinstance(row.get(name), dict):
                merged = {**row[name], **value}
                row[name] = {inner: item for inner, item in merged.items() if item is not None}
            elif value is None:
                row.pop(name, None)
            else:
                row[name] = value
        row["metageneration"] = str(int(row["metageneration"]) + 1)
        row["updated"] = millis(self._world)
        return mask(visible(row), call.query("fields"))

    def _delete(self, call: Call) -> Answer:
        name = call["bucket"]
        row = find_bucket(self._world, name)
        check_metageneration(call, row)
        tables = (self._world.table("storage.objects"), self._world.table("storage.versions"))
        if any(key.startswith(name + "/") for table in tables for key in table):
            raise GoogleError(409, "The bucket you tried to delete is not empty.")
        self._world.table("storage.buckets").pop(name)
        policy.drop(self._world, policy.key("bucket", name))
        return Answer(204)

    def _layout(self, call: Call) -> Json:
        row = find_bucket(self._world, call["bucket"])
        return {
            "kind": "storage#storageLayout",
            "bucket": row["name"],
            "location": row["location"],
            "locationType": row["locationType"],
            "hierarchicalNamespace": {"enabled": False},
        }

    def _folders(self, call: Call) -> Json:
        find_bucket(self._world, call["bucket"])
        return {"kind": "storage#managedFolders", "items": []}

    # -- policy
    def _get_policy(self, call: Call) -> Json:
        name = find_bucket(self._world, call["bucket"])["name"]
        return _storage_policy(name, policy.read(self._world, policy.key("bucket", name)))

    def _set_policy(self, call: Call) -> Json:
        name = find_bucket(self._world, call["bucket"])["name"]
        target = policy.key("bucket", name)
        wanted = shape.lenient(call.request.json(), shape.POLICY)
        if wanted.get("etag") and wanted["etag"] != policy.read(self._world, target)["etag"]:
            raise precondition_failed()
        return _storage_policy(name, policy.write(self._world, target, wanted))

    def _test(self, call: Call) -> Json:
        find_bucket(self._world, call["bucket"])
        asked = call.request.query_all("permissions")
        held = [name for name in asked if name.startswith(PERMISSION_PREFIXES)]
        return {"kind": "storage#testIamPermissionsResponse", **({"permissions": held} if held else {})}


def _storage_policy(bucket: str, found: Json) -> Json:
    return {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{bucket}", **found}


def _taken_text(*, mine: bool) -> str:
    if mine:
        return "Your previous request to create the named bucket succeeded and you already own it."
    return (
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please "
        "select a different name and try again."
    )


def _check_name(name: str) -> None:
    """The naming rules of Cloud Storage. Raises GoogleError 400."""
    if not name:
        raise GoogleError(400, "Required parameter: name", reason="required")
    good = bool(_NAME.fullmatch(name)) and not any(bad in name for bad in ("..", ".-", "-."))
    if good and _is_address(name):
        good = False
    if not good:
        raise GoogleError(400, f"Invalid bucket name: '{name}'")
    if name.startswith("goog") or "google" in name or "g00gle" in name:
        raise GoogleError(
            400, f"The bucket name '{name}' is restricted: it may not contain 'google' or begin with 'goog'."
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _new_bucket(world: World, owner: str, name: str, wanted: Json) -> Json:
    location = str(wanted.get("location") or "US").upper()
    now = millis(world)
    row: Json = {
        "kind": "storage#bucket",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
        "id": name,
        "name": name,
        "projectNumber": world.table("crm.projects")[owner]["projectNumber"],
        "generation": str(int(world.now * 1_000_000) + world.next_seq()),
        "metageneration": "1",
        "location": location,
        "locationType": "multi-region" if location in _MULTI_REGIONS else "region",
        "storageClass": wanted.get("storageClass") or "STANDARD",
        "etag": "CAE=",
        "timeCreated": now,
        "updated": now,
        "iamConfiguration": {
            "bucketPolicyOnly": {"enabled": False},
            "uniformBucketLevelAccess": {"enabled": False},
            "publicAccessPrevention": "inherited",
        },
        "softDeletePolicy": {"retentionDurationSeconds": "604800", "effectiveTime": now},
        "_project": owner,
    }
    for field in _CHANGEABLE:
        if wanted.get(field):
            base = row.get(field)
            row[field] = {**base, **wanted[field]} if isinstance(base, dict) else wanted[field]
    return row
