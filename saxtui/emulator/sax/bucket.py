"""The bucket as programs in pods see it: who they act as, whether they may, and the files in it."""

from __future__ import annotations

import base64
from typing import Any

from saxtui.emulator.controllers.base import annotations_of, spec
from saxtui.emulator.google.policy import impersonates, may_use_bucket
from saxtui.emulator.google.storage_objects import put_object
from saxtui.emulator.world import World

Json = dict[str, Any]
ACCOUNT = "iam.gke.io/gcp-service-account"


def split(url: str) -> tuple[str, str]:
    """("bucket", "path") of gs://bucket/path; ("", url) of anything else."""
    if not url.startswith("gs://"):
        return "", url
    bucket, _, path = url.removeprefix("gs://").partition("/")
    return bucket, path.rstrip("/")


def problem(world: World, process: Json, bucket: str, permission: str = "storage.objects.create") -> str:
    """Why this program cannot use the bucket, in the metadata server's or Cloud Storage's words; "" when it can."""
    project = str(process["cluster"]).split("/", 1)[0]
    account = _account(world, process)
    email = account["email"]
    who = email
    if not email:
        who = f"{project}.svc.id.goog[{process['namespace']}/{account['name']}]"
    elif not impersonates(world, email, project, process["namespace"], account["name"]):
        return (
            "compute: Received 403 `Unable to generate access token; IAM returned 403 Forbidden: Permission "
            "'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\n"
            "This error could be caused by a missing IAM policy binding on the target IAM service account.`"
        )
    if bucket not in world.table("storage.buckets"):
        return "googleapi: Error 404: The specified bucket does not exist., notFound"
    if email and may_use_bucket(world, project, email, bucket):
        return ""
    return (
        f"googleapi: Error 403: {who} does not have {permission} access to the Google Cloud Storage object. "
        f"Permission '{permission}' denied on resource (or it may not exist)., forbidden"
    )


def _account(world: World, process: Json) -> Json:
    store = world.kube[process["cluster"]]
    pod = store.get("Pod", process["namespace"], process["pod"]) or {}
    name = str(spec(pod).get("serviceAccountName") or "default")
    account = store.get("ServiceAccount", process["namespace"], name) or {}
    return {"name": name, "email": annotations_of(account).get(ACCOUNT, "")}


def read(world: World, bucket: str, name: str) -> bytes | None:
    """The file's bytes, or None."""
    row = world.table("storage.objects").get(f"{bucket}/{name}")
    return None if row is None else base64.b64decode(row["data"])


def write(world: World, bucket: str, name: str, data: bytes) -> None:
    """Put the file there, unless it is there as it is."""
    if read(world, bucket, name) != data:
        put_object(world, bucket, name, data)


def holds(world: World, url: str) -> bool:
    """Whether anything lies at or under a gs:// path."""
    bucket, path = split(url)
    key = f"{bucket}/{path}"
    return any(name == key or name.startswith(f"{key}/") for name in world.table("storage.objects"))
