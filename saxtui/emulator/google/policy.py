"""IAM policies: kept by target, read and written with etags, and asked what they allow.

Keys of the table "iam.policies" are "project:ID", "bucket:NAME" and "service-account:EMAIL".
"""

from __future__ import annotations

import base64
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.google.errors import GoogleError, stale_policy
from saxtui.emulator.world import World

Json = dict[str, Any]

WORKLOAD_IDENTITY_ROLE = "roles/iam.workloadIdentityUser"
# Roles that let a member read and write objects (predefined Cloud Storage roles and the basic ones).
_READ_WRITE_ROLES = frozenset(
    {
        "roles/owner",
        "roles/editor",
        "roles/storage.admin",
        "roles/storage.objectAdmin",
        "roles/storage.objectUser",
    }
)
# Two legacy roles together do the same: the bucket's writer, and the reader of what is in it.
_LEGACY_WRITERS = frozenset({"roles/storage.legacyBucketOwner", "roles/storage.legacyBucketWriter"})
_READERS = frozenset(
    {"roles/storage.objectViewer", "roles/storage.legacyObjectReader", "roles/storage.legacyObjectOwner"}
)
_MEMBER_KINDS = frozenset(
    {
        "user",
        "group",
        "domain",
        "serviceAccount",
        "principal",
        "principalSet",
        "projectOwner",
        "projectEditor",
        "projectViewer",
        "deleted",
    }
)


def key(kind: str, name: str) -> str:
    """The table key of a target's policy. `kind`: project, bucket or service-account."""
    return f"{kind}:{name}"


def read(world: World, target: str) -> Json:
    """The policy of a target: etag (base64 of eight bytes), version, and bindings when there are any."""
    row = world.table("iam.policies").get(target)
    if row is None:
        return {"etag": "ACAB"}
    policy: Json = {"version": 1, "etag": row["etag"]}
    if row["bindings"]:
        policy["bindings"] = [{**binding, "members": list(binding["members"])} for binding in row["bindings"]]
    return policy


def write(world: World, target: str, policy: Json) -> Json:
    """Replace the policy. Raises GoogleError 409 on a stale etag, 400 on bad roles or members."""
    sent = policy.get("etag") or ""
    if sent and sent != read(world, target)["etag"]:
        raise stale_policy()
    bindings = [_checked(world, binding) for binding in policy.get("bindings") or []]
    put(world, target, _merged(bindings))
    return read(world, target)


def put(world: World, target: str, bindings: list[Json]) -> None:
    """Store bindings under a fresh etag, unchecked."""
    # The first byte pattern makes etags look as the service's do ("BwX…="); the counter makes each one new.
    etag = base64.b64encode(b"\x07" + (0x05F0000000000 + world.next_seq()).to_bytes(7, "big")).decode()
    row: Json = {"etag": etag, "bindings": bindings}
    wait = max((float(fault["bindings"]) for fault in scenarios.states(world, "iam-delay")), default=0.0)
    if wait:
        row.update(_before=_bindings(world, target), _from=world.now + wait)
    world.table("iam.policies")[target] = row


def drop(world: World, target: str) -> None:
    """Forget a target's policy: the resource is gone."""
    world.table("iam.policies").pop(target, None)


def retire_account(world: World, email: str, unique_id: str) -> None:
    """Rename a deleted service account in every policy, as IAM does (deleted:serviceAccount:EMAIL?uid=ID)."""
    old, new = f"serviceAccount:{email}", f"deleted:serviceAccount:{email}?uid={unique_id}"
    for target, row in list(world.table("iam.policies").items()):
        if any(old in binding["members"] for binding in row["bindings"]):
            put(world, target, [_renamed(binding, old, new) for binding in row["bindings"]])


def spreading(world: World, email: str) -> bool:
    """Whether a service account is so new that most of IAM does not know it yet (only in scenarios that say so)."""
    return bool(world.table("iam.spreading").get(email, {}).get("until", 0.0) > world.now)


def may_use_bucket(world: World, project: str, email: str, bucket: str) -> bool:
    """Whether a service account can read and write objects of that bucket, by the bucket's or its project's policy.

    `project` is the account's own project; what counts is the project that owns the bucket.
    """
    row = world.table("storage.buckets").get(bucket)
    if row is None or email not in world.table("iam.accounts"):
        return False
    owner = row.get("_project", project)
    roles = _roles(world, key("bucket", bucket), email) | _roles(world, key("project", owner), email)
    return bool(roles & _READ_WRITE_ROLES) or bool(roles & _LEGACY_WRITERS and roles & _READERS)


def impersonates(world: World, email: str, project: str, namespace: str, account: str) -> bool:
    """Whether a Kubernetes service account of that project's workload pool may act as the Google service account."""
    if email not in world.table("iam.accounts"):
        return False
    pool = f"{project}.svc.id.goog"
    number = world.table("crm.projects").get(project, {}).get("projectNumber", "")
    provider = f"//iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{pool}"
    members = {
        f"serviceAccount:{pool}[{namespace}/{account}]",
        f"principal:{provider}/subject/ns/{namespace}/sa/{account}",
        f"principalSet:{provider}/namespace/{namespace}",
    }
    policies = (key("service-account", email), key("project", _project_of(world, email)))
    return any(
        binding["role"] == WORKLOAD_IDENTITY_ROLE and members & set(binding["members"])
        for target in policies
        for binding in _bindings(world, target)
    )


def _project_of(world: World, email: str) -> str:
    return str(world.table("iam.accounts")[email]["projectId"])


def _bindings(world: World, target: str) -> list[Json]:
    """The bindings that count now: a change may take its time to spread."""
    row = world.table("iam.policies").get(target)
    if row is None:
        return []
    return list(row["_before"] if row.get("_from", 0.0) > world.now else row["bindings"])


def _roles(world: World, target: str, email: str) -> set[str]:
    member = f"serviceAccount:{email}"
    return {binding["role"] for binding in _bindings(world, target) if member in binding["members"]}


def _renamed(binding: Json, old: str, new: str) -> Json:
    return {**binding, "members": [new if member == old else member for member in binding["members"]]}


def _merged(bindings: list[Json]) -> list[Json]:
    """One binding for each role and condition, members sorted, empty ones dropped."""
    found: dict[tuple[str, str], Json] = {}
    for binding in bindings:
        where = (binding["role"], repr(binding.get("condition")))
        into = found.setdefault(where, {**binding, "members": []})
        into["members"] = sorted({*into["members"], *binding["members"]})
    return [binding for binding in found.values() if binding["members"]]


def _checked(world: World, binding: Json) -> Json:
    role = binding.get("role", "")
    if not role.startswith(("roles/", "projects/", "organizations/")):
        raise GoogleError(400, f"Role {role} is not supported for this resource.")
    members = list(binding.get("members") or [])
    for member in members:
        _check_member(world, str(member))
    return {**{name: binding[name] for name in ("role", "condition") if binding.get(name)}, "members": members}


def _check_member(world: World, member: str) -> None:
    kind, _, name = member.partition(":")
    if member in ("allUsers", "allAuthenticatedUsers"):
        return
    if kind not in _MEMBER_KINDS or not name:
        raise GoogleError(
            400,
            f"Invalid member: {member}. The member must be of the form user:<email>, group:<email>, "
            "domain:<domain> or serviceAccount:<email>.",
        )
    if kind != "serviceAccount":
        return
    pool, bracket, _ = name.partition("[")
    if bracket:
        _check_identity_pool(world, pool)
    elif name not in world.table("iam.accounts") or spreading(world, name):
        raise GoogleError(400, f"Service account {name} does not exist.")


def _check_identity_pool(world: World, pool: str) -> None:
    """A project's workload identity pool comes to be with its first cluster that uses it, and stays."""
    if pool not in world.table("iam.workloadPools"):
        raise GoogleError(
            400,
            f"Identity Pool does not exist ({pool}). Please check that you specified a valid resource name as returned "
            "in the `name` attribute in the configuration API.",
        )
